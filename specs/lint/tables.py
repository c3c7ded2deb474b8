"""Check that formulas have a value, of the right sort, for every input that can come."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from understudy.specs.expressions import is_expression, parse, point
from understudy.specs.formulas import FORMS, compile_formula, number
from understudy.specs.lint.inputs import (
    MOST,
    Entrance,
    Submission,
    describe,
    evaluate,
    is_number,
    iter_entrances,
    iter_variants,
    keys_of,
)
from understudy.specs.lint.samples import MISSING, put
from understudy.specs.lint.subject import Subject
from understudy.specs.model import RESULT_TYPES
from understudy.specs.problems import Misfit, Place, known

# A role of a formula: what is wrong with a value of it, '' when nothing is.
Role = Callable[[Any], str]

_LARGEST = 16_384


def check_tables(subject: Subject) -> Iterator[Misfit]:
    """Tables that lack a row, and values that are no price, size or type."""
    for name, kind in subject.kinds.items():
        entrances = [entrance for entrance in iter_entrances(subject, name) if entrance.bodies]
        for place, formula, role in _iter_formulas(kind, ("x-tasks", name)):
            yield from _check_formula(formula, place, role, kind, entrances)
    yield from _check_choices(subject)


def _iter_formulas(kind: Any, place: Place) -> Iterator[tuple[Place, Any, Role]]:
    yield (*place, "price"), kind["price"], _price
    for index, state in enumerate(kind["states"]):
        if "seconds" in state:
            yield (*place, "states", index, "seconds"), state["seconds"], _amount
    for name, result in kind.get("results", {}).items():
        below = (*place, "results", name)
        is_video = any(str(value).startswith("video/") for value in _constants(result["type"]))
        yield (*below, "type"), result["type"], _media_type
        yield (*below, "size"), result["size"], _even_size if is_video else _size
        for key, role in (("seconds", _amount), ("count", _count), ("sound", _switch)):
            if key in result:
                yield (*below, key), result[key], role


def _constants(formula: Any) -> Iterator[Any]:
    if isinstance(formula, dict):
        for value in formula.get("table", formula).values():
            yield from _constants(value)
    else:
        yield formula


def _check_formula(formula: Any, place: Place, role: Role, kind: Any, entrances: list[Entrance]) -> Iterator[Misfit]:
    """The formula as a whole, and every table within it."""
    inner = role if role not in (_price, _amount, _count) else _amount
    if isinstance(formula, dict):
        try:
            compile_formula({k: v for k, v in formula.items() if k != "x-source"})
        except Misfit as misfit:
            yield misfit.under(*place)
            return
    for below, table in _iter_tables(formula, place):
        yield from _check_table(table, below, inner, kind, entrances)
    if role in (_price, _amount, _count):
        for below, text in _iter_factors(formula, place):
            yield from _check_factor(text, below, entrances)
    if not (isinstance(formula, dict) and "by" in formula):
        yield from _check_whole(formula, place, role, kind, entrances)


def _iter_factors(formula: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """The members of the input that the whole is, or is multiplied by; a missing summand adds nothing, as it should."""
    if is_expression(formula):
        yield place, formula
    elif isinstance(formula, dict):
        for form in ("product", "of"):
            if form in formula:
                yield from _iter_factors(formula[form], (*place, form))
    elif isinstance(formula, list):
        for index, item in enumerate(formula):
            yield from _iter_factors(item, (*place, index))


def _check_factor(text: str, place: Place, entrances: list[Entrance]) -> Iterator[Misfit]:
    path = parse(text).path
    for entrance in entrances:
        bare = (put(body, path, MISSING) for body in entrance.bodies)
        if any(entrance.leads(body) and point(entrance.normalise(body), path) is None for body in bare):
            advice = f"require it, give it a default, or write {{first: [{text}, 1]}}"
            yield Misfit(f"{text} may be missing in {entrance.spot.name} and counts as 0 then", advice, place)
            return


def _iter_tables(formula: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(formula, dict) and "by" in formula:
        yield place, formula
    elif isinstance(formula, dict):
        for form in (*FORMS, "of"):
            if form in formula and form != "round":
                yield from _iter_tables(formula[form], (*place, form))
    elif isinstance(formula, list):
        for index, item in enumerate(formula):
            yield from _iter_tables(item, (*place, index))


def _check_table(table: Any, place: Place, role: Role, kind: Any, entrances: list[Entrance]) -> Iterator[Misfit]:
    for below, leaf in _iter_rows(table["table"], len(table["by"]), (*place, "table")):
        wrong = role(leaf) if leaf is not None else "is nothing"
        if wrong:
            yield Misfit(f"{leaf!r} {wrong}", "", below)
    keys = keys_of(table)
    told: set[str] = set()
    for entrance in entrances:
        for index, key in enumerate(keys):
            if key.path and key.variants(entrance.schema) is None and not _has_default(table["table"], index):
                advice = "add a row 'default'"
                yield Misfit(
                    f"{key.formula} can have any value in {entrance.spot.name}",
                    advice,
                    (*place, "table"),
                )
        for body in iter_variants(entrance, keys, entrance.leads):
            row = describe(keys, body, kind)
            if row not in told and evaluate(table, Submission(body, kind)) is None:
                told.add(row)
                yield Misfit(
                    f"the table has nothing for {row}",
                    f"{entrance.spot.name} takes it",
                    (*place, "table"),
                )


def _iter_rows(table: Any, depth: int, place: Place) -> Iterator[tuple[Place, Any]]:
    if depth == 0 or not isinstance(table, dict):
        yield place, table
        return
    for row, value in table.items():
        yield from _iter_rows(value, depth - 1, (*place, row))


def _has_default(table: Any, depth: int) -> bool:
    """Whether every table at a depth catches the values that it does not name."""
    if depth == 0 or not isinstance(table, dict):
        return isinstance(table, dict) and "default" in table
    return all(_has_default(value, depth - 1) for value in table.values())


def _check_whole(formula: Any, place: Place, role: Role, kind: Any, entrances: list[Entrance]) -> Iterator[Misfit]:
    bodies = [entrance.normalise(body) for entrance in entrances for body in entrance.bodies]
    constant = not isinstance(formula, dict) and not (isinstance(formula, str) and formula.startswith("$"))
    for body in [None] if constant else bodies:
        value = evaluate(formula, Submission(body, kind))
        wrong = role(value) if value is not None else "has no value"
        if wrong:
            shown = formula if constant else f"{_shown(value)}, for a documented request,"
            yield Misfit(f"{shown} {wrong}", "", place)
            return


def _check_choices(subject: Subject) -> Iterator[Misfit]:
    """Bodies that choose no kind of task."""
    for spot in subject.operations:
        choice = spot.arguments.get("kind")
        if spot.behavior != "task.submit" or not isinstance(choice, dict):
            continue
        place = (*spot.place, "x-behavior", "task.submit", "kind", "table")
        told: set[str] = set()
        keys = keys_of(choice)
        for entrance in (e for name in subject.kinds_of(spot) for e in iter_entrances(subject, name) if e.spot is spot):
            for body in iter_variants(entrance, keys, entrance.is_valid):
                row = describe(keys, body, {})
                if entrance.chosen(body) is None and row not in told:
                    told.add(row)
                    yield Misfit(f"no kind is chosen for {row}", f"{spot.name} takes it", place)


def _shown(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else repr(value)


def _amount(value: Any) -> str:
    return "" if is_number(value) and 0 <= number(value) < MOST else "is no number from 0 on"


def _price(value: Any) -> str:
    return _amount(value)


def _count(value: Any) -> str:
    return "" if is_number(value) and 1 <= number(value) < MOST else "is no number from 1 on"


def _switch(value: Any) -> str:
    return "" if isinstance(value, bool) else "is neither true nor false"


def _media_type(value: Any) -> str:
    return "" if value in RESULT_TYPES else f"cannot be made; {known(value, RESULT_TYPES)}"


def _size(value: Any) -> str:
    is_pair = isinstance(value, list) and len(value) == 2
    if is_pair and all(type(n) is int and 0 < n <= _LARGEST for n in value):
        return ""
    return "is no size: write [width, height]"


def _even_size(value: Any) -> str:
    return _size(value) or ("" if all(n % 2 == 0 for n in value) else "is no size of a video: both must be even")
