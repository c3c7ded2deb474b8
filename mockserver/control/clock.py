"""Steering a world's time, and going back to its start."""

from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import HTTPException, Response
from msgspec import to_builtins
from pydantic import BaseModel, Field

from understudy.mockserver.control.routes import Route, ThisWorld
from understudy.mockserver.scope import number_fragment
from understudy.mockserver.world import World

# More than these are counted, not told.
MOST_TOLD = 50_000


class Advance(BaseModel):
    """How far to move a clock that stands, in seconds."""

    seconds: Annotated[float, Field(ge=0, le=31_536_000_000, allow_inf_nan=False)]


class Speed(BaseModel):
    """What divides the planned times of tasks to come."""

    speed: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]


class Seed(BaseModel):
    """What all that is drawn follows from."""

    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Now(BaseModel):
    """The clock and its time, seconds since the epoch; whether it stands until it is moved."""

    clock: str
    now: float
    frozen: bool
    speed: float


class DueView(BaseModel):
    """One thing that fell due. A transition has `state` and `phase`; a charge has `amount`, negative for a refund, and
    what is `released`; a callback has the receiver's `status`, 0 and a `reason` where there was no answer."""

    at: float
    what: str
    provider: str
    account: str
    task: str
    state: str = ""
    phase: str = ""
    amount: Decimal = Decimal(0)
    released: Decimal = Decimal(0)
    status: int = -1
    reason: str = ""


class Advanced(Now):
    """The time after the clock was moved, and what fell due meanwhile, in the order of time, each once."""

    due: list[DueView]
    dropped: int


def _now(world: World) -> Now:
    return Now(clock=world.clock.name, now=world.clock.now(), frozen=world.clock.is_still, speed=world.speed)


async def get_clock(world: ThisWorld) -> Now:
    """The world's time."""
    return _now(world)


async def advance(wanted: Advance, world: ThisWorld) -> Response:
    """Move a clock that stands; what falls due is done, in order, before this answers, and told."""
    try:
        due = await world.elapse(wanted.seconds)
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
    told = [to_builtins(each, builtin_types=(Decimal,)) for each in due[:MOST_TOLD]]
    said: dict[str, Any] = {**_now(world).model_dump(), "due": told, "dropped": len(due) - len(told)}
    return Response(orjson.dumps(said, default=number_fragment), media_type="application/json")


async def freeze(world: ThisWorld) -> Now:
    """Let the clock stand until it is moved or goes on; deliveries that fell due before may still be under way."""
    world.freeze()
    return _now(world)


async def go_on(world: ThisWorld) -> Now:
    """Let a frozen clock move by itself again, from where it stands."""
    try:
        world.go_on()
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
    return _now(world)


async def set_speed(wanted: Speed, world: ThisWorld) -> Now:
    """Divide the planned times of all tasks to come; those that are there keep theirs."""
    world.set_speed(wanted.speed)
    return _now(world)


async def reset(world: ThisWorld) -> Now:
    """Put the world back to its start: clock, accounts, tasks, uploads, faults, journal; its addresses and keys stay."""
    await world.reset()
    return _now(world)


async def seed(wanted: Seed, world: ThisWorld) -> Now:
    """Put the world back to its start, and let all that is drawn follow from another seed."""
    await world.reset(wanted.seed)
    return _now(world)


ROUTES = (
    Route("GET", "/clock", get_clock),
    Route("POST", "/clock/advance", advance, 200, Advanced),
    Route("POST", "/clock/freeze", freeze),
    Route("POST", "/clock/go-on", go_on),
    Route("POST", "/clock/speed", set_speed),
    Route("POST", "/reset", reset),
    Route("POST", "/seed", seed),
)
