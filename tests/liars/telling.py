"""How a lie is put between an ask and an answer: a few ways, from which all lies are made."""

from collections.abc import Callable
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import Shape

TaskLie = Callable[[Relay, Shape, dict[str, Any], Told], None]


def asking(change: Callable[[Ask], Ask]) -> Lie:
    """What is passed on is not what was asked."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        return await relay.fetch(change(ask))

    return lie


def telling(change: Callable[[Ask, Told], Told]) -> Lie:
    """What is answered is not what was told."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        return change(ask, await relay.fetch(ask))

    return lie


def telling_json(change: Callable[[Ask, Any], Any], *, when: Callable[[Ask, Told], bool] = lambda a, t: True) -> Lie:
    """A JSON body is answered altered. `change` gives the new body, or None when it altered it in place."""

    def tell(ask: Ask, told: Told) -> Told:
        body = told.json()
        if body is None or not when(ask, told):
            return told
        changed = change(ask, body)
        return told.with_json(body if changed is None else changed)

    return telling(tell)


def telling_events(change: Callable[[Ask, list[bytes]], list[bytes]]) -> Lie:
    """A stream is answered with other events."""
    return telling(lambda ask, told: told.with_events(change(ask, told.events())) if told.is_stream else told)


def asking_json(change: Callable[[Ask, Any], Any], *, when: Callable[[Ask], bool] = lambda ask: True) -> Lie:
    """A JSON body is passed on altered, in place or as what `change` gives."""

    def ask_for(ask: Ask) -> Ask:
        body = ask.json()
        if not isinstance(body, dict) or not when(ask):
            return ask
        changed = change(ask, body)
        return ask.with_json(body if changed is None else changed)

    return asking(ask_for)


def of_task(shape: Shape, change: Callable[[Relay, dict[str, Any]], Any]) -> Lie:
    """A polled task is told altered, in place."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json() if shape.polled(ask) else None
        task = shape.task(body)
        if task is None:
            return told
        change(relay, task)
        return told.with_json(body)

    return lie


class _Through(Relay):
    """A relay whose provider is another relay's lie."""

    def __init__(self, relay: Relay, lie: Lie) -> None:
        super().__init__(relay.upstream, memory=relay.memory, own_url=relay.own_url)
        self._relay, self._told_by = relay, lie

    async def fetch(self, ask: Ask) -> Told:
        """What the lie behind says."""
        return await self._told_by(self._relay, ask)


def together(*lies: Lie) -> Lie:
    """Lies one behind the other."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        for each in lies:
            relay = _Through(relay, each)
        return await relay.fetch(ask)

    return lie


def only_if(holds: Callable[[Ask], bool], lie: Lie) -> Lie:
    """The lie for some asks, the truth for all others."""

    async def either(relay: Relay, ask: Ask) -> Told:
        return await (lie(relay, ask) if holds(ask) else relay.fetch(ask))

    return either
