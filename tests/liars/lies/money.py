"""Lies about money: what a task costs, what the balance says, and when it moves."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import JUHUO, SEEDANCE2AI, STORYCLAW, Shape, at, put
from tests.liars.telling import of_task, telling_json

Task = dict[str, Any]
BALANCE = "/open-api/v1/account/balance"
LIST = "/open-api/v1/video/tasks?pageNo=1&pageSize=100"


def _costs(shape: Shape, cost: Any, phases: tuple[str, ...]) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) in phases:
            old = at(task, shape.cost) or 0
            put(task, shape.cost, cost(old) if callable(cost) else cost)

    return of_task(shape, change)


def _balance(*, moved: dict[str, float]) -> Lie:
    """The balance is another: moved once for each task that ended in a phase, or was created."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json()
        task = JUHUO.task(body) if JUHUO.polled(ask) else None
        if JUHUO.is_create(ask) and at(body, JUHUO.created_id):
            relay.memory["created", at(body, JUHUO.created_id)] = True
        if task is not None:
            relay.memory[JUHUO.phase(task), task["taskId"]] = True
        if ask.bare_path == BALANCE and isinstance(at(body, ("result",)), dict):
            counted = [phase for phase, *_ in relay.memory if phase in moved]
            extra = sum(moved[phase] for phase in counted)
            money = body["result"]
            money["usedCredits"] = round(money["usedCredits"] + extra, 2)
            money["remainCredits"] = round(money["remainCredits"] - extra, 2)
            return told.with_json(body)
        return told

    return lie


def _with_spent(told: Told, body: Any, extra: float) -> Told:
    """A balance of which so much more was spent."""
    money = body["result"]
    money["usedCredits"] = round(money["usedCredits"] + extra, 2)
    money["remainCredits"] = round(money["remainCredits"] - extra, 2)
    return told.with_json(body)


def _looks_that_meet_pay() -> Lie:
    """Of several first looks at a success that meet each pays for it."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json()
        task = JUHUO.task(body) if JUHUO.polled(ask) else None
        name = JUHUO.polled(ask)
        if task and JUHUO.phase(task) == "succeeded" and ("settled", name) not in relay.memory:
            relay.memory["open", name] = relay.memory.get(("open", name), 0) + 1
            await asyncio.sleep(0.02)
            if ("settled", name) in relay.memory:
                relay.memory["extra", ask.key] = relay.memory.get(("extra", ask.key), 0) + task["creditCost"]
            relay.memory["settled", name] = True
        if ask.bare_path == BALANCE and isinstance(at(body, ("result",)), dict):
            return _with_spent(told, body, relay.memory.get(("extra", ask.key), 0))
        return told

    return lie


def _paid_by_looks() -> Lie:
    """A success is paid when its owner looks at it by itself, and not before."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json()
        task = JUHUO.task(body) if JUHUO.polled(ask) else None
        if task:
            relay.memory[task["taskId"]] = True
        if ask.bare_path == BALANCE and isinstance(at(body, ("result",)), dict):
            page = (await relay.fetch(replace(ask, path=LIST))).json()
            over = [each for each in page["result"]["data"] if JUHUO.phase(each) == "succeeded"]
            return _with_spent(told, body, -sum(t["creditCost"] for t in over if t["taskId"] not in relay.memory))
        return told

    return lie


def _does_not_add_up(ask: Ask, body: Any) -> None:
    if ask.bare_path == BALANCE and at(body, ("result", "usedCredits")) is not None:
        body["result"]["totalCredits"] += 1


def _frozen_balance() -> Lie:
    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.bare_path == BALANCE and ask.key in relay.memory:
            remembered: Told = relay.memory[ask.key]
            return remembered
        told = await relay.fetch(ask)
        if ask.bare_path == BALANCE and at(told.json(), ("result",)):
            relay.memory[ask.key] = told
        return told

    return lie


def _floored(cost: float) -> float:
    return int(Decimal(str(cost)) * 10) / 10


def _refund_untold() -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if SEEDANCE2AI.phase(task) == "failed":
            task.pop("credits_refunded", None)

    return of_task(SEEDANCE2AI, change)


def _refunds(times: int) -> Lie:
    """What comes back for a failure comes `times` more often than is told, -1: not at all; the next create's balance shows it."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json()
        task = SEEDANCE2AI.task(body) if SEEDANCE2AI.polled(ask) else None
        if task and SEEDANCE2AI.phase(task) == "failed":
            relay.memory[task["id"]] = task.get("credits_refunded") or 0
        if SEEDANCE2AI.is_create(ask) and isinstance(body, dict) and "remaining_credits" in body:
            body["remaining_credits"] += times * sum(relay.memory.values())
            return told.with_json(body)
        return told

    return lie


def _refused_creates_cost() -> Lie:
    """A create that is refused is paid."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json()
        if JUHUO.is_create(ask) and not at(body, JUHUO.created_id):
            relay.memory[ask.key] = relay.memory.get(ask.key, 0) + 1
        if ask.bare_path == BALANCE and isinstance(at(body, ("result",)), dict):
            body["result"]["usedCredits"] += relay.memory.get(ask.key, 0)
            body["result"]["remainCredits"] -= relay.memory.get(ask.key, 0)
            return told.with_json(body)
        return told

    return lie


def _half_refund() -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if task.get("credits_refunded"):
            task["credits_refunded"] = task["credits_refunded"] / 2

    return of_task(SEEDANCE2AI, change)


def _remaining_stands_still(ask: Ask, body: Any) -> None:
    if SEEDANCE2AI.is_create(ask) and "remaining_credits" in body:
        body["remaining_credits"] += body["credits_used"]


def _text_cost(cost: float) -> str:
    return f"{cost:.2f}"


DONE = ("succeeded",)
LIES: Mapping[str, tuple[str, Lie]] = {
    "one cent more": ("juhuo", _costs(JUHUO, lambda c: round(c + 0.01, 2), DONE)),
    "rounded down": ("juhuo", _costs(JUHUO, _floored, DONE)),
    "binary fractions": ("juhuo", _costs(JUHUO, lambda c: c + 1e-9, DONE)),
    "nothing for a success": ("juhuo", _costs(JUHUO, 0, DONE)),
    "cost before the end": ("juhuo", _costs(JUHUO, 4.25, ("queued", "running"))),
    "cost of a failure": ("juhuo", _costs(JUHUO, 4.25, ("failed",))),
    "cost as a text": ("juhuo", _costs(JUHUO, _text_cost, DONE)),
    "negative cost": ("juhuo", _costs(JUHUO, lambda c: -c, DONE)),
    "one price for all": ("juhuo", _costs(JUHUO, 4.25, DONE)),
    "a credit more": ("storyclaw", _costs(STORYCLAW, lambda c: c + 1, DONE)),
    "a failure is paid": ("storyclaw", _costs(STORYCLAW, 60, ("failed",))),
    "twice the price": ("seedance2ai", _costs(SEEDANCE2AI, lambda c: c * 2, DONE)),
    "refund untold": ("seedance2ai", _refund_untold()),
    "half a refund": ("seedance2ai", _half_refund()),
    "failures refunded twice": ("seedance2ai", _refunds(1)),
    "failures not refunded": ("seedance2ai", _refunds(-1)),
    "refused creates cost": ("juhuo", _refused_creates_cost()),
    "remaining stands still": ("seedance2ai", telling_json(_remaining_stands_still)),
    "charged twice": ("juhuo", _balance(moved={"succeeded": 4.25})),
    "success not charged": ("juhuo", _balance(moved={"succeeded": -4.25})),
    "failure charged": ("juhuo", _balance(moved={"failed": 4.25})),
    "failure refunded though never paid": ("juhuo", _balance(moved={"failed": -4.25})),
    "charged at submit": ("juhuo", _balance(moved={"created": 4.25, "succeeded": -4.25})),
    "fee for each submit": ("juhuo", _balance(moved={"created": 0.01})),
    "totals do not add up": ("juhuo", telling_json(_does_not_add_up)),
    "looks that meet pay": ("juhuo", _looks_that_meet_pay()),
    "paid by looks": ("juhuo", _paid_by_looks()),
    "balance stands still": ("juhuo", _frozen_balance()),
}
