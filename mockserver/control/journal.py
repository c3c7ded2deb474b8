"""Seeing what was asked and answered, and what of it is no longer kept."""

from typing import Annotated, Any

from fastapi import Query

from understudy.mockserver.control.routes import Route, ThisSite, ThisWorld
from understudy.mockserver.journal import Record, stable
from understudy.mockserver.world import World


def _stable(world: World, record: Record) -> dict[str, Any]:
    stage = world.sites[record.provider].stage
    return stable(record, stage.key_headers, stage.key_parameters)


async def dropped(site: ThisSite) -> dict[str, int]:
    """How much was let go because too much is kept, by what it was; all 0 while nothing was."""
    return {
        "tasks": site.tasks.store.dropped,
        "uploads": site.uploads.dropped,
        "idempotency_keys": site.idempotency.dropped if site.idempotency else 0,
        "callbacks": site.callbacks.dropped,
        "refused_accounts": site.accounts.refused,
        "journal": site.world.journal.dropped,
    }


async def list_journal(world: ThisWorld, limit: Annotated[int, Query(ge=1)] = 100) -> dict[str, Any]:
    """The latest exchanges, oldest first, keys redacted."""
    records = list(world.journal)[-limit:]
    return {
        "records": [_stable(world, record) for record in records],
        "seen": world.journal.seen,
        "dropped": world.journal.dropped,
    }


ROUTES = (
    Route("GET", "/journal", list_journal),
    Route("GET", "/{slug}/dropped", dropped),
)
