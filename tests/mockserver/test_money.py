"""Money never breaks: a customer's random walk through every provider, watched after every step.

The walk goes through the front door in process, on a virtual clock. What it expects comes from
`tests.shops`, which knows the documents and not the specs.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.door import Door, Reply, stage_of
from tests.shops import (
    CANCELLED,
    ENDS,
    FAILED,
    NOTHING,
    QUEUED,
    RUNNING,
    SHOPS,
    SUCCEEDED,
    Ask,
    Money,
    Order,
    Reading,
    Refused,
    Shop,
    Terms,
)

MOST_TASKS = 14
LONG = 3_000_000
LATE = 30
"""Seconds: nobody queues so long by itself."""

ORDERS = st.integers(0, 5)
CODES = st.sampled_from([0, 0, 1, 2])
"""0 lets it succeed, another number chooses one of the failures."""
PICKS = st.integers(0, MOST_TASKS - 1)
PAUSES = st.sampled_from([0.5, 2.0, 9.0, 40.0, 150.0])
KEYS = st.sampled_from(["once-1", "once-2", "once-3"])

Reach = Counter[str]


@dataclass(slots=True)
class Bought:
    """A task as the customer remembers it."""

    id: str
    order: Order
    terms: Terms
    code: str
    """In which it shall fail, else ''."""
    at: float
    seen: list[Reading] = field(default_factory=list)
    is_cancelled: bool = False

    @property
    def last(self) -> Reading:
        return self.seen[-1]

    @property
    def price(self) -> Decimal:
        return self.order.price

    @property
    def cost(self) -> Decimal:
        """What it costs as it stands, by the terms."""
        if self.last.phase in ENDS:
            return self.price if self.last.phase == SUCCEEDED else NOTHING
        return self.price if self.terms.pays_at_submit else NOTHING

    @property
    def held(self) -> Decimal:
        return self.price if self.terms.holds and self.last.phase not in ENDS else NOTHING

    @property
    def owed(self) -> Decimal:
        """What it will cost though nothing shows it yet: it runs, and is paid for when it succeeds."""
        return self.price if self.terms.waits and self.last.phase == RUNNING else NOTHING


@dataclass(frozen=True, slots=True)
class Used:
    """An idempotency key's first use."""

    order: Order
    answer: bytes
    expires: float


class Customer(RuleBasedStateMachine):
    """One account of one provider. `reach` collects what was met on the way, over all walks."""

    def __init__(self, shop: Shop, budget: str, reach: Reach) -> None:
        super().__init__()
        self.shop, self.reach = shop, reach
        self.door = Door(stage_of(shop.slug))
        credits, recharged = map(Decimal, shop.budgets[budget])
        self.account = self.open("customer", "key-1", credits, recharged)
        self.open("customer", "key-2", credits, recharged)
        self.open("stranger", "key-3", Decimal(1000), Decimal(0))
        self.key = "key-1"
        self.total, self.recharged = credits, recharged
        self.bought: list[Bought] = []
        self.once: dict[tuple[str, str], Used] = {}

    def open(self, name: str, key: str, credits: Decimal, recharged: Decimal) -> Any:
        return self.door.site.accounts.open(name, key, credits, recharged)

    # What a customer does ---------------------------------------------------------------------------

    def send(self, ask: Ask, key: str = "", **more: str) -> Reply:
        headers = self.shop.headers(key or self.key) | more
        return self.door.ask(ask.method, ask.path, ask.body, headers)

    def submit(self, order: Order, choice: int, **more: str) -> Reply:
        terms = self.shop.terms[order.kind]
        code = terms.codes[choice % len(terms.codes)] if choice else ""
        steer = {"Prefer": f"outcome={code}"} if code else {}
        expected = self.expected_refusal(order, terms)
        reply = self.send(order.ask, **steer, **more)
        assert self.shop.read_refusal(reply) == expected, (reply, self.money())
        if expected is not None:
            self.reach["insufficient"] += 1
            return reply
        bought = Bought(self.shop.read_id(reply), order, terms, code or order.code, self.door.now)
        assert bought.id not in {each.id for each in self.bought}
        self.bought.append(bought)
        self.look_at(bought)
        return reply

    def expected_refusal(self, order: Order, terms: Terms) -> Refused | None:
        money = self.money()
        free = money.remaining - sum(each.owed for each in self.bought)
        is_poor = money.remaining <= 0 if terms.waits else order.price > free
        return Refused("insufficient_credits") if is_poor else None

    def pick(self, number: int) -> Bought:
        return self.bought[number % len(self.bought)]

    def look_at(self, bought: Bought) -> Reading:
        """Poll it: it goes forward only, and says what it costs."""
        reading = self.shop.read_task(self.send(self.shop.poll(bought.id, bought.order.kind)), bought.order.kind)
        assert reading.id == bought.id
        if bought.seen:
            assert_forward(bought, reading)
        bought.seen.append(reading)
        assert reading.cost in (None, bought.cost), (reading, bought.order)
        if reading.phase == FAILED:
            assert reading.code == bought.code
        if reading.phase == SUCCEEDED:
            assert not bought.code
            assert reading.cost in (None, bought.price)
            assert reading.progress in (None, 100)
        assert (reading.phase == CANCELLED) == bought.is_cancelled
        return reading

    def money(self) -> Money:
        """The balance on the wire, which agrees with the books."""
        now, ledger = self.door.now, self.account.ledger
        books = Money(ledger.total, ledger.used(now), ledger.held(now), ledger.remaining(now))
        balance = self.shop.balance()
        if balance is None:
            return books
        wire = self.shop.read_money(self.send(balance))
        assert (wire.total, wire.used, wire.remaining) == (books.total, books.used, books.remaining)
        assert wire.held in (None, books.held)
        return wire

    def advance(self, seconds: float) -> None:
        self.door.advance(seconds)
        for bought in self.bought:
            self.look_at(bought)

    # Rules ------------------------------------------------------------------------------------------

    @initialize(number=ORDERS, choice=CODES, pause=PAUSES)
    def begin(self, number: int, choice: int, pause: float) -> None:
        """Every walk has a task."""
        self.submit(self.shop.orders[number % len(self.shop.orders)], choice)
        self.advance(pause)

    @precondition(lambda self: len(self.bought) < MOST_TASKS)
    @rule(number=ORDERS, choice=CODES)
    def order(self, number: int, choice: int) -> None:
        self.submit(self.shop.orders[number % len(self.shop.orders)], choice)

    @precondition(lambda self: len(self.bought) < MOST_TASKS - 3)
    @rule(number=ORDERS)
    def order_several(self, number: int) -> None:
        """Three alike: slots fill, money runs short."""
        for _ in range(3):
            self.submit(self.shop.orders[number % len(self.shop.orders)], 0)

    @precondition(lambda self: len(self.bought) < MOST_TASKS - 4)
    @rule(number=ORDERS)
    def spend(self, number: int) -> None:
        """Order until the money is gone, see it all end, and order again."""
        self.order_several(number)
        self.advance(LONG)
        self.order(number, 0)

    @rule(pause=PAUSES)
    def wait(self, pause: float) -> None:
        self.advance(pause)

    @rule()
    def run_out(self) -> None:
        """Long after: all has ended but what waits for money, in its order."""
        self.advance(LONG)
        waiting = [each for each in self.bought if each.last.phase not in ENDS]
        if waiting:
            assert {each.last.phase for each in waiting} == {QUEUED}
            assert waiting[0].terms.waits
            assert waiting[0].price > self.money().remaining
            self.reach["queued for money"] += 1

    @precondition(lambda self: self.bought)
    @rule(number=PICKS, pause=PAUSES)
    def cancel(self, number: int, pause: float) -> None:
        self.stop(self.pick(number), pause)

    @precondition(lambda self: len(self.bought) < MOST_TASKS)
    @rule(number=ORDERS, choice=CODES, before=PAUSES, pause=PAUSES)
    def order_and_cancel(self, number: int, choice: int, before: float, pause: float) -> None:
        """Whatever it has come to in the meantime."""
        self.order(number, choice)
        self.advance(before)
        if self.bought:
            self.stop(self.bought[-1], pause)

    def stop(self, bought: Bought, pause: float) -> None:
        """Cancel, poll, wait, poll again, cancel again."""
        ask = self.shop.cancel(bought.id)
        if ask is None:
            return
        phase = self.look_at(bought).phase
        self.reach[f"{phase}: cancel"] += 1
        refused = self.shop.read_refusal(self.send(ask))
        bought.is_cancelled |= phase in bought.terms.cancels
        assert refused == (None if phase in bought.terms.cancels else Refused("conflict"))
        self.look_at(bought)
        self.check()
        self.advance(pause)
        if bought.last.phase in ENDS:
            assert self.shop.read_refusal(self.send(ask)) == Refused("conflict")

    @rule(number=st.integers(0, 2))
    def pay(self, number: int) -> None:
        """Credits, or what was recharged, which sets the tier."""
        credits, recharged = self.shop.payments[number % len(self.shop.payments)]
        path = f"/{self.shop.slug}/accounts/customer/credit"
        self.door.steer("POST", path, {"credits": credits, "recharged": recharged})
        self.total += Decimal(credits)
        self.recharged += Decimal(recharged)
        for bought in self.bought:
            self.reach[f"{bought.last.phase}: pay"] += 1

    @precondition(lambda self: self.shop.once and len(self.bought) < MOST_TASKS)
    @rule(key=KEYS, number=ORDERS)
    def order_once(self, key: str, number: int) -> None:
        """With an idempotency key: the same body again gives the same answer, another a conflict."""
        order = self.shop.orders[number % len(self.shop.orders)]
        more = {self.shop.once: key}
        used = self.once.get((order.ask.path, key))
        if used is None or used.expires <= self.door.now:
            reply = self.submit(order, 0, **more)
            if self.shop.read_refusal(reply) is None:
                expires = self.door.now + self.shop.once_seconds
                self.once[order.ask.path, key] = Used(order, reply.body, expires)
            return
        before = self.money()
        again = Ask("POST", order.ask.path, shuffled(order.ask.body))
        reply = self.send(again, **more, **{"Content-Type": "application/json"})
        if used.order == order:
            assert reply.body == used.answer
            self.reach["replay"] += 1
        else:
            assert self.shop.read_refusal(reply) == Refused("idempotency_conflict")
            self.reach["conflict"] += 1
        assert self.money() == before

    @precondition(lambda self: self.shop.once and len(self.bought) < MOST_TASKS - 1)
    @rule(key=KEYS, number=ORDERS, other=ORDERS, pause=PAUSES)
    def order_twice(self, key: str, number: int, other: int, pause: float) -> None:
        """The same again, for sure, and another order at the same place with its key."""
        orders = self.shop.orders
        place = orders[number % len(orders)].ask.path
        there = [at for at, order in enumerate(orders) if order.ask.path == place]
        for again in (number, number, there[other % len(there)]):
            self.order_once(key, again)
            self.advance(pause)

    @precondition(lambda self: self.bought)
    @rule(number=PICKS)
    def look_as_a_stranger(self, number: int) -> None:
        """Another account neither sees nor stops the task."""
        bought = self.pick(number)
        for ask in (self.shop.poll(bought.id, bought.order.kind), self.shop.cancel(bought.id)):
            if ask is not None:
                refused = self.shop.read_refusal(self.send(ask, "key-3"))
                assert refused in (Refused("forbidden"), Refused("not_found"))
        self.look_at(bought)

    @precondition(lambda self: self.once)
    @rule(number=PICKS)
    def order_as_a_stranger(self, number: int) -> None:
        """Another account's idempotency key is another key, though it reads alike."""
        (_, key), used = list(self.once.items())[number % len(self.once)]
        reply = self.send(used.order.ask, "key-3", **{self.shop.once: key})
        if self.shop.read_refusal(reply) is None:
            assert self.shop.read_id(reply) not in {each.id for each in self.bought}
            self.reach["same key of a stranger"] += 1

    @precondition(lambda self: self.key == "key-1")
    @rule(number=ORDERS)
    def revoke(self, number: int) -> None:
        """A revoked key buys nothing more; the account's other key goes on."""
        self.door.steer("POST", f"/{self.shop.slug}/keys/revoke", {"key": self.key})
        order = self.shop.orders[number % len(self.shop.orders)]
        assert self.shop.read_refusal(self.send(order.ask)) == Refused("unauthorized")
        self.key = "key-2"
        self.reach["revoked"] += 1

    # What must hold after every step ----------------------------------------------------------------

    @invariant()
    def check(self) -> None:
        for bought in self.bought:
            self.reach[f"{self.look_at(bought).phase}: poll"] += 1
        money = self.money()
        self.check_money(money)
        self.check_order(money)

    def check_money(self, money: Money) -> None:
        held = sum((each.held for each in self.bought), NOTHING)
        used = sum((each.cost for each in self.bought), NOTHING)
        assert money == Money(self.total, used, money.held and held, self.total - used - held)
        assert money.remaining >= sum(each.owed for each in self.bought), "overdrawn"

    def check_order(self, money: Money) -> None:
        """Never more running than slots, first come first served, and nobody waits for nothing."""
        slots = self.shop.slots(self.recharged)
        running = [each for each in self.bought if each.last.phase == RUNNING]
        waiting = [each for each in self.bought if each.last.phase == QUEUED]
        if slots is not None:
            assert len(running) <= slots
            self.check_first_come(waiting)
        late = [each for each in waiting if self.is_late(each)]
        if not late:
            return
        in_turn = waiting if slots is not None else late
        heads = [next((each for each in in_turn if each.terms.waits == waits), None) for waits in (False, True)]
        free = money.remaining - sum(each.owed for each in running)
        is_full = slots is not None and len(running) >= slots
        for head in filter(None, heads):
            is_poor = head.terms.waits and head.price > free
            assert is_full or is_poor or not self.is_late(head), "it waits for nothing"
            self.reach["queued for a slot"] += is_full
            self.reach["queued for money"] += is_poor and not is_full

    def check_first_come(self, waiting: list[Bought]) -> None:
        """Only what is paid for passes, and only one that may want for money."""
        if waiting:
            first = waiting[0]
            after = self.bought[self.bought.index(first) :]
            overtaking = [each for each in after if each.last.phase not in (QUEUED, CANCELLED)]
            self.reach["passed one that wants for money"] += bool(overtaking)
            assert not [each for each in overtaking if each.terms.waits or not first.terms.waits], (first, overtaking)

    def is_late(self, bought: Bought) -> bool:
        """Whether it has queued for longer than it takes by itself."""
        return self.door.now > bought.at + LATE


def assert_forward(bought: Bought, reading: Reading) -> None:
    """States go on in their order, progress never falls, an end is final."""
    last = bought.last
    states = list(bought.terms.states)
    phases = [QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED]
    if last.phase in ENDS:
        assert reading == last
        return
    assert phases.index(reading.phase) >= phases.index(last.phase)
    assert states.index(reading.state) >= states.index(last.state)
    assert (reading.progress or 0) >= (last.progress or 0)


def shuffled(body: dict[str, Any]) -> bytes:
    """The same JSON in other words."""
    return json.dumps(dict(reversed(body.items())), indent=1).encode()


def iter_wanted(shop: Shop, budget: str) -> Iterator[str]:
    """What the walks of a provider must have met: states × operations, and the special cases."""
    phases = [QUEUED, RUNNING, SUCCEEDED, FAILED]
    can_cancel = shop.cancel("x") is not None
    yield from (f"{phase}: poll" for phase in [*phases, *([CANCELLED] if can_cancel else [])])
    yield from (f"{phase}: pay" for phase in [*phases, *([CANCELLED] if can_cancel else [])])
    if can_cancel:
        yield from (f"{phase}: cancel" for phase in [*phases, CANCELLED])
    yield "revoked"
    if shop.once:
        yield from ("replay", "conflict", "same key of a stranger")
    if shop.tiers:
        yield "queued for a slot"
    if budget == "small":
        yield "insufficient"
        if any(terms.waits for terms in shop.terms.values()):
            yield "queued for money"


@pytest.mark.facts("JH-096", "JH-099", "JH-100", "JH-102", "SC-109", "SC-137", "S2-008", "S2-065", "S2-067")
@pytest.mark.parametrize("budget", ["rich", "small"])
@pytest.mark.parametrize("slug", SHOPS)
def test_walks(slug: str, budget: str) -> None:
    reach: Reach = Counter()

    class Walker(Customer):
        def __init__(self) -> None:
            super().__init__(SHOPS[slug], budget, reach)

    walk = settings(
        max_examples=100,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Walker, settings=walk)
    missed = [name for name in iter_wanted(SHOPS[slug], budget) if not reach[name]]
    assert not missed, (missed, reach)
