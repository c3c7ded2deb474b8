"""The feed of events: everything once and in order, taken up again where a listener left off, counted where it is gone."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.door import stage_of
from tests.shops import SHOPS
from tests.sockets import Connection, ask, connected, request
from understudy.mockserver.control.events import MOST_LISTENERS, Feed
from understudy.mockserver.journal import Journal
from understudy.mockserver.running import RunningServer
from understudy.mockserver.world import Settings, World

SHOP = SHOPS["juhuo"]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer([stage_of("juhuo")], Settings(clock="virtual", speed=1.0)) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    name: str
    said: Any


@contextmanager
def listening(world: World, last: str = "") -> Iterator[Callable[[int], list[Event]]]:
    """A listener; the function waits for so many events."""
    url = f"{world.base_url}/_understudy/events"
    with connected(url) as connection:
        headers = [("Last-Event-ID", last)] if last else []
        connection.send(request("GET", urlsplit(url).path, headers))
        lines = iter_lines(connection)
        assert "200" in next(lines)

        def wait(count: int) -> list[Event]:
            events: list[Event] = []
            while len(events) < count:
                line = next(lines)
                if line.startswith("id: "):
                    name, data = next(lines), next(lines)
                    said = json.loads(data.removeprefix("data: "))
                    events.append(Event(line.removeprefix("id: "), name.removeprefix("event: "), said))
            return events

        assert any(line == ": listening" for line in lines)
        yield wait


def iter_lines(connection: Connection) -> Iterator[str]:
    """Lines of what comes; those that tell how long a chunk is look like no event."""
    text = b""
    while True:
        byte = connection.read_raw(1)
        if not byte:
            return
        text += byte
        if byte == b"\n":
            line, text = text.decode().strip(), b""
            if line == "0":  # the last chunk
                return
            yield line


def look(world: World, path: str = "/open-api/v1/account/balance") -> None:
    key = world.sites["juhuo"].stage.provider.accounts[0].key
    base = world.sites["juhuo"].base_url
    ask(base, "GET", urlsplit(base).path + path, SHOP.headers(key).items())


def buy(world: World) -> None:
    site = world.sites["juhuo"]
    order = SHOP.orders[0].ask
    headers = [*SHOP.headers(site.stage.provider.accounts[0].key).items(), ("Content-Type", "application/json")]
    path = urlsplit(site.base_url).path + order.path
    assert ask(site.base_url, order.method, path, headers, json.dumps(order.body).encode()).status == 200


def test_what_happens_is_told_once_and_can_be_taken_up_again(server: RunningServer) -> None:
    world = server.run(server.service.worlds.open)
    with listening(world) as wait:
        buy(world)
        look(world, "/nowhere/sk-" + "a1B2" * 8)
        first = wait(2)
        assert [(event.name, event.said["serial"]) for event in first] == [("exchange", 1), ("exchange", 2)]
        assert first[1].said["breach"]["rule"] == "path" and "a1B2" not in str(first)
        due = server.call(world.elapse(100_000))
        told = wait(len(due))
        assert {event.name for event in told} == {"due"}
        assert [event.said["at"] for event in told] == [each.at for each in due]
        assert [event.said["what"] for event in told] == [each.what for each in due]
    look(world)
    for last, news in ((first[0].id, 1 + len(due) + 1), (told[0].id, len(due)), (told[-1].id, 1)):
        with listening(world, last) as wait:
            again = wait(news)
            assert len({event.id for event in again}) == news
            assert again[-1 if last == told[-1].id else 0].id > last
    server.call(server.service.worlds.close(world.name))


def test_a_reset_is_told(server: RunningServer) -> None:
    world = server.run(server.service.worlds.open)
    with listening(world) as wait:
        look(world)
        wait(1)
        server.call(world.reset())
        look(world)
        reset, exchange = wait(2)
        assert (reset.name, exchange.name, exchange.said["serial"]) == ("reset", "exchange", 1)
    server.call(server.service.worlds.close(world.name))


def test_a_feed_ends_with_its_world(server: RunningServer) -> None:
    world = server.run(server.service.worlds.open)
    with listening(world) as wait:
        closed = threading.Thread(target=lambda: server.call(server.service.worlds.close(world.name)))
        closed.start()
        with pytest.raises(StopIteration):
            wait(1)
        closed.join()
        assert world.listeners == 0


def test_what_is_no_longer_kept_is_counted(server: RunningServer) -> None:
    world = server.run(server.service.worlds.open)
    world.journal = Journal(most_records=2)
    for _ in range(5):
        look(world)
    events = server.run(Feed(world, "0-1-0").news)
    names = [event.split(b"\n")[1] for event in events]
    assert names == [b"event: dropped", b"event: exchange", b"event: exchange"]
    assert b'{"exchanges":2,"due":0}' in events[0]
    server.call(server.service.worlds.close(world.name))


def test_only_so_many_listen(server: RunningServer) -> None:
    world = server.run(server.service.worlds.open)
    world.listeners = MOST_LISTENERS
    answer = ask(world.base_url, "GET", urlsplit(world.base_url).path + "/_understudy/events")
    assert answer.status == 429 and "as many as may" in answer.json()["detail"]
    server.call(server.service.worlds.close(world.name))
