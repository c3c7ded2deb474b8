"""Answers that the spec allows but nobody has seen, and those that it does not: made of healthy ones, by their schema; pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.contracts.client.edits import apply, escaped, places, pointer_to
from understudy.contracts.client.endings import at, is_stream
from understudy.contracts.client.trial import RESULT, Seen
from understudy.contracts.samples import find_sample
from understudy.contracts.shapes import Shape
from understudy.specs.problems import Place

Edit = Mapping[str, Any]

_WORD = "understudy"
_LONG = "é猫" * 2_000
# Values to try at every place, by what they are; which of them are fine the schema says.
_NUMBERS: tuple[Any, ...] = (0, 1, -1, 0.5, 2**31, 2**53 + 1, 1e15)
_TEXTS: tuple[Any, ...] = ("", " ", "0", "null", _WORD, "\u0000", "🐈\u200d⬛", _LONG)
_OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [None], {"a": []})
_RENAMED = "_understudy"
# A name that begins so stands where a client has to look: another value there means something else.
_NEEDED = (
    "$task.id",
    "$task.number",
    "$task.state",
    "$task.link",
    "$tasks",
    "$completion",
    "$upload",
    "$error",
    "$model.id",
    "$choice",
    "$piece",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A change to the answers of an operation: fine where the spec allows it and it still means the same."""

    operation: str
    edits: tuple[Edit, ...]
    is_fine: bool


def rows(seen: Seen) -> list[Row]:
    """Each change by itself: the fine ones first, the plainest of them first."""
    body, shape = _body(seen), _shape(seen)
    if body is None or shape is None or not shape.is_valid(body):
        return []
    found = [(edits, apply(body, edits, {})) for edits in _changes(seen, body, shape)]
    made = [
        Row(seen.exchange.operation, edits, shape.is_valid(changed) and _means_the_same(seen, body, changed))
        for edits, changed in found
    ]
    return sorted(made, key=lambda row: not row.is_fine)


def _body(seen: Seen) -> Any:
    """The body of an answer in JSON; None where it has none."""
    if seen.exchange.media_type != "application/json" or is_stream(seen) or seen.exchange.operation == RESULT:
        return None
    try:
        return json.loads(seen.exchange.response_body)
    except ValueError:
        return None


def _shape(seen: Seen) -> Shape | None:
    operation = seen.contract.operations.get(seen.exchange.operation)
    if operation is None:
        return None
    return seen.contract.answer_shape(operation, seen.exchange.status, seen.exchange.media_type)


def _changes(seen: Seen, body: Any, shape: Shape) -> Iterator[tuple[Edit, ...]]:
    """What is tried: more members, fewer, others' names, and other values."""
    for place, value in _every(body):
        at = pointer_to(place)
        if isinstance(value, dict):
            yield ({"at": f"{at}/{_WORD}", "to": {"nested": [1, None]}},)
            for name, sample in _optional(shape.schema, place, value):
                yield ({"at": f"{at}/{escaped(name)}", "to": sample},)
        if not place:
            continue
        for other in (*_named(shape.schema, place), *_values(value)):
            if type(other) is not type(value) or other != value:
                yield ({"at": at, "to": other},)
        yield ({"at": at},)
        if isinstance(place[-1], str):
            yield ({"at": at}, {"at": f"{at}{_RENAMED}", "to": value})


def _values(value: Any) -> tuple[Any, ...]:
    """Other values, those of the same kind first."""
    if isinstance(value, bool):
        return (not value, *_OTHERS, *_TEXTS, *_NUMBERS)
    if isinstance(value, (int, float)):
        return (*_NUMBERS, str(value), *_OTHERS, *_TEXTS)
    if isinstance(value, str):
        return (*_TEXTS, *_OTHERS, *_NUMBERS)
    if isinstance(value, list):
        return ([], value + value, *_OTHERS, *_TEXTS, *_NUMBERS)
    return (*_OTHERS, *_TEXTS, *_NUMBERS)


def _named(schema: Any, place: Place) -> list[Any]:
    """The words that the schema names for a place."""
    return [value for said in _along(schema, place) for value in (*said.get("enum", ()), *_const(said))]


def _const(said: Mapping[str, Any]) -> tuple[Any, ...]:
    return (said["const"],) if "const" in said else ()


def _optional(schema: Any, place: Place, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Members that the schema knows in an object and that are not there, each with a value that it may have."""
    known: dict[str, Any] = {}
    for said in _along(schema, place):
        known = {**said.get("properties", {}), **known}
    for name, said in known.items():
        # No address of anybody else may lead a client out of this machine.
        if name not in value and (sample := find_sample(said)) is not None and "://" not in repr(sample):
            yield name, sample


def _along(schema: Any, place: Place) -> Iterator[Mapping[str, Any]]:
    """All schemas that speak of the value at a place, alternatives among them."""
    if not isinstance(schema, dict):
        return
    if not place:
        yield schema
    for word in ("allOf", "oneOf", "anyOf"):
        for branch in schema.get(word, ()):
            yield from _along(branch, place)
    if place:
        inner = schema.get("properties", {}).get(place[0]) if isinstance(place[0], str) else schema.get("items")
        yield from _along(inner, place[1:])


def _means_the_same(seen: Seen, body: Any, changed: Any) -> bool:
    """Whether what a client needs stands where it stood, and is what it was."""
    operation = seen.contract.operations[seen.exchange.operation]
    was, now = places(operation, body), places(operation, changed)
    needed = [name for name in was if name.startswith(_NEEDED)]
    return all(name in now and at(changed, *now[name]) == at(body, *was[name]) for name in needed)


def _every(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value in a body with its place, from the outside in; of long lists the first items."""
    yield place, value
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _every(child, (*place, name))
    elif isinstance(value, list):
        for index, child in enumerate(value[:2]):
            yield from _every(child, (*place, index))
