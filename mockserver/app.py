"""The providers' lane in front of FastAPI, and what it shares with the second origin."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from understudy.mockserver.cycle import break_off, cycle_of, send_whole, take_arrived
from understudy.mockserver.exchange import Answer, Exchange, Request
from understudy.mockserver.faults.playing import Player
from understudy.mockserver.heads import Heads
from understudy.mockserver.journal import Headers
from understudy.mockserver.pipeline import handle, note, note_file, refuse
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.site import Site
from understudy.mockserver.steering import distort
from understudy.mockserver.streams import Transmission, as_array
from understudy.mockserver.wording import Wording
from understudy.mockserver.world import WORLDS_AT, World
from understudy.mockserver.worlds import Worlds
from understudy.specs.model import Provider

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# A body that is refused for its size is still read up to here, so that the client hears the refusal.
MOST_DRAINED = 67_108_864


# What is larger goes out under uvicorn's flow control.
MOST_AT_ONCE = 65_536

_HEAD = b"date: %b\r\ncontent-length: %d\r\ncontent-type: %b\r\n%b"
_LINE = b"%b: %b\r\n"
_BODILESS = (204, 304)
_ESCAPED_SLASH = re.compile(rb"%(2f)", re.IGNORECASE)


class Disconnected(Exception):
    """The client left before its request was whole: nobody waits for an answer, and nothing is done."""


class TooLarge(Exception):
    """The body has more bytes than it may."""


class Lane:
    """What both origins have in common: finding the site of a request, and sending an answer."""

    def __init__(self, worlds: Worlds, hosts_of: Callable[[Provider], tuple[str, ...]]) -> None:
        self._worlds = worlds
        self._sites = worlds.default.sites  # the same mapping for life
        providers = [stage.provider for stage in worlds.stages]
        self._hosts = {host: provider.slug for provider in providers for host in hosts_of(provider)}
        self._only = providers[0].slug if len(providers) == 1 else ""

    def find_site(self, path: str, scope: Scope) -> tuple[Site | None, str]:
        """The site by first path segment, by host, or the only one; and the path within it."""
        slug, _, rest = path[1:].partition("/")
        site = self._sites.get(slug)
        if site is not None:
            return site, "/" + rest
        if path.startswith(WORLDS_AT):
            return self._find_in_world(path, scope)
        return self._find_otherwise(self._worlds.default, slug, path, scope)

    def _find_in_world(self, path: str, scope: Scope) -> tuple[Site | None, str]:
        """The same within a named world. Where there is no site, the scope says under which path it is none."""
        name = path[len(WORLDS_AT) :].partition("/")[0]
        world = self._worlds.find(name) if name else None
        if world is None:
            return None, path
        root = WORLDS_AT + name
        path = path[len(root) :] or "/"
        scope["path"], scope["root_path"], scope["understudy.world"] = root + path, root, world
        slug, _, rest = path[1:].partition("/")
        site = world.sites.get(slug)
        return (site, "/" + rest) if site is not None else self._find_otherwise(world, slug, path, scope)

    def _find_otherwise(self, world: World, slug: str, path: str, scope: Scope) -> tuple[Site | None, str]:
        if slug == "_understudy":
            return None, path
        return world.sites.get(self._hosts.get(_host(scope["headers"])) or self._only), path

    def send(
        self, answer: Answer, world: World, scope: Scope, send: Send, now: float | None = None
    ) -> Awaitable[None] | None:
        """Send an answer whole, with the Date of its world: now, if the wire takes it; else gives what is left to do."""
        status, body, kind = answer.status, answer.body, answer.media_type.encode()
        cycle = cycle_of(send)
        if cycle is not None and kind and len(body) <= MOST_AT_ONCE and status not in _BODILESS:
            own = b""
            for pair in answer.headers:
                own += _LINE % pair
            if not own or own.count(b"\n") == len(answer.headers):  # else uvicorn tells what is wrong with it
                head = _HEAD % (world.today(now), len(body), kind, own)
                send_whole(cycle, status, head, b"" if scope["method"] == "HEAD" else body)
                return None
        return self._send_in_parts(answer, world, scope, send)

    async def _send_in_parts(self, answer: Answer, world: World, scope: Scope, send: Send) -> None:
        headers = [(b"date", world.today()), *answer.headers]
        if answer.status not in _BODILESS:
            headers.append((b"content-length", b"%d" % len(answer.body)))
        if answer.media_type:
            headers.append((b"content-type", answer.media_type.encode()))
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def play(self, exchange: Exchange, answer: Answer, send: Send, remember: Callable[[Answer], None]) -> None:
        """Send an answer as the faults of its exchange have it."""
        cycle = cycle_of(send)
        assert cycle is not None, "connections are cut and reset by our own protocol alone: serve over a socket"
        await Player(exchange, cycle, remember).play(answer, exchange.site.world.today())


class Gateway(Lane):
    """The providers' lane: one look-up to the operation, no framework; all else is the application behind."""

    def __init__(self, worlds: Worlds, behind: Application) -> None:
        super().__init__(worlds, lambda provider: provider.api_hosts)
        self._behind = behind
        self.heads: Heads[Request] = Heads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await done(self.answer(self.route(scope), scope, receive, send))

    def route(self, scope: Scope) -> Request | None:
        """What a request is for; None for what the application behind has."""
        if scope["type"] != "http":
            return None
        request = self._route(scope["path"], scope)
        if request is not None and request.act is None and _ESCAPED_SLASH.search(scope["raw_path"]):
            # Such a slash parts nothing: it is of an id or a model's name, which nobody may have.
            return self._route(unquote(_ESCAPED_SLASH.sub(rb"%25\1", scope["raw_path"]).decode("ascii")), scope)
        return request

    def _route(self, path: str, scope: Scope) -> Request | None:
        site, path = self.find_site(path, scope)
        if site is None:
            return None
        method, query, headers = scope["method"], scope["query_string"], scope["headers"]
        act, values, methods = site.stage.routes.find(method, path)
        if act is None and method in ("GET", "HEAD") and path in _pages(path, scope):
            return None
        is_lasting = site.world is self._worlds.default  # the others may be closed
        return Request.read(site, act, method, path, values, query, headers, methods, is_lasting=is_lasting)

    def answer(self, request: Request | None, scope: Scope, receive: Receive, send: Send) -> Awaitable[None] | None:
        """Answer what `route` gave now, if nothing has to be waited for; else gives what is left to do."""
        if request is None:
            return self._behind(scope, receive, send)
        exchange, act = Exchange(request, b"", request.site.now()), request.act
        if act is None:
            return self._refuse_path(exchange, request.methods, scope, receive, send)
        if act.body is not None:
            cycle = cycle_of(send)
            payload = None if cycle is None else take_arrived(cycle)
            if payload is None:
                return self._answer_later(exchange, scope, receive, send)
            if len(payload) > act.most_bytes:
                return self._send(exchange, _refuse_size(exchange), scope, send)
            exchange.payload = payload
        return self._send(exchange, handle(exchange), scope, send)

    async def _refuse_path(
        self, exchange: Exchange, methods: tuple[str, ...], scope: Scope, receive: Receive, send: Send
    ) -> None:
        wording = exchange.site.stage.wording_for(exchange.path)
        await done(self._send(exchange, await refuse_path(exchange, methods, receive, wording), scope, send))

    async def _answer_later(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what did not come in one piece with its head."""
        try:
            exchange.payload = await read_body(receive, exchange.act.most_bytes)
            exchange.now = exchange.site.now()
            answer = handle(exchange)
        except Disconnected:
            return
        except TooLarge:
            answer = _refuse_size(exchange)
        await done(self._send(exchange, answer, scope, send))

    def _send(self, exchange: Exchange, answer: Answer, scope: Scope, send: Send) -> Awaitable[None] | None:
        if answer.is_whole and not exchange.wire_faults:
            return self.send(answer, exchange.site.world, scope, send, exchange.now)
        return self._send_later(exchange, answer, scope, send)

    async def _send_later(self, exchange: Exchange, answer: Answer, scope: Scope, send: Send) -> None:
        """Send what is not there yet, or not as it is: a stream, a body made off the loop, a broken answer; note it then."""
        operation = exchange.act.operation.id
        remember = note if exchange.binary is None else note_file
        if answer.tell is not None:
            events = await asyncio.to_thread(answer.tell)
            answer = Answer(answer.status, answer.media_type, b"", answer.headers, answer.condition, events)
            answer = distort(exchange, answer)
        if answer.make is not None:
            body = await asyncio.to_thread(answer.make)
            answer = Answer(answer.status, answer.media_type, body, answer.headers, answer.condition)
            answer = distort(exchange, answer)
        if exchange.wire_faults:
            return await self.play(exchange, answer, send, lambda sent: remember(exchange, sent, operation))
        if answer.events is not None:
            return await self._stream(exchange, answer, scope, send)
        remember(exchange, answer, operation)
        await done(self.send(answer, exchange.site.world, scope, send))

    async def _stream(self, exchange: Exchange, answer: Answer, scope: Scope, send: Send) -> None:
        """Send an answer as its events fall due, and note what of it was sent."""
        assert answer.events is not None
        cycle, world, turn = cycle_of(send), exchange.site.world, exchange.site.turn

        def is_over() -> bool:
            """Whether its world has ended, or begun anew."""
            return world.is_closed or exchange.site.turn != turn

        headers = [(b"date", world.today()), (b"cache-control", b"no-store"), *answer.headers]
        headers.append((b"content-type", answer.media_type.encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        events = as_array(answer.events) if exchange.in_array else answer.events
        transmission = Transmission(events, world.settings.pace, world)
        try:
            await transmission.run(send, lambda: is_over() or (cycle is not None and cycle.disconnected))
        finally:
            if is_over():
                break_off(cycle)
            else:
                self._note_stream(exchange, answer, transmission)

    @staticmethod
    def _note_stream(exchange: Exchange, answer: Answer, transmission: Transmission) -> None:
        if not transmission.is_whole:
            exchange.notes.append(f"the client left after {transmission.events} events")
        if transmission.sent > len(transmission.kept):
            exchange.notes.append(f"only the first {len(transmission.kept)} of {transmission.sent} bytes are kept")
        answer.body = bytes(transmission.kept)
        note(exchange, answer, exchange.act.operation.id)


# What the application behind has under a provider's prefix, and what it has at the root.
_PAGES = ("/openapi.json", "/openapi.yaml", "/docs")
_OWN_PAGES = (*_PAGES, "/")


def _pages(path: str, scope: Scope) -> tuple[str, ...]:
    return _OWN_PAGES if len(path) + len(scope["root_path"]) == len(scope["path"]) else _PAGES


def _refuse_size(exchange: Exchange) -> Answer:
    act = exchange.act
    refusal = exchange.site.stage.phrases.refusal("too_large", field="body", limit=act.most_bytes)
    return refuse(exchange, refusal, act.wording, act.operation.id)


async def done(rest: Awaitable[None] | None) -> None:
    """Do what is left to do, if anything is."""
    if rest is not None:
        await rest


async def read_body(receive: Receive, most: int) -> bytes:
    """The whole body; raises TooLarge, after reading on for a while, when it has more than `most` bytes."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= most:
            chunks.append(chunk)
        if not message.get("more_body") or size > max(most, MOST_DRAINED):
            break
    if size > most:
        raise TooLarge(most)
    return b"".join(chunks)


async def refuse_path(exchange: Exchange, methods: tuple[str, ...], receive: Receive, wording: Wording) -> Answer:
    """Refuse a path that no operation has, or a method that the path's operations do not have."""
    with contextlib.suppress(TooLarge, Disconnected):  # nobody reads it: this path takes no body
        await read_body(receive, 0)
    condition, rule = ("method_not_allowed", "method") if methods else ("unknown_path", "path")
    refusal = Refusal(condition, limit=", ".join(methods), rule=rule)
    answer = refuse(exchange, refusal, wording)
    if methods:
        answer.headers = (*answer.headers, (b"allow", ", ".join(methods).encode()))
    return answer


def _host(headers: Headers) -> str:
    value = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
    name = value[: value.rfind(":")] if ":" in value and not value.endswith("]") else value
    return name.rstrip(".").lower()
