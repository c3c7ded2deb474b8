"""The one clock of a world: seconds since the epoch, and it never goes back."""

import time
from datetime import UTC, datetime
from typing import Protocol

# 2026-01-01T00:00:00Z: where virtual time begins.
EPOCH = 1_767_225_600.0


class Clock(Protocol):
    """What tells the time."""

    name: str

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class RealClock:
    """The machine's time; a step back of the machine's clock stands still here."""

    name = "real"

    def __init__(self) -> None:
        self._latest = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        self._latest = max(self._latest, time.time())
        return self._latest


class VirtualClock:
    """Time that stands still until it is advanced."""

    name = "virtual"

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
