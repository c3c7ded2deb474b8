"""A world: one clock, one seed, one journal, and a site for each provider that is played in it."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate

from understudy.mockserver.agenda import Agenda
from understudy.mockserver.clock import CLOCKS, Clock, VirtualClock
from understudy.mockserver.faults.book import Faults
from understudy.mockserver.journal import MOST_BYTES, MOST_RECORDS, Journal
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.site import Site
from understudy.mockserver.stage import Stage
from understudy.mockserver.store.memory import MOST_TASKS
from understudy.mockserver.streams import IMMEDIATE, Pace

# Under this path a world has its own addresses: /_w/<world>/<slug>.
WORLDS_AT = "/_w/"

# Divides the planned times, which are those of the real providers: a task takes about ten seconds.
DEFAULT_SPEED = 12.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a world is made with. `base_url`, `media_url`: of both origins, without a slash at the end."""

    clock: str = "real"
    speed: float = DEFAULT_SPEED
    seed: int = 0
    any_key: bool = False
    allow_local_callbacks: bool = False
    base_url: str = "http://127.0.0.1:4010"
    media_url: str = "http://127.0.0.1:4011"
    pace: Pace = IMMEDIATE


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a world keeps: tasks of each provider; records in its journal, and bytes of their bodies."""

    tasks: int = MOST_TASKS
    records: int = MOST_RECORDS
    bytes: int = MOST_BYTES


class World:
    """Everything that can change, behind one clock. `name`: '' of the one that is always there."""

    def __init__(self, stages: Iterable[Stage], settings: Settings, name: str = "", bounds: Bounds = Bounds()) -> None:
        self.name = name
        self.settings = settings
        self.bounds = bounds
        self.is_closed = False
        prefix = f"{WORLDS_AT}{name}" if name else ""
        self.base_url, self.media_url = settings.base_url + prefix, settings.media_url + prefix
        self._follower: asyncio.Task[None] | None = None
        self.clock: Clock = CLOCKS[settings.clock]()
        self.journal = Journal(bounds.records, bounds.bytes)
        self.agenda = Agenda()
        # Whether any request may be hit: all that an undisturbed one pays for faults.
        self.is_steered = False
        self.faults = Faults(self)
        self._advancing = asyncio.Lock()
        self._date = (0, b"")
        self.sites = {stage.provider.slug: Site(stage, self) for stage in stages}

    def start(self) -> None:
        """Do what falls due when the clock moves by itself, from now on; the loop must be running."""
        if self._follower is None and self.settings.clock != "virtual":
            self._follower = asyncio.ensure_future(self.agenda.follow(self.clock.now))

    async def close(self) -> None:
        """Do nothing more; what is under way is broken off."""
        self.is_closed = True
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower

    def today(self) -> bytes:
        """The Date header, by this clock."""
        second = int(self.clock.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]

    def steer(self) -> None:
        """Look again whether anything steers requests."""
        self.is_steered = bool(self.faults)

    def poll(self, task: Task) -> float:
        """With the poll clock: go to the task's next milestone; gives the time then."""
        moment = task.next_milestone(self.clock.now())
        if moment is not None and isinstance(self.clock, VirtualClock):
            self.clock.move_to(moment)
            self.agenda.wake()
        return self.clock.now()

    async def advance(self, seconds: float) -> float:
        """Move a virtual clock; what falls due is done in order, before this returns the new time."""
        clock = self.clock
        if not isinstance(clock, VirtualClock):
            raise ValueError("the clock is real: it moves by itself")
        async with self._advancing:
            until = clock.now() + seconds
            while (moment := self.agenda.next()) is not None and moment <= until:
                clock.move_to(moment)
                await self.agenda.run_due(moment)
            clock.move_to(until)
            return clock.now()
