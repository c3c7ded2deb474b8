"""A server on a thread of its own: it starts, answers, is reached from other threads and loops, and leaves nothing."""

import asyncio
import contextlib
import gc
import http.client
import json
import logging
import select
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.door import stage_of
from tests.sockets import ask, connected, request
from understudy.mockserver.running import NotRunning, RunningServer
from understudy.mockserver.server import Binding, PortTaken, Service, loop_factory
from understudy.mockserver.streams import Pace
from understudy.mockserver.world import Settings

VIRTUAL = Settings(clock="virtual")


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with RunningServer([stage_of("lumen")], VIRTUAL) as running:
        yield running


def _port(server: RunningServer) -> int:
    port = urlsplit(server.addresses.base_url).port
    assert port
    return port


def _refused(port: int) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
    except ConnectionRefusedError:
        return True
    return False


def test_both_origins_answer_on_ports_of_their_own(server: RunningServer) -> None:
    health = ask(server.addresses.control_url, "GET", "/_understudy/health")
    assert health.json()["providers"] == ["lumen"]
    assert ask(server.addresses.media_url, "GET", "/lumen/nothing").status == 410
    assert server.addresses.base_url != server.addresses.media_url


def test_many_who_come_at_once_are_taken_up_in_a_few_turns_of_the_loop() -> None:
    """One for each turn would let newcomers wait for seconds where many streams make a turn long."""
    service = Service([stage_of("lumen")], VIRTUAL, Binding(port=0, media_port=0))
    port = urlsplit(service.addresses.base_url).port
    with contextlib.ExitStack() as held:
        # A service that leaves speaks no more, for its process ends.
        held.callback(setattr, logging.getLogger("uvicorn.error"), "disabled", False)
        clients = [held.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(100)]
        for client in clients:
            client.sendall(b"GET /lumen/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            turns = runner.run(_turns_until_all_are_answered(service, clients))
    assert turns < len(clients) / 2


async def _turns_until_all_are_answered(service: Service, clients: list[socket.socket]) -> int:
    ready = asyncio.Event()
    running = asyncio.ensure_future(service.run(ready.set))
    await ready.wait()
    turns = 0
    while len(select.select(clients, (), (), 0)[0]) < len(clients):
        await asyncio.sleep(0)
        turns += 1
        assert turns < 10_000, "they are never all answered"
    service.stop()
    await running
    return turns


def test_two_servers_stand_beside_each_other(server: RunningServer) -> None:
    with RunningServer([stage_of("parley")], VIRTUAL) as other:
        for each, slug in ((server, "lumen"), (other, "parley")):
            assert ask(each.addresses.control_url, "GET", "/_understudy/health").json()["providers"] == [slug]


def test_it_stops_with_connections_open_and_leaves_neither_thread_nor_socket() -> None:
    before = threading.active_count()
    with RunningServer([stage_of("lumen")], VIRTUAL) as server:
        port = _port(server)
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        kept.request("GET", "/_understudy/health")
        assert kept.getresponse().read()
    assert threading.active_count() == before
    assert _refused(port)
    kept.close()
    server.stop()
    gc.collect()


def test_it_stops_in_the_middle_of_a_stream() -> None:
    settings = Settings(clock="real", pace=Pace(0.0, 0.001))
    body = {"model": "quip", "stream": True, "messages": [{"role": "user", "content": "tell me a story"}]}
    with RunningServer([stage_of("parley")], settings) as server:
        key = stage_of("parley").provider.accounts[0].key
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with connected(server.addresses.base_url) as connection:
            raw = json.dumps(body).encode()
            connection.send(request("POST", "/parley/say", tuple(headers.items()), raw))
            assert connection.read_raw(12) == b"HTTP/1.1 200"
            server.stop()
    assert not logging.getLogger("uvicorn.error").disabled
    gc.collect()


def test_any_thread_may_call(server: RunningServer) -> None:
    threads: set[str] = set()
    seconds: list[float] = []

    async def advance() -> float:
        threads.add(threading.current_thread().name)
        return await server.service.worlds.default.advance(1)

    def ask_it() -> None:
        seconds.append(server.call(advance()))

    callers = [threading.Thread(target=ask_it) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert threads == {"understudy"}
    assert len(set(seconds)) == 8
    assert server.run(server.service.worlds.default.clock.now) == max(seconds)


def test_a_coroutine_that_waits_for_the_server_lets_its_loop_go_on(server: RunningServer) -> None:
    async def ask_each_other() -> str:
        here = asyncio.get_running_loop()
        asked: asyncio.Future[str] = here.create_future()

        async def wait_for_us() -> str:
            here.call_soon_threadsafe(asked.set_result, "heard")
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer(), here))

        async def answer() -> str:
            return await asked

        return await asyncio.wait_for(server.acall(wait_for_us()), 20)

    assert asyncio.run(ask_each_other()) == "heard"


def test_what_a_call_raises_comes_to_its_caller(server: RunningServer) -> None:
    def fail() -> None:
        raise LookupError("nothing of that name")

    with pytest.raises(LookupError, match="nothing of that name"):
        server.run(fail)


async def _nothing() -> None:
    """Must be closed by whoever does not run it: else it warns."""


def test_a_server_that_does_not_run_says_so() -> None:
    server = RunningServer([stage_of("lumen")], VIRTUAL)
    with pytest.raises(NotRunning, match="not running"):
        server.call(_nothing())
    port = _port(server)
    server.stop()
    assert _refused(port)
    with RunningServer([stage_of("lumen")], VIRTUAL) as server, pytest.raises(NotRunning, match="wait for itself"):
        server.run(lambda: server.call(_nothing()))
    with pytest.raises(NotRunning, match="not running"):
        server.call(_nothing())
    gc.collect()


def test_a_call_that_waits_when_the_server_stops_is_told() -> None:
    server = RunningServer([stage_of("lumen")], VIRTUAL).start()
    waiting = threading.Event()
    told: list[BaseException] = []

    async def wait_for_ever() -> None:
        waiting.set()
        await asyncio.Event().wait()

    def ask_it() -> None:
        try:
            server.call(wait_for_ever())
        except NotRunning as error:
            told.append(error)

    caller = threading.Thread(target=ask_it)
    caller.start()
    assert waiting.wait(20)
    server.stop()
    caller.join(20)
    assert "stopped meanwhile" in str(told[0])


def test_a_taken_port_is_told_before_anything_starts(server: RunningServer) -> None:
    with pytest.raises(PortTaken, match=str(_port(server))):
        RunningServer([stage_of("lumen")], VIRTUAL, Binding(port=0, media_port=_port(server)))
    gc.collect()
