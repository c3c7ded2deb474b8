"""Lies about limits: how many tasks run at a time, and how often one may ask."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import JUHUO, at
from tests.liars.telling import of_task, telling

JSON = (("content-type", "application/json"),)
BUSY = '{"code":"5003","message":"服务繁忙"}'.encode()


def _runs_what_waits(relay: Relay, task: dict[str, Any]) -> None:
    if JUHUO.phase(task) == "queued":
        task["status"] = "generating"


def _refuses_what_waits() -> Lie:
    """A create is refused while another of the same account is on its way."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if JUHUO.is_create(ask) and relay.memory.get(ask.key):
            return Told(200, JSON, BUSY)
        told = await relay.fetch(ask)
        body = told.json()
        made = at(body, JUHUO.created_id) if JUHUO.is_create(ask) else None
        if made:
            relay.memory[ask.key] = made
        task = JUHUO.task(body) if JUHUO.polled(ask) else None
        if task and JUHUO.phase(task) in ("succeeded", "failed") and relay.memory.get(ask.key) == task["taskId"]:
            del relay.memory[ask.key]
        return told

    return lie


def _waiting(change: Callable[[str], str | None]) -> Lie:
    """What a refusal says of when to come again is another."""

    def tell(ask: Ask, told: Told) -> Told:
        said = dict(told.headers).get("retry-after")
        return told.with_header("retry-after", change(said)) if said else told

    return telling(tell)


def _milliseconds(said: str) -> str:
    return f"{said}000"


def _in_words(said: str) -> str:
    return f"{said} seconds"


def _no_time(said: str) -> str:
    return "0"


def _refuses_early() -> Lie:
    """After ten requests of an account the next are refused."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        relay.memory[ask.key] = relay.memory.get(ask.key, 0) + 1
        if relay.memory[ask.key] > 10:
            return Told(200, (*JSON, ("retry-after", "1")), BUSY)
        return await relay.fetch(ask)

    return lie


def _knows_no_rate() -> Lie:
    """Whoever is refused for asking too often is told what was told before."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if at(told.json(), ("code",)) != "5003" or ask.method != "GET":
            relay.memory[ask.key, ask.path] = told
        known: Told = relay.memory.get((ask.key, ask.path), told)
        return known

    return lie


LIES: Mapping[str, tuple[str, Lie]] = {
    "runs what should wait": ("juhuo", of_task(JUHUO, _runs_what_waits)),
    "refuses what should wait": ("juhuo", _refuses_what_waits()),
}
# These lie where the rate of requests is limited only: `--profile rate_limit=on`.
RATED: Mapping[str, tuple[str, Lie]] = {
    "waiting told in milliseconds": ("juhuo", _waiting(_milliseconds)),
    "waiting told in words": ("juhuo", _waiting(_in_words)),
    "waiting told too short": ("juhuo", _waiting(_no_time)),
    "refused too early": ("juhuo", _refuses_early()),
    "no rate of requests": ("juhuo", _knows_no_rate()),
}
