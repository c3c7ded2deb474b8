"""The console: the page, its files, and what it asks for."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Annotated, Any

import orjson
from fastapi import HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from understudy.mockserver.console.about import describe_world
from understudy.mockserver.console.money import money_of
from understudy.mockserver.console.pulse import beat_of, iter_beats
from understudy.mockserver.console.requests import find_request, find_requests, window_of_requests
from understudy.mockserver.console.tasks import detail_of, find_tasks, window_of_tasks
from understudy.mockserver.control.routes import Route, ThisSite, ThisWorld
from understudy.mockserver.scope import number_fragment
from understudy.mockserver.trust import OPEN, PREFIX

Last = Annotated[int, Query(ge=0, description="The serial number of the newest that is wanted.")]
Count = Annotated[int, Query(ge=1, le=200)]
Text = Annotated[str, Query(max_length=200)]

# What the page may load: itself, and results from the second origin. Nothing else, on this machine or off it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: {media}; media-src 'self' {media}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FILES = {
    file.name: file.read_bytes()
    for file in files("understudy.mockserver.console").iterdir()
    if file.is_file() and file.name[file.name.rfind(".") :] in _TYPES
}


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value, default=number_fragment), media_type="application/json")


async def about(request: Request, world: ThisWorld) -> Response:
    """What does not change: the providers with their operations, kinds of task and conditions, and what can be steered."""
    can = {getattr(route, "path", "").removeprefix("/_understudy/") for route in request.app.routes}
    return _json({**describe_world(world), "can": sorted(can)})


async def pulse(world: ThisWorld) -> StreamingResponse:
    """Server-sent events: what changed, twice a second at most."""
    return StreamingResponse(iter_beats(world), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def beat(world: ThisWorld) -> Response:
    """One beat of the pulse."""
    return _json(beat_of(world))


async def tasks(site: ThisSite, last: Last, count: Count = 60) -> Response:
    """A part of the list of tasks, newest first."""
    return _json(window_of_tasks(site, last, count))


async def search_tasks(site: ThisSite, text: Text = "", phase: Text = "") -> Response:
    """The newest tasks that fit."""
    return _json(find_tasks(site, text, phase))


async def task(site: ThisSite, task_id: str) -> Response:
    """One task with its results and callbacks."""
    found = site.tasks.store.find(task_id)
    if found is None:
        raise HTTPException(404, f"no task {task_id!r} at {site.slug}")
    return _json(detail_of(site, found))


async def requests(world: ThisWorld, last: Last, count: Count = 60) -> Response:
    """A part of the list of requests, newest first."""
    return _json(window_of_requests(world, last, count))


async def search_requests(world: ThisWorld, text: Text = "", wrong: bool = False) -> Response:
    """The newest requests that fit."""
    return _json(find_requests(world, text, wrong=wrong))


async def request(world: ThisWorld, serial: int) -> Response:
    """One request with what it broke, and where that is documented."""
    found = find_request(world, serial)
    if found is None:
        raise HTTPException(404, f"request {serial} is not kept, or no longer")
    return _json(found)


async def money(site: ThisSite) -> Response:
    """Balances and entries of a provider's accounts."""
    return _json(money_of(site))


async def page(world: ThisWorld) -> Response:
    """The page."""
    return _file("index.html", world.settings.media_url)


async def file(name: str, world: ThisWorld) -> Response:
    """One of its files."""
    if name not in _FILES:
        raise HTTPException(404, f"the console has no file {name!r}")
    return _file(name, world.settings.media_url)


def _file(name: str, media_url: str) -> Response:
    headers = {
        "content-security-policy": _POLICY.format(media=media_url),
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return Response(_FILES[name], media_type=_TYPES[name[name.rfind(".") :]], headers=headers)


async def redirect(request: Request) -> Response:
    """To the page, whose files lie beside it."""
    return RedirectResponse(f"{request.scope['root_path']}{PREFIX}/")


ROUTES = (
    Route("GET", "/console/about", about),
    Route("GET", "/console/pulse", pulse),
    Route("GET", "/console/beat", beat),
    Route("GET", "/console/requests", requests),
    Route("GET", "/console/requests/search", search_requests),
    Route("GET", "/console/requests/{serial}", request),
    Route("GET", "/console/{slug}/tasks", tasks),
    Route("GET", "/console/{slug}/tasks/search", search_tasks),
    Route("GET", "/console/{slug}/tasks/{task_id}", task),
    Route("GET", "/console/{slug}/money", money),
)

PAGES: dict[str, Callable[..., Awaitable[Any]]] = {
    PREFIX: redirect,
    f"{PREFIX}/": page,
    f"{OPEN}console/{{name}}": file,
}
