"""What an answer or a result is to be by the spec's formulas: its size, type, length and number."""

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from understudy.contracts.pricing import Subject
from understudy.specs.formulas import Formula, compile_formula
from understudy.specs.model import Kind, Operation


def value_of_task(kind: Kind, formula: Formula, asked: Any) -> Any:
    """What a formula of a kind is for an input; None when it has no value for it."""
    return _value(lambda: formula(Subject(kind, asked)))


def value_of_answer(operation: Operation, name: str, asked: Any) -> Any:
    """What a formula of an operation's behavior is for a body; None when there is none, or it has no value."""
    said = operation.arguments.get(name)
    if said is None:
        return None
    bare = {key: value for key, value in said.items() if key != "x-source"} if isinstance(said, dict) else said
    formula = compile_formula(bare)
    return _value(lambda: formula(Subject(None, asked)))


def pixels(size: Any) -> tuple[int, int] | None:
    """Width and height, as a list has them or a text like 1024x768; None for what says neither."""
    parts = size.split("x") if isinstance(size, str) else list(size) if isinstance(size, list | tuple) else []
    numbers = [int(part) for part in parts if isinstance(part, int | Decimal) or str(part).isdecimal()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _value(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except (TypeError, ValueError, AttributeError, KeyError, DecimalException):
        # A stranger's input: the formula has no value for it.
        return None
