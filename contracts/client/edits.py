"""Changing JSON bodies at places: by pointer, or by the shared name that a template puts there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.specs.expressions import Expression
from understudy.specs.extraction import Extraction
from understudy.specs.model import Case, Operation
from understudy.specs.problems import Place

_NOTHING = object()


@dataclass(slots=True)
class Places(Extraction):
    """An extraction that remembers where each name stood."""

    found: dict[str, Place] = field(default_factory=dict)

    def put(self, expression: Expression, value: Any, place: Place) -> None:
        """Note the value and its place."""
        self.found[expression.text] = place
        Extraction.put(self, expression, value, place)


def places(operation: Operation, body: Any) -> Mapping[str, Place]:
    """Where the shared names of an operation's answer stand in a body, by the case of its template that fits best."""
    readings = sorted((_read(case, body) for case in operation.reply.cases), key=lambda read: len(read.mismatches))
    # What only another kind's template shows is there all the same.
    found: dict[str, Place] = {}
    for reading in readings:
        found = {**reading.found, **found}
    return found


def apply(body: Any, edits: Iterable[Mapping[str, Any]], names: Mapping[str, Place]) -> Any:
    """The body with all edits made; one whose place is not there changes nothing."""
    for edit in edits:
        place = names.get(edit["at"]) if edit["at"].startswith("$") else _pointer(edit["at"])
        if place is not None:
            body = _put(body, place, edit.get("to", _NOTHING))
    return body


def pointer_to(place: Place) -> str:
    """A place as a JSON pointer."""
    return "".join(f"/{escaped(str(step))}" for step in place)


def escaped(name: str) -> str:
    """A member's name as it stands in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _read(case: Case, body: Any) -> Places:
    read = Places()
    case.body.read(body, (), read)
    return read


def _pointer(text: str) -> Place:
    steps = text.split("/")[1:]
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _put(body: Any, place: Place, value: Any) -> Any:
    """A copy of the body with a value at a place, or with nothing there."""
    if not place:
        return None if value is _NOTHING else value
    step, rest = place[0], place[1:]
    if isinstance(body, dict):
        return _put_member(body, str(step), rest, value)
    if isinstance(body, list) and str(step).isdecimal() and int(step) < len(body):
        index = int(step)
        if not rest and value is _NOTHING:
            return [*body[:index], *body[index + 1 :]]
        return [*body[:index], _put(body[index], rest, value), *body[index + 1 :]]
    return body


def _put_member(body: dict[str, Any], key: str, rest: Place, value: Any) -> dict[str, Any]:
    if not rest and value is _NOTHING:
        return {name: member for name, member in body.items() if name != key}
    if rest and key not in body:
        return body
    return {**body, key: _put(body.get(key), rest, value)}
