"""Bodies that between them show every member that a request's schema names: each empty, full, and of each kind.

A relay that reads a body into its own types and writes it anew loses what those types do not know: a zero, a member within
a member, a sort of message. Each body here is a good one with one thing otherwise.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from understudy.contracts.differences import is_same
from understudy.contracts.samples import find_sample
from understudy.contracts.shapes import Shape

Place = tuple[str | int, ...]

# Members within members: so deep a member without a value in the body is filled in.
MOST_DEPTH = 3
# Values of one member, and of one enumeration.
MOST_VALUES, MOST_WORDS = 6, 8
# A number that a reader into binary fractions changes, and a text that many a writer rewrites: a letter of two
# characters, a separator of lines, an ampersand, one of the last plane.
LARGE = 2**53 + 1
ODD = "e\u0301 \u2028 <b>&amp;</b> \\n 🐈"
# The last step to an item that is much like one that is there.
LIKE = "like"
# Larger bounds than this are not sought: who asks for 128 answers waits for them.
SMALL = 20


def iter_changes(
    schema: Any, bodies: Iterable[Any], take: Callable[[Any], Any] = lambda body: body
) -> Iterator[tuple[Place, Any, Any]]:
    """Changes of bodies, as a place, a value, and the body with it: a member set or changed, an item put before those of a list.

    The place of such an item is that of the list with `+`, or with `like` where it is much like the last one there. `take` gives what becomes of a changed body, None where that is
    no good one; what was shown with one body is not shown with the next.
    """
    seen: set[tuple[Place, str]] = set()
    for body in bodies:
        for place, value in _walk(schema, body, ()):
            # Items of one list are of one sort: what was shown in one need not be shown in the next.
            known = tuple("*" if isinstance(step, int) else step for step in place), repr(value)
            taken = take(changed(body, place, value)) if known not in seen else None
            if taken is not None:
                seen.add(known)
                yield place, value, taken


def is_of_one_sort(schema: Any, value: Any) -> bool:
    """Whether no object within a value has members that objects of another sort have."""
    parts = list(_parts(schema))
    if isinstance(value, dict):
        members = _members(parts)
        own, others = _spoken_of(parts, value)
        is_mixed = bool((others - own) & value.keys())
        return not is_mixed and all(is_of_one_sort(members.get(name), inner) for name, inner in value.items())
    if isinstance(value, list):
        items = {"allOf": [part["items"] for part in parts if "items" in part]}
        return all(is_of_one_sort(items, inner) for inner in value)
    return True


def changed(body: Any, place: Place, value: Any) -> Any:
    """A copy of a body with that change."""
    copied = copy.deepcopy(body)
    holder = copied
    for step in place[:-1]:
        holder = holder[step]
    if place[-1] in ("+", LIKE):
        holder.insert(0, value)
    else:
        holder[place[-1]] = value
    return copied


def _walk(schema: Any, value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    parts = list(_parts(schema))
    if isinstance(value, dict):
        members, foreign = _members(parts), _foreign(parts, value)
        for name, member in members.items():
            for other in _values(member, 0) if name not in foreign else ():
                if name not in value or not is_same(other, value[name]):
                    yield (*place, name), other
        for name, inner in value.items():
            yield from _walk(members.get(name), inner, (*place, name))
    elif isinstance(value, list):
        items = {"allOf": [part["items"] for part in parts if "items" in part]}
        yield from (((*place, "+"), other) for other in _values(items, 0))
        if value:
            telling = {name for part in _parts(items) for name in _telling(part.get("if"))}
            yield (*place, LIKE), _like(value[-1], telling)
        for index, inner in enumerate(value):
            yield from _walk(items, inner, (*place, index))


def _like(value: Any, telling: set[str]) -> Any:
    """The same with other texts, which keep their ends, a second file or another name; of the same sort."""
    if isinstance(value, dict):
        return {name: inner if name in telling else _like(inner, telling) for name, inner in value.items()}
    if isinstance(value, str) and value:
        stem, dot, end = value.rpartition(".")
        return f"{stem}2{dot}{end}" if dot else f"{value}2"
    return value


def _branches(parts: list[dict[str, Any]], value: Any) -> Iterator[tuple[bool, dict[str, Any]]]:
    """What is said of a value of one sort, and whether it is of that."""
    for part in parts:
        if isinstance(part.get("then"), dict) and _telling(part.get("if")):
            yield Shape(part["if"]).is_valid(value), part["then"]


def _telling(condition: Any) -> set[str]:
    """The members whose words alone a condition asks for: those tell of which sort an object is."""
    if not isinstance(condition, dict) or condition.keys() - {"properties", "required", "type"}:
        return set()
    members = condition.get("properties", {})
    return {name for name, member in members.items() if isinstance(member, dict) and member.keys() & {"const", "enum"}}


def _foreign(parts: list[dict[str, Any]], value: dict[str, Any]) -> set[str]:
    """Members that objects of another sort have, and that are not here."""
    own, others = _spoken_of(parts, value)
    return others - own - value.keys()


def _spoken_of(parts: list[dict[str, Any]], value: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Members that are spoken of where an object is of this sort or of any, and where it is of another."""
    own, others = set[str](), set[str]()
    for holds, then in _branches(parts, value):
        (own if holds else others).update(_named(then))
    for part in parts:
        if "then" in part and not _telling(part.get("if")):
            own |= _named(part["then"])
    telling = {name for part in parts for name in _telling(part.get("if"))}
    return own | telling, others


def _named(then: Any) -> set[str]:
    return {*then.get("required", ()), *then.get("properties", ())} if isinstance(then, dict) else set()


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all that is said beside it of the same value, whatever it depends on."""
    if not isinstance(schema, dict):
        return
    yield schema
    for word in ("then", "else"):
        yield from _parts(schema.get(word))
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            yield from _parts(part)


def _members(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Every member that is named, with all that is said of it."""
    found: dict[str, list[Any]] = {}
    for part in parts:
        for name, member in part.get("properties", {}).items():
            found.setdefault(name, []).append(member)
    return {name: {"allOf": said} for name, said in found.items()}


def _values(schema: Any, depth: int) -> list[Any]:
    """Values of a schema that differ in what is easily lost, each once."""
    found: list[Any] = []
    for value in _iter_values(list(_parts(schema)), depth):
        if not any(is_same(value, each) for each in found):
            found.append(value)
    return found


def _iter_values(parts: list[dict[str, Any]], depth: int) -> Iterator[Any]:
    """Values of all that is said of one: words where there are any, and beside them something of each type."""
    words = [word for part in parts for word in ([part["const"]] if "const" in part else part.get("enum", ()))]
    yield from words[:MOST_WORDS]
    types = {name: None for part in parts for name in _types(part)}
    if not types and not words and any("properties" in part for part in parts):
        types = {"object": None}
    for name in types:
        if name in _OF_TYPE and not (words and any(_is_of(name, word) for word in words)):
            yield from _OF_TYPE[name](parts, depth)


def _types(part: dict[str, Any]) -> list[str]:
    said = part.get("type", ())
    return [said] if isinstance(said, str) else list(said)


def _is_of(name: str, word: Any) -> bool:
    return Shape({"type": name}).is_valid(word)


def _said(parts: list[dict[str, Any]], keyword: str) -> Any:
    """What is said first by a keyword, None for nothing."""
    return next((part[keyword] for part in parts if keyword in part), None)


def _numbers(parts: list[dict[str, Any]], depth: int) -> Iterator[Any]:
    low, high = _said(parts, "minimum"), _said(parts, "maximum")
    yield from (0, 1, *(n for n in (low, high) if n is not None and abs(n) <= SMALL))
    if low is not None and low > 1:
        yield from (low, low + 1)
    if not any("integer" in _types(part) for part in parts):
        yield 0.5
    elif low is None and high is None:
        # Of what is bounded nobody knows what so large a number would cost.
        yield LARGE


def _texts(parts: list[dict[str, Any]], depth: int) -> Iterator[Any]:
    if any("pattern" in part or "format" in part for part in parts):
        yield find_sample({"type": "string", **{k: v for part in parts for k, v in part.items() if k in _OF_TEXTS}})
        return
    if depth < 2:
        yield ""
    yield ODD


def _lists(parts: list[dict[str, Any]], depth: int) -> Iterator[Any]:
    yield []
    if depth < MOST_DEPTH:
        values = _values({"allOf": [part["items"] for part in parts if "items" in part]}, depth + 1)
        yield from ([value] for value in values)
        yield values[-2:]


def _objects(parts: list[dict[str, Any]], depth: int) -> Iterator[Any]:
    least = find_sample(parts[0])
    base = least if isinstance(least, dict) else {}
    if depth >= MOST_DEPTH:
        yield base
        return
    members = _members(parts)
    telling = {name for each in parts for name in _telling(each.get("if")) if name in members}
    for sort in _sorts(parts, members, base, telling, depth):
        yield sort
        for name in [n for n in members if n not in _foreign(parts, sort) and n not in telling]:
            yield from ({**sort, name: value} for value in _values(members[name], depth + 1)[:MOST_VALUES])
    more = _said(parts, "additionalProperties")
    if isinstance(more, dict):
        yield from ({"first": value} for value in _values(more, depth + 1)[:MOST_VALUES])
    elif more is None and not members:
        yield {"first": {"second": [0, False, None]}}


def _sorts(
    parts: list[dict[str, Any]], members: Mapping[str, Any], base: dict[str, Any], telling: set[str], depth: int
) -> Iterator[dict[str, Any]]:
    """The object of each sort that conditions speak of, with what it then needs."""
    yield base
    for name in sorted(telling):
        for value in _values(members[name], MOST_DEPTH):
            sort = {**base, name: value}
            needed = {n: then for holds, then in _branches(parts, sort) if holds for n in then.get("required", ())}
            # What was needed of the base alone is none of this sort's.
            kept = {n: v for n, v in sort.items() if n not in _foreign(parts, {name: value})}
            for member, then in needed.items():
                said = {"allOf": [*_said_of(member, then), members.get(member, {})]}
                kept.setdefault(member, next(iter(_values(said, depth + 1)), None))
            yield kept


def _said_of(member: str, then: dict[str, Any]) -> list[Any]:
    found = then.get("properties", {}).get(member)
    return [] if found is None else [found]


_OF_TEXTS = frozenset(("pattern", "format", "minLength", "maxLength"))
_OF_TYPE: Mapping[str, Callable[[list[dict[str, Any]], int], Iterable[Any]]] = {
    "boolean": lambda parts, depth: (False, True),
    "null": lambda parts, depth: (None,),
    "integer": _numbers,
    "number": _numbers,
    "string": _texts,
    "array": _lists,
    "object": _objects,
}
