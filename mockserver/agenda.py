"""What is due when: an ordered list of deeds, done by the clock's driver."""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("understudy")

Deed = Callable[[float], Awaitable[None]]


class Agenda:
    """Deeds with their moments. Equal moments keep the order in which they were entered."""

    def __init__(self) -> None:
        self._deeds: list[tuple[float, int, Deed]] = []
        self._serial = 0
        self._changed = asyncio.Event()
        self._is_held = False

    def __len__(self) -> int:
        return len(self._deeds)

    def enter(self, moment: float, deed: Deed) -> None:
        """Do `deed(moment)` when the time has come."""
        self._serial += 1
        heapq.heappush(self._deeds, (moment, self._serial, deed))
        self._changed.set()

    def wake(self) -> None:
        """The clock was moved: look at once what is due."""
        self._changed.set()

    def hold(self) -> None:
        """Let nothing be done by itself until `release`: who moves the clock does it."""
        self._is_held = True

    def release(self) -> None:
        """Let things be done by themselves again."""
        self._is_held = False
        self._changed.set()

    def next(self) -> float | None:
        """The earliest moment, None when nothing is due ever."""
        return self._deeds[0][0] if self._deeds else None

    async def run_due(self, now: float) -> None:
        """Do everything up to now, in order, one after the other."""
        while self._deeds and self._deeds[0][0] <= now:
            moment, _, deed = heapq.heappop(self._deeds)
            await _done(deed, moment)

    async def follow(self, now: Callable[[], float]) -> None:
        """Do things when they fall due by a clock that moves by itself; each on its own, until cancelled."""
        running: set[asyncio.Task[None]] = set()
        try:
            await self._follow(now, running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _follow(self, now: Callable[[], float], running: set[asyncio.Task[None]]) -> None:
        while True:
            self._changed.clear()
            while self._deeds and not self._is_held and self._deeds[0][0] <= now():
                moment, _, deed = heapq.heappop(self._deeds)
                task = asyncio.ensure_future(_done(deed, moment))
                running.add(task)
                task.add_done_callback(running.discard)
            upcoming = None if self._is_held else self.next()
            delay = None if upcoming is None else max(0.0, min(upcoming - now(), 3600.0))
            try:
                await asyncio.wait_for(self._changed.wait(), delay)
            except TimeoutError:
                continue


async def _done(deed: Deed, moment: float) -> None:
    """Do one deed; that one fails keeps no other from being done."""
    try:
        await deed(moment)
    except Exception:
        log.exception("what fell due at %s failed", moment)
