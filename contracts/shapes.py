"""Schemas that judge bodies: what is wrong, where, and what the broken constraint rests on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from understudy.contracts.citing import NOTHING, Citation, cite_along
from understudy.specs.judging import make_judge
from understudy.specs.problems import pointer

_CHOICES = ("oneOf", "anyOf")
# Characters from which on a message is clipped.
_LONG = 300


@dataclass(frozen=True, slots=True)
class Misshape:
    """One violated constraint: the place in the body, the keyword, a sentence, and what the constraint rests on."""

    place: str
    keyword: str
    message: str
    citation: Citation
    schema_path: tuple[Any, ...] = ()


class Shape:
    """A resolved schema, compiled. Bodies are read with `parse_float=Decimal` or without, as you like."""

    def __init__(self, schema: Any, around: Citation = NOTHING) -> None:
        self.schema, self._around = schema, around
        self._validator = make_judge(schema)
        self._branches = tuple(Shape(branch, around) for branch in _branches(schema))

    def is_valid(self, value: Any) -> bool:
        """Whether the schema takes the value; what is nested too deep to judge is not valid."""
        try:
            return bool(self._validator.is_valid(value))
        except ValueError:
            return False

    def misshapes(self, value: Any) -> list[Misshape]:
        """All that is wrong with a value; of alternatives, what is wrong with the nearest one."""
        if self.is_valid(value):
            return []
        if self._branches:
            fallen = [found for branch in self._branches if (found := branch.misshapes(value))]
            if fallen:
                return min(fallen, key=_distance)
        return list(self._errors(value))

    def _errors(self, value: Any) -> Iterator[Misshape]:
        try:
            errors = list(self._validator.iter_errors(value))
        except ValueError as problem:
            yield Misshape("", "", str(problem), self._around)
            return
        for error in errors:
            path = tuple(error.schema_path)
            cited = cite_along(self.schema, path)
            citation = cited if cited is not NOTHING else self._around
            keyword = str(path[-1]) if path else ""
            yield Misshape(pointer(tuple(error.instance_path)), keyword, _clipped(error.message), citation, path)


def _clipped(message: str) -> str:
    """A message whose middle is left out when it is long: it begins with the value, and ends with what is wrong with it."""
    return message if len(message) <= _LONG else f"{message[: _LONG // 2]} … {message[-_LONG // 2 :]}"


def _branches(schema: Any) -> tuple[Any, ...]:
    if not isinstance(schema, dict):
        return ()
    return tuple(branch for word in _CHOICES for branch in schema.get(word, ()))


def _distance(found: list[Misshape]) -> tuple[bool, int]:
    """How far a value is from an alternative: one whose literals differ is the farthest."""
    return any(each.keyword in ("const", "enum") for each in found), len(found)
