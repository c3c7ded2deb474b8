"""Gemini as its official SDK sees it: plain, streamed, with tools, thinking, shapes, pictures, and its errors."""

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from google import genai
from google.genai import errors, types
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import TypeAdapter

from tests.conftest import Serve, Served
from tests.door import Door, stage_of
from tests.sweep import SWEEP, exact
from understudy.specs.streams import DIALECTS
from understudy.specs.templates import read

TEXT, PICTURE = "gemini-3.5-flash", "gemini-3.1-flash-image-preview"
KEY = {"x-goog-api-key": "sk-Ug1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT1uV2wX3yZ4aB5cD6"}
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "OBJECT",
        "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER", "minimum": 1, "maximum": 9}},
        "required": ["city", "days"],
    },
}
SHAPE = {
    "type": "OBJECT",
    "properties": {"name": {"type": "STRING"}, "age": {"type": "INTEGER", "nullable": True}},
    "required": ["name", "age"],
}
# Each a request body beside its contents; the answer is compared plain and streamed, and judged by the SDK's own types.
BODIES: dict[str, dict[str, Any]] = {
    "text": {},
    "system": {"systemInstruction": {"parts": [{"text": "Answer in French."}]}},
    "short": {"generationConfig": {"maxOutputTokens": 5}},
    "stop": {"generationConfig": {"stopSequences": ["e"]}},
    "three": {"generationConfig": {"candidateCount": 3, "maxOutputTokens": 40}},
    "thinking": {"generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 200}}},
    "level": {"generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "LOW"}}},
    "snakes": {"generationConfig": {"thinking_config": {"include_thoughts": True, "thinking_level": "HIGH"}}},
    "json": {"generationConfig": {"responseMimeType": "application/json"}},
    "shape": {"generationConfig": {"responseMimeType": "application/json", "responseSchema": SHAPE}},
    "tool": {
        "tools": [{"functionDeclarations": [WEATHER]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    },
    "no tool": {
        "tools": [{"functionDeclarations": [WEATHER]}],
        "toolConfig": {"functionCallingConfig": {"mode": "NONE"}},
    },
    "picture": {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}},
}

THOUGHTFUL = ("thinking", "level", "snakes")


@pytest.fixture(scope="module")
def door() -> Door:
    return Door(stage_of("unigateway"))


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve("unigateway")


def ask(door: Door, body: dict[str, Any], how: str = "generateContent", model: str = TEXT) -> Any:
    contents = [{"role": "user", "parts": [{"text": "Tell me about rivers, please."}]}]
    return door.listen(f"/v1beta/models/{model}:{how}", {"contents": contents, **body}, KEY)


def chunks_of(body: bytes) -> list[Any]:
    assert body.endswith(b"\n\n"), "the last event is whole"
    return [json.loads(block.removeprefix(b"data: ")) for block in body.removesuffix(b"\n\n").split(b"\n\n")]


def iter_joined(chunks: list[Any]) -> Iterator[Any]:
    """The candidates that chunks add up to: neighbouring texts of one sort are one."""
    found: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for told in chunk["candidates"]:
            candidate = found.setdefault(told["index"], {"parts": []})
            assert "finishReason" not in candidate, "nothing follows the end of a candidate"
            candidate |= {key: value for key, value in told.items() if key != "content"}
            for part in told["content"]["parts"]:
                add(candidate["parts"], part)
    yield from (found[index] for index in sorted(found))


def add(parts: list[Any], part: Any) -> None:
    last = parts[-1] if parts else {}
    if "text" in part and "text" in last and part.get("thought") == last.get("thought"):
        last |= {**part, "text": last["text"] + part["text"]}
    else:
        parts.append(dict(part))


def without_ids(candidates: list[Any]) -> list[Any]:
    """Calls of two answers have ids of their own."""
    for part in (part for candidate in candidates for part in candidate["parts"] if "functionCall" in part):
        assert len(part["functionCall"].pop("id")) == 24
    return candidates


def check_usage(told: list[Any], whole: Any) -> None:
    """Every chunk has the usage up to it; the last has that of the whole answer."""
    assert told[-1] == whole
    for usage in told:
        parts = usage["promptTokenCount"], usage["candidatesTokenCount"], usage["thoughtsTokenCount"]
        assert usage["totalTokenCount"] == sum(parts)
        assert parts[0] == whole["promptTokenCount"]
    counts = [(usage["thoughtsTokenCount"], usage["candidatesTokenCount"]) for usage in told]
    assert counts == sorted(counts)
    assert len(told) == 1 or counts[0] in ((1, 0), (0, 1))


@pytest.mark.parametrize("name", BODIES)
def test_a_stream_told_otherwise_is_an_array_of_the_same(door: Door, name: str) -> None:
    events = chunks_of(ask(door, BODIES[name], "streamGenerateContent?alt=sse").body)
    told = without_ids(list(iter_joined(events)))
    for how in ("streamGenerateContent", "streamGenerateContent?alt=json"):
        reply = ask(door, BODIES[name], how)
        assert reply.media_type == "application/json"
        items = reply.json()
        assert len(items) == len(events) == reply.body.count(b",\r\n") + 1
        is_same = without_ids(list(iter_joined(items))) == told
        assert is_same, "the pictures are long: nothing is printed of them"
        check_usage([item["usageMetadata"] for item in items], events[-1]["usageMetadata"])


def test_an_array_that_breaks_off_ends_in_the_error(door: Door) -> None:
    contents = {"contents": [{"parts": [{"text": "Hi"}]}]}
    headers = {**KEY, "Prefer": "condition=service_busy, after=1"}
    *items, last = door.ask("POST", f"/v1beta/models/{TEXT}:streamGenerateContent", contents, headers).json()
    assert (len(items), last["error"]["status"]) == (1, "UNAVAILABLE")


@pytest.mark.parametrize("name", BODIES)
def test_a_stream_adds_up_to_the_plain_answer(door: Door, name: str) -> None:
    plain = ask(door, BODIES[name]).json()
    types.GenerateContentResponse.model_validate_json(json.dumps(plain))
    reply = ask(door, BODIES[name], "streamGenerateContent?alt=sse")
    assert reply.media_type == "text/event-stream"
    chunks = chunks_of(reply.body)
    for chunk in chunks:
        types.GenerateContentResponse.model_validate_json(json.dumps(chunk))
    assert DIALECTS["gemini"].is_complete(["chunk"] * len(chunks))
    wanted = [{"parts": each.pop("content")["parts"], **each} for each in plain["candidates"]]
    assert without_ids(list(iter_joined(chunks))) == without_ids(wanted)
    check_usage([chunk["usageMetadata"] for chunk in chunks], plain["usageMetadata"])
    (begun,) = chunks[0]["candidates"]
    is_thought = begun["content"]["parts"][0].get("thought", False)
    assert (chunks[0]["usageMetadata"]["thoughtsTokenCount"] > 0) == is_thought == (name in THOUGHTFUL)
    assert len({chunk["responseId"] for chunk in chunks}) == 1


def test_what_is_asked_is_what_is_answered(door: Door) -> None:
    told = {name: ask(door, body).json() for name, body in BODIES.items()}
    first = {name: answer["candidates"][0] for name, answer in told.items()}
    parts = {name: candidate["content"]["parts"] for name, candidate in first.items()}
    usage = {name: answer["usageMetadata"] for name, answer in told.items()}
    assert first["text"]["finishReason"] == "STOP"
    assert first["short"]["finishReason"] == "MAX_TOKENS"
    assert usage["short"]["candidatesTokenCount"] <= 5
    assert first["stop"]["finishReason"] == "STOP"
    assert "e" not in parts["stop"][0]["text"]
    assert len(told["three"]["candidates"]) == 3
    for name in ("thinking", "level", "snakes"):
        assert [part.get("thought", False) for part in parts[name]] == [True, False]
        assert usage[name]["thoughtsTokenCount"] > 0
    assert isinstance(json.loads(parts["json"][0]["text"]), dict)
    shaped = json.loads(parts["shape"][0]["text"])
    assert isinstance(shaped["name"], str)
    assert shaped["age"] is None or isinstance(shaped["age"], int)
    (call,) = [part["functionCall"] for part in parts["tool"]]
    assert call["name"] == "get_weather"
    assert isinstance(call["args"]["city"], str)
    assert 1 <= call["args"]["days"] <= 9
    assert "text" in parts["no tool"][0]
    for each in usage.values():
        spent = each["promptTokenCount"] + each["candidatesTokenCount"] + each["thoughtsTokenCount"]
        assert spent == each["totalTokenCount"]


def test_the_system_and_pictures_count(door: Door) -> None:
    def tokens(**more: Any) -> int:
        return int(ask(door, more).json()["usageMetadata"]["promptTokenCount"])

    seen = {"parts": [{"text": "What is this?"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}
    assert tokens(**BODIES["system"]) > tokens()
    assert tokens(contents=[seen]) > tokens(contents=[{"parts": seen["parts"][:1]}]) + 200


@pytest.mark.facts("UG-049", "UG-050", "UG-135")
@pytest.mark.parametrize("model", [TEXT, PICTURE])
def test_a_picture_is_base64_in_the_one_text(door: Door, model: str) -> None:
    body = BODIES["picture"] if model == TEXT else {}
    (candidate,) = ask(door, body, model=model).json()["candidates"]
    (part,) = candidate["content"]["parts"]
    assert part.keys() == {"text"}
    with Image.open(io.BytesIO(base64.b64decode(part["text"], validate=True))) as picture:
        assert picture.format == "PNG"
        assert picture.size == (1024, 1024)
    assert "iVBOR" not in ask(door, {"generationConfig": {"responseModalities": ["TEXT"]}}, model=model).body.decode()


@pytest.mark.facts("UG-135")
def test_a_picture_is_read_back_as_one(door: Door) -> None:
    (case,) = door.site.stage.acts["gemini.generate"].operation.reply.cases
    told = {name: read(case.body, ask(door, BODIES[name]).json()) for name in ("picture", "text", "thinking", "tool")}
    assert not any(each.mismatches for each in told.values())
    pieces = {name: each.values["$completion.choices"][0]["$choice.pieces"] for name, each in told.items()}
    types_told = {name: [piece["$piece.type"] for piece in each] for name, each in pieces.items()}
    assert types_told == {"picture": ["image"], "text": ["text"], "thinking": ["thinking", "text"], "tool": ["tool"]}


def test_a_stream_may_end_in_an_error(door: Door) -> None:
    contents = {"contents": [{"parts": [{"text": "Hi"}]}]}
    headers = {**KEY, "Prefer": "condition=service_busy, after=2"}
    reply = door.ask("POST", f"/v1beta/models/{TEXT}:streamGenerateContent?alt=sse", contents, headers)
    *first, last = chunks_of(reply.body)
    assert len(first) == 2
    assert (last["error"]["code"], last["error"]["status"]) == (503, "UNAVAILABLE")


def client_of(served: Served, key: str = "", attempts: int = 1) -> genai.Client:
    """A client that tries so often: one that fails tries again only where that is the point."""
    provider = served.providers["unigateway"]
    again = types.HttpRetryOptions(attempts=attempts, initial_delay=0.01, max_delay=0.02)
    options = types.HttpOptions(base_url=provider.base_url, retry_options=again)
    return genai.Client(api_key=key or provider.keys[0], http_options=options)


def test_the_sdk_asks_and_streams(served: Served) -> None:
    with client_of(served) as client:
        plain = client.models.generate_content(model=TEXT, contents="Hello there")
        streamed = list(client.models.generate_content_stream(model=TEXT, contents="Hello there"))
    assert plain.text
    assert "".join(chunk.text or "" for chunk in streamed) == plain.text
    assert plain.usage_metadata
    assert streamed[-1].usage_metadata
    assert streamed[-1].usage_metadata.total_token_count == plain.usage_metadata.total_token_count


def test_the_sdk_asks_and_streams_without_waiting(served: Served) -> None:
    async def both() -> tuple[str | None, str]:
        async with client_of(served).aio as client:
            plain = await client.models.generate_content(model=TEXT, contents="Hello there")
            stream = await client.models.generate_content_stream(model=TEXT, contents="Hello there")
            return plain.text, "".join([chunk.text or "" async for chunk in stream])

    plain, streamed = asyncio.run(both())
    assert plain
    assert plain == streamed


def test_the_sdk_calls_a_function_and_tells_its_result(served: Served) -> None:
    called: list[str] = []

    def get_weather(city: str) -> str:
        """The weather of a city."""
        called.append(city)
        return f"sunny in {city}"

    with client_of(served) as client:
        config = types.GenerateContentConfig(tools=[get_weather])
        answer = client.models.generate_content(model=TEXT, contents="What is the weather in Paris?", config=config)
    assert len(called) == 1
    assert answer.text
    assert answer.automatic_function_calling_history


def tell(served: Served, method: str, path: str, body: Any = None) -> Any:
    raw = None if body is None else json.dumps(body).encode()
    asked = Request(f"{served.control_url}{path}", raw, {"Content-Type": "application/json"}, method=method)
    with urlopen(asked) as answer:
        return json.load(answer)


@pytest.mark.parametrize("condition", ["rate_limited", "internal_error", "service_busy"])
def test_the_sdk_tries_again_until_it_is_answered(served: Served, condition: str) -> None:
    tell(served, "POST", "/faults", {"fault": "refuse", "condition": condition, "times": 2})
    before = len(tell(served, "GET", "/journal")["records"])
    with client_of(served, attempts=5) as client:
        answer = client.models.generate_content(model=TEXT, contents="Hello there")
    assert answer.text
    statuses = [record["status"] for record in tell(served, "GET", "/journal")["records"][before:]]
    assert len(statuses) == 3
    assert statuses[2] == 200
    assert statuses[0] == statuses[1] != 200


def test_the_sdk_gives_up_and_does_not_repeat_what_is_wrong(served: Served) -> None:
    for condition, kind, asked in (("service_busy", errors.ServerError, 3), ("invalid_request", errors.ClientError, 1)):
        before = len(tell(served, "GET", "/journal")["records"])
        with client_of(served, attempts=3) as client, pytest.raises(kind):
            client.models.generate_content(model=TEXT, contents=f"[understudy: refuse={condition}]")
        assert len(tell(served, "GET", "/journal")["records"]) - before == asked


@pytest.mark.parametrize(
    ("condition", "kind", "code", "status"),
    [
        ("invalid_request", errors.ClientError, 400, "INVALID_ARGUMENT"),
        ("unauthorized", errors.ClientError, 401, "UNAUTHENTICATED"),
        ("insufficient_credits", errors.ClientError, 403, "PERMISSION_DENIED"),
        ("not_found", errors.ClientError, 404, "NOT_FOUND"),
        ("rate_limited", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("internal_error", errors.ServerError, 500, "INTERNAL"),
        ("service_busy", errors.ServerError, 503, "UNAVAILABLE"),
    ],
)
def test_the_sdk_knows_the_errors(
    served: Served, condition: str, kind: type[errors.APIError], code: int, status: str
) -> None:
    with client_of(served) as client, pytest.raises(kind) as caught:
        client.models.generate_content(model=TEXT, contents=f"[understudy: refuse={condition}]")
    assert (caught.value.code, caught.value.status) == (code, status)
    assert caught.value.message


def test_the_sdk_hears_of_a_402_that_is_asked_for(served: Served) -> None:
    with client_of(served) as client, pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=TEXT, contents="[understudy: fault=status status=402]")
    assert caught.value.code == 402
    assert "quota" in (caught.value.message or "")


def test_the_sdk_hears_of_a_wrong_key_and_an_unknown_model(served: Served) -> None:
    with client_of(served, "sk-wrong") as client, pytest.raises(errors.ClientError) as wrong:
        client.models.generate_content(model=TEXT, contents="Hi")
    with client_of(served) as client, pytest.raises(errors.ClientError) as unknown:
        list(client.models.generate_content_stream(model="gemini-nobody", contents="Hi"))
    assert (wrong.value.code, unknown.value.code) == (401, 404)


WORDS = st.sampled_from(["Tell me about rivers", "The weather in Paris", "讲讲春天", "List 3 towns", "Say END"])
PARTS = st.lists(st.builds(lambda text: {"text": text}, WORDS), min_size=1, max_size=2)
TURNS = st.lists(
    st.builds(lambda role, parts: {"role": role, "parts": parts}, st.sampled_from(["user", "model"]), PARTS),
    min_size=1,
    max_size=3,
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "maxOutputTokens": st.integers(1, 60),
        "candidateCount": st.integers(1, 3),
        "stopSequences": st.lists(st.sampled_from(["END", ".", "e"]), max_size=2),
        "temperature": st.floats(0, 2),
        "thinkingConfig": st.sampled_from(
            [{"includeThoughts": True}, {"thinkingBudget": 0}, {"includeThoughts": True, "thinkingBudget": 40}]
        ),
    },
)
SHAPES = st.sampled_from(
    [{}, {"responseMimeType": "application/json"}, {"responseMimeType": "application/json", "responseSchema": SHAPE}]
)
CALLING = st.sampled_from(
    [
        {},
        *(
            {"tools": [{"functionDeclarations": [WEATHER]}], "toolConfig": {"functionCallingConfig": {"mode": mode}}}
            for mode in ("AUTO", "ANY", "NONE")
        ),
    ]
)
ANSWER: TypeAdapter[types.GenerateContentResponse] = TypeAdapter(types.GenerateContentResponse)


@SWEEP
@given(TURNS, CONFIGS, SHAPES, CALLING)
def test_sweep_of_gemini(
    turns: list[Any], config: dict[str, Any], shape: dict[str, Any], calling: dict[str, Any]
) -> None:
    door = Door(stage_of("unigateway"))
    body = {"contents": turns, "generationConfig": {**config, **shape}, **calling}
    plain = ask(door, body)
    assert plain.status == 200, plain
    exact(ANSWER, plain.body)
    whole = plain.json()
    chunks = chunks_of(ask(door, body, "streamGenerateContent?alt=sse").body)
    for chunk in chunks:
        exact(ANSWER, json.dumps(chunk).encode())
    wanted = [{"parts": each.pop("content")["parts"], **each} for each in whole["candidates"]]
    assert without_ids(list(iter_joined(chunks))) == without_ids(wanted)
    check_usage([chunk["usageMetadata"] for chunk in chunks], whole["usageMetadata"])
