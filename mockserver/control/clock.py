"""Steering a world's time."""

from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, Field

from understudy.mockserver.control.routes import Route, ThisWorld


class Advance(BaseModel):
    """How far to move a virtual clock, in seconds."""

    seconds: Annotated[float, Field(ge=0, le=31_536_000_000)]


class Now(BaseModel):
    """The clock and its time, seconds since the epoch."""

    clock: str
    now: float


async def get_clock(world: ThisWorld) -> Now:
    """The world's time."""
    return Now(clock=world.clock.name, now=world.clock.now())


async def advance(wanted: Advance, world: ThisWorld) -> Now:
    """Move a virtual clock; what falls due is done, in order, before this answers."""
    try:
        now = await world.advance(wanted.seconds)
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
    return Now(clock=world.clock.name, now=now)


ROUTES = (
    Route("GET", "/clock", get_clock),
    Route("POST", "/clock/advance", advance),
)
