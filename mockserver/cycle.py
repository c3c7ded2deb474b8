"""One request over the wire, and the ways to answer it: as ASGI has it, whole at once, or byte by byte."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from understudy.mockserver.transport import CoalescingTransport


class Cycle(RequestResponseCycle):
    """uvicorn's, but that a request which is answered at once pays for nothing that it does not need."""

    # What holds for most, until it does not.
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    access_log = False
    # Whether its client has closed its sending half.
    has_heard_all = False
    logger = access_logger = logging.getLogger("uvicorn.error")
    default_headers: list[tuple[bytes, bytes]] = []  # noqa: RUF012 - uvicorn adds it to another, never to it
    _event: asyncio.Event | None = None

    def __init__(self, protocol: Any, scope: Any, keep_alive: bool, body: bytes | bytearray) -> None:
        self.scope, self.transport, self.flow = scope, protocol.transport, protocol.flow
        self.waiting_for_100_continue = protocol.expect_100_continue
        self.keep_alive = keep_alive
        self.on_response = protocol.on_response_complete
        self.body = cast(bytearray, body)  # nothing is added to one that is whole

    @property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]
        """Set when something came; made when somebody waits for that."""
        event = self._event
        if event is None:
            event = self._event = asyncio.Event()
            if self.body or not self.more_body or self.disconnected:
                event.set()
        return event

    def wake(self) -> None:
        """Tell whoever waits that something came."""
        if self._event is not None:
            self._event.set()


def cycle_of(send: Callable[..., Any]) -> Cycle | None:
    """What answers a request that came over this wire: the `send` that it is given is a method of it.

    To put it into the scope would close a circle of references in each request, for the garbage collector to open.
    """
    cycle = getattr(send, "__self__", None)
    return cycle if isinstance(cycle, Cycle) else None


def send_whole(cycle: Cycle, status: int, headers: bytes, body: bytes) -> None:
    """Answer in one piece: what ASGI's two messages would do, without looking at each header again.

    `headers`: lines that end in CR LF and cannot hold anything of the request's.
    """
    if cycle.disconnected:
        return
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    closing = b"" if cycle.keep_alive else b"connection: close\r\n"
    cast(CoalescingTransport, cycle.transport).write_whole(
        b"".join((STATUS_LINE[status], headers, closing, b"\r\n", body))
    )
    cycle.wake()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


async def write_now(cycle: Cycle, data: bytes) -> None:
    """Send bytes as they are, on their own; waits while the client does not read."""
    if cycle.flow.write_paused:
        await cycle.flow.drain()
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    if not cycle.disconnected:
        cycle.transport.write(data)
        cast(CoalescingTransport, cycle.transport).flush()


def finish(cycle: Cycle, *, stays_open: bool) -> None:
    """The answer is told to its end: the connection goes on, if the client wants that, or is closed."""
    cycle.response_started = cycle.response_complete = True
    cycle.keep_alive = cycle.keep_alive and stays_open
    cycle.wake()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def reset(cycle: Cycle) -> None:
    """End the connection with RST."""
    cycle.response_started = cycle.response_complete = True
    cycle.keep_alive = False
    if not cycle.disconnected:
        cast(CoalescingTransport, cycle.transport).reset()
    cycle.on_response()


async def wait_for_leave(cycle: Cycle, seconds: float) -> None:
    """Wait until the client leaves, or so many seconds. One that has closed its sending half may have left for good."""
    until = asyncio.get_running_loop().time() + seconds
    while not (cycle.disconnected or cycle.has_heard_all) and (left := until - asyncio.get_running_loop().time()) > 0:
        cycle.message_event.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cycle.message_event.wait(), left)


def break_off(cycle: Cycle | None) -> None:
    """End an answer of which nobody wants to know any more, and its connection."""
    if cycle is not None and not cycle.disconnected:
        cycle.disconnected = True
        cycle.transport.close()


def take_arrived(cycle: Cycle) -> bytes | None:
    """The body of a request that has arrived whole: what ASGI's `receive` would give, without waiting; else None."""
    if cycle.more_body or cycle.disconnected:
        return None
    body, cycle.body = bytes(cycle.body), cast(bytearray, b"")  # nothing is added to it
    return body
