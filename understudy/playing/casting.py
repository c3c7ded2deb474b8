"""Who is to be played, and how: what is asked for, judged before anything is started."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from understudy.cli import UsageError
from understudy.commands.choice import choose
from understudy.mockserver.clock import CLOCKS
from understudy.mockserver.stage import Stage
from understudy.mockserver.streams import IMMEDIATE, Pace
from understudy.mockserver.world import DEFAULT_SPEED, Settings
from understudy.specs.problems import known

MOST_COMPILED = 64


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


@dataclass(frozen=True, slots=True)
class Cast:
    """One provider in one world."""

    name: str = ""
    spec: str = ""
    profile: tuple[str, ...] = ()
    settings: Settings = field(default_factory=lambda: Settings(clock="virtual"))


def cast(
    name: str = "",
    *,
    spec: str | Path = "",
    profile: str | Sequence[str] = (),
    clock: str = "virtual",
    speed: float = DEFAULT_SPEED,
    seed: int = 0,
    any_key: bool = False,
    allow_local_callbacks: bool = False,
    ttft: float = 0.0,
    tokens_per_second: float = 0.0,
) -> Cast:
    """What the keywords of `understudy.provider` say; raises ValueError for what cannot be played."""
    if bool(name) == bool(spec):
        raise ValueError("name a provider, or give the file of its spec" + (", not both" if name else ""))
    if clock not in CLOCKS:
        raise ValueError(f"there is no clock {clock!r}; {known(clock, CLOCKS)}")
    if not 0 < speed < float("inf"):
        raise ValueError(f"speed is {speed:g}; it divides planned times and must be above 0")
    for what, value in (("ttft", ttft), ("tokens_per_second", tokens_per_second)):
        if not 0 <= value < float("inf"):
            raise ValueError(f"{what} is {value:g}; it must be 0 (at once) or more")
    settings = Settings(
        clock=clock,
        speed=float(speed),
        seed=seed,
        any_key=any_key,
        allow_local_callbacks=allow_local_callbacks,
        pace=Pace(ttft, tokens_per_second) if ttft or tokens_per_second else IMMEDIATE,
    )
    words = (profile,) if isinstance(profile, str) else tuple(profile)
    return Cast(name, str(spec), tuple(filter(None, words)), settings)


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
