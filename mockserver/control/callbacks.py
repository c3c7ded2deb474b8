"""Seeing callbacks: what was owed to whom, and what came of it."""

from typing import Any

from understudy.mockserver.control.routes import Route, ThisSite


async def list_callbacks(site: ThisSite) -> dict[str, Any]:
    """Callbacks with their attempts, the latest last."""
    return {"deliveries": site.callbacks.list(), "dropped": site.callbacks.dropped}


ROUTES = (Route("GET", "/{slug}/callbacks", list_callbacks),)
