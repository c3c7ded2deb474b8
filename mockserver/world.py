"""A world: one clock, one seed, one journal, and a site for each provider that is played in it."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from types import MappingProxyType

from understudy.mockserver.agenda import Agenda
from understudy.mockserver.chronicle import Chronicle, Due
from understudy.mockserver.clock import CLOCKS, Clock, RealClock, VirtualClock
from understudy.mockserver.conversations import MOST_KEPT
from understudy.mockserver.faults.book import Faults
from understudy.mockserver.idempotency import MOST_KEYS
from understudy.mockserver.journal import MOST_BYTES, MOST_RECORDS, Journal
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.playbook import Playbook
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
    """How much a world keeps.

    Of each provider: tasks, keys of idempotency, and conversations; in its journal: records, and bytes of their bodies.
    """

    tasks: int = MOST_TASKS
    records: int = MOST_RECORDS
    bytes: int = MOST_BYTES
    keys: int = MOST_KEYS
    conversations: int = MOST_KEPT


class World:
    """Everything that can change, behind one clock.

    `name`: '' of the one that is always there; `keys`: by slug, further keys of the provider's first account.
    """

    def __init__(
        self,
        stages: Iterable[Stage],
        settings: Settings,
        name: str = "",
        bounds: Bounds = Bounds(),
        keys: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.settings = settings
        self.bounds = bounds
        self.keys = keys
        self.is_closed = False
        # How often it went back to its start, and how many listen to what happens.
        self.turn = 0
        self.listeners = 0
        prefix = f"{WORLDS_AT}{name}" if name else ""
        self.base_url, self.media_url = settings.base_url + prefix, settings.media_url + prefix
        self._follower: asyncio.Task[None] | None = None
        self._advancing = asyncio.Lock()
        self.journal = Journal(bounds.records, bounds.bytes)
        self._begin()
        self.sites = {stage.provider.slug: Site(stage, self) for stage in stages}
        self.chronicle = Chronicle(self.sites)

    def _begin(self) -> None:
        """Be as at the start, all but the sites."""
        self.clock: Clock = CLOCKS[self.settings.clock]()
        self.speed = self.settings.speed
        self.agenda = Agenda()
        # Whether any request may be hit: all that an undisturbed one pays for faults.
        self.is_steered = False
        self.faults = Faults(self)
        self.script = Playbook(self)
        self._date = (0, b"")

    async def reset(self, seed: int | None = None) -> None:
        """Be as at the start, with another seed if one is given; what is under way is broken off."""
        async with self._advancing:
            was_running = await self._stop()
            if seed is not None:
                self.settings = replace(self.settings, seed=seed)
            self._begin()
            self.journal.clear()
            self.chronicle.clear()
            self.turn += 1
            for site in self.sites.values():
                site.begin()
            if was_running:
                self.start()

    def start(self) -> None:
        """Do what falls due when the clock moves by itself, from now on; the loop must be running."""
        if self._follower is None and self.settings.clock != "virtual":
            self._follower = asyncio.ensure_future(self.agenda.follow(self.clock.now))

    async def close(self) -> None:
        """Do nothing more; what is under way is broken off."""
        self.is_closed = True
        await self._stop()

    async def _stop(self) -> bool:
        """Let nothing be done by itself any more; tells whether anything was."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower
        return follower is not None

    def today(self, now: float | None = None) -> bytes:
        """The Date header, by this clock: of now, or of a moment that was just asked for."""
        second = int(self.clock.now() if now is None else now)
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]

    def steer(self) -> None:
        """Look again whether anything steers requests."""
        self.is_steered = bool(self.faults) or bool(self.script)

    def poll(self, task: Task) -> float:
        """With the poll clock: go to the task's next milestone; gives the time then."""
        moment = task.next_milestone(self.clock.now())
        if moment is not None and isinstance(self.clock, VirtualClock):
            self.clock.move_to(moment)
            self.agenda.wake()
        return self.clock.now()

    async def advance(self, seconds: float) -> float:
        """Move a clock that stands; what falls due is done in order, before this returns the new time."""
        await self.elapse(seconds)
        return self.clock.now()

    async def elapse(self, seconds: float) -> list[Due]:
        """Move a clock that stands; gives what fell due and was done, in the order of time. Raises ValueError."""
        async with self._advancing:
            clock, agenda = self.clock, self.agenda
            if not clock.is_still:
                raise ValueError("the clock is real: it moves by itself, unless it is frozen")
            since = clock.now()
            until = since + seconds
            agenda.hold()
            try:
                with self.chronicle.open(since) as due:
                    while (moment := agenda.next()) is not None and moment <= until:
                        clock.move_to(moment)
                        await agenda.run_due(moment)
                    clock.move_to(until)
                told = due(until)
                self.chronicle.keep(told)
                return told
            finally:
                if not isinstance(clock, RealClock):
                    agenda.release()

    def freeze(self) -> None:
        """Let the clock stand until it is moved; one that stands already does so anyway."""
        if isinstance(self.clock, RealClock):
            self.clock.freeze()
            self.agenda.hold()

    def go_on(self) -> None:
        """Let a frozen clock move by itself again; raises ValueError for one that never does."""
        if not isinstance(self.clock, RealClock):
            raise ValueError(f"the clock is {self.clock.name}: it never moves by itself")
        self.clock.go_on()
        self.agenda.release()

    def set_speed(self, speed: float) -> None:
        """Divide the planned times of all tasks to come by this."""
        self.speed = speed
        for site in self.sites.values():
            site.tasks.speed = speed
