"""Servers that the tests of this folder share: one for each set of flags."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.conftest import Serve, Served
from tests.counter import BOOKS, PLENTY, WORLDS, Counter
from tests.refusals import Book


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
