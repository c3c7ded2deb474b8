"""How a run waits: by the real clock with a poll's advice, or by moving the target's virtual clock when all wait."""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from understudy.contracts.exchange import Exchange

Advance = Callable[[float], Awaitable[None]]
"""Moves the target's clock forward by so many seconds."""

# Seconds of virtual time that one step moves: less than the shortest state lasts, so that none passes unseen.
STEP = 1.0
# Seconds between two looks at whether all is quiet.
TURN = 0.002
LONGEST_ADVICE = 60.0
# Seconds between two looks at whether a window has room, and how much longer than it should a window may last.
SHORT = 0.5
_MARGIN = 1.02


@dataclass(slots=True)
class Pace:
    """Seconds between two polls: the first pause, how it grows, and the longest; seconds until a task is given up (0: by its kind)."""

    first: float = 1.0
    growth: float = 1.3
    longest: float = 5.0
    patience: float = 0.0


# How many of the turns that were taken together are left to whoever took them.
_LEFT: ContextVar[list[int] | None] = ContextVar("_LEFT", default=None)


class Turns:
    """Keeps to a rate that the document allows: each account's request waits until its window has room.

    A window begins when an answer came: the target may have counted the request at any moment until then.
    """

    def __init__(self, most: int, seconds: float, waiting: "Waiting") -> None:
        self._most, self._seconds, self._waiting = most, seconds, waiting
        self._open: Counter[str] = Counter()
        self._queues: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._past: defaultdict[str, deque[float]] = defaultdict(deque)

    async def enter(self, who: str) -> None:
        """Wait for one's turn; `leave` has to follow."""
        left = _LEFT.get()
        if left and left[0]:
            left[0] -= 1
        else:
            await self._take(who, 1)

    @asynccontextmanager
    async def together(self, who: str, count: int) -> AsyncIterator[None]:
        """Wait for so many turns at once, so that what is sent within is not held up."""
        left = [min(count, self._most)]
        await self._take(who, left[0])
        token = _LEFT.set(left)
        try:
            yield
        finally:
            _LEFT.reset(token)
            self._open[who] -= left[0]

    async def _take(self, who: str, count: int) -> None:
        # Who came first goes first: many that want one turn each would hold up for ever who wants several.
        async with self._queues[who]:
            while self._in_window(who) + count > self._most:
                await self._waiting.pause(min(self._seconds, SHORT))
            self._open[who] += count

    def leave(self, who: str) -> None:
        """Its answer came, or never will."""
        self._open[who] -= 1
        self._past[who].append(self._waiting.now())

    def _in_window(self, who: str) -> int:
        past, now = self._past[who], self._waiting.now()
        while past and past[0] + self._seconds * _MARGIN < now:
            past.popleft()
        return len(past) + self._open[who]


class Waiting:
    """Pauses between polls. With `advance` nobody sleeps: whenever all is quiet, the target's clock moves a step."""

    def __init__(self, pace: Pace, advance: Advance | None = None) -> None:
        self.pace, self._advance = pace, advance
        self._sleepers: list[asyncio.Future[None]] = []
        self._moved = 0.0

    def now(self) -> float:
        """Seconds of the time that tasks live in, from some beginning."""
        return self._moved if self._advance else time.monotonic()

    async def pause(self, seconds: float, advice: float = 0.0) -> None:
        """Wait; the target's advice is followed where it is longer."""
        if self._advance is None:
            await asyncio.sleep(max(seconds, min(advice, LONGEST_ADVICE)))
            return
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        await sleeper

    @property
    def is_free(self) -> bool:
        """Whether the target's clock can be moved, so that no waiting costs anything."""
        return self._advance is not None

    async def rest(self, seconds: float) -> None:
        """Let others move the target's clock for so long, where it can be moved; else wait no moment."""
        until = self.now() + seconds
        while self.is_free and self.now() < until:
            await self.pause(until - self.now())

    async def move(self, seconds: float) -> bool:
        """Move the target's clock; whether it can be moved."""
        if self._advance is None:
            return False
        await self._advance(seconds)
        self._moved += seconds
        return True

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass: by moving the target's clock where it can be moved."""
        if not await self.move(seconds):
            await asyncio.sleep(seconds)

    async def tick(self, is_quiet: Callable[[], bool]) -> None:
        """Move time whenever someone waits and nothing is under way; runs until it is cancelled."""
        while self._advance is not None:
            await asyncio.sleep(TURN)
            if self._sleepers and is_quiet():
                woken, self._sleepers = self._sleepers, []
                await self._advance(STEP)
                self._moved += STEP
                for sleeper in woken:
                    if not sleeper.done():
                        sleeper.set_result(None)


def advice_of(exchange: Exchange) -> float:
    """Seconds that an answer asks its client to wait, 0 when it does not."""
    for name, unit in (("retry-after", 1.0), ("retry-after-ms", 0.001), ("openai-poll-after-ms", 0.001)):
        text = exchange.header(name)
        if text.replace(".", "", 1).isdigit():
            return float(text) * unit
    return 0.0
