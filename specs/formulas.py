"""Formulas: prices, times and sizes as functions of the validated input. Numbers are Decimal."""

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from operator import attrgetter
from typing import Any, Protocol, TypeAlias

from understudy.specs.expressions import Expression, follower, is_expression, parse
from understudy.specs.problems import Misfit, known


class Subject(Protocol):
    """What a formula is asked about: one submission."""

    input: Any
    completion: Any

    def seconds_of(self, references: list[str]) -> Decimal:
        """Total seconds of the referenced material."""
        ...

    def pixels(self, result: str) -> Decimal:
        """Width times height of the named result."""
        ...


Formula: TypeAlias = Callable[[Subject], Any]

_MOST_PLACES = 12
_NOTHING, _ONE = Decimal(0), Decimal(1)

FORMS = ("product", "sum", "by", "first", "present", "count", "pixels", "seconds_of", "round")


def compile_formula(formula: Any) -> Formula:
    """Compile a formula; raises Misfit at what the vocabulary does not know."""
    if isinstance(formula, dict):
        return _compile_form(formula)
    if is_expression(formula):
        return reader(parse(formula))
    if isinstance(formula, bool | list) or formula is None:
        return lambda subject: formula
    try:
        constant: Any = Decimal(str(formula))
    except InvalidOperation:
        constant = formula
    return lambda subject: constant


def reader(expression: Expression) -> Formula:
    """A function that takes the expression's value out of a submission's input, or of the completion it led to."""
    if expression.name.startswith("completion.") and expression.type == "integer":
        return attrgetter(expression.name)
    if expression.name not in ("task.input", "request.body"):
        raise Misfit(f"{expression} is not known to a formula", "only $task.input#/… and numbers of $completion are")
    follow = follower(expression.path)
    return lambda subject: follow(subject.input)


def expressions(formula: Any) -> Iterator[Expression]:
    """Every expression that a formula reads."""
    if is_expression(formula):
        yield parse(formula)
    elif isinstance(formula, dict):
        for key, value in formula.items():
            if key not in ("table", "x-source", "message"):
                yield from expressions(value)
    elif isinstance(formula, list):
        for value in formula:
            yield from expressions(value)


def number(value: Any) -> Decimal:
    """A number, or a text that is one, as Decimal; missing counts as nothing."""
    if type(value) is Decimal:
        return value
    if value is None:
        return _NOTHING
    return Decimal(value if type(value) is int else str(value))


def is_present(value: Any) -> bool:
    """Whether a member is there and not empty: `0` and `false` are there."""
    return value is not None and value not in ("", [], {})


def key_of(value: Any) -> str:
    """How a table writes a value: text as it is, true and false in lower case, missing empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _compile_form(formula: dict[str, Any]) -> Formula:
    form = next((name for name in FORMS if name in formula), None)
    if form is None:
        raise Misfit(f"unknown formula {sorted(formula)}", known(next(iter(formula), ""), FORMS))
    partner = {"by": "table", "round": "of"}.get(form)
    if set(formula) != {form, partner} - {None}:
        raise Misfit(f"{form!r} takes {partner or 'nothing else'}", f"found {sorted(formula)}")
    try:
        return _COMPILERS[form](formula)
    except Misfit as misfit:
        raise misfit.under(form) from None


def _compile_all(said: Any) -> list[Formula]:
    if not isinstance(said, list):
        raise Misfit(f"{said!r} is no list", "write […]")
    compiled = []
    for index, formula in enumerate(said):
        try:
            compiled.append(compile_formula(formula))
        except Misfit as misfit:
            raise misfit.under(index) from None
    return compiled


def _product(formula: dict[str, Any]) -> Formula:
    factors = _compile_all(formula["product"])

    def multiply(subject: Subject) -> Decimal:
        product = _ONE
        for factor in factors:
            product *= number(factor(subject))
        return product

    return multiply


def _sum(formula: dict[str, Any]) -> Formula:
    terms = _compile_all(formula["sum"])

    def add(subject: Subject) -> Decimal:
        total = _NOTHING
        for term in terms:
            total += number(term(subject))
        return total

    return add


def _by(formula: dict[str, Any]) -> Formula:
    keys = _compile_all(formula["by"])
    table = _normal_table(formula["table"], len(keys))

    def look_up(subject: Subject) -> Any:
        found: Any = table
        for key in keys:
            row = key_of(key(subject))
            found = found[row] if row in found else found.get("default")
            if found is None:
                return None
        return found

    return look_up


def _normal_table(table: Any, depth: int) -> Any:
    if depth == 0:
        is_number = isinstance(table, int | float) and not isinstance(table, bool)
        return Decimal(str(table)) if is_number else table
    if not isinstance(table, dict):
        raise Misfit(f"the table is not deep enough at {table!r}", "one level for each key of 'by'")
    return {str(key): _normal_table(value, depth - 1) for key, value in table.items()}


def _first(formula: dict[str, Any]) -> Formula:
    choices = _compile_all(formula["first"])
    return lambda subject: next((v for choice in choices if (v := choice(subject)) is not None), None)


def _present(formula: dict[str, Any]) -> Formula:
    get = compile_formula(formula["present"])
    return lambda subject: is_present(get(subject))


def _count(formula: dict[str, Any]) -> Formula:
    get = compile_formula(formula["count"])
    return lambda subject: Decimal(len(get(subject) or ()))


def _pixels(formula: dict[str, Any]) -> Formula:
    name = formula["pixels"]
    return lambda subject: subject.pixels(name)


def _seconds_of(formula: dict[str, Any]) -> Formula:
    get = compile_formula(formula["seconds_of"])

    def total(subject: Subject) -> Decimal:
        found = get(subject)
        references = found if isinstance(found, list) else [found]
        return subject.seconds_of([item for item in references if isinstance(item, str) and item])

    return total


def _round(formula: dict[str, Any]) -> Formula:
    said = formula["round"]
    if type(said) is not int or not 0 <= said <= _MOST_PLACES:
        raise Misfit(f"{said!r} is no number of places", f"write 0 to {_MOST_PLACES}")
    places = Decimal(1).scaleb(-said)
    get = compile_formula(formula["of"])
    return lambda subject: number(get(subject)).quantize(places, ROUND_HALF_UP)


_COMPILERS: dict[str, Callable[[dict[str, Any]], Formula]] = {
    "product": _product,
    "sum": _sum,
    "by": _by,
    "first": _first,
    "present": _present,
    "count": _count,
    "pixels": _pixels,
    "seconds_of": _seconds_of,
    "round": _round,
}
