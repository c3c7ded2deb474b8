"""Whether a text answer was whole, and what it said: read from the bytes that were sent, by the protocol's own events."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.contracts.client.trial import Seen
from understudy.contracts.reading import NOT_JSON


@dataclass(frozen=True, slots=True)
class Ending:
    """What a stream came to. `finished`: it said why it ended; `over`: it said that nothing follows; `broken`: it told an error."""

    finished: bool
    over: bool
    broken: bool
    text: str


def at(value: Any, *steps: Any) -> Any:
    """The value at a place inside of a body; None where there is none."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


# By protocol: whether an event says why the answer ended, and the text that it brings.
_FINISH: Mapping[str, Callable[[Any], bool]] = {
    "openai-chat": lambda event: bool(at(event, "choices", 0, "finish_reason")),
    "anthropic-messages": lambda event: bool(at(event, "delta", "stop_reason")),
    "openai-responses": lambda event: at(event, "type") in ("response.completed", "response.incomplete"),
    "gemini": lambda event: bool(at(event, "candidates", 0, "finishReason")),
}
_OVER: Mapping[str, Callable[[Any], bool]] = {
    "openai-chat": lambda event: event is None,
    "anthropic-messages": lambda event: at(event, "type") == "message_stop",
    "openai-responses": lambda event: (
        at(event, "type") in ("response.completed", "response.incomplete", "response.failed")
    ),
    "gemini": lambda event: False,
}
_TEXT: Mapping[str, Callable[[Any], str]] = {
    "openai-chat": lambda event: _text(at(event, "choices", 0, "delta", "content")),
    "anthropic-messages": lambda event: _text(at(event, "delta", "text")),
    "openai-responses": lambda event: (
        _text(at(event, "delta")) if at(event, "type") == "response.output_text.delta" else ""
    ),
    "gemini": lambda event: "".join(
        _text(at(part, "text")) for part in at(event, "candidates", 0, "content", "parts") or ()
    ),
}


def is_stream(seen: Seen) -> bool:
    """Whether this was answered as a stream of events."""
    return seen.exchange.media_type == "text/event-stream"


def dialect_of(seen: Seen) -> str:
    """The protocol of a text operation; '' for none."""
    operation = seen.contract.operations.get(seen.exchange.operation)
    return str(operation.arguments.get("dialect", "")) if operation else ""


def has_end_word(dialect: str) -> bool:
    """Whether the protocol has an event that says that the stream is over."""
    return dialect in _OVER and dialect != "gemini"


def read_ending(seen: Seen) -> Ending:
    """How a stream ended, as far as it was sent."""
    dialect, finished, over, broken, text = dialect_of(seen), False, False, False, []
    for event in events(seen.exchange.response_body):
        if event is NOT_JSON or at(event, "error") or at(event, "type") in ("error", "response.failed"):
            broken = broken or not finished
        finished = finished or (dialect in _FINISH and _FINISH[dialect](event))
        over = over or (dialect in _OVER and _OVER[dialect](event))
        text.append(_TEXT[dialect](event) if dialect in _TEXT else "")
    return Ending(finished and not broken, over, broken, "".join(text))


def events(body: bytes) -> Iterator[Any]:
    """The events of a stream in any of its framings: their JSON, None for a word like [DONE], NOT_JSON for what is broken."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for block in text.split("\n\n"):
        lines = [line.partition(":")[2].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        data = "\n".join(lines)
        if data.startswith("["):
            yield None
        elif data:
            try:
                yield json.loads(data)
            except ValueError:
                yield NOT_JSON
