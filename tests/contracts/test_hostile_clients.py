"""A client that means harm is ended in time and as a whole, and cannot hurt who judges it."""

import os
import subprocess
import sys

import pytest

from understudy.auditions.run import Audition, run
from understudy.contracts.client.examine import Cast
from understudy.contracts.client.script import Script
from understudy.contracts.client.theatre import MOST_REQUESTS, Theatre
from understudy.contracts.client.trial import Case, Trial
from understudy.contracts.client.word import MOST_KEPT
from understudy.specs.loader import load, shipped

PATIENCE = 4.0


def _tried(mode: str) -> tuple[Trial, Trial]:
    """A hostile client, and then a careful one at the same doors."""
    provider = load(shipped()["juhuo"])
    hostile = Audition(provider, (sys.executable, "-m", "tests.clients.hostile_client", mode), {})
    careful = Audition(provider, (sys.executable, "-m", "tests.clients.task_client", "juhuo", "a cat"), {})
    case = Case("healthy", "all is well", Script("juhuo"))

    async def act(theatre: Theatre, cast: Cast) -> tuple[Trial, Trial]:
        first = await theatre.run(case, cast.play(PATIENCE))
        async with careful.opened() as (_, other):
            return first, await theatre.run(case, other.play(30.0))

    return run(hostile.hold(act))


ENDINGS = {
    "floods": {"flood", "deadline"},
    "never_reads": {"flood", "deadline"},
    "garbage": {"exited"},
    "half_open": {"deadline"},
    "prints": {"deadline"},
    "stays": {"deadline"},
    "dies": {"exited"},
}


@pytest.mark.parametrize("mode", ENDINGS)
def test_a_hostile_client_hurts_nobody(mode: str) -> None:
    hostile, careful = _tried(mode)
    assert hostile.word.ending in ENDINGS[mode]
    assert len(hostile.seen) <= MOST_REQUESTS
    assert len(hostile.word.out) <= MOST_KEPT + 100
    assert careful.word.claims_success, careful.word
    assert not _left_of("tests.clients.hostile_client")


def test_a_client_that_dies_has_crashed() -> None:
    hostile, _ = _tried("dies")
    assert hostile.word.mistake == "ended by signal 11"


def _left_of(name: str) -> list[str]:
    """Processes of this test run that still run such a program."""
    shown = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    own = str(os.getpid())
    return [line for line in shown.splitlines() if name in line and line.split()[1] == own]
