"""What satisfies two schemas at once: their keywords merged into those of one, as far as a generator needs it."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import Any

TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")

Schema = Mapping[str, Any]
NOTHING_SAID: Schema = MappingProxyType({})


class Unsatisfiable(ValueError):
    """No value was found for a schema; `keyword` is the one that stood in the way."""

    def __init__(self, keyword: str, why: str) -> None:
        super().__init__(f"{keyword}: {why}")
        self.keyword = keyword


class NoSchema(Unsatisfiable):
    """What was given as a schema is none."""


class Exhausted(Exception):
    """A value would cost too much: nothing else is tried. Only `instances` sees it."""


def merge(one: Schema, other: Schema) -> Schema:
    """The keywords of both. What cannot be merged keeps its first value: a judge decides at the end.

    Raises Unsatisfiable when no type and no listed value is in both.
    """
    if not one or not other:
        return one or other
    merged = dict(one)
    for keyword, value in other.items():
        if keyword not in merged:
            merged[keyword] = value
        elif (join := _JOINS.get(keyword)) and merged[keyword] != value:
            merged[keyword] = join(merged[keyword], value)
    return merged


def types_of(said: Any) -> tuple[str, ...]:
    """The value of `type` as types, `integer` beside `number` left out."""
    return (said,) if isinstance(said, str) else tuple(said)


def exact(number: Any) -> Fraction:
    """A number of a schema as it was written: 0.1 is a tenth."""
    return Fraction(str(number))


def _types(one: Any, other: Any) -> tuple[str, ...]:
    ours, theirs = types_of(one), types_of(other)
    both = tuple(name for name in TYPES if _allows(ours, name) and _allows(theirs, name))
    if not both:
        raise Unsatisfiable("type", f"nothing is both {' or '.join(ours)} and {' or '.join(theirs)}")
    return tuple(name for name in both if name != "integer" or "number" not in both)


def _allows(types: tuple[str, ...], name: str) -> bool:
    return name in types or (name == "integer" and "number" in types)


def _enum(one: Any, other: Any) -> list[Any]:
    both = [value for value in one if value in other]
    if not both:
        raise Unsatisfiable("enum", "no listed value is in both lists")
    return both


def _multiple(one: Any, other: Any) -> Any:
    first, second = exact(one), exact(other)
    scale = lcm(first.denominator, second.denominator)
    common = Fraction(lcm(int(first * scale), int(second * scale)), scale)
    return int(common) if common.denominator == 1 else float(common)


def _by_name(one: Any, other: Any) -> dict[str, Any]:
    return {**one, **{name: both(one[name], schema) if name in one else schema for name, schema in other.items()}}


def _by_place(one: Any, other: Any) -> list[Any]:
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    return [
        both(longer[place], shorter[place]) if place < len(shorter) else longer[place] for place in range(len(longer))
    ]


def both(one: Any, other: Any) -> Any:
    """A schema of what satisfies both schemas."""
    if one is True or one == {}:
        return other
    return one if other is True or other == {} else {"allOf": [one, other]}


def _union(one: Any, other: Any) -> list[Any]:
    return list(dict.fromkeys((*one, *other)))


def _unions(one: Any, other: Any) -> dict[str, Any]:
    return {**one, **{name: _union(one.get(name, ()), names) for name, names in other.items()}}


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "additionalProperties": both,
    "contains": both,
    "dependentRequired": _unions,
    "dependentSchemas": _by_name,
    "enum": _enum,
    "exclusiveMaximum": min,
    "exclusiveMinimum": max,
    "items": both,
    "maxItems": min,
    "maxLength": min,
    "maxProperties": min,
    "maximum": min,
    "minContains": max,
    "minItems": max,
    "minLength": max,
    "minProperties": max,
    "minimum": max,
    "multipleOf": _multiple,
    "not": lambda one, other: {"anyOf": [one, other]},
    "patternProperties": _by_name,
    "prefixItems": _by_place,
    "properties": _by_name,
    "propertyNames": both,
    "required": _union,
    "type": _types,
    "uniqueItems": max,
}
