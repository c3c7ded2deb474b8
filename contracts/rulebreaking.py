"""Bodies that their schema takes and a named rule refuses, made from good ones."""

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.negatives import edited, find
from understudy.contracts.rules import broken_rules
from understudy.specs.expressions import is_expression, parse
from understudy.specs.model import Operation, Rule

Breaker = Callable[[Mapping[str, Any], Any], Iterator[Any]]

# Hosts that not everybody reaches: of each range that is nobody's or a network's own, and some of them written in the
# other forms that resolvers and clients take for the same address.
_PRIVATE_HOSTS = (
    "127.0.0.1",
    "localhost",
    "10.0.0.8",
    "172.20.0.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "[::1]",
    "[fd00::8]",
    "[fe80::8]",
    "[::ffff:10.0.0.8]",
    "167772168",
    "0x0a.0.0.8",
    "012.0.0.8",
    "10.8",
    "example.com@10.0.0.8",
)
_NOT_PUBLIC = (*(f"https://{host}/file" for host in _PRIVATE_HOSTS), "http://10.0.0.8/file", "http://example.com/file")


# So many ways to break one rule are tried.
MOST_WAYS = 20


def iter_rule_breakers(contract: Contract, operation: Operation, bases: list[Any]) -> Iterator[Any]:
    """For each rule bodies that break it, where some can be made, all of one base."""
    shape = contract.body_shape(operation)
    for rule in operation.rules:
        breaker = BREAKERS.get(rule.name)
        if breaker is None or shape is None or rule.effect != "refuse":
            continue
        for base in bases:
            made = (body for body in breaker(rule.arguments, base) if body is not None and shape.is_valid(body))
            broken = [body for body in made if _breaks(contract, operation, rule, body)]
            if broken:
                yield from broken[:MOST_WAYS]
                break


def _breaks(contract: Contract, operation: Operation, rule: Rule, body: Any) -> bool:
    asked = contract.coerced(operation, body)
    return asked is not None and any(rule is each for each, _ in broken_rules(contract.provider, operation, asked))


def _places(said: Any) -> list[tuple[str, ...]]:
    texts = [said] if isinstance(said, str) else said or ()
    return [parse(text).path for text in texts if is_expression(text) and parse(text).name == "request.body"]


def _public_url(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["urls"]):
        now = find(base, place)
        ending = PurePosixPath(now).suffix if isinstance(now, str) else ""
        urls = [f"{url}{ending or '.png'}" for url in _NOT_PUBLIC]
        for url in (*urls, "https://example.com/file.zip"):
            made = edited(base, place, url)
            yield edited(base, place[:-1], [url]) if made is None and place[-1] == "*" else made


def _unique(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["values"]):
        at = place.index("*") if "*" in place else 0
        items = find(base, place[:at]) if at else None
        if isinstance(items, list) and items:
            yield edited(base, place[:at], [*items, copy.deepcopy(items[0])])


def _extension_matches(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["name"]):
        yield edited(base, place, "file.zip")
        for endings in said.get("table", {}).values():
            yield edited(base, place, f"file{endings[0]}")


def _upload_key(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["keys"]):
        yield edited(base, place, "api/x/upload/file.zip")


def _references(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["text"]):
        yield edited(base, place, "no-such-name")


def _absent(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["members"]):
        yield edited(base, place, "https://example.com/file.png")
        yield edited(base, place, ["https://example.com/file.png"])


def _less(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for bound in _places(said["than"]):
        limit = find(base, bound)
        if isinstance(limit, int):
            yield from (edited(base, place, limit) for place in _places(said["value"]))
    for place in _places(said["value"]):
        value = find(base, place)
        if isinstance(value, int):
            yield from (edited(base, bound, value) for bound in _places(said["than"]))


def _equal(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["values"]):
        value = find(base, place)
        yield edited(base, place, value + 1 if isinstance(value, int) else f"{value}x")


def _model(said: Mapping[str, Any], base: Any) -> Iterator[Any]:
    for place in _places(said["name"]):
        yield edited(base, place, "no-such-model")


BREAKERS: Mapping[str, Breaker] = {
    "public_url": _public_url,
    "unique": _unique,
    "extension_matches": _extension_matches,
    "upload_key": _upload_key,
    "references": _references,
    "absent": _absent,
    "less": _less,
    "equal": _equal,
    "model": _model,
}
