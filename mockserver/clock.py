"""The one clock of a world: seconds since the epoch, and it never goes back."""

import time
from datetime import UTC, datetime
from typing import Protocol

# 2026-01-01T00:00:00Z: where virtual time begins.
EPOCH = 1_767_225_600.0


class Clock(Protocol):
    """What tells the time."""

    name: str

    @property
    def is_still(self) -> bool:
        """Whether it stands until it is moved."""
        ...

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def move_to(self, moment: float) -> None:
        """Go forward to a moment, while it stands; an earlier one changes nothing."""
        ...


class RealClock:
    """The machine's time; a step back of the machine's clock stands still here. Frozen, it stands until moved."""

    name = "real"

    def __init__(self) -> None:
        self._latest = 0.0
        self._frozen: float | None = None
        # Seconds for which it stood, less those that it was moved.
        self._behind = 0.0

    @property
    def is_still(self) -> bool:
        """Whether it is frozen."""
        return self._frozen is not None

    def now(self) -> float:
        """Seconds since the epoch."""
        if self._frozen is not None:
            return self._frozen
        moment = time.time() - self._behind
        if moment > self._latest:  # noqa: PLR1730 - max() would take longer than all the rest
            self._latest = moment
        return self._latest

    def freeze(self) -> None:
        """Stand still; a second time changes nothing."""
        self._frozen = self.now()

    def go_on(self) -> None:
        """Move by itself again, from where it stands."""
        if self._frozen is not None:
            self._latest, self._frozen = self._frozen, None
            self._behind = time.time() - self._latest

    def move_to(self, moment: float) -> None:
        """Go forward to a moment, while it is frozen."""
        if self._frozen is not None:
            self._frozen = max(self._frozen, moment)


class VirtualClock:
    """Time that stands still until it is advanced."""

    name = "virtual"
    is_still = True

    def __init__(self, epoch: float = EPOCH) -> None:
        self._now = epoch

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def move_to(self, moment: float) -> None:
        """Go forward to a moment; an earlier one changes nothing."""
        self._now = max(self._now, moment)


class PollClock(VirtualClock):
    """Virtual time that each poll of a task moves to that task's next milestone."""

    name = "poll"


CLOCKS = {clock.name: clock for clock in (RealClock, VirtualClock, PollClock)}


def iso(moment: float) -> str:
    """A moment as texts show it, to the second: 2026-01-01T00:00:00Z."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
