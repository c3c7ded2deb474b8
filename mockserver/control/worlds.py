"""Opening and closing worlds, and what one is made with."""

from dataclasses import replace
from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from understudy.mockserver.clock import CLOCKS
from understudy.mockserver.control.routes import AllWorlds, Route, ThisWorld
from understudy.mockserver.streams import Pace
from understudy.mockserver.world import Settings, World
from understudy.mockserver.worlds import MOST_WORLDS, NoRoom

Key = Annotated[str, Field(min_length=1, max_length=500)]
Seconds = Annotated[float, Field(ge=0, le=3_600)]


class NewWorld(BaseModel):
    """What a world is opened with; what is left out is as the server was started."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=64, description="Letters, digits, '.', '_' and '-'; else one is made.")] = ""
    clock: Annotated[str | None, Field(pattern=f"^({'|'.join(CLOCKS)})$")] = None
    speed: Annotated[float | None, Field(gt=0, le=1e9, description="Divides the planned times of tasks.")] = None
    seed: Annotated[int | None, Field(ge=-(2**63), lt=2**63)] = None
    ttft: Annotated[Seconds | None, Field(description="Seconds until the first token of a stream.")] = None
    tokens_per_second: Annotated[float | None, Field(ge=0, le=1e9, description="0 is all at once.")] = None
    any_key: bool | None = None
    allow_local_callbacks: bool | None = None
    keys: Annotated[
        dict[str, list[Key]],
        Field(description="By provider: keys that mean this world at the plain address, too."),
    ] = {}


class ProviderView(BaseModel):
    """A provider in a world: where it is asked, and the keys that it takes."""

    slug: str
    base_url: str
    keys: list[str]


class WorldView(BaseModel):
    """A world; the name of the one that is always there is empty."""

    name: str
    clock: str
    now: float
    speed: float
    seed: int
    media_url: str
    control_url: str
    providers: list[ProviderView]


class WorldList(BaseModel):
    """The named worlds, oldest first."""

    worlds: list[WorldView]
    opened: int
    most: int


class Health(BaseModel):
    """That the server is up, and what it plays."""

    status: str
    providers: list[str]
    clock: str
    now: float


def _view(world: World) -> WorldView:
    return WorldView(
        name=world.name,
        clock=world.clock.name,
        now=world.clock.now(),
        speed=world.speed,
        seed=world.settings.seed,
        media_url=world.media_url,
        control_url=f"{world.base_url}/_understudy",
        providers=[
            ProviderView(slug=slug, base_url=site.base_url, keys=list(site.accounts.keys()))
            for slug, site in world.sites.items()
        ],
    )


def _settings(new: NewWorld, base: Settings) -> Settings:
    given = new.model_dump(include={"clock", "speed", "seed", "any_key", "allow_local_callbacks"}, exclude_none=True)
    ttft = base.pace.first if new.ttft is None else new.ttft
    rate = base.pace.tokens_per_second if new.tokens_per_second is None else new.tokens_per_second
    return replace(base, pace=Pace(ttft, rate), **given)


async def health(world: ThisWorld) -> Health:
    """Whether the server is up."""
    return Health(status="ok", providers=list(world.sites), clock=world.clock.name, now=world.clock.now())


async def open_world(new: NewWorld, worlds: AllWorlds) -> WorldView:
    """Open a world: the same providers, with a clock, a ledger, a seed and a journal of its own."""
    try:
        return _view(worlds.open(new.name, _settings(new, worlds.settings), new.keys))
    except NoRoom as error:
        raise HTTPException(409, str(error)) from None


async def list_worlds(worlds: AllWorlds) -> WorldList:
    """The named worlds that are open."""
    return WorldList(worlds=[_view(world) for world in worlds], opened=worlds.opened, most=MOST_WORLDS)


async def get_world(name: str, worlds: AllWorlds) -> WorldView:
    """One of them."""
    world = worlds.find(name)
    if world is None:
        raise HTTPException(404, f"there is no world {name!r}")
    return _view(world)


async def close_world(name: str, worlds: AllWorlds) -> None:
    """Close a world: all that it holds is let go, and its addresses are gone."""
    if not await worlds.close(name):
        raise HTTPException(404, f"there is no world {name!r}")


ROUTES = (
    Route("GET", "/health", health),
    Route("GET", "/worlds", list_worlds),
    Route("POST", "/worlds", open_world, 201),
    Route("GET", "/worlds/{name}", get_world),
    Route("DELETE", "/worlds/{name}", close_world, 204),
)
