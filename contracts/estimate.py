"""What a run may cost and how long it may take, before it costs anything."""

from dataclasses import dataclass
from decimal import Decimal

from understudy.contracts.contract import Contract
from understudy.contracts.drivers import Means, chosen, count_tasks
from understudy.contracts.inputs import find_task_body
from understudy.contracts.pricing import most_expensive, typical_seconds
from understudy.specs.model import Kind, Operation


@dataclass(frozen=True, slots=True)
class Estimate:
    """At most so many tasks and credits; `seconds` is what two turns of the slowest kind typically take."""

    tasks: int
    credits: Decimal
    seconds: float

    def __str__(self) -> str:
        return f"at most {self.tasks} tasks, {self.credits} credits for them, typically {self.seconds:.0f} seconds"


def estimate(
    contract: Contract, scenarios: frozenset[str], means: Means, max_tasks: int | None, max_credits: Decimal | None
) -> Estimate:
    """The bounds of a run; those of the budget where they are narrower."""
    pairs = [(o, kind) for o in contract.serving("task.submit") for kind in contract.kinds_of(o)]
    run = chosen(contract.provider, scenarios)
    wanted = [[0] * len(pairs), *(count_tasks(contract, scenario, means) for scenario in run)]
    counts = [sum(of_kind) for of_kind in zip(*wanted, strict=True)]
    prices = [most_expensive(contract, operation) for operation, _ in pairs]
    tasks, credits = sum(counts), sum((price * count for price, count in zip(prices, counts, strict=True)), Decimal(0))
    return Estimate(
        tasks if max_tasks is None else min(tasks, max_tasks),
        credits if max_credits is None else min(credits, max_credits),
        2 * max((_typical(contract, *pair) for pair in pairs), default=0.0),
    )


def _typical(contract: Contract, operation: Operation, kind: Kind) -> float:
    body = find_task_body(contract, operation, kind)
    return 0.0 if body is None else typical_seconds(kind, contract.coerced(operation, body))
