"""Scenarios about streamed texts: cut, broken, framed otherwise, with more events, and left open."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from understudy.contracts.client import frames
from understudy.contracts.client.endings import dialect_of, has_end_word, is_stream, read_ending
from understudy.contracts.client.scenarios.parts import EVER, Script, Step, Use, only
from understudy.contracts.client.trial import Seen

# A client that waits for the connection to close waits so many seconds.
HELD = 8.0
# More bytes than any answer has: what is sent is whole, and then the connection breaks.
EVERYTHING = 1_000_000_000
# Frames that mean the same to everybody. That lines may end in CR alone, or that the last event need no blank line
# behind it, or that a byte order mark may stand first, is known to few, and does not accuse.
_FRAMES = ("crlf", "comments", "multiline", "nospace", "fields")

# Events that bring no text, by protocol; the first number is where they stand (-1: before the last event).
_EXTRAS: dict[str, tuple[tuple[str, int, str, Any], ...]] = {
    "openai-chat": (
        (
            "no-choices",
            1,
            "",
            {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []},
        ),
        (
            "usage-only",
            -1,
            "",
            {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            },
        ),
        (
            "empty-delta",
            1,
            "",
            {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "delta": {}, "finish_reason": None}],
            },
        ),
        (
            "null-members",
            1,
            "",
            {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [
                    {"index": 0, "delta": {"content": None, "tool_calls": None, "role": None}, "finish_reason": None}
                ],
            },
        ),
    ),
    "anthropic-messages": (("ping", 1, "ping", {"type": "ping"}), ("pings", 3, "ping", {"type": "ping"})),
    "gemini": (("no-candidates", 1, "", {"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1}}),),
}
_ERRORS: dict[str, tuple[str, Any]] = {
    "openai-chat": ("", {"error": {"message": "the model failed", "type": "server_error", "code": "internal_error"}}),
    "anthropic-messages": ("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "openai-responses": (
        "error",
        {"type": "error", "code": "server_error", "message": "the model failed", "param": None, "sequence_number": 9},
    ),
    "gemini": ("", {"error": {"code": 500, "message": "the model failed", "status": "INTERNAL"}}),
}
# Events of a type that nobody knows, in the protocols whose events have types.
_UNKNOWN: dict[str, dict[str, Any]] = {
    "anthropic-messages": {"at": 2, "name": "understudy_event", "data": {"type": "understudy_event", "value": 1}},
    "openai-responses": {
        "at": 2,
        "name": "response.understudy.added",
        "data": {"type": "response.understudy.added", "sequence_number": 2},
    },
}
# Where the word that says why an answer ended stands, by protocol.
_REASONS = {
    "openai-chat": "/choices/0/finish_reason",
    "anthropic-messages": "/delta/stop_reason",
    "gemini": "/candidates/0/finishReason",
}


def cut(use: Use) -> Iterator[tuple[str, Script]]:
    """After some of its events, at the beginning, in the middle and before the end: in good order, or by a reset."""
    for operation, seen in _streams(use):
        finish = _finish(seen)
        for count in sorted({1, 2, finish // 2, finish - 1, finish} - {0}):
            if count <= finish:
                yield f"after-{count}", only(operation, Step(stream={"after": count}, repeat=EVER))
        between = {"after": max(1, finish // 2)}
        yield "reset-between", only(operation, Step(stream=between, cut=EVERYTHING, repeat=EVER))
        yield "reset", only(operation, Step(cut=0.5, repeat=EVER))
        yield "closed", only(operation, Step(cut=0.5, end="close", repeat=EVER))


def error(use: Use) -> Iterator[tuple[str, Script]]:
    """An error event before the first token, and after some."""
    for operation, seen in _streams(use):
        if dialect_of(seen) in _ERRORS:
            name, data = _ERRORS[dialect_of(seen)]
            for place in sorted({0, 1, max(1, _finish(seen) // 2)}):
                told = {"insert": [{"at": place, "name": name, "data": data}], "after": place + 1}
                yield f"at-{place}", only(operation, Step(stream=told, repeat=EVER))


def framed(use: Use) -> Iterator[tuple[str, Script]]:
    """The same events in other frames."""
    for operation, _ in _streams(use):
        for frame in _FRAMES:
            yield frame, only(operation, Step(stream={"frame": frame}, repeat=EVER))


def split(use: Use) -> Iterator[tuple[str, Script]]:
    """Few bytes at a time, so that characters, line ends and words are torn, with characters of many bytes among them."""
    for operation, seen in _streams(use):
        edits = _many_bytes(seen)
        for size in (1, 3):
            yield f"{size}-byte", only(operation, Step(stream={"edits": edits}, pieces=size, repeat=EVER))


def extras(use: Use) -> Iterator[tuple[str, Script]]:
    """Events that bring no text."""
    for operation, seen in _streams(use):
        last = len(frames.split(seen.exchange.response_body)) - 1
        for name, place, event, data in _EXTRAS.get(dialect_of(seen), ()):
            more = {"at": last if place < 0 else place, "name": event, "data": data}
            yield name, only(operation, Step(stream={"insert": [more]}, repeat=EVER))


def reasons(use: Use) -> Iterator[tuple[str, Script]]:
    """A streamed text has ended for a reason that nobody knows."""
    for operation, seen in _streams(use):
        if dialect_of(seen) in _REASONS:
            edit = {"event": _finish(seen), "at": _REASONS[dialect_of(seen)], "to": "understudy_reason"}
            yield f"{operation}-stream", only(operation, Step(stream={"edits": [edit]}, repeat=EVER))


def words(use: Use) -> Iterator[tuple[str, Script]]:
    """Events and members that nobody knows."""
    for operation, seen in _streams(use):
        if dialect_of(seen) in _UNKNOWN:
            yield "event", only(operation, Step(stream={"insert": [_UNKNOWN[dialect_of(seen)]]}, repeat=EVER))
        count = len(frames.split(seen.exchange.response_body))
        edits = [{"event": index, "at": "/understudy_added", "to": {"nested": [1]}} for index in range(count)]
        yield "members", only(operation, Step(stream={"edits": edits}, repeat=EVER))


def held(use: Use) -> Iterator[tuple[str, Script]]:
    """The connection stays open after the event that ends the stream."""
    for operation, seen in _streams(use):
        if has_end_word(dialect_of(seen)) and read_ending(seen).over:
            yield "open", only(operation, Step(hold=HELD))


def _streams(use: Use) -> Iterator[tuple[str, Seen]]:
    firsts = {seen.exchange.operation: seen for seen in reversed(use.trial.seen) if is_stream(seen)}
    yield from firsts.items()


def _finish(seen: Seen) -> int:
    """The index of the event that says why the answer ended."""
    body = seen.exchange.response_body
    parts = frames.split(body)
    for index in range(len(parts)):
        shown = Seen(seen.contract, _with_body(seen, frames.join(parts[: index + 1])))
        if read_ending(shown).finished:
            return index
    return len(parts) - 1


def _with_body(seen: Seen, body: bytes) -> Any:
    return type(seen.exchange)(
        seen.exchange.serial,
        seen.exchange.operation,
        seen.exchange.method,
        seen.exchange.url,
        seen.exchange.path,
        response_headers=seen.exchange.response_headers,
        response_body=body,
        status=200,
    )


def _many_bytes(seen: Seen) -> list[dict[str, Any]]:
    """Characters of two, three and four bytes in the first event that brings text, and where later ones repeat all of it."""
    place = _TEXTS.get(dialect_of(seen))
    parts = frames.split(seen.exchange.response_body)
    for index in range(len(parts)):
        shown = Seen(seen.contract, _with_body(seen, frames.join(parts[index : index + 1])))
        text = read_ending(shown).text
        if place and text:
            whole = read_ending(seen).text
            changed = _MANY_BYTES + whole.removeprefix(text)
            first = {"event": index, "at": place, "to": _MANY_BYTES}
            return [first, *_repeats(parts, index + 1, whole, changed)]
    return []


def _repeats(parts: Sequence[frames.Event], begin: int, whole: str, changed: str) -> Iterator[dict[str, Any]]:
    """Where the events from a place on say the whole text once more."""
    for index in range(begin, len(parts)):
        with suppress(ValueError):
            for place in _places_of(whole, json.loads(parts[index].data)):
                yield {"event": index, "at": place, "to": changed}


def _places_of(text: str, value: Any, at: str = "") -> Iterator[str]:
    """Where a text stands in a body; the names of these protocols need no escapes."""
    if value == text:
        yield at
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from _places_of(text, child, f"{at}/{name}")


_MANY_BYTES = "é猫🐈 "
# Where the text stands in the events that bring some, by protocol.
_TEXTS = {
    "openai-chat": "/choices/0/delta/content",
    "openai-responses": "/delta",
    "anthropic-messages": "/delta/text",
    "gemini": "/candidates/0/content/parts/0/text",
}
