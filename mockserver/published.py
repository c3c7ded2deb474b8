"""A provider's spec as it is given out: with this server in front of the provider's own, wherever servers are named."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from understudy.specs.model import METHODS, Provider


def publish(provider: Provider, base_url: str, media_url: str) -> dict[str, Any]:
    """The document; `base_url` and `media_url` are the addresses at which the provider's two origins are played."""

    def fronted(said: Mapping[str, Any]) -> dict[str, Any]:
        """A path or an operation with servers of its own."""
        servers = said["servers"]
        is_media = any(urlsplit(server["url"]).hostname in provider.media_hosts for server in servers)
        return {**said, "servers": [_server(media_url if is_media else base_url), *servers]}

    def path(item: Mapping[str, Any]) -> dict[str, Any]:
        own = {m: fronted(item[m]) for m in METHODS if "servers" in item.get(m, {})}
        return {**(fronted(item) if "servers" in item else item), **own}

    document = provider.document
    servers = [_server(base_url), *document.get("servers", [])]
    return {**document, "servers": servers, "paths": {name: path(item) for name, item in document["paths"].items()}}


def _server(url: str) -> dict[str, str]:
    return {"url": url, "description": "the mock"}
