"""The relay between a client and the mock: honest by itself, wrong with a lie."""

import json

import httpx2
import pytest

from tests.conftest import Serve
from tests.liars.lies import LIARS
from tests.liars.relay import Lie, Relay, running

CHAT = {"model": "gpt-5.4", "messages": [{"role": "user", "content": "你好"}], "max_tokens": 12}


@pytest.fixture
def upstream(serve: Serve) -> tuple[str, dict[str, str]]:
    provider = serve("--clock", "poll").providers["clawdrouter"]
    return provider.base_url, {"Authorization": f"Bearer {provider.keys[0]}"}


def _ask(base: str, headers: dict[str, str], **more: object) -> httpx2.Response:
    return httpx2.post(f"{base}/v1/chat/completions", json={**CHAT, **more}, headers=headers)


def test_an_honest_relay_changes_nothing(upstream: tuple[str, dict[str, str]]) -> None:
    base, headers = upstream
    with running(Relay(base)) as url:
        direct, relayed = _ask(base, headers), _ask(url, headers)
        streamed = _ask(url, headers, stream=True)
        refused = _ask(url, {})
    assert relayed.json()["usage"] == direct.json()["usage"]
    assert relayed.headers["content-type"] == direct.headers["content-type"]
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert refused.status_code == 401


def test_a_lie_changes_what_is_told(upstream: tuple[str, dict[str, str]]) -> None:
    base, headers = upstream

    def told(lie: Lie) -> httpx2.Response:
        with running(Relay(base, lie)) as url:
            return _ask(url, headers, stream=True)

    pieces = told(LIARS["clawdrouter: a stream without its last event"].lie)
    assert "[DONE]" not in pieces.text
    other = told(LIARS["clawdrouter: another model in a stream"].lie)
    models = {json.loads(line[6:])["model"] for line in other.text.splitlines() if line.startswith("data: {")}
    assert models == {"gpt-4o-mini-2024-07-18"}
