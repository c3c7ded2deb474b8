"""What all parts of the control API share: how a route is told, and what a request is about."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, HTTPException, Path, Request
from pydantic import BaseModel

from understudy.mockserver.site import Site
from understudy.mockserver.world import World
from understudy.mockserver.worlds import Worlds


class Route(NamedTuple):
    """A route of the control API; `path` is below `/_understudy`.

    `model`: what is answered, where the endpoint gives it as bytes.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]
    status: int = 200
    model: type[BaseModel] | None = None


async def _worlds(request: Request) -> Worlds:
    worlds: Worlds = request.app.state.worlds
    return worlds


async def _world(request: Request, worlds: Annotated[Worlds, Depends(_worlds)]) -> World:
    world: World = request.scope.get("understudy.world") or worlds.default
    return world


async def _site(
    slug: Annotated[str, Path(description="The provider, by the name that its paths begin with.")],
    world: Annotated[World, Depends(_world)],
) -> Site:
    if slug not in world.sites:
        raise HTTPException(404, f"no provider {slug!r} is served; there are {', '.join(world.sites)}")
    return world.sites[slug]


AllWorlds = Annotated[Worlds, Depends(_worlds)]
ThisWorld = Annotated[World, Depends(_world)]
ThisSite = Annotated[Site, Depends(_site)]
