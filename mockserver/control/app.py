"""The application behind the providers' lane: the control API's routes, who may ask, and how refusals read."""

from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from understudy.mockserver.control import (
    accounts,
    callbacks,
    clock,
    console,
    events,
    faults,
    journal,
    pages,
    replies,
    tasks,
    worlds,
)
from understudy.mockserver.control.gate import Trust
from understudy.mockserver.trust import PREFIX, Guard
from understudy.mockserver.world import WORLDS_AT
from understudy.mockserver.worlds import Worlds

# By subject, in the order of the docs page. Fixed paths stand before those that begin with a provider.
SUBJECTS = {
    "worlds": worlds.ROUTES,
    "console": console.ROUTES,
    "clock": clock.ROUTES,
    "faults": faults.ROUTES,
    "replies": replies.ROUTES,
    "journal": journal.ROUTES,
    "events": events.ROUTES,
    "accounts": accounts.ROUTES,
    "tasks": tasks.ROUTES,
    "callbacks": callbacks.ROUTES,
}


def build_control(worlds: Worlds, guard: Guard) -> FastAPI:
    """The application; a request below `/_w/<world>` is about that world."""
    app = FastAPI(
        title="Understudy control API",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # it would load its scripts from a stranger's host
        redoc_url=None,
    )
    app.state.worlds = worlds
    app.add_middleware(Trust, guard=guard)
    _word_refusals(app, worlds)
    app.router.routes.extend(_router().routes)
    return app


@cache
def _router() -> APIRouter:
    """What all applications of the process share: it knows of no world, and takes a hundred times as long to make as the rest."""
    router = APIRouter()
    for subject, routes in SUBJECTS.items():
        for method, path, endpoint, status, model in routes:
            said: dict[str, Any] = {} if model is None else {"response_model": model}
            router.add_api_route(PREFIX + path, endpoint, methods=[method], status_code=status, tags=[subject], **said)
    for path, endpoint in {**console.PAGES, **pages.PAGES}.items():
        router.add_api_route(path, endpoint, include_in_schema=False)
    return router


def _word_refusals(app: FastAPI, worlds: Worlds) -> None:
    @app.exception_handler(404)
    async def nowhere(request: Request, error: Exception) -> Response:
        path, detail = request.scope["path"], getattr(error, "detail", "Not Found")
        if detail == "Not Found":
            detail = f"nothing is at {path}; providers are at {', '.join(f'/{slug}' for slug in worlds.default.sites)}"
            if path.startswith(WORLDS_AT) and not request.scope["root_path"]:
                detail = f"there is no world {path.split('/')[2]!r}; it may have been closed"
        return JSONResponse({"detail": detail}, 404)

    @app.exception_handler(405)
    async def otherwise(request: Request, error: Exception) -> Response:
        allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
        reason = f"{request.method} is not for {request.scope['path']}; it takes {allowed}"
        return JSONResponse({"detail": reason}, 405, {"Allow": allowed})

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        # Without what was sent: it may be nothing that JSON can say.
        found = [{name: problem[name] for name in ("loc", "msg", "type")} for problem in error.errors()]
        return JSONResponse({"detail": found}, 422)
