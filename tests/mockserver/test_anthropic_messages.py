"""Anthropic Messages by the official SDK, as it is, against a real server."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import Message, MessageParam, ToolParam

from tests.conftest import Serve, Served

PROVIDERS = ("storyclaw", "clawdrouter", "unigateway")
MODEL = "claude-sonnet-4-6"
HELLO: list[MessageParam] = [{"role": "user", "content": "What is the weather in Paris?"}]
WEATHER: ToolParam = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
ERRORS = {
    "invalid_request": (anthropic.BadRequestError, 400, 1),
    "unauthorized": (anthropic.AuthenticationError, 401, 1),
    "not_found": (anthropic.NotFoundError, 404, 1),
    "rate_limited": (anthropic.RateLimitError, 429, 3),
    "internal_error": (anthropic.InternalServerError, 500, 3),
    "service_busy": (anthropic.APIStatusError, 529, 3),
}


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve(*PROVIDERS)


@pytest.fixture(params=PROVIDERS)
def client(request: pytest.FixtureRequest, served: Served) -> Iterator[Anthropic]:
    provider = served.providers[request.param]
    with Anthropic(api_key=provider.keys[0], base_url=provider.base_url) as made:
        yield made


def said(message: Message) -> dict[str, Any]:
    """What a message says, without the ids, which differ from request to request."""
    told = message.to_dict()
    content = [{k: v for k, v in block.items() if k != "id"} for block in told.pop("content")]  # type: ignore[attr-defined]
    return {**told, "id": "", "content": content}


ASKED: dict[str, dict[str, Any]] = {
    "text": {"max_tokens": 1024},
    "cut": {"max_tokens": 5},
    "stop": {"max_tokens": 1024, "stop_sequences": ["e", "."]},
    "tools": {"max_tokens": 1024, "tools": [WEATHER], "tool_choice": {"type": "any"}},
    "thinking": {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 2048}},
    "adaptive": {
        "max_tokens": 4096,
        "thinking": {"type": "adaptive"},
        "system": [{"type": "text", "text": "Be brief."}],
    },
}
STOPS = {"cut": "max_tokens", "stop": "stop_sequence", "tools": "tool_use"}


@pytest.mark.parametrize("name", ASKED)
def test_a_stream_ends_in_the_plain_answer(client: Anthropic, name: str) -> None:
    plain = client.messages.create(model=MODEL, messages=HELLO, **ASKED[name])
    assert plain.stop_reason == STOPS.get(name, "end_turn")
    assert (plain.stop_sequence is not None) == (name == "stop")
    assert (plain.content[0].type == "thinking") == (name in ("thinking", "adaptive"))
    with client.messages.stream(model=MODEL, messages=HELLO, **ASKED[name]) as stream:
        assert said(stream.get_final_message()) == said(plain)
    events = list(client.messages.create(model=MODEL, messages=HELLO, stream=True, **ASKED[name]))
    assert [events[0].type, events[-1].type] == ["message_start", "message_stop"]


async def ask_async(served: Served, slug: str) -> Message:
    provider = served.providers[slug]
    async with AsyncAnthropic(api_key=provider.keys[0], base_url=provider.base_url) as client:
        return await client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)


@pytest.mark.parametrize("slug", PROVIDERS)
def test_the_async_client(served: Served, slug: str) -> None:
    answer = asyncio.run(ask_async(served, slug))
    assert answer.content[0].type == "text"
    assert answer.usage.output_tokens > 0


def test_a_tool_is_called_and_its_result_is_answered(client: Anthropic) -> None:
    called = client.messages.create(model=MODEL, max_tokens=512, messages=HELLO, tools=[WEATHER])
    (call,) = called.content
    assert call.type == "tool_use"
    assert isinstance(call.input["city"], str)
    result: MessageParam = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."}],
    }
    turns: list[MessageParam] = [*HELLO, {"role": "assistant", "content": called.content}, result]
    answer = client.messages.create(model=MODEL, max_tokens=512, messages=turns, tools=[WEATHER])
    assert [block.type for block in answer.content] == ["text"]
    assert answer.usage.input_tokens > called.usage.input_tokens


@pytest.mark.parametrize("condition", ERRORS)
def test_refusals_are_the_errors_of_the_sdk(client: Anthropic, served: Served, condition: str) -> None:
    kind, status, attempts = ERRORS[condition]
    before = len(records(served))
    failing = client.with_options(default_headers={"Prefer": f"condition={condition}"})
    with pytest.raises(kind) as caught:
        failing.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
    assert isinstance(caught.value, anthropic.APIStatusError)
    assert caught.value.status_code == status
    assert caught.value.request_id
    assert len(records(served)) - before == attempts


def records(served: Served) -> list[Any]:
    with urlopen(f"{served.control_url}/journal") as answer:
        return list(json.load(answer)["records"])


def test_no_credits(served: Served) -> None:
    provider = served.providers["storyclaw"]
    headers = {"Prefer": "condition=insufficient_credits"}
    with (
        Anthropic(api_key=provider.keys[0], base_url=provider.base_url, default_headers=headers) as client,
        pytest.raises(anthropic.PaymentRequiredError) as caught,
    ):
        client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
    assert caught.value.body == {
        "type": "error",
        "error": {"type": "billing_error", "message": "not enough credits"},
        "request_id": caught.value.request_id,
    }


@pytest.mark.facts("CR-100", "UG-147")
@pytest.mark.parametrize(
    ("slug", "kind"), [("clawdrouter", anthropic.RateLimitError), ("unigateway", anthropic.PermissionDeniedError)]
)
def test_relays_without_a_402_can_be_made_to_say_it(
    served: Served, slug: str, kind: type[anthropic.APIStatusError]
) -> None:
    """By itself a relay says otherwise that its customer is out of credits."""
    provider = served.providers[slug]
    steers: dict[str, type[anthropic.APIStatusError]] = {
        "condition=insufficient_credits": kind,
        "fault=status, status=402": anthropic.PaymentRequiredError,
    }
    for steer, wanted in steers.items():
        with (
            Anthropic(api_key=provider.keys[0], base_url=provider.base_url, max_retries=0) as client,
            pytest.raises(wanted) as caught,
        ):
            client.messages.create(model=MODEL, max_tokens=64, messages=HELLO, extra_headers={"Prefer": steer})
        assert "quota" in caught.value.message
        assert caught.value.request_id


def test_an_error_may_come_within_a_stream(client: Anthropic) -> None:
    failing = client.with_options(default_headers={"Prefer": "condition=service_busy, after=4"})
    stream = failing.messages.create(model=MODEL, max_tokens=64, messages=HELLO, stream=True)
    with pytest.raises(anthropic.APIStatusError) as caught:
        list(stream)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"]["type"] == "overloaded_error"
