"""Pages beside the control API: the index, and each provider's spec as it is given out."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from understudy.mockserver.control.routes import ThisSite, ThisWorld
from understudy.mockserver.published import publish
from understudy.mockserver.site import Site


async def index(request: Request, world: ThisWorld) -> Any:
    """Where all is; a browser is shown the console."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"{request.scope['root_path']}/_understudy/")
    return {
        "console": f"{request.scope['root_path']}/_understudy/",
        "providers": {slug: f"{request.base_url}{slug}" for slug in world.sites},
        "control": f"{request.scope['root_path']}/_understudy/docs",
    }


async def document(request: Request, site: ThisSite) -> Response:
    """The provider's spec, with this server in front of its own hosts."""
    return _document(request, site)


async def only_document(request: Request, world: ThisWorld) -> Response:
    """The spec of the only provider."""
    if len(world.sites) != 1:
        raise HTTPException(404, "several providers are served: ask for /<provider>/openapi.json")
    return _document(request, next(iter(world.sites.values())))


def _document(request: Request, site: Site) -> Response:
    spec = publish(site.stage.provider, f"{request.base_url}{site.slug}", site.signer.base)
    return Response(orjson.dumps(spec), media_type="application/json")


PAGES: dict[str, Callable[..., Awaitable[Any]]] = {
    "/": index,
    "/openapi.json": only_document,
    "/{slug}/openapi.json": document,
}
