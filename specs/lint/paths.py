"""Checks on operations: behaviors, paths, servers, parameters, security, streams."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from understudy.specs.expressions import is_expression
from understudy.specs.formulas import compile_formula
from understudy.specs.lint.subject import Subject, iter_leaves
from understudy.specs.model import SPEECH_TYPES
from understudy.specs.problems import Misfit, Place, known
from understudy.specs.streams import DIALECTS
from understudy.specs.vocabulary import iter_described

_NAMED = re.compile(r"\{([^{}]*)\}")
# Behaviors that work for a caller who is known.
_NEED_ACCOUNT = (
    "task.submit",
    "task.get",
    "task.list",
    "task.cancel",
    "account.balance",
    "upload.presign",
    "completion",
    "images",
    "speech",
    "models.list",
)

# Behaviors that take formulas, and the arguments that are some.
_ANSWERED_AT_ONCE = ("completion", "images", "speech")
_FORMULAS = ("price", "count", "size", "type", "format", "speed")


def path_names(path: str) -> list[str]:
    """The parameters that a path has."""
    return _NAMED.findall(path)


def check_operations(subject: Subject) -> Iterator[Misfit]:
    """Operations that nothing would answer, or that have no answer, or whose id is taken."""
    ids: dict[str, str] = {}
    for spot in subject.operations:
        if not spot.behavior:
            yield Misfit(
                "nothing would answer: x-behavior is missing",
                "see the manual: x-behavior",
                spot.place,
            )
        if not any(status.startswith("2") for status in spot.said["responses"]):
            yield Misfit("there is no success answer", "declare a 2xx response", (*spot.place, "responses"))
        name = spot.said.get("operationId")
        if name in ids:
            yield Misfit(f"{ids[name]} is called {name!r} too", "", (*spot.place, "operationId"))
        if name:
            ids[name] = spot.name
        for callback in spot.said.get("callbacks", {}):
            if spot.behavior != "task.submit":
                yield Misfit("only task.submit calls back", "", (*spot.place, "callbacks", callback))


def check_behaviors(subject: Subject) -> Iterator[Misfit]:
    """Kinds that do not exist, keys that nobody asks for, uploads that arrive nowhere."""
    for spot in subject.operations:
        place = (*spot.place, "x-behavior", spot.behavior)
        named = (
            list(iter_leaves(spot.arguments["kind"]))
            if spot.behavior == "task.submit"
            else spot.arguments.get("kinds", ())
        )
        for name in named:
            if str(name) not in subject.kinds and subject.kinds:
                below = "kind" if spot.behavior == "task.submit" else "kinds"
                yield Misfit(f"there is no kind {name!r}", known(name, subject.kinds), (*place, below))
        if spot.behavior in _NEED_ACCOUNT and not subject.is_guarded(spot):
            yield Misfit(
                f"{spot.behavior} needs to know who calls",
                "give the operation a security scheme",
                place,
            )
        if spot.behavior in _ANSWERED_AT_ONCE:
            yield from _check_arguments(spot.arguments, place)
    yield from _check_uploads(subject)


def _check_arguments(arguments: Mapping[str, Any], place: Place) -> Iterator[Misfit]:
    """Formulas that cannot be compiled, and formats of speech that cannot be made."""
    for key, value in arguments.items():
        if key in _FORMULAS:
            try:
                compile_formula(value)
            except Misfit as misfit:
                yield misfit.under(*place, key)
        for name in _iter_texts(value) if key == "format" else ():
            if name not in SPEECH_TYPES:
                yield Misfit(f"speech cannot be made as {name!r}", known(name, SPEECH_TYPES), (*place, key))


def check_speech(subject: Subject) -> Iterator[Misfit]:
    """Files of speech that an operation answers with and does not list, or lists and cannot make."""
    for spot in subject.operations:
        if spot.behavior != "speech":
            continue
        named = {SPEECH_TYPES[name] for name in _iter_texts(spot.arguments["format"]) if name in SPEECH_TYPES}
        for status, response, place in subject.responses(spot):
            if not status.startswith("2"):
                continue
            listed, below = response.get("content", {}), (*place, "content")
            for media_type in sorted(named.difference(listed)):
                yield Misfit(
                    f"the answer can be {media_type}, which is not listed", "list it without a template", below
                )
            for media_type in sorted(set(listed).difference(SPEECH_TYPES.values())):
                yield Misfit(f"speech cannot be made as {media_type}", "", (*below, media_type))


def _iter_texts(formula: Any) -> Iterator[str]:
    """The texts that a formula may give by itself."""
    if isinstance(formula, dict):
        for key, value in formula.items():
            if key in ("table", "first") or not isinstance(value, list):
                yield from _iter_texts(value)
    elif isinstance(formula, list):
        for value in formula:
            yield from _iter_texts(value)
    elif not is_expression(formula):
        yield str(formula)


def _check_uploads(subject: Subject) -> Iterator[Misfit]:
    puts = [spot for spot in subject.operations if spot.behavior == "upload.put"]
    shapes = [_shape(spot.path) for spot in puts]
    for spot in subject.operations:
        if spot.behavior != "upload.presign":
            continue
        place = (*spot.place, "x-behavior", "upload.presign", "key")
        sample = "/" + re.sub(r"\{\$[^}]*\}", "0", spot.arguments["key"]).removeprefix("/")
        if not any(shape.fullmatch(sample) for shape in shapes):
            advice = f"there are: {', '.join(p.path for p in puts)}" if puts else "describe one on a media host"
            yield Misfit(f"no upload.put takes {spot.arguments['key']!r}", advice, place)
        for piece in re.findall(r"\{[^$}][^}]*\}", spot.arguments["key"]):
            advice = "a key is made of expressions: {$request.id} makes it unique"
            yield Misfit(f"{piece!r} would stand in every key as it is", advice, place)
    for name, kind in subject.kinds.items():
        for result, said in kind.get("results", {}).items():
            path = "/" + said["path"].replace("{$task.id}", "0").replace("{$index}", "0").removeprefix("/")
            if any(shape.fullmatch(path) for shape in shapes):
                yield Misfit(
                    f"{said['path']!r} is a path of an upload.put too",
                    "choose another",
                    ("x-tasks", name, "results", result, "path"),
                )


def _shape(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^{}]*\}", path)))


def check_collisions(subject: Subject) -> Iterator[Misfit]:
    """Paths that differ only in the names of their parameters."""
    seen: dict[str, str] = {}
    for path in dict.fromkeys(spot.path for spot in subject.operations):
        shape = _NAMED.sub("{}", path)
        if shape in seen:
            yield Misfit(f"{path} and {seen[shape]} are the same path", "join them", ("paths", path))
        seen.setdefault(shape, path)


def check_servers(subject: Subject) -> Iterator[Misfit]:
    """Paths on hosts that are not the provider's, and uploads that are not on a media host."""
    hosts = subject.root["x-provider"].get("hosts", {})
    api, media = hosts.get("api", []), hosts.get("media", [])
    for spot in subject.operations:
        named = [_host(server["url"]) for server in spot.item.get("servers", ())]
        for index, host in enumerate(named):
            if host not in media and host not in api:
                advice = known(host, [*api, *media])
                yield Misfit(
                    f"{host!r} is no host of this provider",
                    advice,
                    ("paths", spot.path, "servers", index, "url"),
                )
        on_media = any(host in media for host in named)
        if spot.behavior == "upload.put" and not on_media:
            yield Misfit(
                "upload.put is not on a media host",
                "give the path servers from x-provider hosts.media",
                spot.place,
            )
        if spot.behavior and spot.behavior != "upload.put" and on_media:
            yield Misfit(f"{spot.behavior} is on a media host", "only upload.put is", spot.place)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def check_parameters(subject: Subject) -> Iterator[Misfit]:
    """Path parameters that the path lacks, or that are not declared; parameters told twice."""
    for spot in subject.operations:
        names = path_names(spot.path)
        declared = subject.parameters(spot)
        told = [(p.get("in"), p.get("name")) for p in declared]
        for wanted in names:
            if ("path", wanted) not in told:
                yield Misfit(
                    f"the parameter {wanted!r} of the path is not declared",
                    "",
                    (*spot.place, "parameters"),
                )
        for index, (where, name) in enumerate(told):
            if not isinstance(where, str) or not isinstance(name, str):
                yield Misfit("this is no parameter", "it needs 'name' and 'in'", (*spot.place, "parameters"))
            if where == "path" and name not in names:
                yield Misfit(f"the path has no {{{name}}}", known(name, names), (*spot.place, "parameters"))
            if (where, name) in told[:index]:
                yield Misfit(
                    f"the {where} parameter {name!r} is declared twice",
                    "",
                    (*spot.place, "parameters"),
                )
        if len(set(names)) < len(names) or "" in names:
            yield Misfit("the path names a parameter twice, or not at all", "", ("paths", spot.path))


def check_security(subject: Subject) -> Iterator[Misfit]:
    """Security schemes that do not exist or cannot be played."""
    schemes = subject.root.get("components", {}).get("securitySchemes", {})
    judged: set[str] = set()
    for place, wanted in _iter_security(subject):
        for index, alternative in enumerate(wanted):
            for name in alternative:
                if name not in schemes:
                    yield Misfit(
                        f"there is no security scheme {name!r}",
                        known(name, schemes),
                        (*place, index),
                    )
                elif name not in judged and not _is_supported(schemes[name]):
                    judged.add(name)
                    place_of = ("components", "securitySchemes", name)
                    yield Misfit(
                        f"security scheme {name!r} is not supported",
                        "use http bearer, or apiKey in a header or query",
                        place_of,
                    )


def _iter_security(subject: Subject) -> Iterator[tuple[Any, Any]]:
    yield ("security",), subject.root.get("security", ())
    for spot in subject.operations:
        yield (*spot.place, "security"), spot.said.get("security", ())


def _is_supported(scheme: Any) -> bool:
    if scheme["type"] == "http":
        return str(scheme["scheme"]).lower() == "bearer"
    return bool(scheme["type"] == "apiKey" and scheme["in"] in ("header", "query"))


def check_streams(subject: Subject) -> Iterator[Misfit]:
    """Stream dialects that nobody speaks, and answers in another than the one that is asked in."""
    for spot in subject.operations:
        asked = spot.arguments.get("dialect")
        if asked is not None and asked not in DIALECTS:
            place = (*spot.place, "x-behavior", spot.behavior, "dialect")
            yield Misfit(f"there is no dialect {asked!r}", known(asked, DIALECTS), place)
        for _, response, place in subject.responses(spot):
            for media_type, content in response.get("content", {}).items():
                told = content.get("x-stream", asked)
                if asked is not None and told != asked:
                    below = (*place, "content", media_type, "x-stream")
                    yield Misfit(f"{told!r} is not the dialect of the request, {asked!r}", "", below)
    for place, node in iter_described(subject.root):
        dialect = node.get("x-stream")
        if isinstance(dialect, str) and dialect not in DIALECTS:
            yield Misfit(f"there is no stream dialect {dialect!r}", known(dialect, DIALECTS), (*place, "x-stream"))
