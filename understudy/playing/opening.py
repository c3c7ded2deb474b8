"""`understudy.provider`: a provider for the length of a `with` block."""

import asyncio
import threading
from typing import Unpack

from understudy.playing.casting import Cast, Options, cast
from understudy.playing.house import House, Seat
from understudy.playing.providers import AsyncProvider, Provider


class Opening:
    """Plays a provider inside `with` or `async with`; each time anew."""

    def __init__(self, wanted: Cast) -> None:
        self._cast = wanted
        self._house = House()
        self._seats: list[Seat] = []

    def __enter__(self) -> Provider:
        return Provider(self._open())

    def __exit__(self, *_: object) -> None:
        self._close()

    async def __aenter__(self) -> AsyncProvider:
        return AsyncProvider(await asyncio.to_thread(self._open))

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._close)

    def _open(self) -> Seat:
        self._seats.append(self._house.open(self._cast))
        return self._seats[-1]

    def _close(self) -> None:
        self._house.close(self._seats.pop())
        if not self._seats:
            self._house.stop()


def provider(name: str = "", **options: Unpack[Options]) -> Opening:
    """Play a provider: `with provider("…") as p:` gives a Provider, `async with` an AsyncProvider.

    `name`: one that comes with Understudy; or `spec`: the file of your own.
    `profile`: `default`, `lenient`, `strict-doc`, `upstream-strict`, or an option's value; several as a list.
    `clock`: `virtual` (the default) stands until advanced, `poll` moves with each poll, `real` by itself.
    `speed`: divides planned times. `seed`: the same seed and the same requests give the same answers.
    `any_key`: every key works, with an account of its own.
    `allow_local_callbacks`: callbacks may go to loopback, by http too.
    `script`: what it answers step by step, as an object or the file that holds one.
    `ttft`, `tokens_per_second`: the pace of streams, in seconds and tokens; 0 is at once.

    Raises ValueError, with the nearest names, for what cannot be played: here, or when the block begins.
    """
    return Opening(cast(name, **options))


class Visit:
    """Plays the providers that one test asks for: each in a world of its own, all ended together."""

    def __init__(self, house: House, usual: Options) -> None:
        self._house, self._usual = house, usual
        self._seats: list[Seat] = []
        self._providers: dict[Cast, Provider] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str = "", **options: Unpack[Options]) -> Provider:
        """Play a provider; asked again in the same words, give the same one. Keywords: see `understudy.provider`."""
        merged: Options = {**self._usual, **options}
        wanted = cast(name, **merged)
        with self._lock:
            if wanted not in self._providers:
                self._seats.append(self._house.open(wanted))
                self._providers[wanted] = Provider(self._seats[-1])
            return self._providers[wanted]

    def complaints(self) -> list[str]:
        """What they have to say at the end of a test, each once; see `Provider.complaints`."""
        return [said for provider in self._providers.values() for said in provider.complaints()]

    def close(self) -> None:
        """End them."""
        for seat in self._seats:
            self._house.close(seat)
        self._seats.clear()
        self._providers.clear()
