"""A hundred orders at once over real sockets, on an account that cannot carry them all."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.conftest import Serve, Served
from tests.door import ALL_PROVIDERS, Reply
from tests.shops import NOTHING, QUEUED, SHOPS, SUCCEEDED, Ask, Order, Reading, Refused, Shop

MANY = 100
CARRIED = 7
"""How many the money carries."""
LONG = 3_000_000
WAITS = (3, 60, 200, LONG)

_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(serve: Serve) -> Served:
    return serve("--clock", "virtual", *ALL_PROVIDERS)


@dataclass(frozen=True, slots=True)
class Party:
    """One account that is used from many connections."""

    client: httpx2.AsyncClient
    shop: Shop
    base_url: str
    control_url: str
    account: str

    async def send(self, ask: Ask, **more: str) -> Reply:
        headers = self.shop.headers(f"key-of-{self.account}") | more
        url = self.base_url + ask.path
        answer = await self.client.request(ask.method, url, json=ask.body, headers=headers)
        return Reply(answer.status_code, tuple(answer.headers.items()), answer.content)

    async def steer(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.client.request(method, self.control_url + path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def open(self, credits: Decimal, recharged: int) -> None:
        account = {"id": self.account, "key": f"key-of-{self.account}", "credits": str(credits)}
        await self.steer("POST", f"/{self.shop.slug}/accounts", account | {"recharged": recharged})

    async def pay(self, credits: Decimal) -> None:
        path = f"/{self.shop.slug}/accounts/{self.account}/credit"
        await self.steer("POST", path, {"credits": str(credits)})

    async def find_books(self) -> dict[str, Decimal]:
        listed = await self.steer("GET", f"/{self.shop.slug}/accounts")
        books = next(each for each in listed if each["id"] == self.account)
        names = ("total", "used", "held", "remaining")
        return {name: Decimal(books[name]) for name in names}

    async def order(self, order: Order, number: int) -> Reply:
        once = {self.shop.once: f"once-{number}"} if self.shop.once else {}
        return await self.send(order.ask, **once)

    async def look(self, task: str, kind: str) -> Reading:
        return self.shop.read_task(await self.send(self.shop.poll(task, kind)), kind)


def accepted(shop: Shop, replies: Iterable[Reply]) -> list[str]:
    """The ids; what is refused is refused for want of money."""
    refusals = {shop.read_refusal(reply) for reply in replies} - {None}
    assert refusals <= {Refused("insufficient_credits")}
    return [shop.read_id(reply) for reply in replies if shop.read_refusal(reply) is None]


async def check(party: Party, order: Order, tasks: list[str]) -> list[Reading]:
    """All polled at once: none costs too much or too little, and the sums are right."""
    readings = await asyncio.gather(*(party.look(task, order.kind) for task in tasks))
    assert [reading.id for reading in readings] == tasks
    books = await party.find_books()
    terms = party.shop.terms[order.kind]
    succeeded = sum(reading.phase == SUCCEEDED for reading in readings)
    open_ = sum(reading.phase != SUCCEEDED for reading in readings)
    assert books["used"] == order.price * (len(tasks) if terms.pays_at_submit else succeeded)
    assert books["held"] == (order.price * open_ if terms.holds else NOTHING)
    assert books["total"] == books["used"] + books["held"] + books["remaining"]
    assert books["remaining"] >= 0
    return readings


async def throng(server: Served, slug: str, order: Order, recharged: int) -> None:
    shop = SHOPS[slug]
    terms = shop.terms[order.kind]
    limits = httpx2.Limits(max_connections=MANY)
    async with httpx2.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        name = f"party-{next(_numbers)}"
        party = Party(client, shop, server.providers[slug].base_url, server.control_url, name)
        await party.open(order.price * CARRIED + order.price / 2, recharged)
        replies = await asyncio.gather(*(party.order(order, number) for number in range(MANY)))
        tasks = accepted(shop, replies)
        assert len(set(tasks)) == len(tasks) == (MANY if terms.waits else CARRIED)
        if shop.once:
            await repeat(party, order, replies)
        readings: list[Reading] = []
        for pause in WAITS:
            await party.steer("POST", "/clock/advance", {"seconds": pause})
            readings = await check(party, order, tasks)
        # Which came first is between the connections; how many are carried is not.
        waiting = {QUEUED: MANY - CARRIED} if terms.waits else {}
        assert Counter(each.phase for each in readings) == {SUCCEEDED: CARRIED, **waiting}
        await party.pay(order.price * MANY)
        await party.steer("POST", "/clock/advance", {"seconds": LONG})
        assert {each.phase for each in await check(party, order, tasks)} == {SUCCEEDED}


async def repeat(party: Party, order: Order, replies: list[Reply]) -> None:
    """What was accepted, sent again with its key, all at once: the same answers, nothing new."""
    before = await party.find_books()
    again = {n: r for n, r in enumerate(replies) if party.shop.read_refusal(r) is None}
    answers = await asyncio.gather(*(party.order(order, number) for number in again))
    assert [answer.body for answer in answers] == [reply.body for reply in again.values()]
    assert await party.find_books() == before


CASES = [
    pytest.param(slug, order, recharged, id=f"{slug}-{order.kind}-{recharged}")
    for slug, shop in SHOPS.items()
    for order in {each.kind: each for each in reversed(shop.orders) if not each.code}.values()
    for recharged in sorted({0, *(least for least, _ in shop.tiers[1:2])})
]


@pytest.mark.facts("JH-096", "JH-100", "JH-105", "SC-133", "S2-065")
@pytest.mark.parametrize(("slug", "order", "recharged"), CASES)
def test_hundred_at_once(server: Served, slug: str, order: Order, recharged: int) -> None:
    asyncio.run(throng(server, slug, order, recharged))
