"""64 tests in parallel on one server never see each other: by threads, and by coroutines of one loop."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.sockets import ask
from tests.understudy.test_provider import poll, send, submit
from understudy import AsyncProvider, House, Provider
from understudy.playing.casting import cast
from understudy.playing.house import Seat

AT_ONCE = 64


@pytest.fixture
def house() -> Iterator[House]:
    with House() as open_house:
        yield open_house


def live(provider: Provider, number: int, gate: threading.Barrier) -> tuple[str, int]:
    """What one test does: `number` modulo 4 tasks, a clock and money of its own, and nothing of anyone else's."""
    began, before = provider.now, provider.account.remaining
    gate.wait(60)
    tasks = [submit(provider) for _ in range(number % 4)]
    gate.wait(60)
    provider.advance(minutes=number + 3)
    assert provider.now == began + 60 * (number + 3)
    assert provider.journal.count("video.submit") == len(tasks)
    listed = send(provider, "GET", "/open-api/v1/video/tasks").json()["result"]
    assert {task["taskId"] for task in listed["data"]} == set(tasks)
    done = [poll(provider, task) for task in tasks]
    for result in done:
        link = urlsplit(result["outputUrl"])
        assert link.path.startswith(urlsplit(provider.media_url).path + "/")
        answer = ask(result["outputUrl"], "GET", f"{link.path}?{link.query}", (("Range", "bytes=0-9"),))
        assert (answer.status, len(answer.body)) == (206, 10)
    costs = sum(provider.task(task).cost for task in tasks)
    assert provider.account.used == costs
    assert provider.account.remaining == before - costs
    assert provider.journal.count("result.get") == len(tasks)
    return provider.base_url, provider.journal.count()


def test_64_threads_on_one_server(house: House) -> None:
    gate = threading.Barrier(AT_ONCE)

    def one(number: int) -> tuple[str, int]:
        seat = house.open(cast("juhuo", seed=number % 2))
        try:
            return live(Provider(seat), number, gate)
        finally:
            house.close(seat)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        seen = list(threads.map(one, range(AT_ONCE)))
    assert len({base for base, _ in seen}) == AT_ONCE
    assert len({urlsplit(base).port for base, _ in seen}) == 1
    assert [count for _, count in seen] == [1 + 3 * (number % 4) for number in range(AT_ONCE)]


def test_64_coroutines_on_one_server(house: House) -> None:
    async def one(seat: Seat, number: int, ready: asyncio.Barrier) -> None:
        provider = AsyncProvider(seat)
        began = provider.now
        await ready.wait()
        for _ in range(number % 4):
            await asyncio.to_thread(submit, provider)
        await ready.wait()
        await provider.advance(minutes=number)
        assert provider.now == began + 60 * number
        assert provider.journal.count() == number % 4

    async def all_of_them() -> None:
        ready = asyncio.Barrier(AT_ONCE)
        seats = [house.open(cast("juhuo")) for _ in range(AT_ONCE)]
        await asyncio.gather(*(one(seat, number, ready) for number, seat in enumerate(seats)))

    asyncio.run(all_of_them())


def test_what_is_ended_is_gone(house: House) -> None:
    seat, other = house.open(cast("juhuo")), house.open(cast("juhuo"))
    provider = Provider(seat)
    task = submit(provider)
    provider.advance(minutes=5)
    link = urlsplit(poll(provider, task)["outputUrl"])
    house.close(seat)
    assert send(provider, "GET", "/open-api/v1/account/balance").status == 404
    assert ask(link.geturl(), "GET", f"{link.path}?{link.query}").status == 404
    assert Provider(other).journal.count() == 0
