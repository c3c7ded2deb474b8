"""Who is to be played, and how: what is asked for, judged before anything is started."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict, Unpack

from understudy.cli import UsageError
from understudy.commands.choice import choose
from understudy.mockserver.clock import CLOCKS
from understudy.mockserver.stage import Stage
from understudy.mockserver.streams import IMMEDIATE, Pace
from understudy.mockserver.world import DEFAULT_SPEED, Settings
from understudy.specs.problems import known

MOST_COMPILED = 64

# A reply script: an object, or the file that holds one.
Said = Mapping[str, Any] | str | Path


class Options(TypedDict, total=False):
    """How a provider is played. What each means stands at `understudy.provider`."""

    spec: str | Path
    profile: str | Sequence[str]
    clock: str
    speed: float
    seed: int
    any_key: bool
    allow_local_callbacks: bool
    ttft: float
    tokens_per_second: float
    script: Said


@dataclass(frozen=True, slots=True)
class Cast:
    """One provider in one world."""

    name: str = ""
    spec: str = ""
    profile: tuple[str, ...] = ()
    script: str = ""
    settings: Settings = field(default_factory=lambda: Settings(clock="virtual"))


USUAL: Options = {
    "spec": "",
    "profile": (),
    "clock": "virtual",
    "speed": DEFAULT_SPEED,
    "seed": 0,
    "any_key": False,
    "allow_local_callbacks": False,
    "ttft": 0.0,
    "tokens_per_second": 0.0,
    "script": "",
}


def cast(name: str = "", **options: Unpack[Options]) -> Cast:
    """What the keywords of `understudy.provider` say; raises ValueError for what cannot be played."""
    for option in options:
        if option not in USUAL:
            raise ValueError(f"there is no option {option!r}; {known(option, USUAL)}")
    said: Options = {**USUAL, **options}
    if bool(name) == bool(said["spec"]):
        raise ValueError("name a provider, or give the file of its spec" + (", not both" if name else ""))
    if said["clock"] not in CLOCKS:
        raise ValueError(f"there is no clock {said['clock']!r}; {known(said['clock'], CLOCKS)}")
    if not 0 < said["speed"] < float("inf"):
        raise ValueError(f"speed is {said['speed']:g}; it divides planned times and must be above 0")
    words = (said["profile"],) if isinstance(said["profile"], str) else tuple(said["profile"])
    settings = Settings(
        clock=said["clock"],
        speed=float(said["speed"]),
        seed=said["seed"],
        any_key=said["any_key"],
        allow_local_callbacks=said["allow_local_callbacks"],
        pace=_pace(said["ttft"], said["tokens_per_second"]),
    )
    script = read_script(said["script"]) if said["script"] else ""
    return Cast(name, str(said["spec"]), tuple(filter(None, words)), script, settings)


def _pace(ttft: float, tokens_per_second: float) -> Pace:
    for what, value in (("ttft", ttft), ("tokens_per_second", tokens_per_second)):
        if not 0 <= value < float("inf"):
            raise ValueError(f"{what} is {value:g}; it must be 0 (at once) or more")
    return Pace(ttft, tokens_per_second) if ttft or tokens_per_second else IMMEDIATE


def read_script(script: Said) -> str:
    """A script as JSON; a text or a path names the file that holds it. Raises ValueError."""
    if isinstance(script, Mapping):
        return json.dumps(script)
    try:
        text = Path(script).read_text("utf-8")
    except OSError as error:
        raise ValueError(f"the script {script} cannot be read: {error.strerror}") from None
    try:
        json.loads(text)
    except ValueError as error:
        raise ValueError(f"the script {script} is no JSON: {error}") from None
    return text


def stage_of(wanted: Cast) -> Stage:
    """The provider of a cast, compiled; raises ValueError with the nearest names, or what is wrong in the spec."""
    try:
        written = Path(wanted.spec).stat().st_mtime_ns if wanted.spec else 0
    except OSError as error:
        raise ValueError(f"{wanted.spec} cannot be read: {error.strerror}") from None
    return _compiled(wanted.name, wanted.spec, wanted.profile, written)


@lru_cache(MOST_COMPILED)
def _compiled(name: str, spec: str, profile: tuple[str, ...], written: int) -> Stage:
    """A stage serves all worlds, and takes a tenth of a second to make. `written`: when the spec last changed."""
    try:
        (provider,) = choose([name] if name else [], [spec] if spec else [], [*profile])
    except UsageError as error:
        raise ValueError(str(error)) from None
    return Stage(provider)
