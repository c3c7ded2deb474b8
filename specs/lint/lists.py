"""Checks on lists and on ids that are numbers: names that would have no value, values that nothing has."""

from collections.abc import Iterator
from typing import Any

from understudy.specs.expressions import parse
from understudy.specs.ids import Drawn, parse_id
from understudy.specs.lint.subject import Spot, Subject, iter_leaves
from understudy.specs.lint.uses import iter_uses
from understudy.specs.problems import Misfit, known

_CURSORS = ("page.next", "page.next_number")
_NUMBERS = ("task.number", "page.next_number")
_WAYS = ("page", "offset", "cursor")


def check_lists(subject: Subject) -> Iterator[Misfit]:
    """Lists that are walked in two ways, that lead nowhere, or whose filters name what no task is."""
    for spot in subject.operations:
        if spot.behavior != "task.list":
            continue
        place = (*spot.place, "x-behavior", "task.list")
        ways = [way for way in _WAYS if way in spot.arguments]
        if len(ways) > 1:
            yield Misfit(f"a list goes on by {' or by '.join(ways)}, not by both", "name one", place)
        for name, text in spot.arguments.get("where", {}).items():
            if name != "x-source":
                yield from (misfit.under(*place, "where", name) for misfit in _check_filter(subject, spot, name, text))
    for use in iter_uses(subject):
        if use.expression and use.expression.name in _CURSORS and use.spot and "cursor" not in use.spot.arguments:
            yield Misfit(f"{use.expression} leads nowhere", "give task.list a 'cursor'", use.place)


def _check_filter(subject: Subject, spot: Spot, name: str, text: str) -> Iterator[Misfit]:
    """Values that a query parameter allows and no task has."""
    schemas = [p.get("schema", {}) for p in subject.parameters(spot) if p["name"] == parse(text).member]
    allowed = [value for schema in schemas for value in _allowed(schema)]
    kinds = subject.kinds_of(spot)
    states = {str(s.get("wire", s["name"])) for kind in kinds for s in subject.kinds[kind]["states"]}
    there = states if name == "state" else set(kinds)
    for value in allowed:
        if value != "" and str(value) not in there:
            yield Misfit(f"no task has the {name} {value!r}", known(value, there))


def _allowed(schema: Any) -> list[Any]:
    found: list[Any] = schema.get("enum", schema.get("items", {}).get("enum", []))
    return found


def check_numbers(subject: Subject) -> Iterator[Misfit]:
    """`$task.number` and the like where an id is none."""
    for use in iter_uses(subject):
        if use.expression is None or use.expression.name not in _NUMBERS:
            continue
        for kind in use.kinds:
            forms = list(iter_leaves(subject.kinds[kind]["id"]))
            if not all(_is_number(form) for form in forms if isinstance(form, str)):
                yield Misfit(f"an id of {kind!r} is no number", "draw it with {digits:N} alone", use.place)


def _is_number(form: str) -> bool:
    try:
        parts = parse_id(form)
    except Misfit:
        return True  # told elsewhere
    return len(parts) == 1 and isinstance(parts[0], Drawn) and parts[0].kind == "digits"
