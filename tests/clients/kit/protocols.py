"""Four protocols of text: what is asked, the text of a whole answer, and the text of a stream, event by event."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.providers import at
from tests.clients.kit.runs import Failed


class Over(Exception):
    """The stream has said that it is over."""


@dataclass
class Reading:
    """What was read of a stream so far. `finished`: why the answer ended, once it said so."""

    finished: str = ""

    def take(self, name: str, data: str) -> str:
        """The text that an event brings; raises Over at the end and Failed at an error."""
        raise NotImplementedError


class Chat(Reading):
    """OpenAI Chat Completions."""

    def take(self, name: str, data: str) -> str:
        if data.strip() == "[DONE]":
            raise Over
        chunk = parsed(data)
        _raise_error(chunk)
        choice = chunk["choices"][0] if has("first_choice_always") else at(chunk, "choices", 0)
        reason = at(choice, "finish_reason")
        if reason:
            self.finished = FINISHES[reason] if has("strict_finish_reason") else str(reason)
        if has("needs_content"):
            return str(choice["delta"]["content"] + "")
        return text_of(at(choice, "delta", "content"))


class Messages(Reading):
    """Anthropic Messages."""

    def take(self, name: str, data: str) -> str:
        event = parsed(data)
        kind = at(event, "type")
        _raise_error(event if kind == "error" else None)
        if kind == "message_stop":
            raise Over
        if kind == "message_delta" and at(event, "delta", "stop_reason"):
            reason = at(event, "delta", "stop_reason")
            self.finished = FINISHES[reason] if has("strict_finish_reason") else str(reason)
        if has("unknown_event_crashes") and kind not in _MESSAGE_EVENTS:
            raise KeyError(kind)
        return text_of(at(event, "delta", "text"))


class Responses(Reading):
    """OpenAI Responses."""

    def take(self, name: str, data: str) -> str:
        if data.strip() == "[DONE]":
            raise Over
        event = parsed(data)
        kind = at(event, "type")
        _raise_error(event if kind == "error" else at(event, "response") if kind == "response.failed" else None)
        if kind in ("response.completed", "response.incomplete"):
            self.finished = str(kind)
            raise Over
        return text_of(at(event, "delta")) if kind == "response.output_text.delta" else ""


class Gemini(Reading):
    """Gemini's generateContent."""

    def take(self, name: str, data: str) -> str:
        chunk = parsed(data)
        _raise_error(chunk)
        candidate = chunk["candidates"][0] if has("first_choice_always") else at(chunk, "candidates", 0)
        reason = at(candidate, "finishReason")
        if reason:
            self.finished = FINISHES[reason] if has("strict_finish_reason") else str(reason)
        return "".join(text_of(at(part, "text")) for part in at(candidate, "content", "parts") or [])


@dataclass(frozen=True)
class Protocol:
    """Paths and bodies of one protocol; `text` reads a whole answer, '' where there is none."""

    path: str
    stream_path: str
    body: Callable[[str, str, bool], dict[str, Any]]
    text: Callable[[Any], str]
    reading: type[Reading]
    key_header: str = ""


_MESSAGE_EVENTS = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "error",
)
FINISHES = {
    word: word
    for word in (
        "stop",
        "length",
        "tool_calls",
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "STOP",
        "MAX_TOKENS",
    )
}


def parsed(data: str) -> dict[str, Any]:
    """An event's data; raises Failed where it is no object."""
    try:
        value = json.loads(data)
    except ValueError:
        raise Failed(f"an event is no JSON: {data[:80]!r}") from None
    if not isinstance(value, dict):
        raise Failed("an event is no object")
    return value


def text_of(value: Any) -> str:
    """The text, and none for whatever is no text."""
    return value if isinstance(value, str) else ""


def _raise_error(event: Any) -> None:
    error = at(event, "error")
    if (error or at(event, "type") == "error") and not has("stream_error_ignored"):
        raise Failed(f"the stream says: {at(error, 'message') or at(event, 'message') or error}")


def _chat(model: str, prompt: str, stream: bool) -> dict[str, Any]:
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **options}


def _messages(model: str, prompt: str, stream: bool) -> dict[str, Any]:
    return {"model": model, "max_tokens": 300, "messages": [{"role": "user", "content": prompt}], "stream": stream}


def _responses(model: str, prompt: str, stream: bool) -> dict[str, Any]:
    return {"model": model, "input": prompt, "stream": stream}


def _gemini(model: str, prompt: str, stream: bool) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}


def _chat_text(body: Any) -> str:
    choice = body["choices"][0] if has("first_choice_always") else at(body, "choices", 0)
    reason = at(choice, "finish_reason")
    if has("strict_finish_reason"):
        FINISHES[reason]
    return text_of(at(choice, "message", "content"))


def _parts(*steps: str | int) -> Callable[[Any], str]:
    def text(body: Any) -> str:
        return "".join(text_of(at(part, "text")) for part in at(body, *steps) or [])

    return text


def _responses_text(body: Any) -> str:
    items: Iterator[Any] = (part for item in at(body, "output") or [] for part in at(item, "content") or [])
    return "".join(text_of(at(part, "text")) for part in items)


PROTOCOLS = {
    "chat": Protocol("/v1/chat/completions", "/v1/chat/completions", _chat, _chat_text, Chat),
    "messages": Protocol("/v1/messages", "/v1/messages", _messages, _parts("content"), Messages, "x-api-key"),
    "responses": Protocol("/v1/responses", "/v1/responses", _responses, _responses_text, Responses),
    "gemini": Protocol(
        "/v1beta/models/{}:generateContent",
        "/v1beta/models/{}:streamGenerateContent?alt=sse",
        _gemini,
        _parts("candidates", 0, "content", "parts"),
        Gemini,
        "x-goog-api-key",
    ),
}
