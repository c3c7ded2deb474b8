"""A task of a played provider, seen from behind the counter."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from understudy.mockserver.forcing import Impossible, force_end, force_state
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

    def succeed(self) -> None:
        """Let it succeed now: it is paid for, its results are there. Raises TaskRefused when it has ended."""
        self._force(lambda now: force_end(self._seat.site.tasks, self._task, "succeeded", "", now))

    def fail(self, code: str = "") -> None:
        """Let it fail now, with a code of its kind ('' is the first). Raises TaskRefused, with the codes there are."""
        self._force(lambda now: force_end(self._seat.site.tasks, self._task, "failed", code, now))

    def move_to(self, state: str) -> None:
        """Put it into a running state now, forth or back, by its name in the spec; it goes on from there."""
        self._force(lambda now: force_state(self._seat.site.tasks, self._task, state, False, now))

    def stick(self, state: str = "") -> None:
        """Let it never leave a running state: the one it is in, or else the first that runs, or the one that is named."""
        self._force(lambda now: force_state(self._seat.site.tasks, self._task, state or self._running(now), True, now))

    def _running(self, now: float) -> str:
        state = self._task.state_at(now)
        runs = [each.name for each in self._task.kind.states if each.phase == "running"]
        return state.name if state.phase == "running" else runs[0]

    def _force(self, force: Callable[[float], None]) -> None:
        try:
            self._seat.ask(force)
        except Impossible as error:
            raise TaskRefused(str(error)) from None
        self._seat.ask(self._seat.site.callbacks.moved)

    def _cancel(self, now: float) -> None:
        site = self._seat.site
        if not site.tasks.cancel(self._task, now):
            state = self._task.state_at(now).name
            raise TaskRefused(f"a {self.kind} cannot be cancelled while it is {state}")
        site.callbacks.moved(now)

    def _view(self, look: Callable[[TaskView], T]) -> T:
        return self._seat.ask(lambda now: look(TaskView(self._task, now, self._seat.site.signer)))
