"""Time under control: what falls due is told once and in order, a clock can be frozen, and a world goes back to its start."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Self

import httpx2
import pytest

from tests.door import Door, stage_of
from tests.receivers import Receiver, receiving, status
from tests.shops import ENDS, SHOPS, SUCCEEDED, Shop
from understudy.mockserver.agenda import Agenda
from understudy.mockserver.clock import RealClock
from understudy.mockserver.running import RunningServer
from understudy.mockserver.world import Settings
from understudy.specs.loader import shipped

MANY = 1_000
TEN_MINUTES = 600
RICH = 10_000_000
SETTINGS = Settings(clock="virtual", speed=1.0, allow_local_callbacks=True)
SHOP = SHOPS["juhuo"]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer([stage_of(slug) for slug in shipped()], SETTINGS) as server:
        yield server


class World:
    """A world of the server, steered and asked from many connections at once."""

    def __init__(self, server: RunningServer, client: httpx2.AsyncClient, **wanted: Any) -> None:
        self.server, self.client, self.wanted = server, client, wanted

    async def __aenter__(self) -> Self:
        url = f"{self.server.addresses.control_url}/worlds"
        self.said = (await self.client.post(url, json=self.wanted)).json()
        self.bases = {each["slug"]: each["base_url"] for each in self.said["providers"]}
        self.keys = {each["slug"]: each["keys"][0] for each in self.said["providers"]}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.delete(f"{self.server.addresses.control_url}/worlds/{self.said['name']}")

    async def steer(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.client.request(method, self.said["control_url"] + path, json=body)
        assert answer.is_success, answer.text
        return json.loads(answer.content, parse_float=Decimal) if answer.content else None

    async def advance(self, seconds: float) -> list[dict[str, Any]]:
        said = await self.steer("POST", "/clock/advance", {"seconds": seconds})
        assert said["dropped"] == 0
        due: list[dict[str, Any]] = said["due"]
        return due

    async def enrich(self) -> None:
        for slug in shipped():
            for account in await self.steer("GET", f"/{slug}/accounts"):
                path = f"/{slug}/accounts/{account['id']}/credit"
                await self.steer("POST", path, {"credits": RICH, "recharged": RICH})

    async def submit(self, shop: Shop, number: int, callback: str) -> None:
        ask = shop.orders[number % len(shop.orders)].ask
        body = {**ask.body, **({"callback_url": callback} if shop.slug == "storyclaw" else {})}
        headers = shop.headers(self.keys[shop.slug])
        answer = await self.client.request(ask.method, self.bases[shop.slug] + ask.path, json=body, headers=headers)
        assert answer.is_success, answer.text

    async def fill(self, count: int, callback: str, at_once: bool = True) -> None:
        """That many tasks, of all providers in turn."""
        await self.enrich()
        shops = [SHOPS[slug] for slug in shipped()]
        jobs = [self.submit(shops[number % len(shops)], number, callback) for number in range(count)]
        if at_once:
            await asyncio.gather(*jobs)
            return
        for job in jobs:
            await job


def client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(limits=httpx2.Limits(max_connections=50), timeout=60, trust_env=False)


async def check_dues(world: World, due: list[dict[str, Any]], receiver: Receiver) -> None:
    """All in order, all once, and the sums are those of the books."""
    assert [each["at"] for each in due] == sorted(each["at"] for each in due)
    named = Counter((d["provider"], d["task"], d["what"], d.get("state", "")) for d in due)
    assert set(named.values()) == {1}, named.most_common(1)
    ended = {(d["provider"], d["task"]) for d in due if d.get("phase") in ENDS}
    called = [d["task"] for d in due if d["what"] == "callback"]
    assert sorted(called) == sorted(task for slug, task in ended if slug == "storyclaw")
    assert len(receiver.calls) == len(called) > 0
    for slug in shipped():
        accounts = await world.steer("GET", f"/{slug}/accounts")
        used = sum(Decimal(account["used"]) for account in accounts)
        charged = sum((Decimal(d.get("amount", 0)) for d in due if d["provider"] == slug), Decimal(0))
        kinds = {term.pays_at_submit for term in SHOPS[slug].terms.values()}
        assert charged == used if kinds == {False} else charged <= 0


def test_a_thousand_tasks_and_ten_minutes(server: RunningServer) -> None:
    async def go() -> None:
        with receiving(status(200)) as receiver:
            async with client() as connections, World(server, connections) as world:
                await world.fill(MANY, receiver.url)
                slept = time.monotonic()
                due = await world.advance(TEN_MINUTES)
                slept = time.monotonic() - slept
                assert {d["provider"] for d in due} == set(shipped())
                assert {d["what"] for d in due} == {"transition", "charge", "callback"}
                await check_dues(world, due, receiver)
                assert slept < TEN_MINUTES / 10, "it slept"
                rest = await world.advance(0)
                assert rest == []

    asyncio.run(go())


def test_many_steps_tell_what_one_tells(server: RunningServer) -> None:
    async def go() -> None:
        with receiving(status(200)) as receiver:
            async with client() as connections:
                tales = []
                for steps in (1, 40):
                    async with World(server, connections, name="same", seed=5) as world:
                        await world.fill(60, receiver.url, at_once=False)
                        tales.append([d for _ in range(steps) for d in await world.advance(TEN_MINUTES / steps)])
                assert tales[0] == tales[1] and len(tales[0]) > 60

    asyncio.run(go())


def test_what_is_bought_while_the_clock_moves_is_told_too(server: RunningServer) -> None:
    """A receiver that buys again at each call: a chain of tasks within one advance."""

    async def go() -> None:
        shop = SHOPS["storyclaw"]
        with receiving(status(200)) as receiver:
            async with client() as connections, World(server, connections) as world:
                await world.enrich()
                loop = asyncio.get_running_loop()

                def again(_: Any) -> None:
                    if len(receiver.calls) < 3:
                        asyncio.run_coroutine_threadsafe(world.submit(shop, 0, receiver.url), loop).result(20)

                receiver.note = again
                await world.submit(shop, 0, receiver.url)
                due = await world.advance(10_000)
                assert Counter(d["what"] for d in due)["callback"] == 4
                assert len({d["task"] for d in due if d.get("phase") == SUCCEEDED}) == 4

    asyncio.run(go())


def door(**settings: Any) -> Door:
    return Door(stage_of("juhuo"), replace(SETTINGS, **settings))


def buy(at: Door) -> str:
    return SHOP.read_id(at.ask("POST", SHOP.orders[0].ask.path, SHOP.orders[0].ask.body, SHOP.headers(key(at))))


def key(at: Door) -> str:
    return at.site.stage.provider.accounts[0].key


def test_what_falls_due_where_two_steps_meet_is_told_by_the_first_alone() -> None:
    at = door()
    task = at.site.tasks.store.find(buy(at))
    assert task
    moments = [moment for moment, _ in task.iter_way()][1:]
    assert len(moments) > 2
    for moment in moments:
        with at.world.chronicle.open(moment - 1) as until:
            assert [due.at for due in until(moment)].count(moment) >= 1
        with at.world.chronicle.open(moment) as until:
            assert moment not in [due.at for due in until(moment + 1)]


def test_a_frozen_clock_stands_and_can_be_moved() -> None:
    at = door(clock="real")
    with pytest.raises(AssertionError, match="409"):
        at.steer("POST", "/clock/advance", {"seconds": 1})
    stood = at.steer("POST", "/clock/freeze").json()
    assert stood["frozen"] and stood["now"] == at.steer("POST", "/clock/freeze").json()["now"]
    task = buy(at)
    due = at.steer("POST", "/clock/advance", {"seconds": 100_000}).json()["due"]
    assert [d["task"] for d in due if d.get("phase") == SUCCEEDED] == [task]
    now = at.steer("GET", "/clock").json()["now"]
    assert now == stood["now"] + 100_000
    moving = at.steer("POST", "/clock/go-on").json()
    assert not moving["frozen"] and moving["now"] >= now


def test_a_clock_that_went_on_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = iter([100.0, 105.0, 105.0, 107.0, 90.0])
    monkeypatch.setattr(time, "time", lambda: next(machine))
    clock = RealClock()
    assert clock.now() == 100.0
    clock.freeze()
    clock.move_to(1_000.0)
    clock.move_to(500.0)
    assert clock.now() == 1_000.0
    clock.go_on()
    assert [clock.now(), clock.now()] == [1_002.0, 1_002.0]


def test_a_virtual_clock_stands_anyway_and_never_goes_on() -> None:
    at = door()
    assert at.steer("POST", "/clock/freeze").json()["frozen"]
    with pytest.raises(AssertionError, match="409"):
        at.steer("POST", "/clock/go-on")
    assert at.steer("POST", "/clock/advance", {"seconds": 1}).json()["frozen"]


def test_speed_is_that_of_tasks_to_come() -> None:
    at = door()
    slow = buy(at)
    assert at.steer("POST", "/clock/speed", {"speed": 1_000}).json()["speed"] == 1_000
    fast = buy(at)
    ends = {
        task.id: task.end - task.start
        for task in (at.site.tasks.store.find(slow), at.site.tasks.store.find(fast))
        if task
    }
    assert 500 < ends[slow] / ends[fast] < 2_000
    assert at.steer("POST", "/reset").json()["speed"] == 1.0


def test_agenda_holds_what_who_moves_the_clock_does() -> None:
    async def go() -> list[float]:
        agenda, done = Agenda(), []

        async def deed(moment: float) -> None:
            done.append(moment)

        agenda.hold()
        follower = asyncio.ensure_future(agenda.follow(lambda: 10.0))
        agenda.enter(1.0, deed)
        for _ in range(5):
            await asyncio.sleep(0)
        assert done == []
        agenda.release()
        for _ in range(5):
            await asyncio.sleep(0)
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        return done

    assert asyncio.run(go()) == [1.0]


def do_some(at: Door) -> list[Any]:
    """Something of everything; what came back."""
    order = SHOP.orders[0].ask
    at.steer("POST", "/juhuo/accounts", {"id": "new", "key": "new-key", "credits": 50})
    at.steer("POST", "/faults", {"fault": "status", "status": 503, "times": 1})
    answers = [at.ask(order.method, order.path, order.body, SHOP.headers("new-key")).body for _ in range(3)]
    at.steer("POST", "/clock/advance", {"seconds": 1_000})
    journal = at.steer("GET", "/journal").json()
    return [answers, journal, at.steer("GET", "/juhuo/accounts").json()]


def test_a_world_goes_back_to_its_start() -> None:
    at = door(seed=3)
    start = [at.steer("GET", path).json() for path in ("/clock", "/journal", "/juhuo/accounts", "/faults")]
    first = do_some(at)
    site = at.site
    at.steer("POST", "/faults", {"fault": "hang"})
    at.steer("POST", "/reset")
    assert [at.steer("GET", path).json() for path in ("/clock", "/journal", "/juhuo/accounts", "/faults")] == start
    assert at.site is site, "what holds it, holds it still"
    assert do_some(at) == first
    at.steer("POST", "/seed", {"seed": 4})
    assert do_some(at)[0][1:] != first[0][1:]
    at.steer("POST", "/seed", {"seed": 3})
    assert do_some(at) == first


def test_a_worlds_keys_stay_with_it_when_it_is_reset() -> None:
    at = door()
    world = at.worlds.open("mine", keys={"juhuo": ["k-of-mine"]})
    asyncio.run(world.reset())
    reply = at.ask("GET", "/open-api/v1/account/balance", None, SHOP.headers("k-of-mine"))
    assert reply.json()["code"] == "200" and (world.journal.seen, at.world.journal.seen) == (1, 0)


WRONG = [
    ("/clock/advance", {"seconds": -1}),
    ("/clock/advance", {"seconds": 1e12}),
    ("/clock/advance", {"seconds": "soon"}),
    ("/clock/advance", {}),
    ("/clock/speed", {"speed": 0}),
    ("/clock/speed", {"speed": -2}),
    ("/seed", {"seed": 2**64}),
    ("/seed", {"seed": 1.5}),
]


@pytest.mark.parametrize(("path", "body"), WRONG)
def test_what_no_clock_can_do_is_refused(path: str, body: Any) -> None:
    at = door()
    before = at.steer("GET", "/clock").json()
    with pytest.raises(AssertionError, match="422"):
        at.steer("POST", path, body)
    assert at.steer("GET", "/clock").json() == before
