"""A task of a played provider, seen from behind the counter."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from understudy.mockserver.lifecycle import Task as MockTask
from understudy.mockserver.views import TaskView
from understudy.playing.house import Seat

T = TypeVar("T")


class TaskRefused(Exception):
    """What was asked of a task is not possible in its present state."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task; everything is what stands at the moment of asking, money in the provider's credits."""

    id: str
    _seat: Seat
    _task: MockTask

    @property
    def kind(self) -> str:
        """The kind's name in the spec."""
        return self._task.kind.name

    @property
    def state(self) -> str:
        """The state's name in the spec; on the wire it may have another value."""
        return self._seat.ask(lambda now: self._task.state_at(now).name)

    @property
    def phase(self) -> str:
        """`queued`, `running`, `succeeded`, `failed` or `cancelled`, whatever the provider calls it."""
        return self._view(lambda view: view.phase)

    @property
    def outcome(self) -> str | None:
        """The phase it ended in; None while it has not."""
        phase = self.phase
        return phase if phase in ("succeeded", "failed", "cancelled") else None

    @property
    def cost(self) -> Decimal:
        """What it was charged by now, refunds taken off."""
        return self._view(lambda view: view.cost)

    @property
    def price(self) -> Decimal:
        """What it costs if it succeeds."""
        return self._task.price

    @property
    def error_code(self) -> str | None:
        """The code that it failed with."""
        return self._view(lambda view: view.error_code)

    @property
    def error_message(self) -> str | None:
        """The words that go with the code."""
        return self._view(lambda view: view.error_message)

    def cancel(self) -> None:
        """End it as its provider would cancel it; raises TaskRefused when it is too late."""
        self._seat.ask(self._cancel)

    def _cancel(self, now: float) -> None:
        site = self._seat.site
        if not site.tasks.cancel(self._task, now):
            state = self._task.state_at(now).name
            raise TaskRefused(f"a {self.kind} cannot be cancelled while it is {state}")
        site.callbacks.moved(now)

    def _view(self, look: Callable[[TaskView], T]) -> T:
        return self._seat.ask(lambda now: look(TaskView(self._task, now, self._seat.site.signer)))
