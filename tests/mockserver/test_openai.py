"""The protocols of Chat Completions and Responses, asked by their official client, unmodified."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.conftest import Provider, Serve, Served

RELAYS = ("clawdrouter", "unigateway")
HELLO: list[Any] = [{"role": "user", "content": "Tell me of the weather and the time in Paris"}]
MODELS = {"clawdrouter": "gpt-4o", "unigateway": "gpt-5.4"}


class City(BaseModel):
    name: str
    inhabitants: int


def tool(name: str, *members: str) -> dict[str, Any]:
    properties = {member: {"type": "string"} for member in members}
    parameters = {"type": "object", "properties": properties, "required": list(members), "additionalProperties": False}
    return {"name": name, "parameters": parameters, "strict": True}


TOOLS: list[Any] = [{"type": "function", "function": tool(name, "city")} for name in ("get_weather", "get_time")]
FLAT_TOOLS: list[Any] = [{"type": "function", **tool(name, "city")} for name in ("get_weather", "get_time")]


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve(*RELAYS)


@pytest.fixture(params=RELAYS)
def provider(request: pytest.FixtureRequest, served: Served) -> Provider:
    return served.providers[request.param]


def settings_of(provider: Provider, **more: Any) -> dict[str, Any]:
    return {"api_key": provider.keys[0], "base_url": f"{provider.base_url}/v1", "max_retries": 0, **more}


@pytest.fixture
def client(provider: Provider) -> Iterator[OpenAI]:
    with OpenAI(**settings_of(provider)) as client:
        yield client


@pytest.fixture
def model(provider: Provider) -> str:
    return MODELS[provider.slug]


@pytest.fixture
def router(served: Served) -> Iterator[OpenAI]:
    with OpenAI(**settings_of(served.providers["clawdrouter"])) as client:
        yield client


def test_chat_whole_and_streamed(client: OpenAI, model: str) -> None:
    whole = client.chat.completions.create(model=model, messages=HELLO, n=2)
    chunks = list(
        client.chat.completions.create(
            model=model, messages=HELLO, n=2, stream=True, stream_options={"include_usage": True}
        )
    )
    said = ["", ""]
    for chunk in chunks[:-1]:
        assert chunk.usage is None
        said[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert said == [choice.message.content for choice in whole.choices]
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert whole._request_id


def test_chat_without_waiting(provider: Provider, model: str) -> None:
    async def ask() -> tuple[str | None, str]:
        async with AsyncOpenAI(**settings_of(provider)) as client:
            whole = await client.chat.completions.create(model=model, messages=HELLO)
            stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
            said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
            return whole.choices[0].message.content, said

    whole, streamed = asyncio.run(ask())
    assert whole == streamed != ""


def test_chat_tools_are_called_and_answered(client: OpenAI, model: str) -> None:
    asked = client.chat.completions.create(model=model, messages=HELLO, tools=TOOLS)
    message = asked.choices[0].message
    assert asked.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls
    assert [call.function.name for call in message.tool_calls if call.type == "function"] == ["get_weather", "get_time"]
    with client.chat.completions.stream(model=model, messages=HELLO, tools=TOOLS) as stream:
        streamed = stream.get_final_completion().choices[0].message
    assert streamed.tool_calls
    for call, same in zip(message.tool_calls, streamed.tool_calls, strict=True):
        assert call.type == "function"
        assert (call.function.name, call.function.arguments) == (same.function.name, same.function.arguments)
    results = [{"role": "tool", "tool_call_id": call.id, "content": "fine"} for call in message.tool_calls]
    told: list[Any] = [*HELLO, message.model_dump(exclude_none=True), *results]
    answer = client.chat.completions.create(model=model, messages=told, tools=TOOLS)
    assert (answer.choices[0].finish_reason, answer.choices[0].message.tool_calls) == ("stop", None)
    one = client.chat.completions.create(model=model, messages=HELLO, tools=TOOLS, parallel_tool_calls=False)
    assert len(one.choices[0].message.tool_calls or ()) == 1


def test_chat_answers_in_a_shape(client: OpenAI, model: str) -> None:
    parsed = client.chat.completions.parse(model=model, messages=HELLO, response_format=City)
    assert isinstance(parsed.choices[0].message.parsed, City)
    with client.chat.completions.stream(model=model, messages=HELLO, response_format=City) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == parsed.choices[0].message.parsed
    loose = client.chat.completions.create(model=model, messages=HELLO, response_format={"type": "json_object"})
    assert isinstance(json.loads(loose.choices[0].message.content or ""), dict)


def test_chat_may_end_early(client: OpenAI, model: str) -> None:
    short = client.chat.completions.create(model=model, messages=HELLO, max_completion_tokens=5)
    assert short.choices[0].finish_reason == "length"
    assert short.usage
    assert short.usage.completion_tokens == 5


def test_responses_whole_and_streamed(router: OpenAI) -> None:
    wanted: dict[str, Any] = {"reasoning": {"effort": "low", "summary": "auto"}, "instructions": "Be brief."}
    whole = router.responses.create(model="gpt-4o", input="Hello in Paris", **wanted)
    assert [item.type for item in whole.output] == ["reasoning", "message"]
    with router.responses.stream(model="gpt-4o", input="Hello in Paris", **wanted) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (final.output_text, final.usage, final.status) == (whole.output_text, whole.usage, "completed")
    assert whole.usage
    assert whole.usage.output_tokens_details.reasoning_tokens > 0
    short = router.responses.create(model="gpt-4o", input="Hello in Paris", max_output_tokens=16)
    assert short.status == "incomplete"
    assert short.incomplete_details
    assert short.incomplete_details.reason == "max_output_tokens"


def test_responses_without_waiting(served: Served) -> None:
    async def ask() -> list[str]:
        async with AsyncOpenAI(**settings_of(served.providers["clawdrouter"])) as client:
            stream = await client.responses.create(model="gpt-4o", input="Hello", stream=True)
            return [event.type async for event in stream]

    types = asyncio.run(ask())
    assert (types[0], types[-1]) == ("response.created", "response.completed")


def test_responses_go_on(router: OpenAI) -> None:
    first = router.responses.create(model="gpt-4o", input=HELLO, tools=FLAT_TOOLS)
    calls = [item for item in first.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["get_weather", "get_time"]
    results: list[Any] = [{"type": "function_call_output", "call_id": c.call_id, "output": "fine"} for c in calls]
    second = router.responses.create(model="gpt-4o", input=results, tools=FLAT_TOOLS, previous_response_id=first.id)
    assert second.output_text
    assert second.usage
    assert first.usage
    assert second.previous_response_id == first.id
    alone = router.responses.create(model="gpt-4o", input=results, tools=FLAT_TOOLS)
    assert alone.usage
    assert second.usage.input_tokens > alone.usage.input_tokens
    with pytest.raises(openai.BadRequestError) as refused:
        router.responses.create(model="gpt-4o", input="on", previous_response_id="resp_unknown")
    assert (refused.value.code, refused.value.param) == ("previous_response_not_found", "previous_response_id")


def test_responses_answer_in_a_shape(router: OpenAI) -> None:
    parsed = router.responses.parse(model="gpt-4o", input="A city", text_format=City)
    assert isinstance(parsed.output_parsed, City)


ERRORS = [
    ("invalid_request", openai.BadRequestError),
    ("unauthorized", openai.AuthenticationError),
    ("not_found", openai.NotFoundError),
    ("rate_limited", openai.RateLimitError),
    ("internal_error", openai.InternalServerError),
    ("service_busy", openai.InternalServerError),
]


@pytest.mark.parametrize(("condition", "wanted"), ERRORS, ids=[name for name, _ in ERRORS])
def test_each_refusal_is_an_error_of_its_class(
    provider: Provider, model: str, condition: str, wanted: type[openai.APIStatusError]
) -> None:
    steer = {"Prefer": f"condition={condition}"}
    with OpenAI(**settings_of(provider, default_headers=steer)) as client, pytest.raises(wanted) as refused:
        client.chat.completions.create(model=model, messages=HELLO)
    assert refused.value.code
    assert refused.value.request_id


def test_a_402_is_told_as_it_came(provider: Provider, model: str) -> None:
    """No relay says it by itself, and the client has no class of its own for it; it does not ask again."""
    steer = {"Prefer": "fault=status, status=402"}
    with (
        OpenAI(**settings_of(provider, default_headers=steer)) as client,
        pytest.raises(openai.APIStatusError) as refused,
    ):
        client.chat.completions.create(model=model, messages=HELLO)
    assert (type(refused.value), refused.value.status_code) == (openai.APIStatusError, 402)
    assert refused.value.code in ("insufficient_quota", "insufficient_user_quota")


@pytest.mark.facts("CR-092", "CR-100")
def test_a_quota_is_told_from_a_rate(served: Served) -> None:
    codes: dict[str, str | None] = {}
    for condition in ("rate_limited", "insufficient_credits"):
        steer = {"Prefer": f"condition={condition}"}
        with (
            OpenAI(**settings_of(served.providers["clawdrouter"], default_headers=steer)) as client,
            pytest.raises(openai.RateLimitError) as refused,
        ):
            client.responses.create(model="gpt-4o", input="Hello")
        assert ("retry-after" in refused.value.response.headers) == (condition == "rate_limited")
        codes[condition] = refused.value.code
    assert codes == {"rate_limited": "rate_limit_exceeded", "insufficient_credits": "insufficient_quota"}


@pytest.mark.facts("UG-147")
def test_a_used_up_quota_is_an_error_of_its_class_where_no_document_has_402(served: Served) -> None:
    steer = {"Prefer": "condition=insufficient_credits"}
    with (
        OpenAI(**settings_of(served.providers["unigateway"], default_headers=steer)) as client,
        pytest.raises(openai.PermissionDeniedError) as refused,
    ):
        client.chat.completions.create(model="gpt-5.4", messages=HELLO)
    assert refused.value.code == "insufficient_user_quota"


def test_a_402_that_a_relay_gives_all_the_same_can_be_provoked(provider: Provider, model: str) -> None:
    """The SDK has no class of its own for it, and does not try again."""
    steer = {"Prefer": "fault=status, status=402"}
    with (
        OpenAI(**settings_of(provider, max_retries=2, default_headers=steer)) as client,
        pytest.raises(openai.APIStatusError) as refused,
    ):
        client.chat.completions.create(model=model, messages=HELLO)
    assert type(refused.value) is openai.APIStatusError
    assert refused.value.status_code == 402
    assert "x-stainless-retry-count" in refused.value.request.headers
    assert refused.value.request.headers["x-stainless-retry-count"] == "0"


def test_the_client_tries_again(served: Served) -> None:
    steer = {"Prefer": "condition=internal_error", "X-Stainless-Mark": "retries"}
    with urlopen(f"{served.control_url}/journal") as answer:
        before = len(json.load(answer)["records"])
    with (
        OpenAI(**settings_of(served.providers["clawdrouter"], max_retries=2, default_headers=steer)) as client,
        pytest.raises(openai.InternalServerError),
    ):
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    with urlopen(f"{served.control_url}/journal") as answer:
        assert len(json.load(answer)["records"]) - before == 3


def test_a_stream_that_breaks(router: OpenAI) -> None:
    steer = {"Prefer": "condition=service_busy, after=4"}
    chunks = router.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True, extra_headers=steer)
    with pytest.raises(openai.APIError):
        list(chunks)
    events = list(router.responses.create(model="gpt-4o", input="Hello", stream=True, extra_headers=steer))
    last = events[-1]
    assert last.type == "error"
    assert (len(events), last.sequence_number, last.code) == (5, 4, "service_unavailable")


def test_a_client_does_not_wait_for_ever(serve: Serve) -> None:
    slow = serve("--ttft", "5", "clawdrouter").providers["clawdrouter"]
    with OpenAI(**settings_of(slow, timeout=0.3)) as client, pytest.raises(openai.APITimeoutError):
        list(client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True))
