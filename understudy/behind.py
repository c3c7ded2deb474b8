"""The mock behind a relay: a provider that records what it is asked, and fails where the request says so."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from understudy.contracts.exchange import Exchange
from understudy.contracts.requests import to_json
from understudy.contracts.upstream import RECITALS, UPSTREAM
from understudy.mockserver.journal import Record
from understudy.mockserver.running import RunningServer
from understudy.mockserver.server import Binding
from understudy.mockserver.stage import Stage
from understudy.mockserver.streams import Pace
from understudy.mockserver.world import Settings, World
from understudy.specs.model import Provider

# Credits of each account: more than a run can spend.
CREDITS = "1000000"
# Tasks take a second or two.
SPEED = 60.0
# Long streams take about a second, so that a client can leave one, and a relay can hold one.
PACE = Pace(0.05, 300.0)


class Behind:
    """A provider that is played on an address of its own. `secrets`: its key and its address."""

    speed = SPEED

    def __init__(self, server: RunningServer, provider: Provider) -> None:
        self._server, self._slug = server, provider.slug
        self.base_url = f"{server.addresses.base_url}/{provider.slug}"
        self.key = provider.accounts[0].key
        self.secrets = frozenset((self.key, urlsplit(self.base_url).netloc))
        self._told = 0

    def prepare(self) -> None:
        """Learn what is to be said word for word."""
        lines = [{"when": {"last": re.escape(words)}, **line} for words, line in RECITALS.items()]
        self._server.run(lambda: self._server.service.worlds.default.script.set({"completions": lines}))

    @contextmanager
    def telling(self, operation: str, answer: Any = None) -> Iterator[None]:
        """While the block runs the next request for an operation gets this answer; without one, a refusal that tells its secrets.

        Where none came, because the relay answered by itself, the one after the block is not answered so.
        """
        words = f"no {self.key} at {urlsplit(self.base_url).netloc}"
        refusal = {"fault": "refuse", "condition": "invalid_request", "detail": words}
        reply = {"fault": "reply", "media_type": "application/json", "text": to_json(answer).decode()}
        rule = {**(refusal if answer is None else reply), "operation": operation, "times": 1}
        faults = self._server.service.worlds.default.faults
        name = self._server.run(lambda: faults.add(rule))
        try:
            yield
        finally:
            self._server.run(lambda: faults.remove(name))

    async def exchanges(self) -> list[Exchange]:
        """What it was asked since this was asked last, in order."""
        records = [record for record in self._server.run(self._records) if record.serial > self._told]
        self._told = records[-1].serial if records else self._told
        return [self._exchange(record) for record in records]

    def _records(self) -> tuple[Record, ...]:
        world: World = self._server.service.worlds.default
        return tuple(record for record in world.journal if record.provider == self._slug)

    def _exchange(self, record: Record) -> Exchange:
        lines = record.headers.decode("latin-1").split("\n")
        headers = tuple(zip(lines[::2], lines[1::2], strict=False))
        kind = "application/json" if record.body[:1] in (b"{", b"[") else "text/event-stream"
        return Exchange(
            serial=record.serial,
            operation=record.operation,
            method=record.method,
            url=f"{self.base_url}{record.path}",
            path=record.path,
            query=record.query.decode("latin-1"),
            request_headers=headers,
            request_body=record.payload,
            started=record.at,
            answered=record.at,
            status=record.status,
            response_headers=(("content-type", kind),),
            response_body=record.body,
            where=UPSTREAM,
            probe="; ".join(record.notes),
        )


@contextmanager
def playing_behind(provider: Provider, host: str, port: int) -> Iterator[Behind]:
    """Play a provider behind a relay while the block runs; raises PortTaken."""
    rich = replace(provider, accounts=tuple(replace(account, credits=CREDITS) for account in provider.accounts))
    binding = Binding(host=host, port=port, media_port=0)
    with RunningServer([Stage(rich)], Settings(speed=SPEED, pace=PACE, allow_local_callbacks=True), binding) as server:
        behind = Behind(server, provider)
        behind.prepare()
        yield behind
