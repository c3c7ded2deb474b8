"""Streamed answers: events on their way to a client, at once or paced by the world's clock."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from understudy.mockserver.clock import Clock

if TYPE_CHECKING:
    from understudy.mockserver.world import World

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# Whether nobody listens any more.
Gone = Callable[[], bool]

# So many bytes leave in one piece at the most.
MOST_AT_ONCE = 65_536
# Of what was streamed, so much is kept for the journal.
MOST_KEPT = 65_536
# How often a stream that waits looks whether anybody still listens, in seconds.
LOOK = 0.25


class Event(Struct, gc=False):
    """One server-sent event: `name` ('' for none), its data on one line, and how many tokens it brings."""

    name: str
    data: bytes
    tokens: int = 0

    def wire(self) -> bytes:
        """The event as it is sent."""
        if self.name:
            return b"event: %b\ndata: %b\n\n" % (self.name.encode(), self.data)
        return b"data: %b\n\n" % self.data


class Item(Event, gc=False):
    """A piece of an array: its data and nothing around it."""

    def wire(self) -> bytes:
        """The data alone."""
        return self.data


def as_array(events: Iterator[Event]) -> Iterator[Event]:
    """The events as the items of one JSON array, each sent when it is due."""
    opening = b"["
    for event in events:
        yield Item(event.name, opening + event.data, event.tokens)
        opening = b",\r\n"
    yield Item("", b"]" if opening != b"[" else b"[]")


class Pace(Struct, frozen=True, gc=False):
    """Seconds to the first token, and tokens a second from then on; 0 is at once."""

    first: float = 0.0
    tokens_per_second: float = 0.0

    @property
    def is_immediate(self) -> bool:
        """Whether nothing is waited for."""
        return not self.first and not self.tokens_per_second

    def due(self, tokens: int) -> float:
        """Seconds after the start when so many tokens have come."""
        return self.first + (tokens / self.tokens_per_second if self.tokens_per_second else 0.0)


IMMEDIATE = Pace()


def cut_short(events: Iterator[Event], after: int, last: Event) -> Iterator[Event]:
    """The first events, then one that says why there are no more."""
    return chain((event for event, _ in zip(events, range(after), strict=False)), (last,))


async def wait_until(clock: Clock, moment: float, is_gone: Gone) -> bool:
    """Wait for a moment of a world's clock; false when the client has left."""
    while not is_gone():
        left = moment - clock.now()
        if left <= 0:
            return True
        # Whoever listens may leave meanwhile, and a virtual clock moves when it is told to.
        await asyncio.sleep(min(left, LOOK) if clock.name == "real" else LOOK)
    return False


class Transmission:
    """One stream under way: what is sent, and what was."""

    def __init__(self, events: Iterator[Event], pace: Pace, world: "World") -> None:
        self._events, self._pace, self._world = events, pace, world
        self.kept = bytearray()
        self.events = 0
        self.sent = 0
        self.is_whole = False

    async def run(self, send: Send, is_gone: Gone) -> None:
        """Send every event when it is due, those that are due together as one; stop when nobody listens."""
        try:
            if self._pace.is_immediate:
                await self._send_at_once(send, is_gone)
            else:
                await self._send_paced(send, is_gone)
        finally:
            close = getattr(self._events, "close", None)
            if close:
                close()

    async def _send_at_once(self, send: Send, is_gone: Gone) -> None:
        batch: list[bytes] = []
        size = 0
        for event in self._events:
            wire = event.wire()
            batch.append(wire)
            size += len(wire)
            self.events += 1
            if size >= MOST_AT_ONCE:
                await self._write(send, b"".join(batch))
                if is_gone():
                    return
                batch, size = [], 0
                await asyncio.sleep(0)
        await self._finish(send, b"".join(batch))

    async def _send_paced(self, send: Send, is_gone: Gone) -> None:
        started, tokens = self._world.clock.now(), 0
        batch: list[bytes] = []
        for event in self._events:
            tokens += event.tokens
            moment = started + self._pace.due(tokens)
            if self._world.clock.now() < moment:
                if batch:
                    await self._write(send, b"".join(batch))
                    batch = []
                if not await wait_until(self._world.clock, moment, is_gone):
                    return
            batch.append(event.wire())
            self.events += 1
        await self._finish(send, b"".join(batch))

    async def _write(self, send: Send, data: bytes) -> None:
        self._keep(data)
        await send({"type": "http.response.body", "body": data, "more_body": True})

    async def _finish(self, send: Send, data: bytes) -> None:
        self._keep(data)
        self.is_whole = True
        await send({"type": "http.response.body", "body": data})

    def _keep(self, data: bytes) -> None:
        self.sent += len(data)
        self.kept += data[: MOST_KEPT - len(self.kept)]
