"""Pages beside the control API: the index, each provider's spec as it is given out, and the documentation of both.

Swagger UI comes from the installed package `fastapi-offline`: no page loads anything from elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import orjson
from fastapi import HTTPException, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse

from understudy.mockserver.control.routes import ThisSite, ThisWorld
from understudy.mockserver.published import publish
from understudy.mockserver.site import Site
from understudy.mockserver.trust import OPEN, PREFIX
from understudy.mockserver.world import World
from understudy.specs.documents import write

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon.png": "image/png",
}


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
    return _document(request, _only(world))


async def yaml_document(request: Request, site: ThisSite) -> Response:
    """The same as YAML."""
    return _yaml(request, site)


async def only_yaml_document(request: Request, world: ThisWorld) -> Response:
    """The same of the only provider."""
    return _yaml(request, _only(world))


async def docs(request: Request, site: ThisSite) -> HTMLResponse:
    """The provider's spec to read and to try."""
    return _swagger(request, site.stage.provider.title, f"/{site.slug}/openapi.json")


async def only_docs(request: Request, world: ThisWorld) -> HTMLResponse:
    """The same of the only provider."""
    site = _only(world)
    return _swagger(request, site.stage.provider.title, f"/{site.slug}/openapi.json")


async def control_docs(request: Request) -> HTMLResponse:
    """The control API to read and to try."""
    return _swagger(request, "Understudy control API", f"{PREFIX}/openapi.json")


async def asset(name: str) -> Response:
    """A file of the pages."""
    if name not in ASSETS:
        raise HTTPException(404, f"no page has a file {name!r}")
    content = await asyncio.to_thread((files("fastapi_offline") / "static" / name).read_bytes)
    return Response(content, media_type=ASSETS[name], headers={"cache-control": "max-age=86400"})


def _only(world: World) -> Site:
    if len(world.sites) != 1:
        raise HTTPException(404, f"several providers are served: ask below one of {', '.join(world.sites)}")
    return next(iter(world.sites.values()))


def _document(request: Request, site: Site) -> Response:
    return Response(orjson.dumps(_spec(request, site)), media_type="application/json")


def _spec(request: Request, site: Site) -> dict[str, Any]:
    return publish(site.stage.provider, f"{request.base_url}{site.slug}", site.signer.base)


def _yaml(request: Request, site: Site) -> Response:
    return Response(write(_spec(request, site)), media_type="application/yaml")


def _swagger(request: Request, title: str, spec: str) -> HTMLResponse:
    """A page that shows a spec and tries it, of this server's own files alone."""
    root = request.scope["root_path"]
    return get_swagger_ui_html(
        openapi_url=root + spec,
        title=title,
        swagger_js_url=f"{OPEN}swagger-ui-bundle.js",
        swagger_css_url=f"{OPEN}swagger-ui.css",
        swagger_favicon_url=f"{OPEN}favicon.png",
    )


PAGES: dict[str, Callable[..., Awaitable[Any]]] = {
    "/": index,
    "/openapi.json": only_document,
    "/openapi.yaml": only_yaml_document,
    "/docs": only_docs,
    f"{PREFIX}/docs": control_docs,
    f"{OPEN}{{name}}": asset,
    "/{slug}/openapi.json": document,
    "/{slug}/openapi.yaml": yaml_document,
    "/{slug}/docs": docs,
}
