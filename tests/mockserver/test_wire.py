"""The wire asks an application at once when a request has come whole, and waits in a task only for what is left."""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from weakref import ref

import pytest
import uvloop
from uvicorn.server import ServerState

from understudy.mockserver.app import Application, Message, Receive, Scope, Send
from understudy.mockserver.cycle import cycle_of, send_whole, take_arrived
from understudy.mockserver.heads import Heads
from understudy.mockserver.server import server_config
from understudy.mockserver.transport import CoalescingTransport, outbox_of
from understudy.mockserver.wire import WireProtocol

HEAD = b"POST /%b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
WHOLE = HEAD % (b"whole", 2) + b"ab"


class Shop:
    """Answers with the way by which a request came to it, and its body; `/late` leaves the sending for later."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.heads: Heads[str] = Heads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.called.set()
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        await _send(send, b"called " + body)

    def route(self, scope: Scope) -> None:
        return None

    def answer(self, request: None, scope: Scope, receive: Receive, send: Send) -> Awaitable[None] | None:
        cycle = cycle_of(send)
        assert cycle is not None
        body = take_arrived(cycle)
        assert body is not None
        if scope["path"] == "/broken":
            raise LookupError("nothing in stock")
        if scope["path"] == "/late":
            return _send(send, b"later " + body)
        said = b"at once " + body
        send_whole(cycle, 200, b"content-length: %d\r\n" % len(said), said)
        return None


async def _send(send: Send, body: bytes) -> None:
    start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    await asyncio.sleep(0)
    await send(start)
    await send({"type": "http.response.body", "body": body})


Scene = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


def _play(shop: Application, scene: Scene) -> None:
    """Run a scene on one connection to the shop."""

    async def run() -> None:
        config, state = server_config(shop), ServerState()
        config.load()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: WireProtocol(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            await scene(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()

    asyncio.run(run())


async def _read(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    return await reader.readexactly(int(length.partition(b":")[2]))


CALLED, READ = "called", "read"
WAYS: dict[str, tuple[Sequence[bytes | str], Sequence[bytes]]] = {
    "whole": ((WHOLE, READ), [b"at once ab"]),
    "late": ((HEAD % (b"late", 2) + b"ab", READ), [b"later ab"]),
    "head and body apart": ((HEAD % (b"apart", 2), CALLED, b"ab", READ), [b"called ab"]),
    "body in two pieces": ((HEAD % (b"apart", 2) + b"a", CALLED, b"b", READ), [b"called ab"]),
    "two together": ((WHOLE + WHOLE, READ, READ), [b"at once ab", b"called ab"]),
    "one after the other": ((WHOLE, READ, WHOLE, READ), [b"at once ab", b"at once ab"]),
    "one while another is late": ((HEAD % (b"late", 1) + b"a" + WHOLE, READ, READ), [b"later a", b"called ab"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_by_which_way_a_request_comes_to_the_application(way: str) -> None:
    steps, answers = WAYS[way]
    shop, heard = Shop(), list[bytes]()

    async def scene(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
            elif step == CALLED:
                await shop.called.wait()
            else:
                heard.append(await _read(reader))

    _play(shop, scene)
    assert heard == answers


class Talker(Shop):
    """Tells much at once, or, as an application, without end."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = 0
        self.left = asyncio.Event()

    def answer(self, request: None, scope: Scope, receive: Receive, send: Send) -> Awaitable[None] | None:
        if scope["path"] == "/for-ever":
            return self(scope, receive, send)
        cycle = cycle_of(send)
        assert cycle is not None
        self.answered += 1
        send_whole(cycle, 200, b"content-length: %d\r\n" % LARGE, b"a" * LARGE)
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = cycle_of(send)
        assert cycle is not None
        if scope["path"] != "/for-ever":
            self.answer(None, scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not cycle.disconnected:
            await send({"type": "http.response.body", "body": b"a" * 1_000, "more_body": True})
            await asyncio.sleep(0)
        self.left.set()


LARGE = 200_000
MANY = 300


def test_who_answers_hears_that_the_client_left_also_when_it_had_asked_for_more() -> None:
    talker = Talker()

    async def scene(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % (b"for-ever", 2) + b"ab" + WHOLE)
        await reader.readexactly(1_000)
        writer.transport.abort()
        await asyncio.wait_for(talker.left.wait(), 5)

    _play(talker, scene)
    assert talker.answered == 0, "what waited behind it is not answered"


def test_a_client_that_does_not_read_is_not_answered_into_memory() -> None:
    talker = Talker()

    async def scene(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = asyncio.ensure_future(_ask_often(writer))
        before = -1
        while before != talker.answered:
            before = talker.answered
            await asyncio.sleep(0.3)
        assert 0 < talker.answered < MANY / 2, "most wait until something is read"
        for _ in range(MANY):
            assert len(await _read(reader)) == LARGE
        await asked

    _play(talker, scene)


async def _ask_often(writer: asyncio.StreamWriter) -> None:
    for _ in range(MANY):
        writer.write(WHOLE)
        await writer.drain()
        await asyncio.sleep(0.002)  # each comes on its own


def test_an_answer_that_breaks_is_told_and_the_connection_closed(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % (b"broken", 2) + b"ab")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 500 ")

    _play(Shop(), scene)
    assert "nothing in stock" in caplog.text


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_was_not_sent_when_a_client_left_is_dropped_without_a_word(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """An event may be written in the turn in which the connection is lost, and an answer after it."""
    wrong: list[Any] = []

    async def leave() -> None:
        running = asyncio.get_running_loop()
        running.set_exception_handler(lambda _, context: wrong.append(context))
        here, there = socket.socketpair()
        real, _ = await running.create_connection(asyncio.Protocol, sock=here)
        transport = CoalescingTransport(real, outbox_of(running))
        real.abort()
        transport.write(b"an event")
        await asyncio.sleep(0.01)
        transport.write_whole(b"an answer")
        there.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(leave())
    assert wrong == []


class _Recorded(asyncio.Transport):
    """A transport that writes down what it is given, with its name."""

    def __init__(self, name: str, sent: list[str]) -> None:
        super().__init__()
        self._name, self._sent = name, sent

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._sent.append(f"{self._name}: {bytes(data).decode()}")


def test_whole_answers_leave_after_the_work_of_the_turn_but_at_once_where_there_is_one_connection() -> None:
    async def scene() -> None:
        sent: list[str] = []
        outbox = outbox_of(asyncio.get_running_loop())
        one, other = (CoalescingTransport(_Recorded(name, sent), outbox) for name in ("one", "other"))
        outbox.connections = 1
        one.write_whole(b"a")
        assert sent == ["one: a"]
        outbox.connections = 2
        other.write_whole(b"b")
        one.write_whole(b"c")
        other.write(b"d")
        assert sent == ["one: a"], "the others' requests are answered first"
        await asyncio.sleep(0)
        assert sent == ["one: a", "other: bd", "one: c"]
        outbox.connections = 1
        one.write(b"e")
        one.write_whole(b"f")
        assert len(sent) == 3, "nothing overtakes what was written before"
        await asyncio.sleep(0)
        assert sent[3:] == ["one: ef"]

    asyncio.run(scene())


def test_connections_are_counted_as_they_come_and_go() -> None:
    counts: list[int] = []

    async def scene(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outbox = outbox_of(asyncio.get_running_loop())
        writer.write(WHOLE)
        await _read(reader)
        counts.append(outbox.connections)
        heard, other = await asyncio.open_connection(*writer.get_extra_info("peername"))
        other.write(WHOLE)
        await _read(heard)
        counts.append(outbox.connections)
        other.close()
        await other.wait_closed()
        writer.write(WHOLE)  # what came before is heard before
        await _read(reader)
        counts.append(outbox.connections)

    _play(Shop(), scene)
    assert counts == [1, 2, 1]


@pytest.mark.parametrize("make", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_is_not_kept_by_what_its_connections_share(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    loop = make()
    outbox = ref(outbox_of(loop))
    loop.close()
    del loop
    gc.collect()
    assert outbox() is None
