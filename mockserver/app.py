"""The ASGI applications: the providers' lane in front of FastAPI, and the second origin for media."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any

from understudy.mockserver.estimates import Made
from understudy.mockserver.exchange import Answer
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.media import Material, make
from understudy.mockserver.pipeline import Headers, handle, refuse
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.site import Site
from understudy.mockserver.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# A body that is refused for its size is still read up to here, so that the client hears the refusal.
MOST_DRAINED = 67_108_864


class TooLarge(Exception):
    """The body has more bytes than it may."""


class Gateway:
    """Sends each request to the site it is for: by first path segment, by host, or to the only site."""

    def __init__(self, world: World, otherwise: Application | None, media: bool) -> None:
        self.world, self.otherwise, self.media = world, otherwise, media
        self._hosts: dict[str, Site] = {}
        for site in world.sites.values():
            provider = site.stage.provider
            for host in provider.media_hosts if media else provider.api_hosts:
                self._hosts[host] = site
        self._only = next(iter(world.sites.values())) if len(world.sites) == 1 else None
        self._date = (0, b"")

    def site_of(self, path: str, headers: Headers) -> tuple[Site | None, str]:
        """The site, and the path within it."""
        slug, slash, rest = path[1:].partition("/")
        site = self.world.sites.get(slug)
        if site is not None:
            return site, "/" + rest
        if slug == "_understudy":
            return None, path
        return self._hosts.get(_host(headers)) or self._only, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if self.otherwise is not None:
                await self.otherwise(scope, receive, send)
            return
        site, path = self.site_of(scope["path"], scope["headers"])
        if site is None:
            return await self._elsewhere(scope, receive, send)
        answer = await (self._media(site, path, scope, receive) if self.media else self._api(site, path, scope, receive))
        if answer is None:
            return await self._elsewhere(scope, receive, send)
        await self._send(answer, scope["method"], send)

    async def _api(self, site: Site, path: str, scope: Scope, receive: Receive) -> Answer | None:
        method, query, headers = scope["method"], scope["query_string"], scope["headers"]
        act, values, methods = site.stage.routes.find(method, path)
        if act is None:
            if path in _PAGES and method in ("GET", "HEAD"):
                return None
            wording = site.stage.wording_for(path)
            return await _refuse_path(site, path, methods, scope, receive, wording)
        payload = b""
        if act.body is not None:
            try:
                payload = await read_body(receive, site.stage.provider.limits.body)
            except TooLarge as error:
                refusal = site.stage.phrases.refusal("too_large", field="body", limit=error.args[0])
                return refuse(site, method, path, query, headers, refusal, act.wording)
        return handle(site, act, method, path, values, query, headers, payload)

    async def _media(self, site: Site, path: str, scope: Scope, receive: Receive) -> Answer | None:
        method, query, headers = scope["method"], scope["query_string"], scope["headers"]
        act, values, methods = site.stage.media_routes.find(method, path)
        if act is not None:
            try:
                payload = await read_body(receive, MOST_DRAINED)
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
        return _ranged(Answer(200, made.content_type, body), headers)

    async def _elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.otherwise is not None:
            return await self.otherwise(scope, receive, send)
        body = b'{"detail":"no provider is served here"}'
        await self._send(Answer(404, "application/json", body), scope["method"], send)

    async def _send(self, answer: Answer, method: str, send: Send) -> None:
        body = answer.body
        headers = [(b"date", self._now()), (b"content-length", str(len(body)).encode())]
        if answer.media_type:
            headers.append((b"content-type", answer.media_type.encode()))
        headers.extend(answer.headers)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    def _now(self) -> bytes:
        """The Date header, by the world's clock."""
        second = int(self.world.clock.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]


_PAGES = ("/openapi.json", "/openapi.yaml", "/docs", "/", "")


async def read_body(receive: Receive, most: int) -> bytes:
    """The whole body; raises TooLarge, after reading on for a while, when it has more than `most` bytes."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > most:
            raise TooLarge(most)
        return body
    chunks, size = [body], len(body)
    while message.get("more_body") and size <= MOST_DRAINED:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= most:
            chunks.append(chunk)
    if size > most:
        raise TooLarge(most)
    return b"".join(chunks)


def find_result(site: Site, path: str, query: bytes) -> tuple[Task, Made, int]:
    """The task and result behind a signed link; raises Refusal when it is not good, or no longer."""
    found = next(((m, kind, name) for p, kind, name in site.stage.results if (m := p.fullmatch(path))), None)
    if found is None:
        raise Refusal("not_found")
    match, kind, name = found
    task = site.tasks.store.find(match["id"])
    if task is None or task.kind.name != kind:
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


def _ranged(answer: Answer, headers: Headers) -> Answer:
    """One byte range of an answer, where the request asks for one (players seek so)."""
    accepts = (b"accept-ranges", b"bytes")
    wanted = dict(headers).get(b"range", b"").decode("latin-1")
    first, dash, last = wanted.removeprefix("bytes=").partition("-")
    size = len(answer.body)
    if not dash or not wanted.startswith("bytes=") or not (first or last) or not (first + last).isdecimal():
        return Answer(200, answer.media_type, answer.body, (accepts,))
    begin = int(first) if first else max(0, size - int(last))
    end = min(size - 1, int(last) if first and last else size - 1)
    if begin > end:
        return Answer(416, "", b"", ((b"content-range", f"bytes */{size}".encode()),))
    part = (b"content-range", f"bytes {begin}-{end}/{size}".encode())
    return Answer(206, answer.media_type, answer.body[begin : end + 1], (accepts, part))


async def _refuse_path(
    site: Site, path: str, methods: tuple[str, ...], scope: Scope, receive: Receive, wording: Any
) -> Answer:
    try:
        await read_body(receive, 0)
    except TooLarge:
        pass  # nobody reads it: this path takes no body
    refusal = Refusal("method_not_allowed" if methods else "unknown_path", limit=", ".join(methods))
    answer = refuse(site, scope["method"], path, scope["query_string"], scope["headers"], refusal, wording)
    if methods:
        answer.headers = (*answer.headers, (b"allow", ", ".join(methods).encode()))
    return answer


def _host(headers: Headers) -> str:
    value = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
    return value.rpartition(":")[0] or value
