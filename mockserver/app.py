"""The ASGI applications: the providers' lane in front of FastAPI, and the second origin for media."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any

from understudy.mockserver.estimates import Made
from understudy.mockserver.exchange import Answer
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.media import Material, make
from understudy.mockserver.pipeline import Headers, handle, note_result, refuse
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.site import Site
from understudy.mockserver.world import World

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# A body that is refused for its size is still read up to here, so that the client hears the refusal.
MOST_DRAINED = 67_108_864


class Disconnected(Exception):
    """The client left before its request was whole: nobody waits for an answer, and nothing is done."""


class TooLarge(Exception):
    """The body has more bytes than it may."""


class Lane:
    """What both origins have in common: finding the site of a request, and sending an answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._sites = world.sites
        self._hosts: dict[str, Site] = {}
        self._only = next(iter(world.sites.values())) if len(world.sites) == 1 else None
        self._date = (0, b"")

    def find_site(self, path: str, headers: Headers) -> tuple[Site | None, str]:
        """The site by first path segment, by host, or the only one; and the path within it."""
        slug, _, rest = path[1:].partition("/")
        site = self._sites.get(slug)
        if site is not None:
            return site, "/" + rest
        if slug == "_understudy":
            return None, path
        return self._hosts.get(_host(headers)) or self._only, path

    async def send(self, answer: Answer, method: str, send: Send) -> None:
        """Send an answer whole."""
        body = answer.body
        headers = [
            (b"date", self._now()),
            (b"content-length", b"%d" % len(body)),
            (b"content-type", answer.media_type.encode()),
            *answer.headers,
        ]
        if not answer.media_type:
            del headers[2]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    def _now(self) -> bytes:
        """The Date header, by the world's clock."""
        second = int(self.world.clock.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]


class Gateway(Lane):
    """The providers' lane: one look-up to the operation, no framework; all else is the application behind."""

    def __init__(self, world: World, behind: Application) -> None:
        super().__init__(world)
        self._behind = behind
        for site in world.sites.values():
            self._hosts.update(dict.fromkeys(site.stage.provider.api_hosts, site))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._behind(scope, receive, send)
        headers: Headers = scope["headers"]
        site, path = self.find_site(scope["path"], headers)
        if site is None:
            return await self._behind(scope, receive, send)
        method, query = scope["method"], scope["query_string"]
        act, values, methods = site.stage.routes.find(method, path)
        if act is None:
            if method in ("GET", "HEAD") and path in (_OWN_PAGES if path is scope["path"] else _PAGES):
                return await self._behind(scope, receive, send)
            wording = site.stage.wording_for(path)
            answer = await _refuse_path(site, path, methods, scope, receive, wording)
            return await self.send(answer, method, send)
        payload = b""
        if act.body is not None:
            try:
                payload = await read_body(receive, act.most_bytes)
            except Disconnected:
                return
            except TooLarge as error:
                refusal = site.stage.phrases.refusal("too_large", field="body", limit=error.args[0])
                answer = refuse(site, method, path, query, headers, refusal, act.wording)
                return await self.send(answer, method, send)
        await self.send(handle(site, act, method, path, values, query, headers, payload), method, send)


class MediaOrigin(Lane):
    """The second origin: uploads by the operations that the spec puts there, results by signed link."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        for site in world.sites.values():
            self._hosts.update(dict.fromkeys(site.stage.provider.media_hosts, site))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        site, path = self.find_site(scope["path"], scope["headers"])
        if site is None:
            answer = Answer(404, "application/json", b'{"detail":"no provider\'s media are here"}')
        else:
            try:
                answer = await self._answer(site, path, scope, receive)
            except Disconnected:
                return
        await self.send(answer, scope["method"], send)

    async def _answer(self, site: Site, path: str, scope: Scope, receive: Receive) -> Answer:
        method, query, headers = scope["method"], scope["query_string"], scope["headers"]
        act, values, methods = site.stage.media_routes.find(method, path)
        if act is not None:
            try:
                payload = await read_body(receive, site.stage.most_upload)
            except TooLarge as error:
                refusal = Refusal("invalid_request", f"more than {error.args[0]} bytes")
                return refuse(site, method, path, query, headers, refusal, act.wording)
            return handle(site, act, method, path, values, query, headers, payload)
        if method in ("GET", "HEAD") and not methods:
            return await self._result(site, path, scope)
        return await _refuse_path(site, path, methods or ("GET", "HEAD"), scope, receive, site.stage.media_wording)

    async def _result(self, site: Site, path: str, scope: Scope) -> Answer:
        method, query, headers = scope["method"], scope["query_string"], scope["headers"]
        try:
            task, made, index = find_result(site, path[1:], query)
        except Refusal as refusal:
            return refuse(site, method, path, query, headers, refusal, site.stage.media_wording)
        seed = f"{task.id}/{made.name}/{index}".encode()
        material = Material(made.content_type, made.width, made.height, made.seconds, made.sound, seed)
        body = await asyncio.to_thread(make, material)
        answer = _ranged(Answer(200, made.content_type, body), headers)
        note_result(site, method, path, query, headers, task, answer)
        return answer


# What the application behind has under a provider's prefix, and what it has at the root.
_PAGES = ("/openapi.json",)
_OWN_PAGES = ("/openapi.json", "/")


async def read_body(receive: Receive, most: int, first: Message | None = None) -> bytes:
    """The whole body; raises TooLarge, after reading on for a while, when it has more than `most` bytes."""
    message = await receive() if first is None else first
    chunks, size = [], 0
    while True:
        if message["type"] != "http.request":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= most:
            chunks.append(chunk)
        if not message.get("more_body") or size > max(most, MOST_DRAINED):
            break
        message = await receive()
    if size > most:
        raise TooLarge(most)
    return b"".join(chunks)


def find_result(site: Site, path: str, query: bytes) -> tuple[Task, Made, int]:
    """The task and result behind a signed link; raises Refusal when it is not good, or no longer."""
    matches = ((pattern.fullmatch(path), kind, name) for pattern, kind, name in site.stage.results)
    for match, kind, name in matches:  # kinds may have their results at paths alike
        task = site.tasks.store.find(match["id"]) if match else None
        if match and task and task.kind.name == kind:
            break
    else:
        raise Refusal("not_found")
    made = next(made for made in task.materials if made.name == name)
    index = int(match.groupdict().get("index") or 0)
    given = dict(part.partition("=")[::2] for part in query.decode("latin-1").split("&"))
    expires, signature = given.get("expires", ""), given.get("signature", "")
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 16) or index >= made.count:
        raise Refusal("unauthorized", "the link is not signed")
    if not site.signer.is_good("GET", path, int(expires), "", signature):
        raise Refusal("unauthorized", "the signature does not fit the link")
    if site.world.clock.now() >= int(expires):
        raise Refusal("forbidden", "the link has expired")
    return task, made, index


_RANGE = re.compile(rb"bytes=([0-9]{0,15})-([0-9]{0,15})")


def _ranged(answer: Answer, headers: Headers) -> Answer:
    """One byte range of an answer, where the request asks for one (players seek so)."""
    accepts = (b"accept-ranges", b"bytes")
    wanted = _RANGE.fullmatch(dict(headers).get(b"range", b""))
    if wanted is None or wanted[0] == b"bytes=-":
        return Answer(200, answer.media_type, answer.body, (accepts,))
    first, last = wanted.groups()
    size = len(answer.body)
    begin = int(first) if first else max(0, size - int(last))
    end = min(size - 1, int(last) if first and last else size - 1)
    if begin > end:
        return Answer(416, "", b"", ((b"content-range", f"bytes */{size}".encode()),))
    part = (b"content-range", f"bytes {begin}-{end}/{size}".encode())
    return Answer(206, answer.media_type, answer.body[begin : end + 1], (accepts, part))


async def _refuse_path(
    site: Site, path: str, methods: tuple[str, ...], scope: Scope, receive: Receive, wording: Any
) -> Answer:
    with contextlib.suppress(TooLarge, Disconnected):  # nobody reads it: this path takes no body
        await read_body(receive, 0)
    refusal = Refusal("method_not_allowed" if methods else "unknown_path", limit=", ".join(methods))
    answer = refuse(site, scope["method"], path, scope["query_string"], scope["headers"], refusal, wording)
    if methods:
        answer.headers = (*answer.headers, (b"allow", ", ".join(methods).encode()))
    return answer


def _host(headers: Headers) -> str:
    value = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
    name = value[: value.rfind(":")] if ":" in value and not value.endswith("]") else value
    return name.rstrip(".").lower()
