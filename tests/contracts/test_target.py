"""The client of a run: connections that servers close, and who waits for whom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from tests.door import SPECS
from understudy.contracts.budget import Budget
from understudy.contracts.contract import Contract
from understudy.contracts.requests import Request, ask
from understudy.contracts.target import Target
from understudy.contracts.timing import Pace, Turns, Waiting
from understudy.specs.loader import load

# Seconds after which a server closes a connection that nobody uses: the shortest of widespread servers.
IDLE = 2.0
REFUSAL = b'{"error":{"code":"invalid_request","message":"no"}}'


@dataclass
class Server:
    """Answers every request with one refusal; closes a connection that was idle too long as soon as it is used again."""

    connections: int = 0
    url: str = ""
    asked: list[bytes] = field(default_factory=list)

    open: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(asyncio.create_task(self._answer(reader, writer)))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        now = asyncio.get_running_loop().time
        idle_from = now()
        while head := await _head_of(reader):
            # The close and the request meet on the way: to its client this is a request without an answer.
            if now() - idle_from > IDLE:
                break
            self.asked.append(head)
            length = f"Content-Length: {len(REFUSAL)}\r\n\r\n".encode()
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n" + length + REFUSAL)
            await writer.drain()
            idle_from = now()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _head_of(reader: asyncio.StreamReader) -> bytes:
    """The head of the next request, its body read over; b'' at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    lengths = [line.partition(b":")[2] for line in head.splitlines() if line.lower().startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0]) if lengths else 0)
    return head


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    served = Server()
    listener = await asyncio.start_server(served.take, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        listener.close()
        await asyncio.gather(*served.open)


def make_target(server: Server, **more: Any) -> Target:
    contract = Contract(load(SPECS["seedance2ai"]))
    return Target(contract, server.url, {"first": "sk_live_your_api_key"}, **more)


def test_a_connection_is_given_up_before_a_server_closes_it() -> None:
    async def run() -> None:
        async with serving() as server, make_target(server) as target:
            request = Request(None, "GET", "/")
            told = [await target.send(request), await target.send(request)]
            assert server.connections == 1, "what follows at once goes over the same one"
            await asyncio.sleep(IDLE + 0.1)
            told.append(await target.send(request))
            assert [reading.exchange.error for reading in told] == ["", "", ""]
            assert server.connections == 2

    asyncio.run(run())


def test_who_waits_for_its_turn_holds_nothing_of_the_budget() -> None:
    """One has taken all turns of the window and needs the only task; another waits for a turn, and must not have it."""

    async def run() -> None:
        waiting = Waiting(Pace())
        async with serving() as server:
            turns = Turns(2, 0.2, waiting)
            async with make_target(server, budget=Budget(1), turns=turns) as target:
                submit = target.contract.serving("task.submit")[0]
                create = ask(submit, next(iter(submit.body.examples.values())) if submit.body else None)
                # What was taken together is for those who start within; the other stands outside.
                outside = copy_context()
                async with target.together(2):
                    other = asyncio.create_task(target.send(create), context=outside)
                    await asyncio.sleep(0.05)
                    assert (await target.send(create)).is_refusal
                assert (await other).is_refusal
            assert len(server.asked) == 2

    asyncio.run(asyncio.wait_for(run(), 10))
