"""The soak in its short form: the bounds are small, and reached soon."""

import gc
import tracemalloc
from collections.abc import Iterator
from functools import lru_cache

import pytest

from tests.benchmarks import soak
from tests.door import stage_of
from understudy.mockserver import chronicle, composer, wire, worlds
from understudy.mockserver.running import RunningServer
from understudy.mockserver.world import Bounds, Settings

SMALL = Bounds(tasks=60, records=80, bytes=100_000, keys=40, conversations=20)
WARM, REST = 1_000, 600
# What 600 requests would leave behind if 150 bytes of each stayed.
MOST_GROWTH = 90_000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[soak.Soak]:
    for module in (worlds, soak):
        monkeypatch.setattr(module, "NAMED", SMALL)
    monkeypatch.setattr(composer, "MOST_REMEMBERED", 20)
    monkeypatch.setattr(chronicle, "MOST_KEPT", 50)
    monkeypatch.setattr(wire, "_split_short_url", lru_cache(50)(wire._split_url))
    stages = [stage_of(slug) for slug in (*soak.SHOPPING, soak.CHATTY)]
    with RunningServer(stages, Settings(clock="virtual")) as server:
        yield soak.open_world(server.addresses.control_url)


def measure() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_once_its_bounds_are_reached_nothing_grows_and_the_sums_are_right(world: soak.Soak) -> None:
    tracemalloc.start()
    try:
        soak.run(world, WARM, seed=1)
        before = measure()
        soak.run(world, REST, seed=3)
        grown = measure() - before
    finally:
        tracemalloc.stop()
    told = soak.check_sums(world)
    assert all(dropped > 0 for _, dropped in told.values()), told
    assert grown < MOST_GROWTH
