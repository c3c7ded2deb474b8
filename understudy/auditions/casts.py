"""The ways in which a client is run: a command, a driver that stays, a Python callable."""

import asyncio
import inspect
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from understudy.contracts.client.command import run_command
from understudy.contracts.client.driver import Driver
from understudy.contracts.client.examine import Cast
from understudy.contracts.client.theatre import Client
from understudy.contracts.client.trial import Trial
from understudy.contracts.client.word import Word
from understudy.environment import environment_of
from understudy.specs.model import Provider

PROMPT = "a cat"
ANOTHER = ", and another one"
# A proxy of the caller's must not stand between a client and its own machine.
_DIRECT = {"NO_PROXY": "127.0.0.1,127.0.0.2,localhost", "no_proxy": "127.0.0.1,127.0.0.2,localhost"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a client finds in its environment. `extra`: NAME to a text with {base_url}, {api_key}, {host_url} or {ca_file}
    in it; `trust`: what makes programs trust the authority of our certificates, `ca_file` among it."""

    provider: Provider
    extra: Mapping[str, str]
    trust: Mapping[str, str]

    def variables(self, base_url: str, key: str) -> dict[str, str]:
        """The variables for one trial."""
        host_url = base_url.rpartition("/")[0]
        places = {"{base_url}": base_url, "{api_key}": key, "{host_url}": host_url}
        places["{ca_file}"] = self.trust.get("NODE_EXTRA_CA_CERTS", "")
        given = {name: _fill(text, places) for name, text in self.extra.items()}
        preset = environment_of(self.provider, base_url, key, host_url)
        return {**_DIRECT, **self.trust, **preset, "BASE_URL": base_url, "API_KEY": key, **given}


def command_cast(words: Sequence[str], around: Surroundings) -> Cast:
    """A command that is started anew for each wish."""

    def play(patience: float) -> Client:
        async def client(base_url: str, key: str, stopped: "asyncio.Future[str]") -> Word:
            return await run_command(words, around.variables(base_url, key), patience, stopped)

        return client

    return Cast(play, lambda trial: _varied(words, around, trial))


def driver_cast(drivers: Sequence[Driver], prompt: str = PROMPT) -> Cast:
    """Programs that stay and are told one wish at a time; whichever is free takes the next."""
    free: asyncio.LifoQueue[Driver] = asyncio.LifoQueue()
    for driver in reversed(drivers):
        free.put_nowait(driver)

    def with_prompt(prompt: str) -> Cast:
        def play(patience: float, hurry: bool = True) -> Client:
            async def client(base_url: str, key: str, stopped: "asyncio.Future[str]") -> Word:
                wish = {"base_url": base_url, "api_key": key, "prompt": prompt, "hurry": hurry}
                driver = await free.get()
                try:
                    return await driver.fulfil(wish, patience, stopped)
                finally:
                    free.put_nowait(driver)

            return client

        return Cast(play, lambda trial: with_prompt(prompt + ANOTHER), partial(play, hurry=False))

    return with_prompt(prompt)


def callable_cast(function: Callable[..., Any]) -> Cast:
    """A Python function of base_url and api_key: what it returns is the result, what it raises is a failure."""

    def play(patience: float) -> Client:
        async def client(base_url: str, key: str, stopped: "asyncio.Future[str]") -> Word:
            return await _call(function, base_url, key, patience, stopped)

        return client

    return Cast(play)


async def _call(
    function: Callable[..., Any], base_url: str, key: str, patience: float, stopped: "asyncio.Future[str]"
) -> Word:
    began = time.monotonic()
    running = asyncio.ensure_future(
        function(base_url, key) if inspect.iscoroutinefunction(function) else asyncio.to_thread(function, base_url, key)
    )
    await asyncio.wait((running, stopped), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    seconds = time.monotonic() - began
    if not running.done():
        # A thread cannot be ended; every door is closed to it from now on.
        running.cancel()
        return Word(stopped.result() if stopped.done() else "deadline", None, seconds=seconds)
    error = running.exception()
    if error is not None:
        trace = "".join(traceback.format_exception(error))
        return Word("exited", 1, err=trace, said={"ok": False, "error": str(error)}, seconds=seconds)
    result = running.result()
    said = result if isinstance(result, dict) else {"ok": True, "result": result}
    return Word("exited", 0, out=str(result), said=said, seconds=seconds)


def _varied(words: Sequence[str], around: Surroundings, trial: Trial) -> Cast | None:
    """The same command for another wish: with more in the argument that the client sends on as it is."""
    sent = {leaf for seen in trial.of("task.submit", "completion", "images") for leaf in _texts(seen.body)}
    index = next((i for i in range(len(words) - 1, 0, -1) if words[i] in sent and " " in words[i]), None)
    if index is None:
        return None
    return command_cast([*words[:index], words[index] + ANOTHER, *words[index + 1 :]], around)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for child in children for text in _texts(child)]


def _fill(text: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        text = text.replace(place, value)
    return text
