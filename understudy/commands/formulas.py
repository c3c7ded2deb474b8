"""Formulas of a spec in words, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

_MOST_CELLS = 6
_YES = {"true": "yes", "false": "no", "": "nothing"}


def in_words(formula: Any) -> str:
    """A formula as a line of text: `round to 2 places: 1.15 × pixels of video × (duration + 2)`."""
    if isinstance(formula, Mapping):
        return _form_in_words(formula)
    if isinstance(formula, str) and formula.startswith("$"):
        return member_in_words(formula)
    if isinstance(formula, list):
        return "×".join(map(in_words, formula))
    return str(formula)


def member_in_words(expression: str) -> str:
    """`inputVideos` for `$task.input#/inputVideos/*/ossKey`, the last name that stands for one member."""
    steps = expression.partition("#/")[2].split("/")
    named = steps[: steps.index("*")] if "*" in steps else steps
    return named[-1] or expression


def _form_in_words(formula: Mapping[str, Any]) -> str:
    match formula:
        case {"product": factors}:
            return " × ".join(map(_factor, factors))
        case {"sum": terms}:
            return " + ".join(map(in_words, terms))
        case {"first": choices}:
            return ", else ".join(map(in_words, choices))
        case {"round": places, "of": inner}:
            return f"{in_words(inner)}, rounded to {_places(places)}"
        case {"present": inner}:
            return f"whether {in_words(inner)} is given"
        case {"count": inner}:
            return f"number of {in_words(inner)}"
        case {"pixels": name}:
            return f"pixels of {name}"
        case {"seconds_of": inner}:
            return f"seconds of {in_words(inner)}"
        case {"by": keys, "table": table}:
            row = f" ({_rows(table)})" if is_short(table) else ""
            return f"{_key_words(keys)}{row}"
        case _:
            return str(dict(formula))


def _key_words(keys: list[Any]) -> str:
    return f"by {' and '.join(map(in_words, keys))}"


def is_short(table: Any) -> bool:
    """Whether a table fits into a line of text."""
    return sum(1 for _ in _iter_cells(table)) <= _MOST_CELLS


def _iter_cells(table: Any) -> Iterator[Any]:
    if isinstance(table, Mapping):
        for value in table.values():
            yield from _iter_cells(value)
    else:
        yield table


def rows_of(formula: Any) -> list[tuple[str, str]]:
    """The rows of a long table, one for each outer key; none when it stands in the text."""
    if not isinstance(formula, Mapping) or "by" not in formula or is_short(formula["table"]):
        return []
    return [
        (_YES.get(row, row), _rows(value) if isinstance(value, Mapping) else _cell(value))
        for row, value in formula["table"].items()
    ]


def _factor(formula: Any) -> str:
    text = in_words(formula)
    return f"({text})" if isinstance(formula, Mapping) and {"sum", "first"} & formula.keys() else text


def _places(places: int) -> str:
    return "whole numbers" if places == 0 else f"{places} place{'s' if places > 1 else ''}"


def _rows(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{_YES.get(row, row)}: {_cell(value)}" for row, value in table.items())


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_rows(value)})"
    if isinstance(value, list):
        return "×".join(map(str, value))
    return _YES.get(str(value).lower(), str(value)) if isinstance(value, bool) else str(value)
