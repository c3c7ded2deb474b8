"""Servers that the tests of this folder share: one for each set of flags."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.conftest import Serve, Served
from tests.counter import BOOKS, PLENTY, WORLDS, Counter
from tests.refusals import Book
from understudy.mockserver.running import RunningServer
from understudy.mockserver.stage import Stage
from understudy.mockserver.world import Settings
from understudy.specs.loader import load, shipped


@pytest.fixture(scope="session")
def counter_of(serve: Serve) -> Callable[[Book, str], Counter]:
    """Where a provider is asked, in one of the worlds; the customers are rich, but one."""

    @cache
    def world(name: str) -> Served:
        return serve("--clock", "virtual", *WORLDS[name])

    @cache
    def counter(provider: str, name: str) -> Counter:
        book = next(book for book in BOOKS if book.provider == provider)
        made = Counter(book, world(name), name)
        accounts = [account["id"] for account in made.steer("GET", f"/{provider}/accounts")]
        for account in accounts:
            made.steer("POST", f"/{provider}/accounts/{account}/credit", {"credits": PLENTY})
        for account in ("poor", "revoked"):
            made.steer("POST", f"/{provider}/accounts", {"id": account, "key": f"{account}-key"})
        made.steer("POST", f"/{provider}/keys/revoke", {"key": "revoked-key"})
        return made

    return lambda book, name: counter(book.provider, name)


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """All providers on a thread, for tests that open worlds of their own there."""
    stages = [Stage(load(path)) for path in shipped().values()]
    with RunningServer(stages, Settings(clock="virtual", speed=1.0, allow_local_callbacks=True)) as running:
        yield running
