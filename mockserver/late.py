"""An application that is loaded when it is first asked: what nobody asks for delays no first answer."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class LateApplication:
    """An ASGI application that `load` gives. It is loaded off the loop, once, and those who ask meanwhile wait."""

    def __init__(self, load: Callable[[], Application]) -> None:
        self._load = load
        self._loading: asyncio.Future[Application] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(self._load))
            self._loading.add_done_callback(_settle)
        # One that leaves while it waits takes nothing from the others.
        application = await asyncio.shield(self._loading)
        await application(scope, receive, send)


def _settle(_: object) -> None:
    """What was loaded stays: keep the collector from walking over it."""
    gc.freeze()
