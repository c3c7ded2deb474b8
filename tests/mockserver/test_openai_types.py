"""Chat Completions and Responses, object by object, against the types of the official client: nothing missing, nothing more."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.images_response import ImagesResponse
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.door import Door, Reply, stage_of
from tests.sweep import SWEEP, exact
from understudy.specs.streams import DIALECTS

DOORS = {slug: Door(stage_of(slug)) for slug in ("clawdrouter", "unigateway")}
CHATS_BY = {"clawdrouter": "gpt-4o", "unigateway": "gpt-5.4"}
IMAGES_BY = {"clawdrouter": "gpt-image-1", "unigateway": "gpt-image-2"}
WHOLE: TypeAdapter[ChatCompletion] = TypeAdapter(ChatCompletion)
CHUNK: TypeAdapter[ChatCompletionChunk] = TypeAdapter(ChatCompletionChunk)
RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)
PICTURES: TypeAdapter[ImagesResponse] = TypeAdapter(ImagesResponse)
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
OBJECT = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
SHAPE = {"name": "city", "schema": OBJECT, "strict": True}
NAMES = ("get_weather", "get_time", "send_mail")

texts = st.sampled_from(
    ["Hello", "The weather and the time in Paris, by mail", "List 3 rivers", "讲讲春天", "Say END", ""]
)
limits = st.none() | st.integers(16, 60)


def members(**drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=drawn)


def chat_messages() -> st.SearchStrategy[list[Any]]:
    parts = st.lists(st.builds(lambda text: {"type": "text", "text": text}, texts), min_size=1, max_size=2)
    said = st.tuples(st.sampled_from(["system", "developer", "user", "assistant"]), texts | parts)
    return st.lists(said.map(lambda pair: {"role": pair[0], "content": pair[1]}), min_size=1, max_size=4)


CHATS = st.tuples(
    chat_messages(),
    members(
        n=st.integers(1, 3),
        max_tokens=st.none() | st.integers(1, 40),
        stop=st.sampled_from(["END", [".", "zzz"], None]),
        temperature=st.floats(0, 2),
        response_format=st.sampled_from(
            [{"type": "text"}, {"type": "json_object"}, {"type": "json_schema", "json_schema": SHAPE}]
        ),
        seed=st.integers(0, 99),
        reasoning_effort=st.sampled_from(["low", None]),
    ),
    st.sampled_from([{}, {}, {"logprobs": True}, {"logprobs": True, "top_logprobs": 4}, {"logprobs": False}]),
    st.none() | st.sets(st.sampled_from(NAMES), min_size=1),
    st.sampled_from(["auto", "none", "required"]),
    st.booleans(),
)
INPUTS = st.tuples(
    texts | chat_messages().map(lambda said: [{**each, "content": str(each["content"])} for each in said]),
    members(
        max_output_tokens=limits,
        instructions=texts,
        reasoning=st.sampled_from([None, {"effort": "low"}, {"effort": "high", "summary": "auto"}]),
        text=st.sampled_from([{"verbosity": "low"}, {"format": {"type": "json_schema", **SHAPE}}]),
        temperature=st.floats(0, 2),
        metadata=st.just({"kind": "test"}),
        truncation=st.sampled_from(["auto", "disabled"]),
    ),
    st.none() | st.sets(st.sampled_from(NAMES), min_size=1),
    st.sampled_from(["auto", "none", "required", {"type": "function", "name": "get_time"}]),
    st.booleans(),
)


def send(slug: str, path: str, body: Any) -> Reply:
    door = DOORS[slug]
    key = door.site.stage.provider.accounts[0].key
    reply = door.listen(path, body, {"Authorization": f"Bearer {key}"})
    assert reply.status == 200, reply
    return reply


def events_of(body: bytes) -> list[tuple[str, bytes]]:
    """Name and data of each event."""
    assert body.endswith(b"\n\n")
    blocks = [block.rpartition(b"data: ") for block in body.removesuffix(b"\n\n").split(b"\n\n")]
    return [(head.removeprefix(b"event: ").strip().decode(), data) for head, _, data in blocks]


def without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_ids(item) for key, item in value.items() if key not in ("id", "call_id", "item_id")}
    return [without_ids(item) for item in value] if isinstance(value, list) else value


def told(chunks: list[ChatCompletionChunk]) -> dict[int, dict[str, Any]]:
    """What the chunks say, by choice: text, reason, and the tools with their arguments."""
    said: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for choice in chunk.choices:
            whole = said.setdefault(choice.index, {"text": "", "tools": {}, "reason": None, "likely": []})
            assert whole["reason"] is None, "nothing comes after the reason"
            whole["text"] += choice.delta.content or ""
            whole["likely"] += likely_of(choice.logprobs)
            whole["reason"] = choice.finish_reason
            for call in choice.delta.tool_calls or ():
                assert call.function
                name, arguments = whole["tools"].get(call.index, ("", ""))
                whole["tools"][call.index] = (
                    name + (call.function.name or ""),
                    arguments + (call.function.arguments or ""),
                )
    return said


def likely_of(said: Any) -> list[Any]:
    """The tokens with how likely they were."""
    return said.model_dump()["content"] if said else []


def check_likely(text: str, tokens: list[Any], count: int) -> None:
    """The tokens are the text, the likeliest come first and are not more than certain."""
    assert not tokens or "".join(token["token"] for token in tokens) == text
    for token in tokens:
        top = token["top_logprobs"]
        assert bytes(token["bytes"]).decode() == token["token"]
        assert len(top) == count == len({other["token"] for other in top})
        assert [other["logprob"] for other in top] == sorted((o["logprob"] for o in top), reverse=True)
        assert token["logprob"] <= 0
        assert sum(math.exp(other["logprob"]) for other in top) < 1.000001
        assert not top or (top[0]["token"], top[0]["logprob"]) == (token["token"], token["logprob"])


@pytest.mark.parametrize("slug", CHATS_BY)
@SWEEP
@given(drawn=CHATS)
def test_sweep_of_chat(slug: str, drawn: tuple[Any, ...]) -> None:
    messages, more, likely, tools, choice, is_parallel = drawn
    functions = [{"type": "function", "function": {"name": name, "parameters": OBJECT}} for name in sorted(tools or ())]
    calling = {"tools": functions, "tool_choice": choice, "parallel_tool_calls": is_parallel} if tools else {}
    body = {"model": CHATS_BY[slug], "messages": messages, **more, **likely, **calling}
    plain = exact(WHOLE, send(slug, "/v1/chat/completions", body).body)
    streamed = {**body, "stream": True, "stream_options": {"include_usage": True}}
    *events, (_, done) = events_of(send(slug, "/v1/chat/completions", streamed).body)
    assert done == b"[DONE]"
    chunks = [exact(CHUNK, data) for _, data in events]
    assert DIALECTS["openai-chat"].is_complete(["chunk"] * len(chunks))
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.usage for chunk in chunks] == [None] * (len(chunks) - 1) + [plain.usage]
    assert told(chunks) == {
        each.index: {
            "text": each.message.content or "",
            "tools": {
                place: (call.function.name, call.function.arguments)
                for place, call in enumerate(each.message.tool_calls or ())
            },
            "reason": each.finish_reason,
            "likely": likely_of(each.logprobs),
        }
        for each in plain.choices
    }
    for each in plain.choices:
        is_told = bool(likely.get("logprobs")) and each.message.content is not None
        assert (each.logprobs is not None) == is_told
        check_likely(each.message.content or "", likely_of(each.logprobs), likely.get("top_logprobs", 0))
    assert plain.usage.total_tokens == plain.usage.prompt_tokens + plain.usage.completion_tokens


@SWEEP
@given(INPUTS)
def test_sweep_of_responses(drawn: tuple[Any, ...]) -> None:
    given_input, more, tools, choice, is_parallel = drawn
    functions = [{"type": "function", "name": name, "parameters": OBJECT} for name in sorted(tools or ())]
    calling = {"tools": functions, "tool_choice": choice, "parallel_tool_calls": is_parallel} if tools else {}
    body = {"model": "gpt-5", "input": given_input, **more, **calling}
    plain = send("clawdrouter", "/v1/responses", body).body
    exact(RESPONSE, plain)
    sent = events_of(send("clawdrouter", "/v1/responses", {**body, "stream": True}).body)
    events = [exact(EVENT, data) for _, data in sent]
    assert [name for name, _ in sent] == [event.type for event in events]
    assert DIALECTS["openai-responses"].is_complete(event.type for event in events)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    for begun in (events[0].response, events[1].response):
        assert (begun.status, begun.output, begun.usage, begun.incomplete_details) == ("in_progress", [], None, None)
    last = json.loads(sent[-1][1])["response"]
    assert without_ids(last) == without_ids(json.loads(plain))
    done = [json.loads(data)["item"] for name, data in sent if name == "response.output_item.done"]
    assert done == last["output"]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "".join(
        part["text"] for item in done for part in item.get("content", ())
    )
    assert "".join(e.delta for e in events if e.type == "response.function_call_arguments.delta") == "".join(
        item.get("arguments", "") for item in done
    )


@pytest.mark.parametrize("slug", IMAGES_BY)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"n": 2, "size": "256x256"},
        {"size": "auto", "output_format": "webp", "quality": "low"},
        {"user": "u", "output_format": "jpeg"},
    ],
)
def test_images_are_exact(slug: str, more: dict[str, Any]) -> None:
    answer = exact(
        PICTURES, send(slug, "/v1/images/generations", {"model": IMAGES_BY[slug], "prompt": "A", **more}).body
    )
    assert len(answer.data) == more.get("n", 1)
    assert all(picture.b64_json for picture in answer.data)
