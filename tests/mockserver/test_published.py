"""The spec as it is given out: a tool that takes the first server of each operation never leaves this machine."""

import orjson
import pytest

from tests.door import MEDIA_URL, SPECS, Door, stage_of
from understudy.specs.model import METHODS

PATHS = [(slug, path) for slug in SPECS for path in stage_of(slug).provider.document["paths"]]


@pytest.mark.parametrize(("slug", "path"), PATHS)
def test_the_first_server_is_the_mock(slug: str, path: str) -> None:
    provider, document = stage_of(slug).provider, orjson.loads(Door(stage_of(slug)).behind(f"/{slug}/openapi.json"))
    item, said = document["paths"][path], provider.document["paths"][path]
    is_media = any(o.media for o in provider.operations if o.path == path)
    home = f"{MEDIA_URL}/{slug}" if is_media else f"http://127.0.0.1/{slug}"
    for method in METHODS:
        if method in item:
            servers = item[method].get("servers") or item.get("servers") or document["servers"]
            assert servers[0]["url"] == home
    assert item.get("servers", [None])[1:] == said.get("servers", [])


@pytest.mark.parametrize("slug", SPECS)
def test_all_else_is_as_it_was(slug: str) -> None:
    document = orjson.loads(Door(stage_of(slug)).behind(f"/{slug}/openapi.json"))
    said = orjson.loads(orjson.dumps(stage_of(slug).provider.document))
    assert without_servers(document) == without_servers(said)


def without_servers(document: dict[str, object]) -> dict[str, object]:
    paths = document["paths"]
    assert isinstance(paths, dict)
    bare = {path: {key: value for key, value in item.items() if key != "servers"} for path, item in paths.items()}
    return {key: value for key, value in document.items() if key != "servers"} | {"paths": bare}
