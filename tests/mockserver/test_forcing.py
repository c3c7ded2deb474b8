"""Who steers forces tasks, tiers, models, keys and deliveries, through the control API; money and slots follow."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.door import Door, Reply, stage_of
from tests.receivers import receiving, status
from tests.shops import CANCELLED, FAILED, NOTHING, SHOPS, SUCCEEDED, Order, Shop
from understudy.mockserver import callbacks
from understudy.mockserver.world import Settings

SETTINGS = Settings(clock="virtual", speed=1.0, allow_local_callbacks=True)
LONG = 1_000_000


class Counter:
    """A shop behind a door, with a rich account of its own."""

    def __init__(self, shop: Shop, credits: str = "100000", recharged: str = "0") -> None:
        self.shop = shop
        self.door = Door(stage_of(shop.slug), replace(SETTINGS, media_url="http://media.test"))
        self.headers = shop.headers("key-of-mine")
        new = {"id": "mine", "key": "key-of-mine", "credits": credits, "recharged": recharged}
        self.door.steer("POST", f"/{shop.slug}/accounts", new)

    def buy(self, order: Order, **more: Any) -> str:
        body = {**order.ask.body, **more}
        return self.shop.read_id(self.door.ask(order.ask.method, order.ask.path, body, self.headers))

    def look(self, task: str, kind: str) -> Any:
        ask = self.shop.poll(task, kind)
        return self.shop.read_task(self.door.ask(ask.method, ask.path, ask.body, self.headers), kind)

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        return self.door.steer(method, f"/{self.shop.slug}{path}", body).json()

    def refuse(self, code: int, method: str, path: str, body: Any = None) -> str:
        with pytest.raises(AssertionError, match=f"status={code}") as caught:
            self.steer(method, path, body)
        return str(caught.value)

    @property
    def books(self) -> dict[str, Decimal]:
        said = self.steer("GET", "/accounts/mine")
        return {name: Decimal(said[name]) for name in ("total", "used", "held", "remaining")}


def orders() -> Iterator[Any]:
    for slug, shop in SHOPS.items():
        for kind, order in {order.kind: order for order in reversed(shop.orders) if not order.code}.items():
            yield pytest.param(shop, order, id=f"{slug}-{kind}")


@pytest.mark.parametrize(("shop", "order"), list(orders()))
@pytest.mark.parametrize("outcome", [SUCCEEDED, FAILED])
def test_a_task_ends_as_it_is_told_and_the_money_follows(shop: Shop, order: Order, outcome: str) -> None:
    counter = Counter(shop)
    task = counter.buy(order)
    forced = counter.steer("POST", f"/tasks/{task}/force", {"outcome": outcome})
    reading = counter.look(task, order.kind)
    assert (forced["phase"], reading.phase) == (outcome, outcome)
    books = counter.books
    assert books["used"] == (order.price if outcome == SUCCEEDED else NOTHING) and books["held"] == NOTHING
    assert books["total"] == books["used"] + books["held"] + books["remaining"]
    counter.door.advance(LONG)
    assert counter.books == books and counter.look(task, order.kind).phase == outcome, "an end is for good"
    counter.refuse(409, "POST", f"/tasks/{task}/force", {"outcome": "succeeded"})


@pytest.mark.parametrize(("shop", "order"), list(orders()))
def test_a_task_goes_through_the_states_that_it_is_told(shop: Shop, order: Order) -> None:
    counter = Counter(shop)
    task = counter.buy(order)
    site = counter.door.site
    kind = site.stage.provider.kinds[next(t.kind.name for t in site.tasks.store.window(None))]
    running = [state.name for state in kind.states if state.phase == "running"]
    for name in (*running, *reversed(running)):
        assert counter.steer("POST", f"/tasks/{task}/force", {"state": name})["state"] == name
        assert counter.steer("GET", f"/tasks/{task}")["state"] == name
        counter.door.advance(0.5)
    way = [each["state"] for each in counter.steer("GET", f"/tasks/{task}")["way"]]
    assert way[-1] == next(state.name for state in kind.states if state.phase == SUCCEEDED)
    counter.door.advance(LONG)
    assert counter.look(task, order.kind).phase == SUCCEEDED
    assert counter.books["used"] == order.price


@pytest.mark.parametrize(("shop", "order"), list(orders()))
def test_a_state_that_stays_is_never_left(shop: Shop, order: Order) -> None:
    counter = Counter(shop)
    task = counter.buy(order)
    detail = counter.steer("GET", f"/tasks/{task}")
    state = next(each["state"] for each in detail["way"] if each["phase"] == "running")
    stuck = counter.steer("POST", f"/tasks/{task}/force", {"state": state, "stays": True})
    assert stuck["end"] is None and stuck["way"][-1]["state"] == state
    counter.door.advance(LONG)
    assert counter.steer("GET", f"/tasks/{task}")["state"] == state
    assert counter.steer("POST", f"/tasks/{task}/force", {"outcome": "succeeded"})["phase"] == SUCCEEDED
    assert counter.books["used"] == order.price


def test_every_code_of_a_kind_can_be_forced() -> None:
    for slug, shop in SHOPS.items():
        for kind, terms in shop.terms.items():
            order = next((order for order in shop.orders if order.kind == kind), None)
            if order is None:
                continue
            counter = Counter(shop)
            for code in terms.codes:
                task = counter.buy(order)
                counter.steer("POST", f"/tasks/{task}/force", {"outcome": FAILED, "code": code})
                assert counter.steer("GET", f"/tasks/{task}")["error_code"] == code, slug
            assert counter.books["used"] == NOTHING


def test_cancelled_is_an_end_where_the_kind_has_it() -> None:
    counter = Counter(SHOPS["storyclaw"])
    order = counter.shop.orders[0]
    task = counter.buy(order)
    counter.steer("POST", f"/tasks/{task}/force", {"outcome": CANCELLED})
    assert counter.look(task, order.kind).phase == CANCELLED and counter.books["held"] == NOTHING
    other = Counter(SHOPS["juhuo"])
    assert "never cancelled" in other.refuse(
        409, "POST", f"/tasks/{other.buy(other.shop.orders[0])}/force", {"outcome": CANCELLED}
    )


def test_never_more_run_than_there_are_slots() -> None:
    counter = Counter(SHOPS["juhuo"])
    first, second, third = (counter.buy(counter.shop.orders[0]) for _ in range(3))
    counter.steer("POST", f"/tasks/{first}/force", {"state": "generating", "stays": True})
    assert "as many as it may" in counter.refuse(409, "POST", f"/tasks/{second}/force", {"state": "generating"})
    counter.door.advance(LONG)
    phases = [counter.look(task, "video").phase for task in (first, second, third)]
    assert phases == ["running", "queued", "queued"], "the slot is taken for good"
    counter.steer("POST", f"/tasks/{first}/force", {"outcome": FAILED})
    counter.door.advance(LONG)
    assert [counter.look(task, "video").phase for task in (second, third)] == [SUCCEEDED, SUCCEEDED]


def test_what_the_money_does_not_carry_neither_runs_nor_succeeds() -> None:
    shop = SHOPS["juhuo"]
    counter = Counter(shop, str(shop.orders[0].price), "15000")
    first, second = (counter.buy(shop.orders[0]) for _ in range(2))
    counter.steer("POST", f"/tasks/{first}/force", {"state": "generating"})
    for body in ({"state": "generating"}, {"outcome": SUCCEEDED}):
        assert "has 0" in counter.refuse(409, "POST", f"/tasks/{second}/force", body)
    counter.steer("POST", f"/tasks/{first}/force", {"outcome": FAILED})
    assert counter.steer("POST", f"/tasks/{second}/force", {"outcome": SUCCEEDED})["phase"] == SUCCEEDED
    assert counter.books["remaining"] == 0


WRONG = [
    (422, {}),
    (422, {"state": "generating", "outcome": "failed"}),
    (422, {"outcome": "succeeded", "code": "SUBMIT_FAILED"}),
    (422, {"outcome": "failed", "stays": True}),
    (422, {"outcome": "lost"}),
    (422, {"state": "generating", "sticks": True}),
    (409, {"state": "queued"}),
    (409, {"state": "success"}),
    (409, {"state": "dreaming"}),
    (409, {"outcome": "failed", "code": "NO_SUCH_CODE"}),
]


def test_what_no_task_can_do_is_refused_and_changes_nothing() -> None:
    counter = Counter(SHOPS["juhuo"])
    task = counter.buy(counter.shop.orders[0])
    before = counter.steer("GET", f"/tasks/{task}")
    for code, body in WRONG:
        counter.refuse(code, "POST", f"/tasks/{task}/force", body)
    assert counter.steer("GET", f"/tasks/{task}") == before
    for method, path in (("GET", "/tasks/nobody"), ("POST", "/tasks/nobody/force")):
        counter.refuse(404, method, path, {"outcome": "failed"} if method == "POST" else None)


def test_the_next_tasks_fail_with_the_code_that_is_wanted() -> None:
    counter = Counter(SHOPS["juhuo"], recharged="250000")
    rule = counter.steer("POST", "/tasks/next", {"code": "TRANSFER_FAILED", "times": 2})["id"]
    tasks = [counter.buy(counter.shop.orders[0]) for _ in range(3)]
    counter.door.advance(LONG)
    codes = [counter.steer("GET", f"/tasks/{task}")["error_code"] for task in tasks]
    assert codes == ["TRANSFER_FAILED", "TRANSFER_FAILED", None]
    assert [each["id"] for each in counter.door.steer("GET", "/faults").json()["rules"]] == [rule]
    assert "there are" in counter.refuse(422, "POST", "/tasks/next", {"code": "NO_SUCH_CODE"})
    many = Counter(SHOPS["seedance2ai"])
    assert "say which of" in many.refuse(422, "POST", "/tasks/next", {})


def test_tasks_are_listed_by_what_they_are_like() -> None:
    counter = Counter(SHOPS["storyclaw"])
    tasks = [counter.buy(order) for order in counter.shop.orders]
    counter.steer("POST", f"/tasks/{tasks[0]}/force", {"outcome": FAILED})
    newest = tasks[::-1]

    def listed(said: str) -> list[str]:
        return [each["id"] for each in counter.steer("GET", f"/tasks?{said}")["tasks"]]

    assert listed("") == newest and listed("limit=2") == newest[:2] and listed("before=3") == newest[-2:]
    assert listed("phase=failed") == [tasks[0]] and listed("kind=omnivideo") == newest[:2]
    assert listed("account=mine&phase=queued") == newest[:3] and listed("account=nobody") == []
    counter.refuse(422, "GET", "/tasks?kinds=omnivideo")
    page = counter.steer("GET", "/tasks")
    assert (page["kept"], page["dropped"]) == (4, 0) and page["tasks"][0]["price"]


def test_an_account_gets_another_tier_other_models_and_no_keys() -> None:
    counter = Counter(SHOPS["juhuo"])
    tasks = [counter.buy(counter.shop.orders[0]) for _ in range(4)]
    assert counter.steer("PUT", "/accounts/mine/tier", {"recharged": 15_000})["slots"] == 4
    counter.door.advance(20)
    assert {counter.look(task, "video").phase for task in tasks} == {"running"}
    assert counter.steer("PUT", "/accounts/mine/tier", {"recharged": 0})["slots"] == 1
    counter.door.advance(LONG)
    assert {counter.look(task, "video").phase for task in tasks} == {SUCCEEDED}
    assert counter.steer("POST", "/accounts/mine/revoke")["keys"] == 0
    ask = counter.shop.poll(tasks[0])
    refused = counter.shop.read_refusal(counter.door.ask(ask.method, ask.path, None, counter.headers))
    assert refused is not None and refused.condition == "unauthorized"


def test_an_account_sees_the_models_that_it_may() -> None:
    door = Door(stage_of("unigateway"), SETTINGS)
    account, key = door.site.stage.provider.accounts[0].id, door.site.stage.provider.accounts[0].key

    def seen() -> list[str]:
        reply: Reply = door.ask("GET", "/v1/models", None, {"Authorization": f"Bearer {key}"})
        return [each["id"] for each in reply.json()["data"]]

    everything = seen()
    door.steer("PUT", f"/unigateway/accounts/{account}/models", {"models": everything[:1]})
    assert seen() == everything[:1]
    door.steer("PUT", f"/unigateway/accounts/{account}/models", {"models": None})
    assert set(seen()) >= set(everything)
    with pytest.raises(AssertionError, match="has no model"):
        door.steer("PUT", f"/unigateway/accounts/{account}/models", {"models": ["nobody"]})


def test_a_task_that_is_forced_to_its_end_calls_back_and_is_delivered_again() -> None:
    counter = Counter(SHOPS["storyclaw"])
    with receiving(status(500), status(500), status(500), status(500), status(500), status(200)) as receiver:
        task = counter.buy(counter.shop.orders[0], callback_url=receiver.url)
        counter.steer("POST", f"/tasks/{task}/force", {"outcome": SUCCEEDED})
        assert "tried when its time comes" not in str(counter.steer("GET", "/callbacks"))
        counter.door.advance(0)
        (waiting,) = counter.steer("GET", "/callbacks")["deliveries"]
        assert waiting["state"] == "waiting"
        assert "its time comes" in counter.refuse(409, "POST", "/callbacks/1/redeliver")
        counter.door.advance(LONG)
        (given_up,) = counter.steer("GET", "/callbacks")["deliveries"]
        assert (given_up["state"], len(given_up["attempts"])) == ("given up", 4)
        assert counter.steer("POST", "/callbacks/1/redeliver")["state"] == "given up"
        again = counter.steer("POST", "/callbacks/1/redeliver")
        assert (again["state"], len(again["attempts"]), len(receiver.calls)) == ("delivered", 6, 6)
        assert {call.body for call in receiver.calls} == {again["body"].encode()}
        counter.refuse(404, "POST", "/callbacks/2/redeliver")


def test_a_delivery_keeps_its_number_when_earlier_ones_are_no_longer_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "MOST_DELIVERIES", 2)
    counter = Counter(SHOPS["storyclaw"])
    with receiving(*[status(200)] * 4) as receiver:
        tasks = [counter.buy(counter.shop.orders[0], callback_url=receiver.url) for _ in range(3)]
        for task in tasks:
            counter.steer("POST", f"/tasks/{task}/force", {"outcome": SUCCEEDED})
            counter.door.advance(0)
        listed = counter.steer("GET", "/callbacks")
        assert listed["dropped"] == 1
        assert [(each["number"], each["task"]) for each in listed["deliveries"]] == [(2, tasks[1]), (3, tasks[2])]
        again = counter.steer("POST", "/callbacks/2/redeliver")
        assert (again["task"], len(again["attempts"])) == (tasks[1], 2)
        assert receiver.calls[-1].body == again["body"].encode()
        counter.refuse(404, "POST", "/callbacks/1/redeliver")
        counter.refuse(404, "POST", "/callbacks/4/redeliver")


def test_a_deed_that_waits_is_gone_with_a_reset() -> None:
    counter = Counter(SHOPS["storyclaw"])
    with receiving(status(500)) as receiver:
        task = counter.buy(counter.shop.orders[0], callback_url=receiver.url)
        counter.steer("POST", f"/tasks/{task}/force", {"outcome": SUCCEEDED})
        counter.door.advance(0)
        asyncio.run(counter.door.world.reset())
        counter.door.advance(LONG)
        assert len(receiver.calls) == 1
