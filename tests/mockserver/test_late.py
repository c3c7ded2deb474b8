"""An application that is loaded late: once, for all who ask, whoever leaves meanwhile."""

import asyncio
import threading
from contextlib import suppress

import pytest

from understudy.mockserver.late import Application, LateApplication, Message, Receive, Send


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


class Loader:
    """Loads an application that answers with its path; counts how often, and may be kept waiting."""

    def __init__(self) -> None:
        self.times = 0
        self.begun, self.may_go = threading.Event(), threading.Event()

    def __call__(self) -> Application:
        self.times += 1
        self.begun.set()
        assert self.may_go.wait(10), "nobody let the loader go"
        return self._answer

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.body", "body": scope["path"]})


def _asking(application: LateApplication, path: str, heard: list[str]) -> asyncio.Task[None]:
    async def send(message: Message) -> None:
        heard.append(message["body"])

    return asyncio.ensure_future(application({"type": "http", "path": path}, _receive, send))


def test_it_is_loaded_once_for_all_who_ask() -> None:
    async def scene() -> None:
        loader, heard = Loader(), list[str]()
        application = LateApplication(loader)
        assert loader.times == 0
        first, second = (_asking(application, path, heard) for path in ("/a", "/b"))
        assert await asyncio.to_thread(loader.begun.wait, 10)
        loader.may_go.set()
        await asyncio.gather(first, second)
        await _asking(application, "/c", heard)
        assert (loader.times, heard) == (1, ["/a", "/b", "/c"])

    asyncio.run(scene())


def test_one_that_leaves_takes_nothing_from_the_others() -> None:
    async def scene() -> None:
        loader, heard = Loader(), list[str]()
        application = LateApplication(loader)
        leaver, stayer = (_asking(application, path, heard) for path in ("/a", "/b"))
        assert await asyncio.to_thread(loader.begun.wait, 10)
        leaver.cancel()
        with suppress(asyncio.CancelledError):
            await leaver
        loader.may_go.set()
        await stayer
        assert (loader.times, heard) == (1, ["/b"])

    asyncio.run(scene())


def test_what_cannot_be_loaded_is_told_to_each() -> None:
    def fail() -> Application:
        raise ImportError("gone")

    async def scene() -> None:
        application = LateApplication(fail)
        for _ in range(2):
            with pytest.raises(ImportError, match="gone"):
                await _asking(application, "/a", [])

    asyncio.run(scene())
