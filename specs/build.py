"""From a parsed document to the model: one small function for each thing that a spec describes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from understudy.specs import formulas, model, schemas, templates
from understudy.specs.expressions import Expression, parse, split
from understudy.specs.ids import parse_id
from understudy.specs.model import METHODS
from understudy.specs.problems import Misfit, known
from understudy.specs.sources import iter_sources, parse_sources

_DEFAULT_MEDIA_ENVELOPE: dict[str, Any] = {
    "type": "application/xml",
    "template": '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{$error.code}</Code>'
    "<Message>{$error.message}</Message><RequestId>{$request.id}</RequestId></Error>",
    "schema": {"type": "string"},
    "conditions": {
        "invalid_request": {"status": 400, "code": "InvalidRequest", "message": "{$error.detail}"},
        "unauthorized": {
            "status": 403,
            "code": "SignatureDoesNotMatch",
            "message": "{$error.detail}",
        },
        "forbidden": {"status": 403, "code": "AccessDenied", "message": "{$error.detail}"},
        "not_found": {
            "status": 404,
            "code": "NoSuchKey",
            "message": "The specified key does not exist.",
        },
        "method_not_allowed": {
            "status": 405,
            "code": "MethodNotAllowed",
            "message": "{$error.detail}",
        },
        "internal_error": {"status": 500, "code": "InternalError", "message": "{$error.detail}"},
    },
}


T = TypeVar("T")


def at(place: str | int, build: Callable[..., T], *arguments: Any) -> T:
    """Call a builder; a misfit in it is told from one step further up."""
    try:
        return build(*arguments)
    except Misfit as misfit:
        raise misfit.under(place) from None


def build_provider(document: Mapping[str, Any], profile: model.Profile) -> model.Provider:
    """Build the provider in a profile; raises Misfit with the place of the first thing wrong."""
    if "x-provider" not in document:
        raise Misfit("this is no provider: x-provider is missing", "see the manual: x-provider")
    who = document["x-provider"]
    options = {name: tuple(option["values"]) for name, option in who.get("options", {}).items()}
    profile = model.Profile(profile.strictness, _chosen(options, profile.options))
    hosts = who.get("hosts", {})
    media_hosts = tuple(hosts.get("media", ()))
    errors = at("x-errors", Errors, document, profile)
    kinds = at("x-tasks", build_kinds, document.get("x-tasks", {}), profile.options)
    operations = tuple(at("paths", lambda: list(_operations(document, profile, media_hosts, errors))))
    return model.Provider(
        slug=who["slug"],
        title=document["info"]["title"],
        profile=profile,
        api_hosts=tuple(hosts.get("api", ())),
        media_hosts=media_hosts,
        key_pattern=who["keys"]["pattern"],
        accounts=tuple(_account(account) for account in who["accounts"]),
        options=options,
        environment=who.get("environment", {}),
        operations=operations,
        kinds={kind.name: _remembering(kind, operations) for kind in kinds.values()},
        failures=at("x-errors", errors.failures, "default"),
        prefixes=at("x-errors", errors.prefixes),
        media_failures=at("x-errors", errors.media),
        phrases=at("x-errors", errors.phrases),
        limits=at("x-limits", _limits, document.get("x-limits", {}), profile),
        idempotency=_idempotency(document.get("x-idempotency")),
        sources=tuple(s for place, value in iter_sources(document) for s in parse_sources(value, place)),
        document=document,
    )


def _chosen(options: Mapping[str, tuple[str, ...]], wanted: Mapping[str, str]) -> dict[str, str]:
    for name, value in wanted.items():
        if name not in options:
            raise Misfit(f"there is no option {name!r}", known(name, options))
        if value not in options[name]:
            raise Misfit(f"{value!r} is no value of option {name!r}", known(value, options[name]))
    return {name: wanted.get(name, values[0]) for name, values in options.items()}


def _account(account: Mapping[str, Any]) -> model.DemoAccount:
    credits = str(account["credits"])
    return model.DemoAccount(account["id"], account["key"], credits, str(account.get("recharged", credits)))


def _limits(limits: Mapping[str, Any], profile: model.Profile) -> model.Limits:
    tiers = limits.get("concurrency", {}).get("tiers", ())
    rate = limits.get("rate")
    when = rate.get("when", {}) if rate else {}
    applies = all(profile.options.get(name) == value for name, value in when.items())
    return model.Limits(
        tiers=tuple(model.Tier(str(recharged), running) for recharged, running in tiers),
        rate=(rate["requests"], float(rate["seconds"])) if rate and applies else None,
        body=limits.get("body", model.Limits().body),
    )


def _idempotency(idempotency: Mapping[str, Any] | None) -> model.Idempotency | None:
    return model.Idempotency(idempotency["header"], float(idempotency["lifetime"])) if idempotency else None


class Errors:
    """Builds envelopes and conditions of one document in one profile."""

    def __init__(self, document: Mapping[str, Any], profile: model.Profile) -> None:
        self.document, self.options = document, profile.options
        self.said: Mapping[str, Any] = document.get("x-errors", {})
        if "envelopes" not in self.said:
            raise Misfit("x-errors is missing", "declare envelopes and conditions")

    def failures(self, envelope: str, conditions: Mapping[str, Any] | None = None) -> model.Failures:
        """The conditions in an envelope: the shared ones, the envelope's own, then the given ones."""
        envelopes = self.said["envelopes"]
        if envelope not in envelopes:
            raise Misfit(f"there is no envelope {envelope!r}", known(envelope, envelopes))
        return self._build(envelope, envelopes[envelope], self.said.get("conditions", {}), conditions or {})

    def of(self, operation: Mapping[str, Any]) -> model.Failures:
        """The refusals of one operation."""
        own = operation.get("x-errors", {})
        return at("x-errors", self.failures, own.get("envelope", "default"), own.get("conditions"))

    def prefixes(self) -> dict[str, model.Failures]:
        """Path prefix -> refusals, for paths that no operation has; the longest comes first."""
        prefixes = self.said.get("prefixes", {})
        return {p: self.failures(prefixes[p]) for p in sorted(prefixes, key=len, reverse=True)}

    def media(self) -> model.Failures:
        """The refusals of the second origin: the envelope `storage`, or the usual object storage's."""
        if "storage" in self.said["envelopes"]:
            return self.failures("storage")
        return self._build("storage", _DEFAULT_MEDIA_ENVELOPE, {}, {})

    def phrases(self) -> dict[str, templates.Node]:
        """Keyword of a violated constraint -> sentence."""
        said = {"default": "{$error.field} is not valid", **self.said.get("phrases", {})}
        return {keyword: at("phrases", at, keyword, templates.parse, text) for keyword, text in said.items()}

    def _build(self, name: str, said: Mapping[str, Any], *layers: Mapping[str, Any]) -> model.Failures:
        shared, own = layers
        template = at("template", templates.parse, said["template"])
        schema = schemas.resolve(said.get("schema", True), self.document)
        merged: dict[str, Any] = {}
        for layer in (shared, said.get("conditions", {}), own):
            for condition, change in layer.items():
                merged[condition] = {**merged.get(condition, {}), **change}
        built = {c: at(c, self._condition, c, value) for c, value in merged.items()}
        fallback = built.get("internal_error") or built.get("invalid_request")
        if not fallback:
            raise Misfit(f"envelope {name!r} has no internal_error", "every provider can fail")
        built.setdefault("unknown_path", built.get("not_found", fallback))
        complete = {c: built.get(c) or built.get("invalid_request", fallback) for c in model.CONDITIONS}
        return model.Failures(model.Envelope(name, said["type"], template, schema), complete)

    def _condition(self, name: str, said: Mapping[str, Any]) -> model.Condition:
        message = at("message", templates.parse, said.get("message", "{$error.detail}"))
        headers = tuple((key, templates.parse(value)) for key, value in said.get("headers", {}).items())
        return model.Condition(
            name,
            at("status", by_option, said["status"], self.options),
            said.get("code", name),
            message,
            headers,
        )


def build_kinds(said: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, model.Kind]:
    """The task kinds by name."""
    return {name: at(name, _kind, name, kind, options) for name, kind in said.items()}


def by_option(said: Any, options: Mapping[str, str]) -> Any:
    """A value, or the one that a table `{by: option, table: {value: …}}` gives in this profile."""
    if not isinstance(said, dict):
        return said
    value = options.get(said["by"])
    if value not in said["table"]:
        raise Misfit(f"the table by {said['by']!r} has no {value!r}", known(value, said["table"]))
    return said["table"][value]


def _kind(name: str, said: Mapping[str, Any], options: Mapping[str, str]) -> model.Kind:
    states = tuple(at("states", at, index, _state, state) for index, state in enumerate(said["states"]))
    names = [state.name for state in states]
    failures = {
        code: at("failures", at, code, _failure, code, f, names) for code, f in said.get("failures", {}).items()
    }
    _check_phases(states, bool(failures))
    cancel = said.get("cancel", ())
    charge = said["charge"]
    results = [{k: v for k, v in result.items() if k != "path"} for result in said.get("results", {}).values()]
    return model.Kind(
        name=name,
        id_form=at("id", lambda: parse_id(by_option(said["id"], options))),
        states=states,
        failures=failures,
        foreign=said.get("foreign", "not_found"),
        cancel=frozenset(cancel["phases"] if isinstance(cancel, dict) else cancel),
        charge=model.Charge(charge["when"], charge.get("hold", False), charge["refuse"]),
        price=at("price", formulas.compile_formula, _bare(said["price"])),
        material_seconds=str(said.get("material_seconds", 5)),
        results={r: at("results", at, r, _result, r, result) for r, result in said.get("results", {}).items()},
        magic=parse(said["magic"]) if "magic" in said else None,
        reads=tuple({e.text: e for e in formulas.expressions([said["price"], said["states"], results])}.values()),
    )


def _check_phases(states: tuple[model.State, ...], fails: bool) -> None:
    phases = [state.phase for state in states]
    for phase in ("queued", "succeeded", "failed"):
        if phases.count(phase) != 1 and (phase != "failed" or fails):
            raise Misfit(
                f"{phases.count(phase)} states have phase {phase!r}",
                "exactly one must",
                ("states",),
            )
    if phases != sorted(phases, key=model.PHASES.index):
        raise Misfit(
            "the states are not in order",
            "queued, running, succeeded, failed, cancelled",
            ("states",),
        )


def _state(said: Mapping[str, Any]) -> model.State:
    seconds = said.get("seconds")
    return model.State(
        name=said["name"],
        wire=said.get("wire", said["name"]),
        phase=said["phase"],
        seconds=None if seconds is None else at("seconds", formulas.compile_formula, seconds),
        needs=tuple(parse(text) for text in said.get("needs", ())),
        message=said.get("message", ""),
    )


def _failure(code: str, said: Mapping[str, Any], states: list[str]) -> model.Failure:
    if said["state"] not in states:
        raise Misfit(f"{code} comes from unknown state {said['state']!r}", known(said["state"], states))
    when = {name: tuple(map(parse, texts)) for name, texts in said.get("when", {}).items() if name != "x-source"}
    return model.Failure(code, said["state"], said["message"], **when)


def _result(name: str, said: Mapping[str, Any]) -> model.Result:
    def formula(key: str) -> formulas.Formula | None:
        return at(key, formulas.compile_formula, said[key]) if key in said else None

    return model.Result(
        name=name,
        media_type=at("type", formulas.compile_formula, said["type"]),
        path=at("path", _result_path, said),
        lifetime=said["lifetime"],
        size=at("size", formulas.compile_formula, _bare(said["size"])),
        seconds=formula("seconds"),
        sound=formula("sound"),
        count=formula("count"),
    )


def _result_path(said: Mapping[str, Any]) -> str:
    path = str(said["path"])
    if path.count("{$task.id}") != 1 or path.count("{$index}") != ("count" in said):
        raise Misfit(
            f"{path!r} does not tell one file from another",
            "{$task.id} once, {$index} once with 'count'",
        )
    return path.removeprefix("/")


def _bare(formula: Any) -> Any:
    """A formula without the word that says where it comes from."""
    return {k: v for k, v in formula.items() if k != "x-source"} if isinstance(formula, dict) else formula


def _remembering(kind: model.Kind, operations: tuple[model.Operation, ...]) -> model.Kind:
    """The kind with the members of its input that some template reads after the submission."""
    nodes = [case.body for operation in operations for case in operation.reply.cases]
    nodes += [case.body for o in operations for delivery in o.deliveries for case in delivery.cases]
    nodes += [node for o in operations for delivery in o.deliveries for _, node in delivery.headers]
    wanted = {e.text: e for node in nodes for e in node.expressions() if e.name == "task.input"}
    return model.Kind(**{**{f: getattr(kind, f) for f in kind.__slots__}, "remembered": tuple(wanted.values())})


def _operations(
    document: Mapping[str, Any],
    profile: model.Profile,
    media_hosts: tuple[str, ...],
    errors: Errors,
) -> Iterator[model.Operation]:
    for path, item in document.get("paths", {}).items():
        hosts = [urlsplit(server["url"]).hostname for server in item.get("servers", ())]
        is_media = any(host in media_hosts for host in hosts)
        for method in METHODS:
            if method in item and "x-behavior" in item[method]:
                builder = OperationBuilder(document, profile, errors, item, item[method])
                yield at(path, at, method, builder.build, method.upper(), path, is_media)


class OperationBuilder:
    """Builds one operation of a document."""

    def __init__(self, document: Any, profile: model.Profile, errors: Errors, item: Any, said: Any) -> None:
        self.document, self.profile, self.errors = document, profile, errors
        self.item, self.said = item, said

    def build(self, method: str, path: str, is_media: bool) -> model.Operation:
        """The operation; raises Misfit below the operation's place."""
        ((behavior, arguments),) = self.said["x-behavior"].items()
        return model.Operation(
            id=self.said.get("operationId", f"{method} {path}"),
            method=method,
            path=path,
            media=is_media,
            behavior=behavior,
            arguments=arguments,
            security=at("security", self.security),
            parameters=at("parameters", self.parameters),
            body=at("requestBody", self.body),
            rules=at("x-rules", self.rules),
            reply=at("responses", self.reply),
            failures=self.errors.of(self.said),
            deliveries=at("callbacks", self.deliveries),
        )

    def resolved(self, value: Any) -> Any:
        """The value with its references put in place."""
        return schemas.resolve(value, self.document)

    def schema(self, value: Any) -> Any:
        """A request schema, as the profile's strictness has it."""
        change = {"strict-doc": schemas.tighten, "lenient": schemas.loosen}.get(self.profile.strictness)
        schema = self.resolved(value)
        return change(schema) if change else schema

    def security(self) -> tuple[tuple[model.Scheme, ...], ...]:
        """The alternatives; none means that no key is asked for."""
        known_schemes = self.document.get("components", {}).get("securitySchemes", {})
        wanted = self.said.get("security", self.document.get("security", ()))
        return tuple(
            tuple(_scheme(name, known_schemes) for name in alternative) for alternative in wanted if alternative
        )

    def parameters(self) -> tuple[model.Parameter, ...]:
        """Of the path item and of the operation."""
        said = self.resolved([*self.item.get("parameters", ()), *self.said.get("parameters", ())])
        if not all("name" in p and "in" in p for p in said):
            raise Misfit("this is no parameter", "it needs 'name' and 'in'")
        return tuple(model.Parameter(p["name"], p["in"], p.get("required", False), p.get("schema", {})) for p in said)

    def body(self) -> model.Body | None:
        """The request body."""
        if "requestBody" not in self.said:
            return None
        said = self.resolved(self.said["requestBody"])
        content = said.get("content", {})
        json_type = content.get("application/json")
        if json_type is None:
            return model.Body(said.get("required", False), None, True, True, {})
        said_examples = json_type.get("examples", {}).items()
        examples = {name: example["value"] for name, example in said_examples if "value" in example}
        schema = self.schema(json_type.get("schema", {}))
        return model.Body(said.get("required", False), schema, "*/*" in content, False, examples)

    def rules(self) -> tuple[model.Rule, ...]:
        """The rules that hold in this profile."""
        rules = []
        for index, said in enumerate(self.said.get("x-rules", ())):
            names = [key for key in said if key not in ("message", "effect", "in", "x-source")]
            if len(names) != 1:
                raise Misfit(f"a rule has one name, not {names}", place=(index,))
            if self.profile.strictness in said.get("in", model.STRICTNESS):
                arguments = said[names[0]]
                rules.append(model.Rule(names[0], arguments, said.get("message", ""), said.get("effect", "refuse")))
        return tuple(rules)

    def reply(self) -> model.Reply:
        """The first success answer with a template, or an empty one."""
        for status, said in self.said["responses"].items():
            if not status.startswith("2"):
                continue
            response = self.resolved(said)
            number = int(status.replace("X", "0"))
            headers = response.get("headers", {})
            nodes = tuple((name, templates.parse(h["x-template"])) for name, h in headers.items() if "x-template" in h)
            for media_type, content in response.get("content", {}).items():
                if "x-template" in content:
                    place = (status, "content", media_type, "x-template")
                    return model.Reply(number, media_type, build_cases(content["x-template"], place), nodes)
            return model.Reply(number, "", (), nodes)
        raise Misfit("there is no success answer", "declare a 2xx response")

    def deliveries(self) -> tuple[model.Delivery, ...]:
        """The callbacks that this operation promises."""
        found = []
        for name, callback in self.said.get("callbacks", {}).items():
            for url, item in callback.items():
                said = item.get("post", {})
                if "x-delivery" in said:
                    found.append(at(name, at, url, self._delivery, url, said))
        return tuple(found)

    def _delivery(self, url: str, said: Mapping[str, Any]) -> model.Delivery:
        parts = split(url)
        if len(parts) != 1 or not isinstance(parts[0], Expression):
            raise Misfit(f"{url!r} is not an expression", "write '{$request.body#/callback_url}'")
        word = said["x-delivery"]
        body = self.resolved(said.get("requestBody", {}))
        content = body.get("content", {}).get("application/json", {})
        if "x-template" not in content:
            raise Misfit(
                "the callback has no body",
                "give its application/json an x-template",
                ("post", "requestBody"),
            )
        place = ("post", "requestBody", "content", "application/json", "x-template")
        return model.Delivery(
            url=parts[0],
            on=frozenset(word["on"]),
            headers=tuple((key, templates.parse(value)) for key, value in word.get("headers", {}).items()),
            retries=word["retries"],
            delays=tuple(float(delay) for delay in word["delays"]),
            timeout=float(word["timeout"]),
            cases=build_cases(content["x-template"], place),
            schema=self.resolved(content.get("schema", {})),
        )


_CASE = ("kind", "phase", "body")


def build_cases(said: Any, place: tuple[str, ...] = ()) -> tuple[model.Case, ...]:
    """The templates of one media type: one for all, or a list of cases."""
    is_list = isinstance(said, list) and bool(said) and all(isinstance(item, dict) and "body" in item for item in said)
    try:
        if not is_list:
            return (model.Case(templates.parse(said), frozenset(), frozenset()),)
        return tuple(at(index, _case, case) for index, case in enumerate(said))
    except Misfit as misfit:
        raise misfit.under(*place) from None


def _case(said: Mapping[str, Any]) -> model.Case:
    def names(key: str) -> frozenset[str]:
        value = said.get(key, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise Misfit(f"{value!r} is neither a name nor a list of names", place=(key,))
        return frozenset(texts)

    for key in said:
        if key not in _CASE:
            raise Misfit(f"a case has no {key!r}", known(key, _CASE))
    unknown = names("phase") - set(model.PHASES)
    if unknown:
        raise Misfit(f"unknown phase {min(unknown)!r}", known(min(unknown), model.PHASES), ("phase",))
    return model.Case(at("body", templates.parse, said["body"]), names("kind"), names("phase"))


def _scheme(name: str, schemes: Mapping[str, Any]) -> model.Scheme:
    if name not in schemes:
        raise Misfit(f"there is no security scheme {name!r}", known(name, schemes))
    said = schemes[name]
    if said["type"] == "http" and said.get("scheme", "").lower() == "bearer":
        return model.Scheme(name, "header", "authorization", True)
    if said["type"] == "apiKey":
        return model.Scheme(name, said["in"], said["name"].lower(), False)
    raise Misfit(f"security scheme {name!r} is not supported", "use http bearer or apiKey")
