"""The Messages protocol in process: what is refused, and every answer and event by the official SDK's own types."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.door import SPECS, Door, Reply, stage_of
from tests.refusals import changed
from tests.sweep import SWEEP, exact
from understudy.mockserver.stage import Stage
from understudy.specs.loader import load
from understudy.specs.model import Profile
from understudy.specs.streams import DIALECTS

CASES = yaml.load(
    (Path(__file__).parents[1] / "cases" / "messages" / "refused.yaml").read_text("utf-8"), yaml.CSafeLoader
)
SLUGS = ("storyclaw", "clawdrouter", "unigateway")
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


@cache
def stage_in(slug: str, profile: str) -> Stage:
    return Stage(load(SPECS[slug], Profile(profile)))


def door_of(slug: str, profile: str = "default") -> Door:
    return Door(stage_in(slug, profile))


def key_of(door: Door) -> str:
    return str(door.site.stage.provider.accounts[0].key)


def say(door: Door, body: Any, headers: dict[str, str] | None = None) -> Reply:
    key = key_of(door)
    sent = {"x-api-key": key, "anthropic-version": "2023-06-01", **(headers or {})}
    sent = {name: f"Bearer {key}" if value == "<bearer>" else value for name, value in sent.items() if value}
    return door.ask("POST", "/v1/messages", body, sent)


def iter_cases(section: str) -> Iterator[Any]:
    for group in CASES[section]:
        for slug in group.get("at", SLUGS):
            for change in group.get("change", [{}]):
                for headers in group.get("headers", [{}]):
                    name = json.dumps({**change, **headers})[:60]
                    marks = pytest.mark.facts(*group["facts"])
                    yield pytest.param(slug, group, change, headers, id=f"{slug}-{name}", marks=marks)


@pytest.mark.parametrize(("slug", "group", "change", "headers"), list(iter_cases("refused")))
def test_refused(slug: str, group: Any, change: Any, headers: Any) -> None:
    door = door_of(slug, group.get("profile", "default"))
    reply = say(door, changed(CASES["good"], change), headers)
    assert reply.status == group["status"], reply.body
    said = reply.json()
    assert said.keys() == {"type", "error", "request_id"}
    assert said["type"] == "error"
    assert said["error"].keys() == {"type", "message"}
    assert said["error"]["type"] == group["type"]
    assert len(said["error"]["message"]) > 5
    assert said["request_id"] == reply.header("request-id")
    account = door.site.accounts.named(door.site.stage.provider.accounts[0].id)
    assert account
    assert account.ledger.used(door.now) == 0


@pytest.mark.parametrize(("slug", "group", "change", "headers"), list(iter_cases("accepted")))
def test_accepted(slug: str, group: Any, change: Any, headers: Any) -> None:
    door = door_of(slug, group.get("profile", "default"))
    reply = say(door, changed(CASES["good"], change), headers)
    assert reply.status == 200, reply.body
    assert reply.json()["type"] == "message"
    (record,) = door.steer("GET", "/journal").json()["records"]
    assert group.get("note", "") in "; ".join(record["notes"])


def test_a_budget_above_the_bound_is_noted() -> None:
    door = door_of("unigateway")
    reply = say(door, {**CASES["good"], "thinking": {"type": "enabled", "budget_tokens": 8192}})
    assert [block["type"] for block in reply.json()["content"]] == ["thinking", "text"]
    (record,) = door.steer("GET", "/journal").json()["records"]
    assert any("budget_tokens" in note for note in record["notes"]), record


TOOLS = st.lists(st.sampled_from(["get_weather", "search", "add"]), max_size=3, unique=True)
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
THINKING = st.sampled_from(
    [None, {"type": "adaptive"}, {"type": "disabled"}, {"type": "enabled", "budget_tokens": 1024}]
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": draw(st.sampled_from(["claude-sonnet-4-6", "claude-opus-4-7"])),
        "max_tokens": draw(st.sampled_from([1, 2, 7, 40, 300, 2048])),
        "messages": [{"role": "user", "content": draw(TEXTS | st.just([{"type": "text", "text": "What now?"}]))}],
    }
    tools = draw(TOOLS)
    if tools:
        body["tools"] = [{"name": name, "input_schema": SCHEMA} for name in tools]
        kind = draw(st.sampled_from(["auto", "any", "none", "tool"]))
        body["tool_choice"] = {"type": "tool", "name": tools[0]} if kind == "tool" else {"type": kind}
    thinking = draw(THINKING)
    if thinking and (thinking["type"] != "enabled" or body["max_tokens"] > 1024):
        body["thinking"] = thinking
    if draw(st.booleans()):
        body["stop_sequences"] = draw(st.lists(st.sampled_from(["e", "the", ".", "。"]), max_size=3))
    if draw(st.booleans()):
        body["system"] = draw(TEXTS)
    return body


def accumulated(events: list[Any]) -> Any:
    """The answer that a stream's events make."""
    message = events[0]["message"]
    for event in events:
        if event["type"] == "content_block_start":
            message["content"].append({**event["content_block"]})
        if event["type"] == "content_block_delta":
            gather(message["content"][event["index"]], event["delta"])
        if event["type"] == "message_delta":
            message.update(event["delta"])
            message["usage"].update(event["usage"])
    for block in message["content"]:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block.pop("json"))
    return message


def gather(block: dict[str, Any], delta: dict[str, str]) -> None:
    (name,) = delta.keys() - {"type"}
    place = "json" if name == "partial_json" else name
    block[place] = block.get(place, "") + delta[name]


def without_ids(message: Any) -> Any:
    content = [{k: v for k, v in block.items() if k != "id"} for block in message["content"]]
    return {**message, "id": "", "content": content}


@pytest.mark.parametrize("slug", SLUGS)
def test_sweep_of_messages(slug: str) -> None:
    door = door_of(slug)

    @SWEEP
    @given(body=bodies())
    def check(body: dict[str, Any]) -> None:
        plain = say(door, body)
        assert plain.status == 200, plain.body
        exact(MESSAGE, plain.body)
        told = say(door, {**body, "stream": True})
        assert told.media_type == "text/event-stream"
        pairs = [block.split(b"\ndata: ") for block in told.body.removesuffix(b"\n\n").split(b"\n\n")]
        events = [json.loads(data) for _, data in pairs]
        types = [event["type"] for event in events]
        assert [name.removeprefix(b"event: ").decode() for name, _ in pairs] == types
        assert DIALECTS["anthropic-messages"].is_complete(types)
        for event, (_, data) in zip(events, pairs, strict=True):
            if event["type"] != "ping":
                exact(EVENTS, data)
        opened = events[0]["message"]
        assert (opened["content"], opened["stop_reason"]) == ([], None)
        assert opened["usage"]["output_tokens"] <= 1, "what is said later is not counted yet"
        assert without_ids(accumulated(events)) == without_ids(json.loads(plain.body))

    check()


def test_rate_headers_are_there_where_there_is_a_rate() -> None:
    names = [f"anthropic-ratelimit-requests-{name}" for name in ("limit", "remaining", "reset")]
    reply = say(Door(stage_of("storyclaw", ("rate_limit", "on"))), CASES["good"])
    assert [reply.header(name) for name in names] == ["60", "59", "2026-01-01T00:01:00Z"]
    reply = say(door_of("storyclaw"), CASES["good"])
    assert [reply.header(name) for name in names] == ["", "", ""]


def tokens_in(content: Any, **members: Any) -> int:
    body = {**CASES["good"], **members, "messages": [{"role": "user", "content": content}]}
    return int(say(door_of("storyclaw"), body).json()["usage"]["input_tokens"])


def test_all_that_is_said_counts() -> None:
    text = {"type": "text", "text": "Hello"}
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "one two three"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "one two"}, image]}
    plain = tokens_in("Hello")
    assert tokens_in([text]) == plain
    assert tokens_in([text, document]) > plain
    pictured = tokens_in([text, image])
    assert pictured > plain + 100
    assert tokens_in([text, result]) > pictured
    assert tokens_in([text], system=[{"type": "text", "text": "Be brief"}]) > plain
