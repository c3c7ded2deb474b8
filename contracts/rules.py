"""The spec's named rules, judged from a request's body: which of them it breaks.

What only the target can know (whose upload a key is, which models a key sees) is not judged here.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from understudy.specs.expressions import is_expression, parse, point
from understudy.specs.judging import make_judge
from understudy.specs.model import Model, Operation, Provider, Rule

Breaks = Callable[[Mapping[str, Any], Any], bool]

_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".home.arpa")


def broken_rules(provider: Provider, operation: Operation, asked: Any) -> Iterator[tuple[Rule, str]]:
    """The refusing rules that a valid body surely breaks, each with the condition in which it is refused."""
    for rule in operation.rules:
        breaks = RULES.get(rule.name)
        if rule.effect == "refuse" and breaks and breaks(rule.arguments, asked):
            yield rule, "invalid_request"
        elif rule.effect == "refuse" and rule.name == "model":
            condition = _refusal_of_model(provider.models, rule.arguments, asked)
            if condition:
                yield rule, condition


def may_break(operation: Operation, asked: Any, own: frozenset[str]) -> bool:
    """Whether a body may break a rule that only the target can judge; `own` are the keys of what was uploaded."""
    return any(rule.effect == "refuse" and _is_open(rule, asked, own) for rule in operation.rules)


def _is_open(rule: Rule, asked: Any, own: frozenset[str]) -> bool:
    if rule.name == "upload_key":
        return not own.issuperset(map(str, values_of(asked, rule.arguments["keys"])))
    return rule.name == "header" or rule.name not in (*RULES, "model")


def _refusal_of_model(models: Mapping[str, Model], said: Mapping[str, Any], asked: Any) -> str:
    """The condition in which a model is refused that is not offered, or not for this use; '' for a good one."""
    for name in values_of(asked, said["name"]):
        if name not in models:
            return str(said.get("unknown", "not_found"))
        if said["use"] not in models[name].uses:
            return str(said.get("misused", "invalid_request"))
    return ""


def values_of(asked: Any, said: Any) -> list[Any]:
    """What the expressions of a rule find in a body; lists are taken apart."""
    found: list[Any] = []
    for text in [said] if isinstance(said, str) else said or ():
        expression = parse(text) if is_expression(text) else None
        value = point(asked, expression.path) if expression and expression.name == "request.body" else None
        found.extend(value if isinstance(value, list) else [value])
    return [value for value in found if value is not None]


def is_public_host(host: str) -> bool:
    """Whether a host is surely reachable by everyone: a name with a dot, or a global address."""
    name = host.rstrip(".").lower()
    try:
        return ipaddress.ip_address(name.strip("[]")).is_global
    except ValueError:
        looks_like_number = bool(re.fullmatch(r"[0-9a-fx.]+", name)) and name.rpartition(".")[2][:1].isdigit()
        return (
            "." in name
            and name != "localhost.localdomain"
            and not name.endswith(_PRIVATE_ENDINGS)
            and not looks_like_number
        )


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine."""
    try:
        host = (urlsplit(url).hostname or "").strip("[]")
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _extension(text: str) -> str:
    return PurePosixPath(text).suffix.lower()


def _extension_matches(said: Mapping[str, Any], asked: Any) -> bool:
    names, types = values_of(asked, said["name"]), values_of(asked, said["type"])
    allowed = said["table"].get(types[0]) if types else None
    return bool(names) and allowed is not None and _extension(str(names[0])) not in allowed


def _public_url(said: Mapping[str, Any], asked: Any) -> bool:
    schemes = said.get("schemes", ["https"])
    values = [value for value in values_of(asked, said["urls"]) if value]
    if said.get("local"):
        # A target under development may be allowed to call this machine.
        values = [value for value in values if not is_loopback(str(value))]
    return any(not _is_allowed(value, schemes, said.get("extensions")) for value in values)


def _is_allowed(value: Any, schemes: list[str], extensions: list[str] | None) -> bool:
    try:
        url = urlsplit(str(value))
    except ValueError:
        return False
    if url.scheme == "data":
        return "data" in schemes
    if url.scheme not in schemes or not url.hostname or url.username or not is_public_host(url.hostname):
        return False
    return extensions is None or _extension(url.path) in extensions


def _unique(said: Mapping[str, Any], asked: Any) -> bool:
    values = [str(value) for value in values_of(asked, said["values"])]
    return len(set(values)) < len(values)


def _equal(said: Mapping[str, Any], asked: Any) -> bool:
    values = values_of(asked, said["values"])
    return any(value != values[0] for value in values)


def _less(said: Mapping[str, Any], asked: Any) -> bool:
    values, bounds = values_of(asked, said["value"]), values_of(asked, said["than"])
    return bool(values) and bool(bounds) and bool(values[0] >= bounds[0])


def _references(said: Mapping[str, Any], asked: Any) -> bool:
    texts = values_of(asked, said["text"])
    found = re.findall(said["pattern"], str(texts[0])) if texts else []
    given = {str(value) for value in values_of(asked, said["names"])} if found else set()
    return any(reference not in given for reference in found)


def _absent(said: Mapping[str, Any], asked: Any) -> bool:
    for text, values in said.get("when", {}).items():
        found = values_of(asked, text)
        if (found[0] if found else None) not in values:
            return False
    return bool(values_of(asked, said["members"]))


def _schema(said: Mapping[str, Any], asked: Any) -> bool:
    return not make_judge(said["schema"]).is_valid(asked)


def _upload_key(said: Mapping[str, Any], asked: Any) -> bool:
    # Whose it is only the target knows; what kind of file it is anyone can see.
    endings = said.get("extensions")
    keys = [str(key) for key in values_of(asked, said["keys"])]
    return any(".." in key or (endings and _extension(key) not in endings) for key in keys)


RULES: Mapping[str, Breaks] = {
    "extension_matches": _extension_matches,
    "public_url": _public_url,
    "unique": _unique,
    "equal": _equal,
    "less": _less,
    "references": _references,
    "absent": _absent,
    "schema": _schema,
    "upload_key": _upload_key,
}
