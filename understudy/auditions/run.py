"""One audition from its words to what was found: a theatre is opened, a client examined, the theatre closed."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from understudy.auditions.casts import PROMPT, Surroundings, command_cast, driver_cast
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
    """Who is tried, and how: `drivers` counts those of a program that stays, 0 for a command."""

    provider: Provider
    words: tuple[str, ...]
    environment: dict[str, str]
    drivers: int = 0
    prompt: str = ""

    async def hold(self, act: Act[T]) -> T:
        """Open the theatre, do what is to be done in it, and close it; raises CannotStart."""
        around = Surroundings(self.provider, self.environment)
        async with Theatre(Contract(self.provider), Company(self.provider)) as theatre:
            if not self.drivers:
                return await act(theatre, command_cast(self.words, around))
            variables = around.variables(theatre.api.url, self.provider.accounts[0].key)
            drivers = [Driver(self.words, variables) for _ in range(self.drivers)]
            try:
                return await act(theatre, driver_cast(drivers, self.prompt or PROMPT))
            finally:
                await asyncio.gather(*(driver.close() for driver in drivers))


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
