"""The second origin: uploads to presigned addresses, and results behind signed links."""

import asyncio
import hashlib
import logging
import re

from understudy.mockserver.app import Disconnected, Lane, Receive, Scope, Send, TooLarge, done, read_body, refuse_path
from understudy.mockserver.estimates import Made
from understudy.mockserver.exchange import Answer, Exchange, Request
from understudy.mockserver.faults.book import RESULT
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.media import Material, make
from understudy.mockserver.pipeline import handle, note_file, note_result, refuse
from understudy.mockserver.refusals import Breach, Refusal
from understudy.mockserver.site import Site
from understudy.mockserver.stage import Act
from understudy.mockserver.steering import distort, may_be_steered, steer
from understudy.mockserver.worlds import Worlds

log = logging.getLogger("understudy")


class MediaOrigin(Lane):
    """The second origin: uploads by the operations that the spec puts there, results by signed link."""

    def __init__(self, worlds: Worlds) -> None:
        super().__init__(worlds, lambda provider: provider.media_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        site, path = self.find_site(scope["path"], scope)
        if site is None:
            answer = Answer(404, "application/json", b'{"detail":"no provider\'s media are here"}')
            return await done(self.send(answer, self._worlds.default, scope, send))
        method, query, headers = scope["method"], scope["query_string"], scope["headers"]
        act, values, methods = site.stage.media_routes.find(method, path)
        exchange = Exchange(Request.read(site, act, method, path, values, query, headers), b"", site.now())
        try:
            answer = await self._answer(exchange, act, methods, receive)
        except Disconnected:
            return
        if not exchange.wire_faults:
            return await done(self.send(answer, site.world, scope, send))
        operation = RESULT if act is None else act.operation.id
        await self.play(exchange, answer, send, lambda sent: note_file(exchange, sent, operation))

    async def _answer(self, exchange: Exchange, act: Act | None, methods: tuple[str, ...], receive: Receive) -> Answer:
        site = exchange.site
        for name, _ in exchange.request.header_list:
            if name in site.stage.key_headers:
                _note_stray_key(exchange, name.decode("latin-1"))
        if act is not None:
            try:
                exchange.payload = await read_body(receive, site.stage.most_upload)
                exchange.etag = await asyncio.to_thread(_etag, exchange.payload)
            except TooLarge as error:
                refusal = Refusal("invalid_request", f"more than {error.args[0]} bytes", rule="too_large")
                return refuse(exchange, refusal, act.wording, act.operation.id)
            exchange.now = site.now()
            return handle(exchange)
        if exchange.method in ("GET", "HEAD") and not methods:
            return await self._result(exchange)
        return await refuse_path(exchange, methods or ("GET", "HEAD"), receive, site.stage.media_wording)

    async def _result(self, exchange: Exchange) -> Answer:
        site = exchange.site
        try:
            task, made, index = find_result(exchange)
            given = steer(exchange, RESULT) if may_be_steered(exchange) else None
        except Refusal as refusal:
            return refuse(exchange, refusal, site.stage.media_wording)
        if given is None:
            given = await self._file(exchange, task, made, index)
        answer = distort(exchange, given)
        if not exchange.wire_faults:
            note_result(exchange, task, answer)
        return answer

    async def _file(self, exchange: Exchange, task: Task, made: Made, index: int) -> Answer:
        seed = f"{task.id}/{made.name}/{index}".encode()
        material = Material(made.content_type, made.width, made.height, made.seconds, made.sound, seed)
        try:
            body = await asyncio.to_thread(make, material)
        except ValueError:
            log.exception("%s of %s", made.name, task.id)
            return exchange.site.stage.media_wording.answer(exchange, Refusal("internal_error"))
        return _ranged(Answer(200, made.content_type, body), exchange.headers.get(b"range", b""))


def _etag(payload: bytes) -> str:
    """The entity tag of uploaded bytes, as object storages make it; off the loop: 100 MB take a while."""
    return f'"{hashlib.md5(payload, usedforsecurity=False).hexdigest()}"'


def _note_stray_key(exchange: Exchange, header: str) -> None:
    """Note that a key came here: whoever owns this host knows it now, which is a breach though it is answered."""
    said = f"{header} was sent to the media origin: a key belongs to the API alone"
    exchange.notes.append(said)
    exchange.breach = Breach("key-elsewhere", header, said, ("assumed: no document asks for a key at these addresses",))


def find_result(exchange: Exchange) -> tuple[Task, Made, int]:
    """The task and result behind a signed link; raises Refusal when it is not good, or no longer."""
    site, path, query = exchange.site, exchange.path[1:], exchange.query_text
    match, task, name = _match(site, path)
    made = next(made for made in task.materials if made.name == name)
    index = int(match.groupdict().get("index") or 0)
    given = dict(part.partition("=")[::2] for part in query.decode("latin-1").split("&"))
    expires, signature = given.get("expires", ""), given.get("signature", "")
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 16) or index >= made.count:
        raise Refusal("unauthorized", "the link is not signed")
    if not site.signer.is_good("GET", path, int(expires), "", signature):
        raise Refusal("unauthorized", "the signature does not fit the link")
    if exchange.now >= int(expires):
        raise Refusal("forbidden", "the link has expired")
    return task, made, index


def _match(site: Site, path: str) -> tuple[re.Match[str], Task, str]:
    """What a path says, its task and its result's name. Kinds may have their results at paths alike."""
    for pattern, kind, name in site.stage.results:
        match = pattern.fullmatch(path)
        task = site.tasks.store.find(match["id"]) if match else None
        if match and task and task.kind.name == kind:
            return match, task, name
    raise Refusal("not_found")


_RANGE = re.compile(rb"bytes=([0-9]{0,15})-([0-9]{0,15})")


def _ranged(answer: Answer, wanted: bytes) -> Answer:
    """One byte range of an answer, where the request asks for one (players seek so)."""
    accepts = (b"accept-ranges", b"bytes")
    found = _RANGE.fullmatch(wanted)
    if found is None or found[0] == b"bytes=-":
        return Answer(200, answer.media_type, answer.body, (accepts,))
    first, last = found.groups()
    size = len(answer.body)
    begin = int(first) if first else max(0, size - int(last))
    end = min(size - 1, int(last) if first and last else size - 1)
    if begin > end:
        return Answer(416, "", b"", ((b"content-range", f"bytes */{size}".encode()),))
    part = (b"content-range", f"bytes {begin}-{end}/{size}".encode())
    return Answer(206, answer.media_type, answer.body[begin : end + 1], (accepts, part))
