"""A world: one clock, one seed, one journal, and a site for each provider that is played in it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from understudy.mockserver.agenda import Agenda
from understudy.mockserver.clock import CLOCKS, Clock, VirtualClock
from understudy.mockserver.journal import Journal
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.site import Site
from understudy.mockserver.stage import Stage
from understudy.mockserver.streams import IMMEDIATE, Pace

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


class World:
    """Everything that can change, behind one clock."""

    def __init__(self, stages: Iterable[Stage], settings: Settings) -> None:
        self.settings = settings
        self.clock: Clock = CLOCKS[settings.clock]()
        self.journal = Journal()
        self.agenda = Agenda()
        self._advancing = asyncio.Lock()
        self.sites = {stage.provider.slug: Site(stage, self) for stage in stages}

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
