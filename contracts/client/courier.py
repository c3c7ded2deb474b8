"""Callbacks to a client under trial: true ones, and forged, doubled, stale and early ones; to loopback addresses alone."""

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from understudy.contracts.client.answering import Plain
from understudy.contracts.client.door import Request
from understudy.contracts.contract import Contract
from understudy.contracts.credentials import bring
from understudy.contracts.exchange import Exchange
from understudy.contracts.reading import read_exchange
from understudy.specs.expressions import Expression, follower
from understudy.specs.model import Delivery, Operation

# Seconds for which a client may be silent before its task goes on by itself, and between two callbacks.
PAUSE = 0.25
TIMEOUT = 5.0
WRONG = "understudy-forged-secret"


@dataclass(frozen=True, slots=True)
class Sent:
    """One callback: `kind` is true, forged, unsigned or stale; `status` of the receiver's answer, 0 for none."""

    kind: str
    url: str
    body: bytes
    status: int


@dataclass(slots=True)
class Owed:
    """A callback that a create asks for: by which operation, where to, for which task."""

    operation: Operation
    delivery: Delivery
    url: str
    task_id: str
    input: Any
    sent: list[Sent] = field(default_factory=list)


# Asks the provider for the task, at a pace, and gives the answer.
Ask = Callable[[Request, str, str], Any]


def find_owed(operation: Operation | None, body: Any, task_id: str) -> Owed | None:
    """The callback that a create asks for, where its address is on this machine; None for none."""
    for delivery in operation.deliveries if operation else ():
        url = follower(delivery.url.path)(body)
        if operation and isinstance(url, str) and is_loopback(url):
            return Owed(operation, delivery, url, task_id, body)
    return None


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Courier:
    """Brings what is owed, as a script wants it."""

    def __init__(self, contract: Contract, key: str, ask: Ask, elsewhere: str, kinds: tuple[str, ...]) -> None:
        self._contract, self._key, self._ask = contract, key, ask
        self._elsewhere, self._kinds = elsewhere, kinds

    async def bring_early(self, owed: Owed) -> None:
        """What comes before the create is answered."""
        if "early" in self._kinds:
            await self._bring_true(owed)

    async def bring(self, owed: Owed, is_quiet: Callable[[], bool]) -> None:
        """What comes later: forged ones at once, the true one when the client has not asked for a while."""
        await asyncio.sleep(PAUSE)
        values = await self._values(owed, "stand")
        if "forged" in self._kinds:
            await self._post(owed, "forged", self._forged(owed, values), WRONG)
        if "unsigned" in self._kinds:
            await self._post(owed, "unsigned", self._forged(owed, values), None)
        while True:
            await asyncio.sleep(PAUSE)
            if is_quiet():
                break
        if "lost" in self._kinds or "early" in self._kinds:
            await self._values(owed, "finish")
            return
        await self._bring_true(owed)
        if "doubled" in self._kinds:
            await self._bring_true(owed)
        if "stale" in self._kinds:
            await self._post(owed, "stale", values, self._key)

    async def _bring_true(self, owed: Owed) -> None:
        await self._post(owed, "true", await self._values(owed, "finish"), self._key)

    async def _values(self, owed: Owed, pace: str) -> Mapping[str, Any]:
        """The task in shared names, as the provider shows it."""
        poll = next(o for o in self._contract.serving("task.get") if "id" in o.arguments)
        name = poll.arguments["id"].rpartition(".")[2]
        path = f"/{self._contract.provider.slug}{poll.path.replace(f'{{{name}}}', owed.task_id)}"
        headers, query = bring(poll, self._key)
        path = f"{path}?{query}" if query else path
        request = Request("client", "GET", path.encode(), headers, b"", 0.0, wants_close=True)
        plain: Plain = await self._ask(request, path, pace)
        exchange = Exchange(
            0, poll.id, "GET", path, path, status=plain.status, response_headers=plain.headers, response_body=plain.body
        )
        return read_exchange(self._contract, exchange).values

    def _forged(self, owed: Owed, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a liar says: that the task has succeeded, and where its result is."""
        kinds = self._contract.provider.kinds.values()
        done = next(state.wire for kind in kinds for state in kind.states if state.phase == "succeeded")
        names = {name for kind in kinds for name in kind.results}
        link = f"{self._elsewhere}/forged.mp4"
        links = {f"$task.link.{name}": link for name in names} | {f"$task.links.{name}": [link] for name in names}
        return {**values, "$task.state": done, "$task.cost": 1, **links}

    async def _post(self, owed: Owed, kind: str, values: Mapping[str, Any], secret: str | None) -> None:
        number = int(owed.task_id) if owed.task_id.isdecimal() else None
        scope = {**values, "$task.id": owed.task_id, "$task.number": number, "$account.key": secret}
        resolver = _Names(owed.input)
        state = values.get("$task.state")
        phases = {s.phase for k in self._contract.provider.kinds.values() for s in k.states if s.wire == state}
        asked = self._contract.kind_of(owed.operation, owed.input)
        kinds = {asked.name} if asked else set[str]()
        fitting = (
            c for c in owed.delivery.cases if (not c.phases or c.phases & phases) and (not c.kinds or c.kinds & kinds)
        )
        case = next(fitting, owed.delivery.cases[0])
        body = orjson.dumps(case.body.compile(resolver)(scope), default=_number)
        rendered = {name: node.compile(resolver)(scope) for name, node in owed.delivery.headers}
        headers = {name: str(value) for name, value in rendered.items() if value is not None}
        owed.sent.append(Sent(kind, owed.url, body, await _deliver(owed.url, body, headers)))


def _number(value: Any) -> orjson.Fragment:
    """A Decimal as the number that it is."""
    return orjson.Fragment(format(value, "f"))


async def _deliver(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
            answer = await client.post(url, content=body, headers={"content-type": "application/json", **headers})
            return answer.status_code
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return 0


class _Names:
    """Finds the values of expressions in a mapping by their texts, and those of the input in the create's body."""

    def __init__(self, given: Any) -> None:
        self._given = given

    def getter(self, expression: Expression) -> Callable[[Any], Any]:
        """The function for one expression."""
        if expression.name == "task.input":
            value = follower(expression.path)(self._given)
            return lambda scope: value
        text = expression.text
        return lambda scope: scope.get(text)

    def bind(self, scope: Any, expression: Expression, item: Any) -> Any:
        """The scope for one item of a list."""
        return {**scope, f"${expression.item}": item}
