"""The budget of a run: how many tasks and credits it may spend at most; what is under way counts as spent."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial


class OverBudget(Exception):
    """A call that would break the budget; it is not made. Says which bound."""


@dataclass(slots=True)
class _Purse:
    """Tasks that may be made, None for any number; those taken, and of these those whose call is under way."""

    most: int | None = None
    taken: int = 0
    open: int = 0

    def never_fits(self, tasks: int) -> bool:
        """Whether so many more are too much, whatever becomes of what is under way."""
        return self.most is not None and self.taken - self.open + tasks > self.most

    def fits(self, tasks: int) -> bool:
        """Whether so many more are not too much even if all that is under way is spent."""
        return self.most is None or self.taken + tasks <= self.most


# Of what runs now, and of all that it starts.
_PART: ContextVar[_Purse | None] = ContextVar("_PART", default=None)


@dataclass(frozen=True, slots=True)
class Hold:
    """What a call may take, from before it is made until it is known what it took. `pay`: settles its price."""

    tasks: int
    purses: tuple[_Purse, ...]
    pay: Callable[[bool], None]

    def settle(self, *, is_spent: bool) -> None:
        """The call is over: all of it is spent, or nothing."""
        for purse in self.purses:
            purse.open -= self.tasks
            purse.taken -= 0 if is_spent else self.tasks
        self.pay(is_spent)


@dataclass(slots=True)
class Budget:
    """Bounds, None for none, and what is spent; the price of what was not answered stays spent."""

    max_tasks: int | None = None
    max_credits: Decimal | None = None
    credits: Decimal = Decimal(0)
    _open_credits: Decimal = Decimal(0)
    _purse: _Purse = field(init=False)
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._purse = _Purse(self.max_tasks)

    @property
    def tasks(self) -> int:
        """How many tasks are made, or may be by what is under way."""
        return self._purse.taken

    async def reserve(self, tasks: int, price: Decimal) -> Hold:
        """Count a call before it is made; raises OverBudget when it would be too much.

        Where only what is under way leaves no room, it waits for that: most of it costs nothing in the end.
        """
        part = _PART.get()
        purses = (self._purse,) if part is None else (self._purse, part)
        while True:
            self._refuse(tasks, price, part)
            most = self.max_credits
            if all(purse.fits(tasks) for purse in purses) and (most is None or self.credits + price <= most):
                break
            freed = asyncio.get_running_loop().create_future()
            self._waiting.append(freed)
            await freed
        for purse in purses:
            purse.taken += tasks
            purse.open += tasks
        self.credits += price
        self._open_credits += price
        return Hold(tasks, purses, partial(self._pay, price))

    def _refuse(self, tasks: int, price: Decimal, part: _Purse | None) -> None:
        if self._purse.never_fits(tasks):
            raise OverBudget(f"--max-tasks {self.max_tasks} is reached")
        if part is not None and part.never_fits(tasks):
            raise OverBudget(f"--max-tasks {self.max_tasks}: its part, {part.most}, is reached")
        spent = self.credits - self._open_credits
        if self.max_credits is not None and spent + price > self.max_credits:
            raise OverBudget(
                f"--max-credits {self.max_credits} would be exceeded: {spent} spent, {price} more asked for"
            )

    def _pay(self, price: Decimal, is_spent: bool) -> None:
        """Close what was held of the credits, and let those go on who wait for it."""
        self._open_credits -= price
        self.credits -= Decimal(0) if is_spent else price
        waiting, self._waiting = self._waiting, []
        for freed in waiting:
            if not freed.done():
                freed.set_result(None)


@contextmanager
def part_of_budget(tasks: int | None) -> Iterator[None]:
    """What is done within, and by all that it starts, makes at most so many tasks; None for as many as the budget lets."""
    before = _PART.set(None if tasks is None else _Purse(tasks))
    try:
        yield
    finally:
        _PART.reset(before)


def shared_out(wanted: Sequence[int], left: int) -> list[int]:
    """The part of each of so many that are left: who wants few gets them, who wants more gets no more than the others."""
    parts = [0] * len(wanted)
    while left > 0 and parts != list(wanted):
        for place, want in enumerate(wanted):
            if parts[place] < want and left > 0:
                parts[place] += 1
                left -= 1
    return parts
