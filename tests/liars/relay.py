"""A relay in front of a provider: honest by itself, and with one lie in between if it is given one."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import httpx2
import uvicorn

# What belongs to one connection, and is not passed on.
HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "upgrade", "accept-encoding"}

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as the relay got it. `path` is with its query."""

    method: str
    path: str
    headers: Pairs
    body: bytes

    @property
    def bare_path(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    @property
    def key(self) -> str:
        """The key that it brings, '' for none."""
        found = dict(self.headers)
        bearer = found.get("authorization", "").partition(" ")[2]
        return bearer or found.get("x-api-key", "") or found.get("x-auth", "")

    def json(self) -> Any:
        """The body, None when it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def with_json(self, body: Any) -> "Ask":
        """The same with another body."""
        return replace(self, body=json.dumps(body, ensure_ascii=False).encode())

    def with_header(self, name: str, value: str | None) -> "Ask":
        """The same with a header set, or without it."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


@dataclass(frozen=True, slots=True)
class Told:
    """An answer. `pieces`: the body as it is written, piece by piece, where that matters; `breaks`: half of it comes."""

    status: int
    headers: Pairs
    body: bytes
    pieces: tuple[bytes, ...] = ()
    breaks: bool = False

    @property
    def type(self) -> str:
        """The media type."""
        return dict(self.headers).get("content-type", "").partition(";")[0]

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of events."""
        return self.type == "text/event-stream"

    def json(self) -> Any:
        """The body, None when it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def with_json(self, body: Any) -> "Told":
        """The same with another body."""
        return replace(self, body=json.dumps(body, ensure_ascii=False).encode())

    def with_header(self, name: str, value: str | None) -> "Told":
        """The same with a header set, or without it."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def cut(self, most: int | None) -> "Told":
        """The same with so many bytes at most."""
        return replace(self, body=self.body[:most])

    def events(self) -> list[bytes]:
        """The events of a stream, each as it stood, without the blank line."""
        return [event for event in self.body.split(b"\n\n") if event]

    def with_events(self, events: list[bytes]) -> "Told":
        """The same with other events."""
        return replace(self, body=b"".join(event + b"\n\n" for event in events))


@dataclass
class Relay:
    """An ASGI application. `memory` is the lie's own."""

    upstream: str
    lie: "Lie | None" = None
    memory: dict[Any, Any] = field(default_factory=dict)
    own_url: str = ""
    _client: httpx2.AsyncClient | None = None

    async def fetch(self, ask: Ask) -> Told:
        """What the provider answers."""
        assert self._client
        headers = [pair for pair in ask.headers if pair[0] not in HOP]
        answer = await self._client.request(ask.method, self.upstream + ask.path, headers=headers, content=ask.body)
        kept = tuple((n.lower(), v) for n, v in answer.headers.multi_items() if n.lower() not in HOP)
        return Told(answer.status_code, kept, answer.content)

    async def follow(self, url: str) -> Told:
        """What stands at an address of the provider's, as anybody gets it."""
        assert self._client
        answer = await self._client.get(url)
        kept = tuple((n.lower(), v) for n, v in answer.headers.multi_items() if n.lower() not in HOP)
        return Told(answer.status_code, kept, answer.content)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Call somebody back; gives the status, 0 when nobody answered."""
        assert self._client
        try:
            return (await self._client.post(url, content=body, headers=headers)).status_code
        except httpx2.HTTPError:
            return 0

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=30, headers={"accept-encoding": "identity"})
        ask = await read_ask(scope, receive)
        told = await (self.lie(self, ask) if self.lie else self.fetch(ask))
        sent = [(n.encode(), v.encode("latin-1")) for n, v in told.headers if n != "content-length"]
        if not told.is_stream and not told.pieces:
            sent.append((b"content-length", str(len(told.body)).encode()))
        await send({"type": "http.response.start", "status": told.status, "headers": sent})
        if told.breaks:
            half = told.body[: len(told.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            raise ConnectionResetError(ask.path)
        pieces = told.pieces or (told.body,)
        for piece in pieces[:-1]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0.002)
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else pieces[-1]})

    async def aclose(self) -> None:
        """Close what is open to the provider."""
        if self._client:
            await self._client.aclose()


async def read_ask(scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> Ask:
    """A request as it came, whole."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    query = scope["query_string"]
    path = scope["raw_path"].decode() + (f"?{query.decode()}" if query else "")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return Ask(scope["method"], path, headers, body)


Lie = Callable[[Relay, Ask], Awaitable[Told]]


class Application(Protocol):
    """What can be served: it is told where, and closes what it opened."""

    own_url: str

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None: ...

    async def aclose(self) -> None: ...


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Leave the signals alone: this is not the main thread."""


@contextmanager
def running(relay: Application) -> Iterator[str]:
    """The relay on a socket of its own; gives its base URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    relay.own_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = _Server(
        uvicorn.Config(relay, log_level="critical", lifespan="off", server_header=False, date_header=False)
    )

    async def serve() -> None:
        try:
            await server.serve(sockets=[listener])
        finally:
            await relay.aclose()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    try:
        yield relay.own_url
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
