"""Lies about text answers: streams that lose, double or reword events; answers that are not what was asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import at
from tests.liars.telling import asking_json, only_if, telling, telling_events, telling_json

Events = list[bytes]
CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"


def _data(event: bytes) -> Any:
    """The JSON of an event, None for an end without one."""
    line = next((line for line in event.split(b"\n") if line.startswith(b"data:")), b"data:")
    try:
        return json.loads(line[5:])
    except ValueError:
        return None


def _with(event: bytes, data: Any) -> bytes:
    lines = [line for line in event.split(b"\n") if not line.startswith(b"data:")]
    return b"\n".join([*lines, b"data: " + json.dumps(data, ensure_ascii=False).encode()])


def _is_text(event: bytes) -> bool:
    data = _data(event)
    kind = at(data, ("type",))
    return bool(
        at(data, ("choices", 0, "delta", "content"))
        or at(data, ("delta", "text"))
        or kind == "response.output_text.delta"
        or at(data, ("candidates", 0, "content", "parts", 0, "text"))
    )


def _texts(events: Events) -> list[int]:
    return [number for number, event in enumerate(events) if _is_text(event)]


def _lose_one(ask: Ask, events: Events) -> Events:
    texts = _texts(events)
    return [e for n, e in enumerate(events) if not texts[1:] or n != texts[len(texts) // 2]]


def _swap_two(ask: Ask, events: Events) -> Events:
    texts = _texts(events)
    if len(texts) > 2:
        first, second = texts[1], texts[2]
        events[first], events[second] = events[second], events[first]
    return events


def _say_twice(ask: Ask, events: Events) -> Events:
    texts = _texts(events)
    return [*events[: texts[1]], events[texts[1]], *events[texts[1] :]] if texts[1:] else events


def _break_characters(ask: Ask, events: Events) -> Events:
    """As if pieces of bytes had been decoded one by one."""
    return ["".join("\ufffd" if ord(c) > 127 else c for c in e.decode()).encode() if _is_text(e) else e for e in events]


def _changed(change: Callable[[Any], Any]) -> Lie:
    """Each event's JSON is altered in place; one for which `change` gives False is lost."""

    def alter(ask: Ask, events: Events) -> Events:
        told = []
        for event in events:
            data = _data(event)
            if data is None:
                told.append(event)
            elif change(data) is not False:
                told.append(_with(event, data))
        return told

    return telling_events(alter)


def _without_name(ask: Ask, events: Events) -> Events:
    return [b"\n".join(line for line in e.split(b"\n") if not line.startswith(b"event:")) for e in events]


def _without_kind(*kinds: str) -> Lie:
    return _changed(lambda data: at(data, ("type",)) not in kinds)


def _no_finish(data: Any) -> None:
    if at(data, ("choices", 0, "finish_reason")):
        data["choices"][0]["finish_reason"] = None


def _always_stop(data: Any) -> None:
    if at(data, ("choices", 0, "finish_reason")):
        data["choices"][0]["finish_reason"] = "stop"
    if at(data, ("delta", "stop_reason")):
        data["delta"]["stop_reason"] = "end_turn"


def _odd_finish(data: Any) -> None:
    if at(data, ("choices", 0, "finish_reason")):
        data["choices"][0]["finish_reason"] = "eos"


def _no_usage(data: Any) -> Any:
    if at(data, ("choices",)) == [] and data.get("usage"):
        return False
    if at(data, ("delta", "stop_reason")):
        data["usage"] = {"output_tokens": 0}
    return None


def _other_usage(data: Any) -> None:
    usage = data.get("usage") if isinstance(data, dict) else None
    if isinstance(usage, dict):
        for name in ("completion_tokens", "total_tokens", "output_tokens"):
            if name in usage:
                usage[name] += 3


def _usage_unasked(ask: Ask, events: Events) -> Events:
    body = ask.json() or {}
    first = _data(events[0]) if events else None
    if ask.bare_path != CHAT or (body.get("stream_options") or {}).get("include_usage") or not isinstance(first, dict):
        return events
    extra = {**first, "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    return [*events[:-1], b"data: " + json.dumps(extra).encode(), events[-1]]


def _other_model(data: Any) -> None:
    for holder in (data, at(data, ("message",)), at(data, ("response",))):
        if isinstance(holder, dict) and isinstance(holder.get("model"), str):
            holder["model"] = "gpt-4o-mini-2024-07-18"


def _number_again(data: Any) -> None:
    if "sequence_number" in data:
        data["sequence_number"] = 0


def _all_calls_first(data: Any) -> None:
    for call in at(data, ("choices", 0, "delta", "tool_calls")) or []:
        call["index"] = 0


def _all_blocks_first(data: Any) -> None:
    if str(at(data, ("type",))).startswith("content_block"):
        data["index"] = 0


def _without_deltas(kind: str) -> Lie:
    """The pieces of one kind within the blocks of a message are lost."""
    return _changed(lambda data: at(data, ("delta", "type")) != kind)


def _all_so_far(ask: Ask, events: Events) -> Events:
    """Each piece of text repeats all that was said before it."""
    said = ""
    for number in _texts(events) if ask.bare_path == CHAT else []:
        data = _data(events[number])
        said += data["choices"][0]["delta"]["content"]
        data["choices"][0]["delta"]["content"] = said
        events[number] = _with(events[number], data)
    return events


def _other_id(data: Any) -> None:
    if at(data, ("choices",)) is not None:
        data["id"] = f"chatcmpl-{id(data)}"


def _empty_braces(ask: Ask, events: Events) -> Events:
    """A stray `{}` before the arguments of a call."""
    told = []
    for event in events:
        data = _data(event)
        for call in at(data, ("choices", 0, "delta", "tool_calls")) or []:
            if call.get("function", {}).get("name"):
                call["function"]["arguments"] = "{}" + (call["function"].get("arguments") or "")
        told.append(_with(event, data) if data is not None else event)
    return told


def _plain_though_streamed() -> Lie:
    return asking_json(lambda ask, body: {**body, "stream": False}, when=lambda ask: ask.bare_path == CHAT)


def _streamed_though_plain() -> Lie:
    return asking_json(lambda ask, body: {**body, "stream": True}, when=lambda ask: ask.bare_path == CHAT)


def _without(*names: str) -> Lie:
    """Members of what is asked are dropped on the way."""
    return asking_json(lambda ask, body: {n: v for n, v in body.items() if n not in names})


def _of_plain(path: str, change: Callable[[Any], Any]) -> Lie:
    return telling_json(
        lambda ask, body: change(body), when=lambda ask, told: ask.bare_path == path and told.status == 200
    )


def _more_in_plain(body: Any) -> None:
    body["usage"]["total_tokens"] += 5


def _stop_in_plain(body: Any) -> None:
    body["choices"][0]["finish_reason"] = "stop"


def _end_in_plain(body: Any) -> None:
    body["stop_reason"] = "end_turn"


def _sign_again(body: Any) -> None:
    for block in body.get("content", []):
        if block.get("type") == "thinking":
            block["signature"] = ""


def _no_thoughts(body: Any) -> None:
    body["content"] = [block for block in body.get("content", []) if block.get("type") != "thinking"]


def _as_text(told_type: str) -> Lie:
    return telling(lambda ask, told: told.with_header("content-type", told_type) if told.is_stream else told)


def _cut_but_finished() -> Lie:
    """Half of the text is missing, yet the end is told."""

    def change(ask: Ask, events: Events) -> Events:
        texts = set(_texts(events)[2:])
        return [event for number, event in enumerate(events) if number not in texts]

    return telling_events(change)


def _cut_short(ask: Ask, events: Events) -> Events:
    return events[: max(1, len(events) // 2)]


def _words_of_its_own(relay: Relay, told: Told) -> Told:
    body = told.json()
    body["choices"][0]["message"]["content"] = "I'm sorry, something went wrong. Please try again."
    return told.with_json(body)


def _invents_success() -> Lie:
    """A refusal of the provider is told as an answer."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path != CHAT:
            return told
        if told.status == 200 and not told.is_stream:
            relay.memory["answer"] = told
        if told.status == 400 and "answer" in relay.memory:
            return _words_of_its_own(relay, relay.memory["answer"])
        return told

    return lie


def _one_choice(body: Any) -> None:
    body["choices"] = body["choices"][:1]


def _old_stamp(body: Any) -> None:
    body["created"] = 0


def _same_id(body: Any) -> None:
    body["id"] = "chatcmpl-1"


def _gemini(change: Callable[[Any], None]) -> Lie:
    return telling_json(
        lambda ask, body: change(body), when=lambda ask, told: ":generateContent" in ask.path and told.status == 200
    )


def _gemini_counts(body: Any) -> None:
    body["usageMetadata"]["totalTokenCount"] += 4


def _gemini_finish(body: Any) -> None:
    body["candidates"][0]["finishReason"] = "DONE"


def _no_delta(data: Any) -> None:
    for choice in data.get("choices", []) if isinstance(data, dict) else []:
        choice.pop("delta", None)


def _nothing_said(body: Any) -> None:
    for choice in body["choices"]:
        choice["message"]["content"] = ""


def _dearer(data: Any) -> None:
    for usage in (data.get("usage"), at(data, ("message", "usage"))):
        if isinstance(usage, dict) and "input_tokens" in usage:
            usage["input_tokens"] += 7


def _byte_lost(body: bytes) -> bytes:
    found = next((place for place, byte in enumerate(body) if byte > 0xBF), None)
    return body if found is None else body[: found + 1] + body[found + 2 :]


def _on(path: str, lie: Lie) -> Lie:
    return only_if(lambda ask: ask.bare_path == path, lie)


LIES: Mapping[str, tuple[str, Lie]] = {
    "a piece of text is lost": ("clawdrouter", telling_events(_lose_one)),
    "two pieces change places": ("clawdrouter", telling_events(_swap_two)),
    "a piece is said twice": ("clawdrouter", telling_events(_say_twice)),
    "characters broken": ("clawdrouter", telling_events(_break_characters)),
    "no names of events": ("storyclaw", telling_events(_without_name)),
    "no names of events, responses": ("clawdrouter", _on(RESPONSES, telling_events(_without_name))),
    "a stream without its last event": ("clawdrouter", telling_events(lambda ask, events: events[:-1])),
    "the last event twice": ("clawdrouter", telling_events(lambda ask, events: [*events, events[-1]])),
    "a piece after the end": ("clawdrouter", telling_events(lambda ask, events: [*events, events[0]])),
    "half a stream": ("storyclaw", telling_events(_cut_short)),
    "half the text, a whole end": ("unigateway", _cut_but_finished()),
    "started twice": ("storyclaw", telling_events(lambda ask, events: [events[0], *events])),
    "no finish reason": ("clawdrouter", _on(CHAT, _changed(_no_finish))),
    "always stopped by itself": ("clawdrouter", _changed(_always_stop)),
    "unknown finish reason": ("unigateway", _on(CHAT, _changed(_odd_finish))),
    "no usage in a stream": ("clawdrouter", _changed(_no_usage)),
    "other usage in a stream": ("storyclaw", _changed(_other_usage)),
    "usage in a stream that was not asked": ("clawdrouter", telling_events(_usage_unasked)),
    "another model in a stream": ("clawdrouter", _changed(_other_model)),
    "another model": ("unigateway", _of_plain(CHAT, _other_model)),
    "sequence stands still": ("clawdrouter", _on(RESPONSES, _changed(_number_again))),
    "blocks without end": ("storyclaw", _without_kind("content_block_stop")),
    "message without delta": ("clawdrouter", _on(MESSAGES, _without_kind("message_delta"))),
    "responses without done": ("clawdrouter", _without_kind("response.output_item.done")),
    "all calls are the first": ("clawdrouter", _on(CHAT, _changed(_all_calls_first))),
    "all blocks are the first": ("storyclaw", _changed(_all_blocks_first)),
    "signatures lost in a stream": ("clawdrouter", _without_deltas("signature_delta")),
    "arguments lost in a stream": ("storyclaw", _without_deltas("input_json_delta")),
    "each piece says all so far": ("clawdrouter", telling_events(_all_so_far)),
    "another id in each chunk": ("unigateway", _on(CHAT, _changed(_other_id))),
    "data twice before data": (
        "storyclaw",
        telling_events(lambda ask, events: [e.replace(b"data: ", b"data: data: ", 1) for e in events]),
    ),
    "no empty lines": (
        "clawdrouter",
        telling(lambda ask, told: replace(told, body=told.body.replace(b"\n\n", b"\n")) if told.is_stream else told),
    ),
    "stray braces": ("unigateway", _on(CHAT, telling_events(_empty_braces))),
    "streamed as text": ("storyclaw", _as_text("text/plain")),
    "streamed as json": ("unigateway", _as_text("application/json")),
    "plain though streamed": ("clawdrouter", _plain_though_streamed()),
    "streamed though plain": ("unigateway", _streamed_though_plain()),
    "no limit of tokens": ("clawdrouter", _without("max_tokens", "max_output_tokens", "max_completion_tokens")),
    "no stop sequences": ("unigateway", _without("stop", "stop_sequences")),
    "one choice of many": ("clawdrouter", _of_plain(CHAT, _one_choice)),
    "no tools": ("clawdrouter", _without("tools", "tool_choice")),
    "no form of answer": ("unigateway", _without("response_format")),
    "totals of tokens are wrong": ("clawdrouter", _of_plain(CHAT, _more_in_plain)),
    "finish of a plain answer": ("clawdrouter", _of_plain(CHAT, _stop_in_plain)),
    "end of a plain message": ("storyclaw", _of_plain(MESSAGES, _end_in_plain)),
    "no signature": ("storyclaw", _of_plain(MESSAGES, _sign_again)),
    "no thoughts": ("clawdrouter", _of_plain(MESSAGES, _no_thoughts)),
    "refusal told as an answer": ("clawdrouter", _invents_success()),
    "made long ago": ("clawdrouter", _of_plain(CHAT, _old_stamp)),
    "one id for all": ("unigateway", _of_plain(CHAT, _same_id)),
    "totals of gemini": ("unigateway", _gemini(_gemini_counts)),
    "finish of gemini": ("unigateway", _gemini(_gemini_finish)),
    "a byte of a character is lost": (
        "unigateway",
        telling(lambda ask, told: replace(told, body=_byte_lost(told.body)) if told.is_stream else told),
    ),
    "a chunk without a choice's delta": ("clawdrouter", _on(CHAT, _changed(_no_delta))),
    "nothing is said": ("clawdrouter", _of_plain(CHAT, _nothing_said)),
    "streamed questions cost more": ("storyclaw", _changed(_dearer)),
}
