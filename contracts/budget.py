"""The budget of a run: how many tasks and credits it may spend at most; what is under way counts as spent."""

from dataclasses import dataclass
from decimal import Decimal


class OverBudget(Exception):
    """A call that could break the budget; it is not made. Says which bound."""


@dataclass(slots=True)
class Budget:
    """Bounds, None for none, and what is spent; the price of what was not answered stays spent."""

    max_tasks: int | None = None
    max_credits: Decimal | None = None
    tasks: int = 0
    credits: Decimal = Decimal(0)

    def reserve(self, tasks: int, price: Decimal) -> None:
        """Count a call before it is made; raises OverBudget when it could be too much."""
        if self.max_tasks is not None and self.tasks + tasks > self.max_tasks:
            raise OverBudget(f"--max-tasks {self.max_tasks} is reached")
        if self.max_credits is not None and self.credits + price > self.max_credits:
            raise OverBudget(
                f"--max-credits {self.max_credits} would be exceeded: {self.credits} spent, {price} more asked for"
            )
        self.tasks += tasks
        self.credits += price

    def release(self, tasks: int, price: Decimal) -> None:
        """Give back what a call turned out not to take."""
        self.tasks -= tasks
        self.credits -= price
