"""What the console shows of a provider that does not change while it is played."""

from typing import Any

from understudy.mockserver.site import Site
from understudy.mockserver.world import World
from understudy.specs.asking import ask_for
from understudy.specs.model import Kind, Operation

# Behaviors whose curl makes something: the first of a provider is what a newcomer is shown.
_MAKING = ("task.submit", "completion", "images", "speech")


def describe_world(world: World) -> dict[str, Any]:
    """The world, and for each provider its kinds of task, its operations with a curl, and its ways to refuse."""
    return {
        "world": world.name,
        "clock": world.clock.name,
        "base_url": world.base_url,
        "media_url": world.media_url,
        "providers": [_describe(site) for site in world.sites.values()],
    }


def _describe(site: Site) -> dict[str, Any]:
    provider = site.stage.provider
    key = next(iter(site.accounts.keys()), "")
    operations = [_operation(site, operation, key) for operation in provider.operations]
    return {
        "slug": site.slug,
        "title": provider.title,
        "base_url": site.base_url,
        "key": key,
        "document": provider.document["x-provider"].get("document", ""),
        "operations": sorted(operations, key=lambda each: not each["makes"]),
        "kinds": [_kind(kind) for kind in provider.kinds.values()],
        "conditions": list(provider.document["x-errors"]["conditions"]),
    }


def _operation(site: Site, operation: Operation, key: str) -> dict[str, Any]:
    provider = site.stage.provider
    said = provider.document["paths"][operation.path][operation.method.lower()]
    ask = ask_for(provider, operation, key)
    return {
        "id": operation.id,
        "method": operation.method,
        "path": operation.path,
        "summary": said.get("summary", ""),
        "makes": operation.behavior in _MAKING,
        "submits": operation.behavior == "task.submit",
        "curl": ask.as_curl(site.base_url) if ask else "",
        # Seen from the page, so that it is the same world on the same host.
        "address": f"../{site.slug}{ask.path}" if ask else "",
        "ask": ask and {"method": ask.method, "path": ask.path, "headers": dict(ask.headers), "body": ask.body},
    }


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "states": [{"name": state.name, "phase": state.phase} for state in kind.states],
        "failures": list(kind.failures),
        "can_cancel": bool(kind.cancel),
    }
