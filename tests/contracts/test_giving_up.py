"""A task that never ends is given up after its time, and said so, however many tasks are made meanwhile."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from understudy.contracts.contract import Contract
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.exchange import Exchange
from understudy.contracts.inputs import find_task_body
from understudy.contracts.reading import Reading
from understudy.contracts.requests import STILL, Request
from understudy.contracts.target import Target
from understudy.contracts.timing import Pace, Waiting
from understudy.specs.loader import load, shipped

CONTRACT = Contract(load(shipped()["juhuo"]))
KIND = next(iter(CONTRACT.provider.kinds.values()))
SUBMIT = CONTRACT.serving("task.submit")[0]


@dataclass
class Stuck:
    """A target whose task stays in one state, while somebody makes a task between any two looks at it."""

    state: str
    probes: list[str] = field(default_factory=list)
    budget: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(tasks=1))

    async def send(self, request: Request) -> Reading:
        """Tell the state."""
        self.probes.append(request.probe)
        self.budget.tasks += 1
        exchange = Exchange(0, "task.get", "GET", "", request.path, status=200, probe=request.probe)
        return Reading(exchange, request.operation, values={"$task.state": self.state})


async def _advance(seconds: float) -> None:
    """Nothing else moves."""


def _follow(state: str, made: int = 1) -> tuple[Stuck, Drive]:
    async def follow() -> tuple[Stuck, Drive]:
        target, waiting = Stuck(state, budget=SimpleNamespace(tasks=made)), Waiting(Pace(), _advance)
        drive = Drive(CONTRACT, cast(Target, target), waiting)
        body: Any = find_task_body(CONTRACT, SUBMIT, KIND)
        created = Reading(
            Exchange(0, SUBMIT.id, "POST", "", SUBMIT.path, status=200),
            SUBMIT,
            asked=body,
            values={"$task.id": "gen_aaaaaaaaaaaa"},
        )
        ticking = asyncio.ensure_future(waiting.tick(lambda: True))
        try:
            await drive.follow(KIND, created)
        finally:
            ticking.cancel()
        return target, drive

    return asyncio.run(follow())


@pytest.fixture(autouse=True)
def nothing_else_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the clock may be moved at once."""
    monkeypatch.setattr("understudy.contracts.timing.TURN", 0)


def test_it_is_given_up_and_looked_at_once_more_later() -> None:
    target, drive = _follow("generating")
    assert [probe for probe in target.probes if probe] == ["given_up"]
    assert [request.probe for _, request in drive.given_up] == [STILL]


def test_what_runs_too_long_is_looked_at_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = {}
    for part in (0.0, 0.05):
        monkeypatch.setattr("understudy.contracts.drivers.drive.SELDOM", part)
        looks[part] = len(_follow("generating", made=4)[0].probes)
    assert looks[0.05] < looks[0.0] / 2
