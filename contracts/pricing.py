"""What something costs by the spec's formulas. Money is Decimal."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, DecimalException
from functools import partial
from types import SimpleNamespace
from typing import Any

from understudy.contracts.contract import Contract
from understudy.specs.formulas import compile_formula, number
from understudy.specs.model import Kind, Operation, State

Seconds = Callable[[str], Decimal | None]
"""How long a piece of material lasts, None when that is not known."""


def unknown_material(reference: str) -> Decimal | None:
    """Nothing is known of any material."""
    return None


class Subject:
    """What a formula is asked about: one input, or the completion that an answer told of."""

    def __init__(
        self, kind: Kind | None, body: Any, completion: Any = None, seconds: Seconds = unknown_material
    ) -> None:
        self.kind, self.input, self.completion, self._seconds = kind, body, completion, seconds

    def seconds_of(self, references: list[str]) -> Decimal:
        """Seconds of the material: as it was made, else what the kind assumes."""
        assumed = Decimal(self.kind.material_seconds if self.kind else 0)
        known = (self._seconds(reference) for reference in references)
        return sum((assumed if seconds is None else seconds for seconds in known), Decimal(0))

    def pixels(self, result: str) -> Decimal:
        """Width times height of a result."""
        assert self.kind, "only a task has results"
        width, height = self.kind.results[result].size(self)
        return Decimal(int(width) * int(height))


def price_of_task(kind: Kind, body: Any, seconds: Seconds = unknown_material) -> Decimal | None:
    """What a task of that input costs when it succeeds; None when its formula has no value for it."""
    return _value(lambda: number(kind.price(Subject(kind, body, None, seconds))))


def typical_seconds(kind: Kind, body: Any) -> float:
    """How long a task of that input typically takes, by the times of its states."""
    subject = Subject(kind, body)
    known = (_value(partial(_seconds_of, state, subject)) for state in kind.states if state.seconds)
    return float(sum((seconds for seconds in known if seconds is not None), Decimal(0)))


def _seconds_of(state: State, subject: Subject) -> Decimal:
    return number(state.seconds(subject)) if state.seconds else Decimal(0)


def price_of_answer(operation: Operation, body: Any, values: Mapping[str, Any]) -> Decimal | None:
    """What an answer given at once costs by its usage; None when nothing says so, 0 when it is free."""
    said = operation.arguments.get("price")
    if said is None:
        return Decimal(0)
    usage = {
        name.removeprefix("$completion."): value for name, value in values.items() if name.startswith("$completion.")
    }
    formula = compile_formula({k: v for k, v in said.items() if k != "x-source"} if isinstance(said, dict) else said)
    return _value(lambda: number(formula(Subject(None, body, SimpleNamespace(**usage)))))


def most_expensive(contract: Contract, operation: Operation, bodies: Iterable[Any] = ()) -> Decimal:
    """The most that a create may cost whose body the spec does not take: that of its dearest documented example."""
    examples = operation.body.examples.values() if operation.body else ()
    shape = contract.body_shape(operation)
    prices = [Decimal(0)]
    for body in (*examples, *bodies):
        if shape and shape.is_valid(body):
            asked = contract.coerced(operation, body)
            kind = contract.kind_of(operation, asked)
            prices.append((price_of_task(kind, asked) if kind else None) or Decimal(0))
    return max(prices)


def _value(compute: Callable[[], Decimal]) -> Decimal | None:
    try:
        return compute()
    except (TypeError, ValueError, AttributeError, KeyError, DecimalException):
        # A stranger's input, or usage that was not told: the formula has no value.
        return None
