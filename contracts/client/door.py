"""A door to clients that may be hostile: HTTP/1.1 over raw sockets, with every size, count and wait bounded.

What is answered comes from a handler as a list of actions (see `answering`), so that bytes, pauses, pieces and the
way in which a connection ends are exactly what a script says.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httptools

from understudy.contracts.client.answering import Action

MOST_HEAD = 65_536
MOST_BODY = 67_108_864
MOST_CONNECTIONS = 256
MOST_WAITING = 32
# A connection on which nothing moves is ended after so many seconds.
MOST_IDLE = 60.0
# What has not left when a client does not read is kept up to here; then it has to wait.
MOST_UNSENT = 1_048_576

_NO_HTTP = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived; `door` is the name of the origin, `arrived` seconds since the epoch."""

    door: str
    method: str
    target: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes
    arrived: float
    wants_close: bool


Handler = Callable[[Request], Awaitable[Sequence[Action]]]


class Door:
    """A listening socket and its connections. `turned_away` counts connections that were too many."""

    def __init__(self, name: str, handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.name, self.handler, self._tls, self._host = name, handler, tls, host
        self.connections: set[Connection] = set()
        self.turned_away = 0
        self._server: asyncio.Server | None = None
        self.url = ""

    async def open(self) -> None:
        """Listen on a free port; `url` is known from then on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self._host, 0, family=socket.AF_INET, backlog=512, ssl=self._tls
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{port}"

    async def close(self) -> None:
        """Stop listening and end what is open."""
        assert self._server, "a door is opened before it is closed"
        self._server.close()
        ending = [connection for connection in self.connections if connection.end()]
        await asyncio.gather(*(connection.gone.wait() for connection in ending))
        await self._server.wait_closed()


class Connection(asyncio.Protocol):
    """One connection: requests one after another, each answered before the next."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: list[Request] = []
        self._task: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self._watch: asyncio.TimerHandle | None = None
        self.gone = asyncio.Event()
        self._start()

    def _start(self) -> None:
        self._target, self._headers, self._body = bytearray(), list[tuple[str, str]](), bytearray()
        self._head, self._in_head = 0, True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away when there are too many."""
        self._transport: Any = transport
        transport.set_write_buffer_limits(high=MOST_UNSENT)  # type: ignore[attr-defined]
        self._door.connections.add(self)
        if len(self._door.connections) > MOST_CONNECTIONS:
            self._door.turned_away += 1
            self._reset()
            return
        self._stir()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; what is being answered has no reader any more."""
        self._door.connections.discard(self)
        if self._watch:
            self._watch.cancel()
        if self._task:
            self._task.cancel()
        self._drained.set()
        self.gone.set()

    def pause_writing(self) -> None:
        """The client does not read: wait with what follows."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._drained.set()

    def eof_received(self) -> bool:
        """A client that closes its sending half still hears what it asked for."""
        return self._task is not None

    def data_received(self, data: bytes) -> None:
        """Parse; what is no HTTP, or too much, is refused and cut off."""
        self._stir()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse()
        except (httptools.HttpParserError, _TooMuch):
            self._refuse()
        else:
            self._head = self._head + len(data) if self._in_head else 0
            if self._head > MOST_HEAD:
                self._refuse()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._start()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers count as headers, too."""
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The body follows; who waits for leave to send it has it."""
        self._in_head = False
        if ("expect", "100-continue") in self._headers:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += body
        if len(self._body) > MOST_BODY:
            raise _TooMuch

    def on_message_complete(self) -> None:
        """The request is whole: answer it, after those that came before it."""
        request = Request(
            self._door.name,
            self._parser.get_method().decode("latin-1"),
            bytes(self._target),
            tuple(self._headers),
            bytes(self._body),
            time.time(),
            not self._parser.should_keep_alive(),
        )
        self._in_head = True
        self._waiting.append(request)
        if len(self._waiting) > MOST_WAITING:
            raise _TooMuch
        if self._task is None:
            self._task = self._loop.create_task(self._answer())

    async def _answer(self) -> None:
        """Answer what waits, one request after another."""
        while self._waiting:
            request = self._waiting.pop(0)
            for action in await self._door.handler(request):
                if not await self._do(action):
                    return
        self._task = None

    async def _do(self, action: Action) -> bool:
        """Do one action; false when the connection is over."""
        if action.wait:
            await asyncio.sleep(action.wait)
        if self._transport.is_closing():
            return False
        if action.mark:
            action.mark()
        if action.data:
            self._stir()
            self._transport.write(action.data)
            await self._drained.wait()
        if action.end == "reset":
            self._reset()
        elif action.end == "close":
            self._transport.close()
        return action.end in ("", "keep")

    def end(self) -> bool:
        """End the connection at once; false when it is over already."""
        if self.gone.is_set():
            return False
        self._transport.abort()
        return True

    def _refuse(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_NO_HTTP)
            self._transport.close()

    def _reset(self) -> None:
        """End with a reset: the other side learns that something broke."""
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def _stir(self) -> None:
        """Something moved: wait anew for nothing to move."""
        self._moved = self._loop.time()
        if self._watch is None:
            self._watch = self._loop.call_later(MOST_IDLE, self._look)

    def _look(self) -> None:
        left = self._moved + MOST_IDLE - self._loop.time()
        if left <= 0 and self._task is None:
            self._transport.abort()
        else:
            self._watch = self._loop.call_later(max(left, 1.0), self._look)


class _TooMuch(Exception):
    """More than a client may send."""
