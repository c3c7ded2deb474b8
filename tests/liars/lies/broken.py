"""Lies about streams that break off with an error amid them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.liars.relay import Ask, Lie
from tests.liars.shapes import at
from tests.liars.telling import only_if, telling_events

Events = list[bytes]
CHAT, MESSAGES, RESPONSES, GEMINI = "/v1/chat/completions", "/v1/messages", "/v1/responses", ":streamGenerateContent"


def _data(event: bytes) -> Any:
    line = next((line for line in event.split(b"\n") if line.startswith(b"data:")), b"data:")
    try:
        return json.loads(line[5:])
    except ValueError:
        return None


def _event(data: Any) -> bytes:
    name = f"event: {data['type']}\n" if "type" in data else ""
    return f"{name}data: {json.dumps(data, ensure_ascii=False)}".encode()


def _broken(path: str, change: Callable[[Events, Any], Events]) -> Lie:
    """Events of a stream that ends in an error: what it is told as. `change` gets what came before, and the error."""

    def tell(ask: Ask, events: Events) -> Events:
        error = _data(events[-1]) if events else None
        is_error = bool(at(error, ("error",))) or at(error, ("type",)) == "error"
        return change(events[:-1], error) if is_error else events

    return only_if(lambda ask: ask.bare_path.endswith(path), telling_events(tell))


def _chat_end(before: Events) -> Events:
    chunk = _data(before[0])
    return [_event({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}), b"data: [DONE]"]


def _messages_end(before: Events) -> Events:
    ends = [{"type": "content_block_stop", "index": 0}] if any(b"content_block_start" in e for e in before) else []
    usage = {"output_tokens": 3}
    ends.append({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage})
    return [*map(_event, ends), _event({"type": "message_stop"})]


def _gemini_end(before: Events) -> Events:
    chunk = _data(before[-1])
    return [*before[:-1], _event({**chunk, "candidates": [{**chunk["candidates"][0], "finishReason": "STOP"}]})]


def _in_other_words(error: Any) -> Any:
    if at(error, ("error", "code")):
        error["error"].update(code="internal_error", type="server_error")
    return error


LIES: Mapping[str, tuple[str, Lie]] = {
    "an error in a stream is its end": ("clawdrouter", _broken(CHAT, lambda b, e: [*b, *_chat_end(b)])),
    "an error in a message is its end": ("storyclaw", _broken(MESSAGES, lambda b, e: [*b, *_messages_end(b)])),
    "an error in chunks is their end": ("unigateway", _broken(GEMINI, lambda b, e: _gemini_end(b))),
    "an error in a response is lost": ("clawdrouter", _broken(RESPONSES, lambda b, e: b)),
    "an error in a stream, then its end": ("unigateway", _broken(CHAT, lambda b, e: [*b, _event(e), *_chat_end(b)])),
    "an error in a message, then its end": (
        "clawdrouter",
        _broken(MESSAGES, lambda b, e: [*b, _event(e), *_messages_end(b)]),
    ),
    "an error in a message, then more of it": (
        "unigateway",
        _broken(MESSAGES, lambda b, e: [*b, _event(e), _event({"type": "content_block_stop", "index": 0})]),
    ),
    "an error in a message is a bare sentence": (
        "storyclaw",
        _broken(MESSAGES, lambda b, e: [*b, _event({"type": "error", "message": "the upstream failed"})]),
    ),
    "an error in a stream has no code": (
        "clawdrouter",
        _broken(CHAT, lambda b, e: [*b, _event({"error": {"message": "the upstream failed"}})]),
    ),
    "an error in a stream is of a message": (
        "unigateway",
        _broken(
            CHAT, lambda b, e: [*b, _event({"type": "error", "error": {"type": "api_error", "message": "failed"}})]
        ),
    ),
    "busy in a stream is told as broken": ("clawdrouter", _broken(CHAT, lambda b, e: [*b, _event(_in_other_words(e))])),
}
