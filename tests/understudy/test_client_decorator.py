"""`@understudy.client`: a function that is careful passes, one that is not fails with the replies that show it."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

import understudy
from understudy.auditions.examined import Tripped


def _ask(url: str, key: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=5) as answer:
        said = json.load(answer)
    if not isinstance(said, dict) or said.get("code") != "200":
        raise RuntimeError(str(said))
    return said["result"]


def _submit(base_url: str, key: str) -> str:
    return str(_ask(f"{base_url}/open-api/v1/video/submit", key, {"prompt": "a cat", "duration": 4})["taskId"])


@understudy.client("juhuo", only=("create-lost", "create-refused"))
def test_who_asks_once_passes(base_url: str, api_key: str) -> str:
    """A client that creates a task, once."""
    return _submit(base_url, api_key)


@understudy.client("juhuo", only=("create-lost",))
def _careless(base_url: str, api_key: str) -> str:
    try:
        return _submit(base_url, api_key)
    except (OSError, ValueError):
        return _submit(base_url, api_key)


def test_who_asks_again_fails_with_the_replies_that_show_it() -> None:
    with pytest.raises(Tripped, match="paid-once") as raised:
        _careless()
    assert "provider: video.submit: done, but the connection is reset" in str(raised.value)
    assert "client:   asked video.submit 2 ×" in str(raised.value)


@understudy.client("juhuo", only=("create-lost",))
async def _broken(base_url: str, api_key: str) -> None:
    raise RuntimeError("I am not ready")


def test_who_fails_when_all_is_well_cannot_be_judged() -> None:
    with pytest.raises(Tripped, match="cannot be judged"):
        _broken()
