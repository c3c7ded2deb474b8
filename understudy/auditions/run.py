"""One audition: a theatre is opened, a client is tried in it, the theatre is closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from understudy.auditions.casts import PROMPT, Surroundings, callable_cast, command_cast, driver_cast
from understudy.auditions.certificates import Certificates
from understudy.auditions.company import Company
from understudy.contracts.client.driver import Driver
from understudy.contracts.client.examine import Cast
from understudy.contracts.client.theatre import Theatre
from understudy.contracts.contract import Contract
from understudy.mockserver.server import loop_factory
from understudy.specs.model import Provider

T = TypeVar("T")
Act = Callable[[Theatre, Cast], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Audition:
    """Who is tried, and how: `drivers` counts those of a program that stays, 0 for a command; or a `function`."""

    provider: Provider
    words: tuple[str, ...]
    environment: dict[str, str]
    drivers: int = 0
    prompt: str = ""
    function: Callable[..., Any] | None = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Theatre, Cast]]:
        """The theatre, and the client that is to be tried in it."""
        async with contextlib.AsyncExitStack() as stack:
            certificates = Certificates(Path(stack.enter_context(TemporaryDirectory(prefix="understudy-"))))
            theatre = Theatre(Contract(self.provider), Company(self.provider), certificates.context)
            await stack.enter_async_context(theatre)
            around = Surroundings(self.provider, self.environment, certificates.variables)
            if self.function is not None:
                yield theatre, callable_cast(self.function)
                return
            if not self.drivers:
                yield theatre, command_cast(self.words, around)
                return
            variables = around.variables(theatre.api.url, self.provider.accounts[0].key)
            drivers = [Driver(self.words, variables) for _ in range(self.drivers)]
            try:
                yield theatre, driver_cast(drivers, self.prompt or PROMPT)
            finally:
                await asyncio.gather(*(driver.close() for driver in drivers))

    async def hold(self, act: Act[T]) -> T:
        """Do what is to be done in the theatre; raises CannotStart."""
        async with self.opened() as (theatre, cast):
            return await act(theatre, cast)


@dataclass(frozen=True, slots=True)
class Session:
    """An audition for whoever cannot await: nothing in it moves but while something is called."""

    theatre: Theatre
    cast: Cast
    _runner: asyncio.Runner

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs on the audition's loop."""
        return self._runner.run(coroutine)


@contextlib.contextmanager
def session(audition: Audition) -> Iterator[Session]:
    """A session on a loop of its own; raises CannotStart."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        opened = audition.opened()
        theatre, cast = runner.run(opened.__aenter__())
        try:
            yield Session(theatre, cast, runner)
        finally:
            runner.run(opened.__aexit__(None, None, None))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on a loop of our own."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(coroutine)


def words_after(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of the verb, and those of the client behind `--`."""
    if "--" not in arguments:
        return list(arguments), []
    at = list(arguments).index("--")
    return list(arguments[:at]), list(arguments[at + 1 :])
