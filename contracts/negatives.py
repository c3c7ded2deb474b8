"""Bodies that break one constraint each, made from a good one: what a target must refuse."""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.contracts.constraints import Constraint, iter_constraints
from understudy.contracts.samples import grown
from understudy.contracts.shapes import Shape

_TEXTS = ("", " ", "!", "x", "no-such-value", "://", "x" * 65, "ünvalid ", "\u0000")
_OTHER_TYPES: dict[str, tuple[Any, ...]] = {
    "string": (12345, True, ["text"]),
    "integer": ("7", 1.5, True),
    "number": ("7", True),
    "boolean": ("yes", 1),
    "array": ("text", {}),
    "object": ("text", [], 7),
    "null": ("text",),
}
# A text or a list longer than this is not sent: a bound of a megabyte is not worth the traffic.
MOST_LENGTH = 40_000
ABSENT = object()
# So many ways to break one constraint are tried: of a type the good value in another one, and two strangers.
MOST_WAYS = 2


@dataclass(frozen=True, slots=True)
class Negative:
    """A body that the schema refuses because of one constraint."""

    constraint: Constraint
    body: Any


def iter_negatives(shape: Shape, constraint: Constraint, bases: list[Any]) -> Iterator[Negative]:
    """Bodies that break a constraint, and as little else as may be: from the first base in which it holds."""
    larger = (body for base in bases[:3] if (body := grown(shape.schema, constraint.path, base)) not in bases)
    known = _known_values(shape.schema, constraint)
    for base in (*bases, *(body for body in larger if shape.is_valid(body))):
        judged = [(list(shape.misshapes(body)), body) for body in _broken(constraint, base, known)]
        found = [(w, body) for w, body in judged if any(each.schema_path == constraint.path for each in w)]
        if found:
            # What breaks nothing else comes first: only there one sees who refuses for this constraint.
            found.sort(key=lambda each: len(each[0]))
            yield from (Negative(constraint, body) for _, body in found[:MOST_WAYS])
            return


def _known_values(schema: Any, constraint: Constraint) -> list[Any]:
    """What is good for the member elsewhere in the schema: it breaks nothing but what is said of it here."""
    if constraint.keyword not in ("const", "enum", "not"):
        return []
    return [v for c in iter_constraints(schema) if c.place == constraint.place and c.keyword == "enum" for v in c.value]


def _broken(constraint: Constraint, base: Any, known: list[Any]) -> Iterator[Any]:
    if constraint.keyword == "required":
        for name in constraint.value:
            yield from _edited(base, (*constraint.place, name), ABSENT)
        return
    if constraint.keyword in ("additionalProperties", "maxProperties"):
        yield from _edited(base, (*constraint.place, "undocumented_member"), "x")
        return
    for value in (*_values(constraint, find(base, constraint.place)), *known):
        yield from _edited(base, constraint.place, value)


def _values(constraint: Constraint, now: Any) -> Iterator[Any]:
    """Values that break a constraint, whatever the member is now."""
    maker = _MAKERS.get(constraint.keyword)
    return maker(constraint.value, now) if maker else iter(())


def _of_other_types(said: Any, now: Any) -> Iterator[Any]:
    """First the good value, written as one of another type: who compares or casts it takes it for the same."""
    names = [said] if isinstance(said, str) else said
    others = (*_recast(now), *_OTHER_TYPES.get(names[0], ()))
    return (value for value in others if not any(_has_type(value, name) for name in names))


def _recast(now: Any) -> Iterator[Any]:
    """A value as it would be written in another type: a number as a text, a text that is one as a number, a list as its only item."""
    if isinstance(now, str):
        try:
            found = json.loads(now)
        except ValueError:
            return
        yield from (found,) if isinstance(found, int | float) else ()
    elif isinstance(now, list):
        yield from now if len(now) == 1 else ()
    elif now is not None:
        yield json.dumps(now, ensure_ascii=False, default=str)


def _too_long(said: Any, now: Any) -> Iterator[Any]:
    return iter(("x" * (said + 1),) if said < MOST_LENGTH else ())


def _too_few(said: Any, now: Any) -> Iterator[Any]:
    yield now[: max(said - 1, 0)] if isinstance(now, list) else []


def _too_many(said: Any, now: Any) -> Iterator[Any]:
    if isinstance(now, list) and now and said < 1_000:
        yield [copy.deepcopy(now[index % len(now)]) for index in range(said + 1)]


def _doubled(said: Any, now: Any) -> Iterator[Any]:
    if isinstance(now, list) and now:
        yield [*now, now[0]]


_MAKERS: Mapping[str, Callable[[Any, Any], Iterator[Any]]] = {
    "type": _of_other_types,
    "enum": lambda said, now: _strangers(said),
    "const": lambda said, now: _strangers([said]),
    "minimum": lambda said, now: iter((said - 1,)),
    "exclusiveMinimum": lambda said, now: iter((said,)),
    "maximum": lambda said, now: iter((said + 1,)),
    "exclusiveMaximum": lambda said, now: iter((said,)),
    "multipleOf": lambda said, now: iter((said + said / 2,)),
    "minLength": lambda said, now: iter(("x" * (said - 1),)),
    "maxLength": _too_long,
    "pattern": lambda said, now: (text for text in _TEXTS if not _matches(said, text)),
    "format": lambda said, now: iter(("no address", "://")),
    "minItems": _too_few,
    "maxItems": _too_many,
    "uniqueItems": _doubled,
    "not": lambda said, now: iter((7, "x", True, ["x"])),
}


def _strangers(known: list[Any]) -> Iterator[Any]:
    """Values of the types of the known ones that are none of them."""
    texts = [value for value in known if isinstance(value, str)]
    if texts:
        yield "no-such-value"
    if texts and all(text.isdecimal() for text in texts):
        yield str(max(map(int, texts)) + 1)
    numbers = [value for value in known if isinstance(value, int | float) and not isinstance(value, bool)]
    if numbers:
        between = (
            [n for n in range(int(min(numbers)), int(max(numbers))) if n not in numbers] if len(numbers) < 50 else []
        )
        yield from (*between[:1], max(numbers) + 1)
    if any(isinstance(value, bool) for value in known):
        yield from (value for value in (True, False) if value not in known)


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True


def _has_type(value: Any, name: str) -> bool:
    types: dict[str, tuple[type, ...]] = {
        "string": (str,), "boolean": (bool,), "array": (list,), "object": (dict,), "number": (int, float), "integer": (int,),
    }  # fmt: skip
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, types.get(name, ()))


def find(body: Any, place: tuple[str | int, ...]) -> Any:
    """The member at a place, its first item for `*`; None when there is none."""
    for step in place:
        if step == "*":
            body = body[0] if isinstance(body, list) and body else None
        else:
            body = body.get(step) if isinstance(body, dict) else None
    return body


def _edited(base: Any, place: tuple[str, ...], value: Any) -> Iterator[Any]:
    """A copy with a member set, or taken away; nothing when there is no such place."""
    if not place:
        if value is not ABSENT:
            yield value
        return
    body = copy.deepcopy(base)
    holder = find(body, place[:-1])
    last = place[-1]
    if last == "*" and isinstance(holder, list) and holder and value is not ABSENT:
        holder[0] = value
    elif isinstance(holder, dict) and last != "*":
        if value is ABSENT:
            if last not in holder:
                return
            del holder[last]
        else:
            holder[last] = value
    else:
        return
    yield body


def edited(base: Any, place: tuple[str, ...], value: Any) -> Any:
    """A copy with a member set; None when there is no such place."""
    return next(_edited(base, place, value), None)
