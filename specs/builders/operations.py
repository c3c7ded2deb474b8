"""Operations: what a method on a path asks for, checks, does and answers."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from understudy.specs import model, schemas, templates
from understudy.specs.builders.cases import build_cases
from understudy.specs.builders.errors import Errors
from understudy.specs.expressions import Expression, split
from understudy.specs.problems import Misfit, at, known
from understudy.specs.sources import is_assumed, source_texts


def build_operations(
    document: Mapping[str, Any],
    profile: model.Profile,
    media_hosts: tuple[str, ...],
    errors: Errors,
) -> Iterator[model.Operation]:
    """Every operation that has a behavior, in document order; `strict-doc` has none that is only assumed."""
    is_strict = profile.strictness == "strict-doc"
    for path, item in document.get("paths", {}).items():
        hosts = [urlsplit(server["url"]).hostname for server in item.get("servers", ())]
        is_media = any(host in media_hosts for host in hosts)
        for method in model.METHODS:
            if "x-behavior" in item.get(method, {}) and not (is_strict and is_assumed(item[method])):
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
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        usual = self.document.get("security", ())
        wanted = [alternative for alternative in self.said.get("security", usual) if alternative]
        if wanted and self.profile.strictness == "lenient":
            wanted += [alternative for alternative in usual if alternative and alternative not in wanted]
        if self.profile.strictness == "strict-doc":
            wanted = [a for a in wanted if not any(is_assumed(schemes.get(name)) for name in a)] or wanted
        return tuple(tuple(_scheme(name, schemes) for name in alternative) for alternative in wanted)

    def parameters(self) -> tuple[model.Parameter, ...]:
        """Of the path item and of the operation."""
        said = self.resolved([*self.item.get("parameters", ()), *self.said.get("parameters", ())])
        if not all("name" in p and "in" in p for p in said):
            raise Misfit("this is no parameter", "it needs 'name' and 'in'")
        return tuple(
            model.Parameter(p["name"], p["in"], p.get("required", False), p.get("schema", {}), source_texts(p))
            for p in said
        )

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
        if "example" in json_type:
            examples["example"] = json_type["example"]
        schema = self.schema(json_type.get("schema", {}))
        return model.Body(said.get("required", False), schema, "*/*" in content, False, examples, source_texts(said))

    def rules(self) -> tuple[model.Rule, ...]:
        """The rules that hold in this profile; `lenient` only notes what breaks a rule that no document states."""
        is_lenient = self.profile.strictness == "lenient"
        rules = []
        for index, said in enumerate(self.said.get("x-rules", ())):
            names = [key for key in said if key not in ("message", "effect", "in", "x-source")]
            if len(names) != 1:
                raise Misfit(f"a rule has one name, not {names}", place=(index,))
            if self.profile.strictness in said.get("in", model.STRICTNESS):
                effect = "note" if is_lenient and is_assumed(said) else said.get("effect", "refuse")
                rules.append(model.Rule(names[0], said[names[0]], said.get("message", ""), effect, source_texts(said)))
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
            contents = response.get("content", {})
            stream = next((c["x-stream"] for c in contents.values() if "x-stream" in c), "")
            for media_type, content in contents.items():
                if "x-template" in content:
                    place = (status, "content", media_type, "x-template")
                    return model.Reply(number, media_type, build_cases(content["x-template"], place), nodes, stream)
            return model.Reply(number, "", (), nodes, stream)
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


def _scheme(name: str, schemes: Mapping[str, Any]) -> model.Scheme:
    if name not in schemes:
        raise Misfit(f"there is no security scheme {name!r}", known(name, schemes))
    said = schemes[name]
    if said["type"] == "http" and said.get("scheme", "").lower() == "bearer":
        return model.Scheme(name, "header", "authorization", True)
    if said["type"] == "apiKey":
        return model.Scheme(name, said["in"], said["name"].lower(), False)
    raise Misfit(f"security scheme {name!r} is not supported", "use http bearer or apiKey")
