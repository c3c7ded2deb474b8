"""A server on a thread of its own, with an event loop of its own: for programs that play providers to themselves."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, Self, TypeVar

from understudy.mockserver.server import Addresses, Binding, Service, loop_factory
from understudy.mockserver.stage import Stage
from understudy.mockserver.world import Settings

T = TypeVar("T")

FREE_PORTS = Binding(port=0, media_port=0)

# How long, in seconds, the thread may take to start, and to end.
PATIENCE = 30.0


class NotRunning(RuntimeError):
    """Asked of a server that has not started, or has stopped."""


class RunningServer:
    """Both origins, served from a thread; `call` and `run` reach what belongs to its loop.

    As a context manager it starts and stops. The thread is a daemon: a server that nobody stops keeps no
    program from ending.
    """

    def __init__(self, stages: list[Stage], settings: Settings, binding: Binding = FREE_PORTS) -> None:
        """Listen at once, which raises PortTaken; answer from `start` on."""
        self.service = Service(stages, settings, binding)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: Exception | None = None
        # What is handed over is either taken by the loop or refused, never left lying.
        self._handover = threading.Lock()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="understudy", daemon=True)

    @property
    def addresses(self) -> Addresses:
        """Where it listens."""
        return self.service.addresses

    def start(self) -> Self:
        """Start the thread and wait until requests are answered."""
        self._thread.start()
        if not self._ready.wait(PATIENCE) or self._failure:
            raise NotRunning("the server did not start") from self._failure
        return self

    def stop(self) -> None:
        """End every answer and the thread, and wait for it; a second time does nothing."""
        with self._handover:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self.service.stop)
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        self.service.close()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs on the server's loop; blocks the calling thread until it is there."""
        try:
            return self._submit(coroutine).result()
        except CancelledError:
            raise NotRunning("the server was stopped meanwhile") from None

    async def acall(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The same from a coroutine of another loop, which goes on with its other work meanwhile."""
        return await asyncio.wrap_future(self._submit(coroutine))

    def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of a function that is called on the server's loop, between two requests."""

        async def called() -> T:
            return function(*arguments)

        return self.call(called())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise NotRunning("the server's own thread would wait for itself")
        with self._handover:
            if self._loop is not None:
                return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        coroutine.close()
        raise NotRunning("the server is not running")

    def _serve(self) -> None:
        """What the thread does."""
        says = logging.getLogger("uvicorn.error")
        was_silent = says.disabled
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._run())
        except Exception as error:  # noqa: BLE001 - told to who waits in `start`
            self._failure = error
        finally:
            says.disabled = was_silent
            self._ready.set()

    async def _run(self) -> None:
        try:
            await self.service.run(self._started)
        finally:
            with self._handover:
                self._loop = None
            # What was handed over last becomes a task, which the runner then cancels: its caller hears of it.
            await asyncio.sleep(0)

    def _started(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
