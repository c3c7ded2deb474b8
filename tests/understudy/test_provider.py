"""`understudy.provider`: a provider for the length of a block, steered and seen from Python."""

import asyncio
import gc
import json
import subprocess
import sys
import threading
from copy import copy
from decimal import Decimal
from typing import Any

import pytest

import understudy
from tests.door import LUMEN
from tests.receivers import receiving, status
from tests.sockets import Answer, ask
from understudy.mockserver.journal import MOST_RECORDS
from understudy.mockserver.journal import Journal as MockJournal

INPUT = {"prompt": "A sunrise", "duration": 6, "aspect_ratio": "16:9"}
VIDEO = b'{"prompt": "a cat on a roof", "duration": 8}'


def send(provider: understudy.Provider | understudy.AsyncProvider, method: str, path: str, body: bytes = b"") -> Answer:
    headers = {"Authorization": f"Bearer {provider.api_key}", "Content-Type": "application/json"}
    base = "/" + provider.base_url.partition("://")[2].partition("/")[2]
    return ask(provider.base_url, method, base + path, tuple(headers.items()), body)


def submit(provider: understudy.Provider | understudy.AsyncProvider) -> str:
    return str(send(provider, "POST", "/open-api/v1/video/submit", VIDEO).json()["result"]["taskId"])


def poll(provider: understudy.Provider, task: str) -> Any:
    return send(provider, "GET", f"/open-api/v1/video/task/{task}").json()["result"]


def test_a_task_from_submit_to_money() -> None:
    with understudy.provider("juhuo") as provider:
        before = provider.account.remaining
        task = submit(provider)
        assert (provider.task(task).phase, provider.task(task).outcome) == ("queued", None)
        assert provider.task(task).cost == 0
        provider.advance(minutes=5)
        seen = provider.task(task)
        assert (poll(provider, task)["status"], seen.state, seen.outcome) == ("success", "success", "succeeded")
        assert provider.account.used == seen.cost == seen.price > 0
        assert provider.account.remaining == before - seen.cost
        assert provider.account.total == provider.account.used + provider.account.remaining
        assert isinstance(provider.account.held, Decimal)


def test_what_was_asked_is_seen() -> None:
    with understudy.provider("juhuo") as provider:
        task = submit(provider)
        poll(provider, task)
        assert provider.journal.count() == len(provider.journal) == 2
        assert provider.journal.count("video.submit") == 1
        assert provider.journal.count("video.get", status=200) == 1
        found = provider.journal.find("video.submit")
        assert found
        assert found.sent["duration"] == 8
        assert found.answered["result"]["taskId"] == task
        assert provider.journal.find("video.list") is None
        assert [record.operation for record in provider.journal] == ["video.submit", "video.get"]
        provider.journal.clear()
        assert provider.journal.count() == 0


def test_a_key_is_nowhere_in_what_was_seen() -> None:
    with understudy.provider("juhuo") as provider:
        submit(provider)
        assert provider.api_key not in repr(list(provider.journal))


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'juhuo'"), understudy.provider("juho"):
        pass
    with pytest.raises(ValueError, match="did you mean 'virtual'"):
        understudy.provider("juhuo", clock="virtuel")
    with pytest.raises(ValueError, match="errors=mapped"):
        understudy.provider("juhuo", profile="maped").__enter__()
    with pytest.raises(ValueError, match="name a provider"):
        understudy.provider()
    with understudy.provider("juhuo") as provider:
        with pytest.raises(ValueError, match=r"did you mean 'video\.submit'"):
            provider.journal.count("video.sumbit")
        with pytest.raises(ValueError, match="did you mean 'status'"):
            provider.journal.find("video.submit", statsu=200)  # type: ignore[call-arg]
        with pytest.raises(LookupError, match="no task 'gen_nothing'"):
            provider.task("gen_nothing")


def test_a_count_or_an_absence_over_dropped_records_raises() -> None:
    with understudy.provider("juhuo") as provider:
        submit(provider)
        provider._seat.server.run(_overfill, provider._seat.world.journal)
        assert provider.journal.dropped > 0
        assert provider.journal.list("video.get") == []
        for ask_it in (provider.journal.count, provider.journal.find):
            with pytest.raises(understudy.Dropped, match="no longer kept"):
                ask_it("video.get")
        provider.journal.clear()
        submit(provider)
        assert provider.journal.count("video.submit") == 1


def _overfill(journal: MockJournal) -> None:
    (first,) = journal
    for _ in range(MOST_RECORDS + 1):
        journal.add(copy(first))


def test_accounts_are_paid_moved_and_closed() -> None:
    with understudy.provider("juhuo") as provider:
        account = provider.account
        assert account.keys == (provider.api_key,)
        before = account.remaining
        account.credit("0.01")
        assert account.remaining == before + Decimal("0.01")
        with pytest.raises(TypeError, match="money is exact"):
            account.credit(0.1)  # type: ignore[arg-type]
        account.set_tier(15_000)
        assert account.slots == 4
        opened = provider.open_account("poor", "sk-" + "z" * 32)
        assert opened.total == 0
        assert provider.accounts["poor"].keys == ("sk-" + "z" * 32,)
        with pytest.raises(ValueError, match="'poor'"):
            provider.open_account("poor", "sk-" + "y" * 32)
        account.revoke()
        assert send(provider, "GET", "/open-api/v1/account/balance").json()["code"] == "4403"
        account.add_key(provider.api_key)
        assert send(provider, "GET", "/open-api/v1/account/balance").json()["code"] == "200"


def test_the_environment_of_its_sdks(monkeypatch: pytest.MonkeyPatch) -> None:
    with understudy.provider("juhuo") as provider:
        assert provider.environment == {"JUHUO_BASE_URL": provider.base_url, "JUHUO_API_KEY": provider.api_key}
        provider.set_environment(monkeypatch)
        code = "import os; print(os.environ['JUHUO_BASE_URL'])"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert said.strip() == provider.base_url


def test_a_spec_of_ones_own_and_a_variant_of_a_provider() -> None:
    with understudy.provider(spec=LUMEN) as provider:
        assert provider.slug == "lumen"
    with understudy.provider("juhuo", profile="mapped") as provider:
        assert send(provider, "POST", "/open-api/v1/video/submit", b"{}").status == 400


def test_the_same_seed_gives_the_same_ids_and_another_seed_others() -> None:
    tasks = []
    for seed in (7, 7, 8):
        with understudy.provider("juhuo", seed=seed) as provider:
            tasks.append(submit(provider))
    assert tasks[0] == tasks[1] != tasks[2]


def test_an_advance_that_blocks_delivers_callbacks_to_another_thread() -> None:
    with receiving(status(200)) as receiver, understudy.provider("storyclaw", allow_local_callbacks=True) as provider:
        _submit_with_callback(provider, receiver.url)
        provider.advance(hours=1)
        assert len(receiver.calls) == 1
        (callback,) = provider.callbacks
        assert (callback.url, callback.state, callback.sent) == (receiver.url, "delivered", receiver.calls[0].json())
        assert [attempt.status for attempt in callback.attempts] == [200]


def _submit_with_callback(provider: understudy.Provider | understudy.AsyncProvider, url: str) -> None:
    body = {"task": "Txt2Video", "model": "seedance-2.0-pro", "mode": "pro", "input": INPUT, "callback_url": url}
    answer = send(provider, "POST", "/v1/router/task/create", json.dumps(body).encode())
    assert answer.status == 200, answer


def test_an_advance_that_is_awaited_lets_the_callers_loop_answer_callbacks() -> None:
    async def play() -> list[bytes]:
        heard: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readline())
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        receiver = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = receiver.sockets[0].getsockname()[1]
        async with receiver, understudy.provider("storyclaw", allow_local_callbacks=True) as provider:
            await asyncio.to_thread(_submit_with_callback, provider, f"http://127.0.0.1:{port}/heard")
            await provider.advance(hours=1)
        return heard

    assert asyncio.run(play()) == [b"POST /heard HTTP/1.1\r\n"]


def test_an_advance_that_would_wait_for_its_own_loop_says_so() -> None:
    async def play() -> None:
        with understudy.provider("storyclaw", allow_local_callbacks=True) as provider:
            provider.advance(minutes=1)
            await asyncio.to_thread(_submit_with_callback, provider, "http://127.0.0.1:9/heard")
            with pytest.raises(RuntimeError, match="await aadvance"):
                provider.advance(hours=1)
            await provider.aadvance(hours=1)

    asyncio.run(play())


def test_it_begins_anew() -> None:
    with understudy.provider("juhuo", seed=3) as provider:
        before, first = (provider.now, provider.account.remaining), submit(provider)
        provider.next("video.submit").fails("service_busy", times=9)
        provider.advance(minutes=5)
        provider.reset()
        assert (provider.now, provider.account.remaining) == before
        assert provider.journal.count() == 0
        assert submit(provider) == first
        provider.reset(seed=4)
        assert submit(provider) != first


def test_the_clock_goes_forward_only() -> None:
    with understudy.provider("juhuo") as provider:
        began = provider.now
        provider.advance(seconds=1.5, minutes=2, hours=1)
        provider.advance(8.5)
        assert provider.now == began + 3_730
        with pytest.raises(ValueError, match="never goes back"):
            provider.advance(seconds=-1)


def test_the_control_api_steers_the_same_world() -> None:
    with understudy.provider("juhuo") as provider:
        began, prefix = provider.now, provider.control_url.removeprefix(provider.control_url.split("/_w/")[0])
        body = b'{"seconds": 90}'
        headers = (("Content-Type", "application/json"),)
        assert ask(provider.control_url, "POST", f"{prefix}/clock/advance", headers, body).status == 200
        assert provider.now == began + 90


def test_blocks_stand_beside_each_other_and_leave_nothing() -> None:
    before = threading.active_count()
    with understudy.provider("juhuo") as one, understudy.provider("juhuo") as other:
        submit(one)
        assert (one.journal.count(), other.journal.count()) == (1, 0)
    assert threading.active_count() == before
    gc.collect()


def test_importing_understudy_loads_next_to_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import understudy, understudy.pytest_plugin; "
        "print(*sorted(m for m in set(sys.modules) - before if 'understudy' in m or m in ('fastapi', 'uvicorn')))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["understudy", "understudy.pytest_plugin"]
