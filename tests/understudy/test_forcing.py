"""Tasks that are forced from Python, and callbacks that are delivered again."""

import asyncio

import pytest

import understudy as api
from tests.receivers import receiving, status
from tests.understudy.test_provider import _submit_with_callback, poll, submit
from understudy import Provider, TaskRefused, Visit


@pytest.fixture
def provider(understudy: Visit) -> Provider:
    return understudy("juhuo")


def test_it_succeeds_at_once_and_is_paid_for(provider: Provider) -> None:
    task = provider.task(submit(provider))
    task.succeed()
    assert poll(provider, task.id)["outputUrl"]
    assert (task.outcome, provider.account.used) == ("succeeded", task.price)
    with pytest.raises(TaskRefused, match="has ended"):
        task.fail()


def test_it_fails_at_once_with_a_code_and_costs_nothing(provider: Provider) -> None:
    task = provider.task(submit(provider))
    with pytest.raises(TaskRefused, match="PIPELINE_TIMEOUT"):
        task.fail("PIPELINE_TIMOUT")
    task.fail("PIPELINE_TIMEOUT")
    assert (poll(provider, task.id)["status"], task.error_code) == ("fail", "PIPELINE_TIMEOUT")
    assert provider.account.used == 0


def test_it_sticks_where_it_is(provider: Provider) -> None:
    task = provider.task(submit(provider))
    task.stick()
    assert task.phase == "running"
    state = task.state
    provider.advance(hours=24)
    assert (task.state, task.outcome) == (state, None)
    task.stick("downloading")
    assert poll(provider, task.id)["status"] == "downloading"


def test_it_is_moved_and_goes_on(provider: Provider) -> None:
    task = provider.task(submit(provider))
    task.move_to("downloading")
    assert task.state == "downloading"
    provider.advance(minutes=5)
    assert task.outcome == "succeeded"


def test_all_tasks_newest_first(provider: Provider) -> None:
    ids = [submit(provider) for _ in range(3)]
    assert [task.id for task in provider.tasks] == ids[::-1]


def test_a_callback_is_delivered_again(understudy: Visit) -> None:
    provider = understudy("storyclaw", allow_local_callbacks=True)
    with receiving(status(200)) as receiver:
        _submit_with_callback(provider, receiver.url)
        provider.advance(hours=1)
        (callback,) = provider.callbacks
        provider.redeliver(callback.number)
        assert len(receiver.calls) == 2
        assert len(provider.callbacks[0].attempts) == 2
        with pytest.raises(LookupError, match="no callback 9"):
            provider.redeliver(9)

        async def again() -> None:
            with pytest.raises(RuntimeError, match="await aredeliver"):
                provider.redeliver(callback.number)
            await provider.aredeliver(callback.number)

        asyncio.run(again())
        assert len(receiver.calls) == 3


def test_an_async_block_delivers_again_too() -> None:
    async def play() -> int:
        with receiving(status(200)) as receiver:
            async with api.provider("storyclaw", allow_local_callbacks=True) as provider:
                await asyncio.to_thread(_submit_with_callback, provider, receiver.url)
                await provider.advance(hours=1)
                await provider.redeliver(provider.callbacks[0].number)
                return len(receiver.calls)

    assert asyncio.run(play()) == 2


def test_a_forced_end_is_called_back(understudy: Visit) -> None:
    provider = understudy("storyclaw", allow_local_callbacks=True)
    with receiving(status(200)) as receiver:
        _submit_with_callback(provider, receiver.url)
        provider.tasks[0].fail()
        due = provider.advance(seconds=0)
        assert len(receiver.calls) == 1
        assert [each.what for each in due] == ["callback"]
