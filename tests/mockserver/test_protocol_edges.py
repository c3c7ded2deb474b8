"""What the protocols share at their edges: bodies that are too large, requests that are counted, answers that are not kept."""

from typing import Any

import pytest

from tests.door import Door, Reply, stage_of

MESSAGE = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
TYPE = {"Content-Type": "application/json"}
MESSAGES = "/v1/messages"
NO_RATE = ("", "", "")


def keyed(door: Door, index: int = 0) -> dict[str, str]:
    key = door.site.stage.provider.accounts[index].key
    return {"Authorization": f"Bearer {key}", "x-goog-api-key": key, "anthropic-version": "2023-06-01", **TYPE}


def post(door: Door, path: str, body: Any, **more: str) -> Reply:
    return door.ask("POST", path, body, {**keyed(door), **more})


@pytest.mark.parametrize(
    ("slug", "path", "status", "said"),
    [
        ("storyclaw", MESSAGES, 413, {"type": "request_too_large"}),
        ("storyclaw", "/v1/router/task/create", 400, None),
        ("clawdrouter", MESSAGES, 413, {"type": "request_too_large"}),
        ("clawdrouter", "/v1/responses", 413, {"type": "invalid_request_error", "code": "request_too_large"}),
        ("unigateway", MESSAGES, 413, {"type": "request_too_large"}),
        ("unigateway", "/v1/chat/completions", 413, {"type": "invalid_request_error", "code": "request_too_large"}),
        ("unigateway", "/v1beta/models/gemini-3.5-flash:generateContent", 400, {"status": "INVALID_ARGUMENT", "code": 400}),
    ],
)  # fmt: skip
def test_a_body_that_is_too_large_is_refused_in_the_protocols_words(
    slug: str, path: str, status: int, said: Any
) -> None:
    door = Door(stage_of(slug))
    most = door.site.stage.provider.limits.body
    reply = post(door, path, b'"' + b"a" * most + b'"')
    assert reply.status == status
    assert str(most) in reply.body.decode()
    if said:
        assert said.items() <= reply.json()["error"].items()
    assert post(door, path, b'"' + b"a" * (most - 2) + b'"').status == 400


@pytest.mark.parametrize(
    ("slug", "path", "body", "names", "until"),
    [
        ("clawdrouter", "/v1/chat/completions", CHAT, "x-ratelimit-{}-requests", "60s"),
        ("clawdrouter", MESSAGES, MESSAGE, "anthropic-ratelimit-requests-{}", "2026-01-01T00:01:00Z"),
        ("storyclaw", MESSAGES, MESSAGE, "anthropic-ratelimit-requests-{}", "2026-01-01T00:01:00Z"),
        ("unigateway", MESSAGES, MESSAGE, "anthropic-ratelimit-requests-{}", "2026-01-01T00:01:00Z"),
        ("unigateway", "/v1/chat/completions", {**CHAT, "model": "gpt-5.4"}, "x-ratelimit-{}-requests", "60s"),
    ],
)
def test_the_rate_is_told_with_answers_and_refusals(slug: str, path: str, body: Any, names: str, until: str) -> None:
    door = Door(stage_of(slug, ("rate_limit", "on")))

    def told(reply: Reply) -> tuple[str, ...]:
        return tuple(reply.header(names.format(name)) for name in ("limit", "remaining", "reset"))

    assert told(post(door, path, body)) == ("60", "59", until)
    refused = post(door, path, {})
    assert (refused.status, told(refused)) == (400, ("60", "58", until))
    stranger = post(door, path, body, Authorization="Bearer sk-nobody")
    assert (stranger.status, told(stranger)) == (401, NO_RATE)
    for _ in range(58):
        post(door, path, body)
    full = post(door, path, body)
    assert (full.status, full.header("retry-after"), told(full)) == (429, "60", ("60", "0", until))
    door.advance(60)
    assert told(post(door, path, body))[:2] == ("60", "59")
    free = Door(stage_of(slug))
    assert told(post(free, path, body)) == told(post(free, path, {})) == NO_RATE


@pytest.mark.parametrize(
    ("member", "status"), [({}, 200), ({"store": True}, 200), ({"store": None}, 200), ({"store": False}, 400)]
)
def test_an_answer_that_is_not_stored_cannot_be_continued(member: dict[str, Any], status: int) -> None:
    door = Door(stage_of("clawdrouter"))
    first = post(door, "/v1/responses", {"model": "gpt-5", "input": "Hi", **member}).json()
    again = post(door, "/v1/responses", {"model": "gpt-5", "input": "More", "previous_response_id": first["id"]})
    assert again.status == status
    if status == 400:
        error = again.json()["error"]
        assert (error["code"], error["param"]) == ("previous_response_not_found", "previous_response_id")


def test_what_is_asked_in_the_background_is_ready_at_once() -> None:
    door = Door(stage_of("clawdrouter"))
    answer = post(door, "/v1/responses", {"model": "gpt-5", "input": "Hi", "background": True}).json()
    assert (answer["status"], answer["background"]) == ("completed", True)
