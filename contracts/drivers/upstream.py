"""Requests through a relay to a provider that is ours: all that any target is asked, and what goes wrong behind it."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.drivers import SCENARIOS, run_all
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.marked import (
    Marked,
    find_marked,
    iter_alike,
    iter_answers,
    iter_bad,
    iter_barred,
    iter_failing,
    iter_good,
    iter_troubled,
    iter_with_headers,
)
from understudy.contracts.drivers.tasks import fetch_results
from understudy.contracts.drivers.together import all_of
from understudy.contracts.history import GOES_ON, SPOILED, VARIED
from understudy.contracts.inputs import unknown_id
from understudy.contracts.reading import Reading, parse_json
from understudy.contracts.requests import Request, ask_for_task
from understudy.contracts.target import Target
from understudy.contracts.upstream import Upstream, marker_in
from understudy.specs.model import Operation

# What this is called among the scenarios of a run.
NAME = "upstream"
# Requests that are under way at a time: more would make a slow relay slower, and less would take longer.
TOGETHER = 12
# Seconds within which the provider behind has told all that it had to tell.
PATIENCE = 12.0
# Answers of one operation that the provider gives otherwise, at most: documents name a hundred or so.
MOST_ANSWERS = 200
# How often the same is asked, one after the other and then at a time.
ALIKE = 2


class _Watcher:
    """Takes what the provider behind saw into the run's log."""

    def __init__(self, drive: Drive, upstream: Upstream) -> None:
        self._drive, self._upstream = drive, upstream
        self._seen: set[str] = set()
        self._answers: dict[str, Any] = {}

    async def forget(self) -> None:
        """What was asked before this run is not judged with it."""
        await self._upstream.exchanges()

    async def look(self) -> None:
        """Note what the provider saw since."""
        log = self._drive.target.log
        for exchange in await self._upstream.exchanges():
            self._seen.add(marker_in(exchange.request_body))
            answer = parse_json(exchange.response_body) if exchange.status == 200 else None
            if isinstance(answer, dict):
                self._answers.setdefault(exchange.operation, answer)
            log.add(replace(exchange, serial=log.next_serial()))

    def answer_of(self, operation: Operation) -> Any:
        """The first plain answer that was given for an operation, None for none."""
        return self._answers.get(operation.id)

    def has_seen(self, *requests: Request) -> bool:
        """Whether all these requests arrived. It writes down what it answers at its end."""
        return all(marker_in(request.body) in self._seen for request in requests)

    async def wait_for(self, *requests: Request) -> bool:
        """Whether all these requests arrive before one loses patience."""
        until = time.monotonic() + PATIENCE
        await self.look()
        while not self.has_seen(*requests) and time.monotonic() < until:
            await asyncio.sleep(0.1)
            await self.look()
        return self.has_seen(*requests)


@dataclass(frozen=True, slots=True)
class _Gate:
    """Lets through so many requests at a time as the semaphore says."""

    target: Target
    places: asyncio.Semaphore

    async def send(self, request: Request) -> Reading:
        """What it is answered, once it was let through."""
        async with self.places:
            return await self.target.send(request)

    async def send_in_turn(self, requests: Iterable[Request]) -> None:
        """One after the other."""
        for request in requests:
            await self.send(request)

    async def send_alike(self, request: Request) -> None:
        """The same one after the other, and then at a time."""
        await self.send_in_turn([request] * ALIKE)
        await all_of(*(self.send(request) for _ in range(ALIKE)))


async def run_upstream(drive: Drive, upstream: Upstream) -> None:
    """Drive a relay as any target, then with what can be told again behind it: what is good, what goes wrong, and good again.

    An operation whose first request does not arrive behind is not asked again: whoever the relay asks instead may want
    to be paid.
    """
    gate, watcher = _Gate(drive.target, asyncio.Semaphore(TOGETHER)), _Watcher(drive, upstream)
    await watcher.forget()
    operations = drive.contract.serving("completion", "images", "speech", "task.submit")
    found = [marked for operation in operations for marked in find_marked(drive, operation)]
    passed = [marked for marked in found if await _arrives(marked, watcher)]
    if not passed:
        return
    await run_all(_as_any_target(drive, {m.operation.id for m in found} - {m.operation.id for m in passed}))
    await watcher.look()
    if drive.only and NAME not in drive.only:
        return

    await _ask_good(gate, passed)
    await watcher.look()
    answered = ((marked, watcher.answer_of(marked.operation)) for marked in passed if marked.protocol)
    await all_of(*(_answer(gate, marked, upstream, answer) for marked, answer in answered))
    arrived = await _ask_bad(gate, passed, upstream)
    await all_of(*(gate.send(marked.ask(marked.filled(marked.plain), "again")) for marked in passed))
    # What was answered, or left, the provider may not have written down yet.
    await watcher.wait_for(*arrived)


async def _ask_good(gate: _Gate, passed: list[Marked]) -> None:
    """All that is good, or nearly."""
    await all_of(
        *(gate.send(request) for marked in passed for request in iter_good(marked)),
        *(gate.send_in_turn(iter_with_headers(marked)) for marked in passed),
        *(gate.send_alike(request) for marked in passed for request in iter_alike(marked)),
        *(_follow(marked) for marked in passed if marked.kind),
        *(_go_on(marked) for marked in passed),
    )


async def _ask_bad(gate: _Gate, passed: list[Marked], upstream: Upstream) -> list[Request]:
    """All that goes wrong behind; the requests that arrived, as far as their answers tell, or were left."""
    bad = [request for marked in passed for request in iter_bad(marked)]
    heard = await all_of(*map(gate.send, bad))
    await all_of(*(gate.send(request) for marked in passed for request in iter_barred(marked)))
    for marked in passed:
        with upstream.telling(marked.operation.id):
            await gate.send(marked.ask(marked.filled(marked.plain), SPOILED))
    told = zip(bad, heard, strict=True)
    return [request for request, reading in told if reading.exchange.error or reading.is_success]


def _as_any_target(drive: Drive, left_out: set[str]) -> Drive:
    """The same run without these operations, and without the flood that shows a limit: all that follows would be refused."""
    provider = drive.contract.provider
    kept = tuple(operation for operation in provider.operations if operation.id not in left_out)
    drive.reasons.setdefault("limits/rate", "looked at without --with-upstream only: what follows would be refused")
    only = drive.only or frozenset(scenario.name for scenario in SCENARIOS) - {"rated"}
    return replace(drive, contract=Contract(replace(provider, operations=kept)), only=only)


async def _arrives(marked: Marked, watcher: _Watcher) -> bool:
    """Whether a first request goes through to the provider behind."""
    drive, request = marked.drive, marked.ask(marked.filled(marked.plain))
    reading = await drive.target.send(request)
    if await (watcher.wait_for(request) if reading.is_success else _now(watcher, request)):
        return True
    said = reading.exchange.error or f"status {reading.exchange.status}"
    drive.reasons[f"upstream/{marked.operation.id}"] = (
        f"a first request did not arrive behind the relay: it said {said}"
    )
    return False


async def _now(watcher: _Watcher, request: Request) -> bool:
    await watcher.look()
    return watcher.has_seen(request)


async def _follow(marked: Marked) -> None:
    """Tasks of an operation to their ends, which are good and bad, and once more after that; some with a poll that goes wrong."""
    drive, kind = marked.drive, marked.kind
    assert kind
    getter = drive.getter_of(kind)

    async def follow(body: dict[str, Any], probe: str = "") -> None:
        created = await drive.target.send(marked.ask(body, probe))
        last = await drive.follow(kind, created, probe=probe) if created.is_success else None
        if last is not None and not probe:
            await fetch_results(drive, kind, last)
            await drive.poll(kind, created)

    await all_of(
        *(follow(body) for body in (marked.filled(marked.plain), *iter_failing(marked, kind))),
        *(follow(body, SPOILED) for body in (iter_troubled(marked, getter) if getter else ())),
        *(drive.target.send(request) for request in _unknown(drive, getter)),
    )


async def _answer(gate: _Gate, marked: Marked, upstream: Upstream, told: Any) -> None:
    """Let the provider answer in all the ways that its schema names, one after the other."""
    answers = list(iter_answers(marked, told)) if told else []
    for answer in answers[:MOST_ANSWERS]:
        with upstream.telling(marked.operation.id, answer):
            await gate.send(marked.ask(marked.filled(marked.plain), VARIED))


async def _go_on(marked: Marked) -> None:
    """An answer, and one that goes on from it, by its id as the client knows it; nothing where none does."""
    if not marked.operation.arguments.get("continues"):
        return
    first = await marked.drive.target.send(marked.ask(marked.filled(marked.plain)))
    given = first.values.get("$completion.id")
    if isinstance(given, str):
        await marked.drive.target.send(marked.ask(marked.filled(replace(marked.plain, continues=given)), GOES_ON))


def _unknown(drive: Drive, getter: Operation | None) -> list[Request]:
    """A request for a task that nobody made."""
    return [ask_for_task(getter, unknown_id(drive.contract, getter), probe="unknown_id")] if getter else []
