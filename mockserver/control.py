"""The control API: how a test steers the mock and sees what happened. FastAPI, with its own OpenAPI."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from understudy.mockserver.accounts import Account
from understudy.mockserver.journal import Record, stable
from understudy.mockserver.published import publish
from understudy.mockserver.site import Site
from understudy.mockserver.trust import Guard
from understudy.mockserver.world import World

Money = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6)]


class Health(BaseModel):
    """That the server is up, and what it plays."""

    status: str
    providers: list[str]
    clock: str
    now: float


class Advance(BaseModel):
    """How far to move a virtual clock, in seconds."""

    seconds: Annotated[float, Field(ge=0, le=31_536_000_000)]


class Now(BaseModel):
    """The clock and its time, seconds since the epoch."""

    clock: str
    now: float


class AccountView(BaseModel):
    """An account and its money, in the provider's credits."""

    id: str
    total: Decimal
    used: Decimal
    held: Decimal
    remaining: Decimal
    recharged: Decimal
    slots: int | None
    tasks: int


class NewAccount(BaseModel):
    """An account to open, or a further key for one that is there."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    key: Annotated[str, Field(min_length=1, max_length=500)]
    credits: Money = Decimal(0)
    recharged: Money = Decimal(0)


class Credit(BaseModel):
    """Credits to pay in; `recharged` is what was paid for them and counts for the tier."""

    credits: Money
    recharged: Money = Decimal(0)


class Key(BaseModel):
    """A key of an account."""

    key: Annotated[str, Field(min_length=1, max_length=500)]


def build_control(world: World, guard: Guard) -> FastAPI:
    """The application behind the providers' lane."""
    app = FastAPI(
        title="Understudy control API",
        openapi_url="/_understudy/openapi.json",
        docs_url="/_understudy/docs",
        redoc_url=None,
    )

    @app.middleware("http")
    async def trust(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        reason = guard.objection(request) if request.scope["path"].startswith("/_understudy") else ""
        return JSONResponse({"detail": reason}, 403) if reason else await call_next(request)

    @app.exception_handler(404)
    async def nowhere(request: Request, error: Exception) -> Response:
        slugs = ", ".join(f"/{slug}" for slug in world.sites)
        detail = getattr(error, "detail", "Not Found")
        reason = f"nothing is at {request.scope['path']}; providers are at {slugs}" if detail == "Not Found" else detail
        return JSONResponse({"detail": reason}, 404)

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

    _add_pages(app, world)
    _add_clock(app, world)
    _add_accounts(app, world)
    _add_tasks(app, world)
    _add_journal(app, world)
    return app


def _site(world: World, slug: str) -> Site:
    if slug not in world.sites:
        raise HTTPException(404, f"no provider {slug!r} is served; there are {', '.join(world.sites)}")
    return world.sites[slug]


def _add_pages(app: FastAPI, world: World) -> None:
    def document(request: Request, slug: str) -> Response:
        """The provider's spec, with this server in front of its own hosts."""
        provider = _site(world, slug).stage.provider
        spec = publish(provider, f"{request.base_url}{slug}", f"{world.settings.media_url}/{slug}")
        return Response(orjson.dumps(spec), media_type="application/json")

    @app.get("/{slug}/openapi.json", include_in_schema=False)
    async def one(request: Request, slug: str) -> Response:
        return document(request, slug)

    @app.get("/openapi.json", include_in_schema=False)
    async def only(request: Request) -> Response:
        if len(world.sites) != 1:
            raise HTTPException(404, "several providers are served: ask for /<provider>/openapi.json")
        return document(request, next(iter(world.sites)))

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> Any:
        return {
            "providers": {slug: f"{request.base_url}{slug}" for slug in world.sites},
            "control": "/_understudy/docs",
        }

    @app.get("/_understudy/health")
    async def health() -> Health:
        """Whether the server is up."""
        return Health(status="ok", providers=list(world.sites), clock=world.clock.name, now=world.clock.now())


def _add_clock(app: FastAPI, world: World) -> None:
    @app.get("/_understudy/clock")
    async def get_clock() -> Now:
        """The world's time."""
        return Now(clock=world.clock.name, now=world.clock.now())

    @app.post("/_understudy/clock/advance")
    async def advance(wanted: Advance) -> Now:
        """Move a virtual clock; what falls due is done, in order, before this answers."""
        try:
            now = await world.advance(wanted.seconds)
        except ValueError as error:
            raise HTTPException(409, str(error)) from None
        return Now(clock=world.clock.name, now=now)


def _add_accounts(app: FastAPI, world: World) -> None:
    def view(site: Site, account: Account) -> AccountView:
        now, ledger = world.clock.now(), account.ledger
        return AccountView(
            id=account.id,
            total=ledger.total,
            used=ledger.used(now),
            held=ledger.held(now),
            remaining=ledger.remaining(now),
            recharged=account.recharged,
            slots=account.slots,
            tasks=site.tasks.store.count(account.id, frozenset()),
        )

    def find(site: Site, name: str) -> Account:
        account = site.accounts.named(name)
        if account is None:
            raise HTTPException(404, f"no account {name!r} at {site.slug}")
        return account

    @app.get("/_understudy/{slug}/accounts")
    async def accounts(slug: str) -> list[AccountView]:
        """All accounts of a provider."""
        site = _site(world, slug)
        return [view(site, account) for account in site.accounts]

    @app.post("/_understudy/{slug}/accounts", status_code=201)
    async def open_account(slug: str, new: NewAccount) -> AccountView:
        """Open an account, or give one a further key."""
        site = _site(world, slug)
        _refuse_key(site, new)
        return view(site, site.accounts.open(new.id, new.key, new.credits, new.recharged))

    @app.post("/_understudy/{slug}/accounts/{name}/credit")
    async def credit(slug: str, name: str, paid: Credit) -> AccountView:
        """Pay in; tasks that waited for money or a slot are planned anew."""
        site = _site(world, slug)
        account = find(site, name)
        account.ledger.credit(paid.credits)
        account.recharged += paid.recharged
        site.tasks.replan(account, world.clock.now())
        site.callbacks.moved(world.clock.now())
        return view(site, account)

    @app.post("/_understudy/{slug}/keys/revoke", status_code=204)
    async def revoke(slug: str, key: Key) -> None:
        """Refuse a key from now on."""
        _site(world, slug).accounts.revoke(key.key)

    @app.get("/_understudy/{slug}/callbacks")
    async def callbacks(slug: str) -> dict[str, Any]:
        """Callbacks with their attempts, the latest last."""
        site = _site(world, slug)
        return {"deliveries": site.callbacks.list(), "dropped": site.callbacks.dropped}


def _add_tasks(app: FastAPI, world: World) -> None:
    @app.post("/_understudy/{slug}/tasks/{task_id}/cancel", status_code=204)
    async def cancel(slug: str, task_id: str) -> None:
        """End a task as its provider would cancel it, also where customers have no way to ask for that."""
        site, now = _site(world, slug), world.clock.now()
        task = site.tasks.store.find(task_id)
        if task is None:
            raise HTTPException(404, f"no task {task_id!r} at {slug}")
        if not site.tasks.cancel(task, now):
            state = task.state_at(now).name
            raise HTTPException(409, f"a {task.kind.name} cannot be cancelled while it is {state}")
        site.callbacks.moved(now)


def _refuse_key(site: Site, new: NewAccount) -> None:
    """Refuse a key that is another account's, or one too many."""
    owner = site.accounts.owner(new.key)
    if owner is not None and owner.id != new.id:
        raise HTTPException(409, f"that key is {owner.id}'s; choose another, or revoke it first")
    if site.accounts.is_full:
        raise HTTPException(409, f"{site.slug} has as many accounts or keys as are kept; reuse one")


def _add_journal(app: FastAPI, world: World) -> None:
    def _stable(record: Record) -> dict[str, Any]:
        stage = world.sites[record.provider].stage
        return stable(record, stage.key_headers, stage.key_parameters)

    @app.get("/_understudy/{slug}/dropped")
    async def dropped(slug: str) -> dict[str, int]:
        """How much was let go because too much is kept, by what it was; all 0 while nothing was."""
        site = _site(world, slug)
        return {
            "tasks": site.tasks.store.dropped,
            "uploads": site.uploads.dropped,
            "idempotency_keys": site.idempotency.dropped if site.idempotency else 0,
            "callbacks": site.callbacks.dropped,
            "refused_accounts": site.accounts.refused,
            "journal": world.journal.dropped,
        }

    @app.get("/_understudy/journal")
    async def journal(limit: Annotated[int, Query(ge=1)] = 100) -> dict[str, Any]:
        """The latest exchanges, oldest first, keys redacted."""
        records = list(world.journal)[-limit:]
        return {
            "records": [_stable(r) for r in records],
            "seen": world.journal.seen,
            "dropped": world.journal.dropped,
        }
