"""HTTP/1.1 as it comes over a socket: uvicorn's protocol, with the edges that clients really have.

A client that asks for an upgrade (Java's does, to h2c) is answered as if it had not; one that closes its
sending half still hears its answer; a head without end is refused; trailers are no headers.
"""

import asyncio
from collections.abc import Awaitable
from functools import lru_cache, partial
from typing import Any, Protocol, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from understudy.mockserver.cycle import Cycle
from understudy.mockserver.heads import Heads
from understudy.mockserver.transport import CoalescingTransport, outbox_of


class Routing(Protocol):
    """An application that tells first what a request is for; then it answers at once, or gives what is left to wait for.

    `heads`: what is known for it already.
    """

    heads: Heads[Any]

    def route(self, scope: Any) -> Any:
        """What the head of a request says; it may be None.

        Where its member `is_lasting` is true, it stands for all requests with the same head, whoever sends them.
        """

    def answer(self, request: Any, scope: Any, receive: Any, send: Any) -> Awaitable[None] | None:
        """Answer what `route` gave."""


MOST_HEAD = 262_144
MOST_URL_KEPT = 256
NEVER = float("inf")
INVALID = "Invalid HTTP request received."

_FRAMING = (b"content-length", b"transfer-encoding")


class WireProtocol(HttpToolsProtocol):
    """One connection.

    An application that is a `Routing` besides is asked as such when a request has arrived whole: that needs no task.
    """

    _due: Cycle | None = None  # whose head is there, until all that came with it is parsed
    _under_way: Any = None  # what a task answers, while others may wait behind it
    # Whether all that came was of requests that came whole.
    _is_between = True
    _head = 0
    _idle_since = NEVER
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the coalescing transport in front of the real one."""
        self._outbox = outbox_of(self.loop)
        self._outbox.connections += 1
        super().connection_made(cast(asyncio.Transport, CoalescingTransport(transport, self._outbox)))
        self._routing = cast(Routing, self.app) if hasattr(self.app, "heads") else None

    def data_received(self, data: bytes) -> None:
        """Parse what came; what is no HTTP gets a bare 400 and a close, after the answers to what came before it."""
        self._idle_since = NEVER
        before: Any = self.cycle  # none yet, at first
        is_idle = self._is_between and (before is None or before.response_complete)
        is_whole = is_idle and self._routing is not None
        if is_whole and self._answer_known(data):
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            is_whole = False
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            is_whole = False
            self.logger.warning(INVALID)
            self._hear_no_more()
        else:
            if self._due is None:
                self._bound_head(len(data))
        if self._due is not None:
            self._head = 0
            self._begin(self._due, data if is_whole else b"")

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request, as uvicorn does; but there are no WebSockets here, and no bound on connections.

        What comes as trailers later is not added to its headers.
        """
        parser, scope = self.parser, self.scope
        before: Any = self.cycle  # none yet, at first
        version = parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        split = _split_short_url if len(self.url) <= MOST_URL_KEPT else _split_url
        scope["path"], scope["raw_path"], scope["query_string"] = split(self.url)
        self.cycle = Cycle(self, scope, version != "1.0" and parser.should_keep_alive(), bytearray())
        if before is None or before.response_complete:
            self._due = self.cycle
        else:  # it waits for its turn
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body; there are no upgrades here that uvicorn would look for."""
        cycle: Any = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.wake()

    def on_message_complete(self) -> None:
        """The body is whole."""
        cycle: Any = self.cycle
        self._is_between = True
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.wake()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Stay open until the answer is sent, if the request had arrived whole."""
        cycle: Any = self.cycle  # none yet, at first
        if cycle is None or cycle.response_complete or cycle.more_body:
            self.transport.close()  # what is pending is sent first
            return False
        cycle.keep_alive = False
        cycle.has_heard_all = True
        cycle.wake()
        return True

    def on_response_complete(self) -> None:
        """Go on with what was pipelined, or wait: one timer a connection, not a new one for each answer."""
        self.server_state.total_requests += 1
        self._under_way = None
        if self.transport.is_closing():
            return
        if not self.pipeline:
            self._idle_since = self.loop.time()
            if self._watch is None:
                self._watch = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)
        if not self.flow.write_paused:
            self._go_on()

    def _go_on(self) -> None:
        """Answer what was pipelined, and hear more."""
        self.flow.resume_reading()
        if self.pipeline:
            cycle, application = self.pipeline.pop()
            self._start_asgi_task(cycle, application)

    def pause_writing(self) -> None:
        """A client that does not read is not heard either: what it asks would be answered into memory."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """It has read: go on with what it asked."""
        super().resume_writing()
        if self._under_way is None and not self.transport.is_closing():
            self._go_on()
        elif not self.pipeline:
            self.flow.resume_reading()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._under_way = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching, and tell what is under way; uvicorn tells what was asked last, which may wait behind it."""
        self._outbox.connections -= 1
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.disconnected = True
            under_way.wake()
        super().connection_lost(exc)
        if self._watch is not None:
            self._watch.cancel()

    def _answer_known(self, data: bytes) -> bool:
        """Answer a request that came whole, if its head came before; tells whether it was one."""
        assert self._routing is not None, "only asked where there is one"
        known = self._routing.heads.find(data)
        if known is None:
            return False
        self.expect_100_continue = False
        cycle = self.cycle = Cycle(self, known.scope, True, data[len(data) - known.length :])
        cycle.more_body = False
        self._answer(cycle, self._routing, known.request)
        return True

    def _begin(self, cycle: Cycle, whole: bytes) -> None:
        """Answer a request, at once if all is there for that. `whole`: all of it, where it came in one piece."""
        self._due = None
        routing = self._routing
        if routing is None or cycle.more_body:
            return self._start_asgi_task(cycle, self.app)
        try:
            request = routing.route(cycle.scope)
        except Exception as error:  # noqa: BLE001 - uvicorn tells and answers it
            return self._finish_later(cycle, _fail(error))
        is_plain = cycle.keep_alive and not self.expect_100_continue
        if whole and is_plain and request is not None and request.is_lasting:
            routing.heads.keep(whole, len(cycle.body), cycle.scope, request)
        self._answer(cycle, routing, request)

    def _answer(self, cycle: Cycle, routing: Routing, request: Any) -> None:
        try:
            rest = routing.answer(request, cycle.scope, cycle.receive, cycle.send)
        except Exception as error:  # noqa: BLE001 - uvicorn tells and answers it
            rest = _fail(error)
        if rest is None:
            cycle.on_response = _nothing  # the circle of references through this protocol is open
        else:
            self._finish_later(cycle, rest)

    def _finish_later(self, cycle: Cycle, rest: Awaitable[None]) -> None:
        self._start_asgi_task(cycle, partial(_finish, rest))

    def _unset_keepalive_if_required(self) -> None:
        """Nothing: what comes ends the waiting by itself."""

    def _close_if_idle(self) -> None:
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            self.timeout_keep_alive_handler()
        else:
            self._watch = self.loop.call_later(min(left, self.timeout_keep_alive), self._close_if_idle)

    def _hear_no_more(self) -> None:
        """Close when all that had arrived whole is answered; refuse at once where nothing waits for its answer."""
        cycle: Any = self.cycle  # none yet, at first
        if cycle is None or cycle.response_complete or cycle.more_body:
            self._due = None  # what is broken itself is not begun
            self.send_400_response(INVALID)
        else:
            cycle.keep_alive = False

    def _bound_head(self, size: int) -> None:
        scope: Any = self.scope  # none yet, at first
        is_head = scope is not None and "method" not in scope
        self._head = self._head + size if is_head else 0
        if self._head > MOST_HEAD:
            self.logger.warning(INVALID)
            self.send_400_response(INVALID)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Go on in HTTP/1.1. The parser takes the body for another protocol: a new one takes over."""
        framing = [(name, value) for name, value in self.scope["headers"] if name in _FRAMING]
        if framing and self.scope["method"] != "CONNECT":
            # A parser took it for complete. Its body is no request, even where it is answered before that comes.
            self.cycle.more_body, self._is_between = True, False
            self.cycle.message_event.clear()
            self.parser = httptools.HttpRequestParser(_Rest(self))
            head = b"".join(b"%s: %s\r\n" % pair for pair in framing)
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n" % head)
        if rest:
            self.data_received(rest)


def _split_url(url: bytes) -> tuple[str, bytes, bytes]:
    """Path, path as it was written, and query of a request's target."""
    parts = httptools.parse_url(url)
    path = parts.path.decode("ascii")
    return unquote(path) if "%" in path else path, parts.path, parts.query or b""


# Most requests are for a few paths.
_split_short_url = lru_cache(2_048)(_split_url)


async def _finish(rest: Awaitable[None], *_: Any) -> None:
    """What is left of an answer, as an application."""
    await rest


async def _fail(error: Exception) -> None:
    """An application that ends in an error: uvicorn tells and answers it."""
    raise error


def _nothing() -> None:
    """What is done after an answer that was sent at once: all was done."""


class _Rest:
    """What a parser tells that takes over within a request: all but the made-up head before the body."""

    def __init__(self, protocol: WireProtocol) -> None:
        self._protocol = protocol
        self._is_made_up = True
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if not self._is_made_up:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._is_made_up:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_made_up:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> Any:
        if self._is_made_up:
            self._is_made_up = False
        else:
            self._protocol.on_headers_complete()
