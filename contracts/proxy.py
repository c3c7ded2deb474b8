"""A proxy between two strangers: it passes everything on, and judges what it sees."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx2

from understudy.contracts.checks import CHECKS, Check, judge
from understudy.contracts.contract import Contract
from understudy.contracts.credentials import Credentials
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Finding
from understudy.contracts.history import History

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# So many exchanges are looked at together, and so many are kept; of a body so many bytes are judged.
WINDOW, MOST_KEPT, MOST_BODY = 200, 2_000, 8_388_608
# A request with a longer body is not passed on.
MOST_REQUEST = 134_217_728
# The header that tells which checks an answer, or its request, fails.
HEADER = b"x-understudy-findings"
FINDINGS_PATH = "/_understudy/findings"

_HOP = frozenset(
    ("connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
)


class Proxy:
    """An ASGI application in front of a provider. `blocks`: what fails a check is refused instead of passed back.

    `exchanges` are the latest, `findings` all that was found, each thing once; `dropped` counts exchanges that are gone.
    """

    def __init__(
        self, contract: Contract, upstream: str, checks: tuple[Check, ...] = CHECKS, blocks: bool = False
    ) -> None:
        self.contract, self.upstream = contract, upstream.rstrip("/")
        self.exchanges: deque[Exchange] = deque(maxlen=MOST_KEPT)
        self.findings: dict[tuple[str, ...], Finding] = {}
        self.seen = 0
        self._checks, self._blocks = checks, blocks
        self._credentials = Credentials(contract)
        self._http: httpx2.AsyncClient | None = None

    @property
    def dropped(self) -> int:
        """How many exchanges are no longer kept."""
        return self.seen - len(self.exchanges)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == FINDINGS_PATH:
            return await self._tell(send)
        body = await _read(receive)
        if body is None:
            return await _answer(send, 413, {"detail": f"more than {MOST_REQUEST} bytes are not passed on"})
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await self._pass_on(scope, body, send, leaving)
        finally:
            leaving.cancel()

    async def aclose(self) -> None:
        """Close what is open to the provider."""
        if self._http is not None:
            await self._http.aclose()

    async def _pass_on(
        self, scope: MutableMapping[str, Any], body: bytes, send: Send, leaving: "asyncio.Future[None]"
    ) -> None:
        exchange = self._begun(scope, body)
        if self._http is None:
            self._http = httpx2.AsyncClient(
                timeout=httpx2.Timeout(300, connect=10), follow_redirects=False, trust_env=False
            )
        headers = [(n, v) for n, v in exchange.request_headers if n.lower() not in _HOP]
        chunks: list[tuple[float, bytes]] = []
        try:
            async with self._http.stream(exchange.method, exchange.url, headers=headers, content=body) as answer:
                kept = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in answer.headers.raw)
                exchange = exchange.evolve(status=answer.status_code, response_headers=kept)
                if exchange.media_type == "text/event-stream" and not self._blocks:
                    return await self._stream(exchange, answer, chunks, send, leaving)
                async for piece in answer.aiter_raw():
                    _keep(chunks, piece)
        except httpx2.HTTPError as error:
            return await self._failed(exchange, chunks, error, send)
        found = self._judge(exchange, chunks)
        if found and self._blocks:
            return await _answer(send, 502, {"detail": "the answer breaks the contract", "findings": _told(found)})
        await _begin(send, exchange, found)
        await send({"type": "http.response.body", "body": b"".join(data for _, data in chunks)})

    async def _stream(
        self,
        exchange: Exchange,
        answer: httpx2.Response,
        chunks: list[tuple[float, bytes]],
        send: Send,
        leaving: "asyncio.Future[None]",
    ) -> None:
        """Pass a stream on piece by piece, until the client leaves; what is wrong with it is known when it has passed."""
        await _begin(send, exchange, [])
        size = 0
        try:
            async for piece in answer.aiter_raw():
                size += len(piece)
                if size <= MOST_BODY:
                    _keep(chunks, piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if leaving.done():
                    # Half a stream is no fault of who sent it.
                    self._judge(exchange.evolve(error="left"), chunks)
                    return
        except httpx2.HTTPError:
            self._judge(exchange.evolve(error="cut"), chunks)
            raise
        self._judge(exchange, chunks)
        await send({"type": "http.response.body", "body": b""})

    async def _failed(
        self, exchange: Exchange, chunks: list[tuple[float, bytes]], error: httpx2.HTTPError, send: Send
    ) -> None:
        is_late = isinstance(error, httpx2.TimeoutException)
        kind = "connect" if isinstance(error, httpx2.ConnectError) else "timeout" if is_late else "reset"
        self._judge(exchange.evolve(error="cut" if exchange.status else kind), chunks)
        await _answer(send, 504 if is_late else 502, {"detail": f"{self.upstream} did not answer: {kind}"})

    def _begun(self, scope: MutableMapping[str, Any], body: bytes) -> Exchange:
        self.seen += 1
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"])
        operation = self.contract.find(scope["method"], path)
        return Exchange(
            serial=self.seen,
            operation=operation.id if operation else "",
            method=scope["method"],
            url=f"{self.upstream}{path}" + (f"?{query}" if query else ""),
            path=path,
            query=query,
            request_headers=headers,
            request_body=body,
            started=time.time(),
        )

    def _judge(self, exchange: Exchange, chunks: list[tuple[float, bytes]]) -> list[Finding]:
        """Keep an exchange that is over; what was found because of it."""
        body = b"".join(data for _, data in chunks)[:MOST_BODY]
        exchange = exchange.evolve(answered=time.time(), response_body=body, chunks=tuple(chunks))
        exchange = self._credentials.named(exchange)
        self.exchanges.append(exchange)
        window = list(self.exchanges)[-WINDOW:]
        found = [f for f in judge(History(self.contract, window), self._checks) if exchange in f.exchanges]
        for finding in found:
            if len(self.findings) < MOST_KEPT:
                self.findings.setdefault(finding.identity, finding)
        return found

    async def _tell(self, send: Send) -> None:
        said = {"seen": self.seen, "dropped": self.dropped, "findings": _told(self.findings.values())}
        await _answer(send, 200, said)


def _told(findings: Any) -> list[dict[str, Any]]:
    return [
        {"check": f.check, "severity": f.severity, "operation": f.operation, "message": f.message, "facts": f.facts}
        for f in findings
    ]


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _keep(chunks: list[tuple[float, bytes]], piece: bytes) -> None:
    chunks.append((time.time(), piece))


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_REQUEST:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def _begin(send: Send, exchange: Exchange, found: list[Finding]) -> None:
    pairs = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in exchange.response_headers if n.lower() not in _HOP]
    if found:
        pairs.append((HEADER, ", ".join(dict.fromkeys(f.check for f in found)).encode()))
    await send({"type": "http.response.start", "status": exchange.status, "headers": pairs})


async def _answer(send: Send, status: int, body: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body, ensure_ascii=False).encode()})
