"""The target: one base URL, several credentials, real sockets; every exchange is noted as it was on the wire."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx2

from understudy.contracts.budget import Budget
from understudy.contracts.compression import uncompressed
from understudy.contracts.contract import Contract
from understudy.contracts.credentials import bring
from understudy.contracts.exchange import Exchange, Headers
from understudy.contracts.history import id_of
from understudy.contracts.pricing import most_expensive, price_of_answer, price_of_task
from understudy.contracts.reading import Reading, read_exchange
from understudy.contracts.requests import COMPRESSED, RATE_PROBES, Request
from understudy.contracts.timing import Turns
from understudy.specs.model import Operation

# Answers larger than this are cut: a target must not fill our memory.
MOST_BYTES = 64 * 1024 * 1024
# So long a connection is kept: servers close theirs after two seconds and more, and what is on its way then is lost.
KEPT_SECONDS = 1.5


@dataclass(slots=True)
class Patience:
    """Seconds: to connect, between two pieces of an answer, and for an answer as a whole."""

    connect: float = 10.0
    silence: float = 60.0
    whole: float = 300.0


@dataclass(slots=True)
class Log:
    """What was exchanged so far, in the order of sending."""

    exchanges: list[Exchange] = field(default_factory=list)
    told: Callable[[Exchange], None] = lambda exchange: None
    now: Callable[[], float] = lambda: 0.0
    """The target's own time, 0 where nobody knows it."""
    _serial: int = 0

    def next_serial(self) -> int:
        """The number of the next request."""
        self._serial += 1
        return self._serial

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, and tell whoever watches."""
        self.exchanges.append(exchange)
        self.told(exchange)


class Target:
    """An async client of one provider. Use it as an async context; raises OverBudget before a call that costs too much."""

    def __init__(
        self,
        contract: Contract,
        base_url: str,
        credentials: Mapping[str, str],
        budget: Budget | None = None,
        patience: Patience | None = None,
        log: Log | None = None,
        headers: Headers = (),
        turns: Turns | None = None,
    ) -> None:
        self.contract, self.base_url = contract, base_url.rstrip("/")
        self.credentials, self.budget = dict(credentials), budget or Budget()
        self.log, self._headers, self._turns = log or Log(), headers, turns
        self._patience = patience or Patience()
        self._tasks: set[str] = set()
        self._under_way = 0
        timeout = httpx2.Timeout(self._patience.silence, connect=self._patience.connect)
        limits = httpx2.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=KEPT_SECONDS)
        self._http = httpx2.AsyncClient(
            timeout=timeout,
            limits=limits,
            trust_env=False,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "understudy-check"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(self, request: Request) -> Reading:
        """Send a request, note the exchange and read it. An answer that never came has `error`, not an exception."""
        tasks, price = self._worst_case(request)
        turns = self._turns if self._is_counted(request) else None
        # First its turn, then its part of the budget: whoever waits for that must not keep what others wait for.
        if turns:
            await turns.enter(request.who)
        try:
            held, is_spent = await self.budget.reserve(tasks, price), True
            try:
                reading = read_exchange(self.contract, await self._noted(request))
                is_spent = not reading.is_answer or self._is_spent(reading)
            finally:
                held.settle(is_spent=is_spent)
        finally:
            if turns:
                turns.leave(request.who)
        return reading

    async def _noted(self, request: Request) -> Exchange:
        self._under_way += 1
        try:
            return await self._exchange(request)
        finally:
            self._under_way -= 1

    def _is_counted(self, request: Request) -> bool:
        """Whether the account's rate counts a request; what is sent to find its bound does not wait."""
        asks = request.operation is None or bool(request.operation.security)
        is_known = bool(self.credentials.get(request.who)) and not request.who.startswith("wrong")
        return asks and is_known and not request.url and request.probe not in RATE_PROBES

    def together(self, count: int, who: str = "first") -> AbstractAsyncContextManager[None]:
        """So many requests of an account that are to follow each other at once, whatever its rate."""
        return self._turns.together(who, count) if self._turns else nullcontext()

    def is_quiet(self) -> bool:
        """Whether no request is under way."""
        return self._under_way == 0

    def _is_spent(self, reading: Reading) -> bool:
        """Whether an answer means that what was reserved is gone: not so when refused, or when it repeats a known task."""
        if not reading.is_success:
            return False
        task_id = id_of(reading.values) if reading.behavior == "task.submit" else ""
        is_new = task_id not in self._tasks
        self._tasks |= {task_id} - {""}
        return is_new

    def _worst_case(self, request: Request) -> tuple[int, Decimal]:
        """How many tasks and credits a request may take."""
        operation = request.operation
        if operation is None or (operation.behavior != "task.submit" and "price" not in operation.arguments):
            return 0, Decimal(0)
        if request.who == "none" or not self.credentials.get(request.who):
            return 0, Decimal(0)
        asked = read_exchange(self.contract, self._unsent(request)).asked
        if operation.behavior == "task.submit":
            kind = self.contract.kind_of(operation, asked) if asked is not None else None
            price = price_of_task(kind, asked) if kind else None
            return 1, most_expensive(self.contract, operation) if price is None else price
        return 0, _guess_of_answer(operation, asked)

    def _unsent(self, request: Request) -> Exchange:
        operation = request.operation
        return Exchange(
            0, operation.id if operation else "", request.method, "", request.path, request.query,
            request.headers, request.body,
        )  # fmt: skip

    async def _exchange(self, request: Request) -> Exchange:
        headers, query = self._with_key(request)
        url = request.url or f"{self.base_url}{request.path}"
        address = f"{url}?{query}" if query else url
        serial, started = self.log.next_serial(), time.time()
        received: Headers = ()
        status, chunks, error = 0, list[tuple[float, bytes]](), ""
        try:
            async with asyncio.timeout(request.leaves_after or self._patience.whole):
                async with self._http.stream(request.method, address, headers=headers, content=request.body) as answer:
                    status, received = answer.status_code, _headers(answer)
                    error = await _receive(answer, chunks)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as problem:
            error = _error_of(problem, status)
        body = b"".join(data for _, data in chunks)
        if request.probe == COMPRESSED and not error:
            received, body = uncompressed(received, body, MOST_BYTES)
        exchange = Exchange(
            serial=serial,
            operation=request.operation.id if request.operation else "",
            method=request.method,
            url=address,
            path=request.path,
            query=query,
            request_headers=tuple(headers),
            request_body=request.body,
            started=started,
            answered=time.time(),
            status=status,
            response_headers=received,
            response_body=body,
            chunks=tuple(chunks),
            error=error,
            who=request.who,
            probe=request.probe,
            now=self.log.now(),
        )
        self.log.add(exchange)
        return exchange

    def _with_key(self, request: Request) -> tuple[list[tuple[str, str]], str]:
        """The headers and the query with the credential where the operation wants it."""
        own = () if request.url else self._headers
        headers, query = [*own, *request.headers], request.query
        key = self.credentials.get(request.who, "")
        if not key or request.url:
            return headers, query
        more_headers, more_query = bring(request.operation or self._usual, key, request.alternative, request.bearer)
        given = {name.lower() for name, _ in own}
        more_headers = tuple(header for header in more_headers if header[0] not in given)
        return [*headers, *more_headers], "&".join(filter(None, (query, more_query)))

    @property
    def _usual(self) -> Operation | None:
        """Some operation that asks for a key."""
        return next((o for o in self.contract.provider.operations if o.security), None)


def _guess_of_answer(operation: Operation, asked: Any) -> Decimal:
    """The most an answer may cost: all the tokens that its request allows, else a thousand of each kind."""
    bound = max((v for v in _numbers(asked) if v < 10**7), default=1_000)
    tokens = ("input_tokens", "output_tokens", "thinking_tokens", "answer_tokens", "total_tokens")
    return price_of_answer(operation, asked, {f"$completion.{name}": bound for name in tokens}) or Decimal(0)


def _numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for child in value.values() for number in _numbers(child)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


async def _receive(answer: httpx2.Response, chunks: list[tuple[float, bytes]]) -> str:
    """Take the pieces of a body as they come; '' or what is wrong."""
    size = 0
    async for data in answer.aiter_raw():
        chunks.append((time.time(), data))
        size += len(data)
        if size > MOST_BYTES:
            return "endless"
    return ""


def _headers(answer: httpx2.Response) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw)


def _error_of(problem: Exception, status: int) -> str:
    if isinstance(problem, httpx2.TimeoutException | TimeoutError):
        return "connect" if isinstance(problem, httpx2.ConnectTimeout) else "timeout"
    if isinstance(problem, httpx2.ConnectError | httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return "connect"
    return "cut" if status else "reset"
