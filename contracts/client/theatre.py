"""Where scripts are played: three doors (the API, the media, a foreign host), and the trials that go on behind them."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl, unquote, urlencode

from understudy.contracts.client.answering import EMPTY, Action, Plain, answer, perform
from understudy.contracts.client.courier import PAUSE, Courier, Owed, find_owed
from understudy.contracts.client.door import Door, Request
from understudy.contracts.client.script import HEALTHY, Step, certificates
from understudy.contracts.client.trial import RESULT, Case, Made, Seen, Trial
from understudy.contracts.client.word import Word
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.specs.model import Operation

# A client that asks more often than this is stopped, whatever it wants.
MOST_REQUESTS = 2_000
_PREFIX = "_w"
_OVER = (Action(end="reset"),)
_NOWHERE = Plain(404, (("content-type", "application/json"),), b'{"detail":"nothing is here"}')


# What a request does to the task that it asks for: the next state, none, or the last.
PACES = ("step", "stand", "finish")


class House(Protocol):
    """The provider behind the doors, in a world of its own for one trial."""

    base_url: str
    key: str

    async def respond(self, request: Request, path: str, prefer: str, pace: str) -> Plain:
        """The healthy answer to a request; `prefer` steers it; `pace` is that of tasks: see PACES."""
        ...

    async def stock(self, operation: Operation, count: int) -> None:
        """Have so many more tasks, all of them ended, or as many as the account can pay for."""
        ...

    def made(self) -> Sequence[tuple[str, Any]]:
        """Id and price of every task that was created so far, in order."""
        ...

    def cancel(self, task_id: str) -> None:
        """End a task as the provider would cancel it."""
        ...


class Company(Protocol):
    """Whoever can open houses."""

    def arrive(self, api_url: str, media_url: str) -> None:
        """Know the addresses of the doors."""
        ...

    def open(self, name: str, seed: int, api_url: str, media_url: str) -> House:
        """A house for the trial of that name behind these doors: its addresses lie below `/_w/<name>`."""
        ...

    async def close(self, name: str) -> None:
        """Let a house go."""
        ...


# Makes a server's context that shows such a certificate: see `script.CERTIFICATES`.
Secure = Callable[[str], ssl.SSLContext]
# What a trial is looked at with after each exchange: says why it must end, or ''.
Watch = Callable[[Sequence[Seen]], str]
# Runs a client against an address with a key; the future says why it must stop.
Client = Callable[[str, str, "asyncio.Future[str]"], Awaitable[Word]]


@dataclass(slots=True)
class Stage:
    """One trial under way."""

    case: Case
    house: House
    stopped: "asyncio.Future[str]"
    watch: Watch | None
    seen: list[Seen]
    counts: Counter[tuple[str, str]]
    resources: dict[str, list[str]]
    courier: Courier
    urls: dict[str, str]
    tasks: int = 0
    owed: list[Owed] = field(default_factory=list)
    errands: set["asyncio.Task[None]"] = field(default_factory=set)
    asked: float = 0.0
    held: list[int] = field(default_factory=list)


class Theatre:
    """Doors that are open, and what is played behind them. Use as an asynchronous context manager."""

    def __init__(self, contract: Contract, company: Company, secure: Secure | None = None) -> None:
        self.contract, self._company, self._secure = contract, company, secure
        self.api = Door("client", self._handle)
        self.media = Door("media", self._handle)
        # Another name for the same machine: to a client it is another host.
        self.elsewhere = Door("elsewhere", self._handle, host="127.0.0.2")
        self._doors = {(door.name, ""): door for door in (self.api, self.media, self.elsewhere)}
        self._stages: dict[str, Stage] = {}
        self._opened = 0
        self.most_requests = MOST_REQUESTS
        self.strayed = 0

    async def __aenter__(self) -> Self:
        for door in self._doors.values():
            await door.open()
        self._company.arrive(self.api.url, self.media.url)
        return self

    async def __aexit__(self, *raised: object) -> None:
        for door in self._doors.values():
            await door.close()

    @property
    def has_tls(self) -> bool:
        """Whether a script may be played over https."""
        return self._secure is not None

    async def run(self, case: Case, client: Client, watch: Watch | None = None) -> Trial:
        """Play a case to a client, and give what was seen and said."""
        self._opened += 1
        name = f"t{self._opened}"
        urls = await self._urls(case.script.tls)
        house = self._company.open(name, case.script.seed, urls["client"], urls["media"])
        stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        courier = self._courier(house, name, case.script.callbacks)
        stage = Stage(case, house, stopped, watch, [], Counter(), {}, courier, urls)
        self._stages[name] = stage
        stock = await self._stock(stage, case.script.stock)
        try:
            word = await client(house.base_url, house.key, stopped)
            ended = time.time()
        finally:
            # What still comes belongs to nobody: it is cut off.
            del self._stages[name]
            for errand in stage.errands:
                errand.cancel()
            await asyncio.gather(*stage.errands, return_exceptions=True)
            await self._company.close(name)
            if not stopped.done():
                stopped.cancel()
        callbacks = tuple(sent for owed in stage.owed for sent in owed.sent)
        return Trial(
            case, self.contract, house.key, tuple(stage.seen), word, callbacks, ended, tuple(stage.held), stock
        )

    async def _urls(self, tls: str) -> dict[str, str]:
        """The addresses of the doors, by name; those for a certificate are opened when they are first needed."""
        shown = certificates(tls) if tls else ("", "")
        for name, certificate in zip(("client", "media"), shown, strict=True):
            if (name, certificate) not in self._doors:
                assert self._secure, "a theatre without certificates plays nothing over https"
                door = self._doors[name, certificate] = Door(name, self._handle, self._secure(certificate))
                await door.open()
        return {
            "client": self._doors["client", shown[0]].url,
            "media": self._doors["media", shown[1]].url,
            "elsewhere": self.elsewhere.url,
        }

    async def _stock(self, stage: Stage, count: int) -> tuple[str, ...]:
        """Have so many tasks before the client comes; gives their ids."""
        creates = self.contract.serving("task.submit")
        if not count or not creates:
            return ()
        await stage.house.stock(creates[0], count)
        ids = tuple(task_id for task_id, _ in stage.house.made())
        stage.tasks = len(ids)
        return ids

    def _courier(self, house: House, name: str, kinds: tuple[str, ...]) -> Courier:
        async def ask(request: Request, path: str, pace: str) -> Plain:
            return await house.respond(request, f"/{_PREFIX}/{name}{path}", "", pace)

        return Courier(self.contract, house.key, ask, f"{self.elsewhere.url}/{_PREFIX}/{name}", kinds)

    async def _handle(self, request: Request) -> Sequence[Action]:
        name, path, rest = _trial_of(request)
        stage = self._stages.get(name)
        if stage is None or stage.stopped.done():
            self.strayed += 1
            return _OVER
        if len(stage.seen) >= self.most_requests:
            stop(stage, "flood")
            return _OVER
        return await self._play(stage, request, path, rest)

    async def _play(self, stage: Stage, request: Request, path: str, rest: str) -> Sequence[Action]:
        """Answer a request as the script wants it, and note it; `rest` is the path within the trial."""
        inner = _below(rest, self.contract.provider.slug)
        operation = None
        if request.door != "elsewhere":
            operation = self.contract.find(request.method, inner.partition("?")[0], request.door == "media")
        named = operation.id if operation else RESULT if request.door == "media" else ""
        resource, count = self._count(stage, named, inner.partition("?")[0])
        step = stage.case.script.step(named, resource, count) if request.door != "elsewhere" else HEALTHY
        if step.most and operation:
            path = _smaller(path, operation, step.most)
        if step.grow:
            await self._stock(stage, step.grow)
        plain, made = await self._ask(stage, request, path, step)
        # Without the query: a key in it would be sent to another host by our own word.
        elsewhere = f"{self.elsewhere.url}{path.partition('?')[0]}"
        sent = answer(plain, step, operation, elsewhere)
        actions = perform(
            sent, step, request.wants_close, request.method == "HEAD", partial(stage.held.append, len(stage.seen) + 1)
        )
        address = stage.urls[request.door] + path
        exchange = _exchange(len(stage.seen) + 1, request, address, named, inner, sent, step, actions)
        seen = Seen(self.contract, exchange, step, resource, made)
        stage.seen.append(seen)
        stage.asked = asyncio.get_running_loop().time()
        if made and operation and operation.deliveries:
            await self._promise(stage, seen, operation)
        if stage.watch and not stage.stopped.done() and stage.watch(stage.seen):
            stop(stage, "tripped")
            return _OVER
        return actions

    async def _promise(self, stage: Stage, seen: Seen, operation: Operation) -> None:
        """Bring the callback that a create asks for: some of it before the answer, the rest while the client waits."""
        owed = find_owed(operation, seen.body, seen.made[0].id)
        if owed is None:
            return
        stage.owed.append(owed)
        loop = asyncio.get_running_loop()
        await stage.courier.bring_early(owed)
        errand = loop.create_task(stage.courier.bring(owed, lambda: loop.time() - stage.asked > PAUSE))
        stage.errands.add(errand)

    def _count(self, stage: Stage, operation: str, path: str) -> tuple[int, int]:
        """Which of its operation's resources this is, counted from 1, and how often it was asked for before."""
        known = stage.resources.setdefault(operation, [])
        if path not in known:
            known.append(path)
        count = stage.counts[operation, path]
        stage.counts[operation, path] += 1
        return known.index(path) + 1, count

    async def _ask(self, stage: Stage, request: Request, path: str, step: Step) -> tuple[Plain, tuple[Made, ...]]:
        """What the provider answers, and which tasks it took on meanwhile."""
        if request.door == "elsewhere":
            return _NOWHERE, ()
        if step.undone:
            return EMPTY, ()
        house = stage.house
        pace = "stand" if step.stand else "finish" if step.finish else "step"
        prefer = f"condition={step.refuse}" if step.refuse else ""
        if step.refuse and step.done:
            await house.respond(request, path, "", pace)
        elif step.outcome and step.outcome != "cancelled":
            prefer = f"outcome={step.outcome}"
        plain = await house.respond(request, path, prefer, pace)
        tasks = house.made()[stage.tasks :]
        stage.tasks += len(tasks)
        if step.outcome == "cancelled":
            for task_id, _ in tasks:
                house.cancel(task_id)
        return plain, tuple(Made(task_id, price, len(stage.seen) + 1) for task_id, price in tasks)


def stop(stage: Stage, why: str) -> None:
    """End a trial: its client is told to go, and hears nothing more."""
    with suppress(asyncio.InvalidStateError):
        stage.stopped.set_result(why)


def _trial_of(request: Request) -> tuple[str, str, str]:
    """The trial that a request belongs to, the whole path, and the path within the trial."""
    text = request.target.decode("latin-1")
    if "://" in text.partition("?")[0]:
        text = "/" + text.split("/", 3)[3] if text.count("/") > 2 else "/"
    parts = text.split("/", 3)
    if len(parts) == 4 and parts[1] == _PREFIX:
        return parts[2], text, f"/{parts[3]}"
    return "", text, text


def _below(path: str, slug: str) -> str:
    """The path below the provider's base address."""
    return path[len(slug) + 1 :] if path.startswith(f"/{slug}/") else path


def _smaller(path: str, operation: Operation, most: int) -> str:
    """A request for a part of a list with a smaller size of page in it."""
    name = str(operation.arguments.get("size", "")).removeprefix("$request.query.")
    bare, _, query = path.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if not name or (asked.get(name, "").isdecimal() and int(asked[name]) <= most):
        return path
    return f"{bare}?{urlencode({**asked, name: most})}"


def _exchange(
    serial: int,
    request: Request,
    address: str,
    operation: str,
    path: str,
    sent: Plain,
    step: Step,
    actions: Sequence[Action],
) -> Exchange:
    bare, _, query = path.partition("?")
    lasting = sum(action.wait for action in actions)
    error = "timeout" if step.silent else "reset" if step.lost else "cut" if step.cut else ""
    answered = not (step.silent or step.lost)
    body = sent.body[: _kept(step.cut, len(sent.body))] if answered else b""
    return Exchange(
        serial,
        operation,
        request.method,
        address,
        unquote(bare),
        query,
        request.headers,
        request.body,
        request.arrived,
        request.arrived + lasting,
        sent.status if answered else 0,
        sent.headers if answered else (),
        body,
        error=error,
        where=request.door,
    )


def _kept(cut: float, size: int) -> int:
    if not cut:
        return size
    return int(cut * size) if cut < 1 else min(int(cut), size)
