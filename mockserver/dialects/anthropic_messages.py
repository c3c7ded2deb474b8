"""Anthropic Messages: requests to asks, answers to events."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from understudy.mockserver.completions.model import Ask, Tool
from understudy.mockserver.streams import Event

_CHOICES = {"any": "required", "none": "none"}
# Tokens of thinking where the model is left to choose.
_ADAPTIVE = 2048


def ask(body: Any, model: str) -> Ask:
    """What a valid request body asks for."""
    messages = body["messages"]
    texts = [text_of(message["content"]) for message in messages]
    last = max((i for i, m in enumerate(messages) if m["role"] == "user" and _is_told(m["content"])), default=-1)
    blocks = [block for message in messages for block in _blocks(message["content"])]
    is_answered = bool(messages) and any(b.get("type") == "tool_result" for b in _blocks(messages[-1]["content"]))
    said = [text_of(body.get("system")), *(text for index, text in enumerate(texts) if index != last)]
    return Ask(
        model=model,
        prompt=texts[last] if last >= 0 else "",
        context="\n".join(text for text in said if text),
        tools=tuple(
            Tool(tool["name"], tool["input_schema"], tool.get("description") or "")
            for tool in body.get("tools") or ()
            if "input_schema" in tool
        ),
        choice=_choice(body.get("tool_choice") or {}),
        parallel=not (body.get("tool_choice") or {}).get("disable_parallel_tool_use"),
        is_answered=is_answered,
        most_tokens=body["max_tokens"],
        stops=tuple(body.get("stop_sequences") or ()),
        thinking=_thinking(body.get("thinking") or {}, is_answered=is_answered),
        shape=((body.get("output_config") or {}).get("format") or {}).get("schema"),
        images=sum(block.get("type") == "image" for block in _flat(blocks)),
    )


def text_of(content: Any) -> str:
    """All text of a content: a text, or blocks of which some hold text, be it in a document or in a tool's result."""
    if isinstance(content, str):
        return content
    return "\n".join(text for block in _flat(_blocks(content)) if (text := _said(block)))


def _said(block: Mapping[str, Any]) -> str:
    source = block.get("source") or {}
    is_text = block.get("type") == "document" and source.get("type") == "text"
    said = (block.get("text"), block.get("thinking"), source.get("data") if is_text else None, block.get("content"))
    return next((text for text in said if isinstance(text, str)), "")


def _is_told(content: Any) -> bool:
    """Whether the user says something himself, and not a tool alone."""
    return isinstance(content, str) or any(block.get("type") == "text" for block in content)


def _blocks(content: Any) -> list[Any]:
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _flat(blocks: list[Any]) -> Iterator[Any]:
    for block in blocks:
        yield block
        yield from _blocks(block.get("content"))


def _choice(said: Mapping[str, str]) -> str:
    return said["name"] if said.get("type") == "tool" else _CHOICES.get(said.get("type", ""), "auto")


def _thinking(said: Mapping[str, Any], *, is_answered: bool) -> int | None:
    """How much may be thought, None for not at all."""
    match said.get("type"):
        case "enabled":
            return int(said["budget_tokens"])
        case "adaptive":
            return _ADAPTIVE
        case "between_tools" if is_answered:
            return _ADAPTIVE
        case _:
            return None


def stream(plain: Any, body: Any, cut: Callable[[str], list[str]]) -> Iterator[Event]:
    """The events of a whole answer: an empty message, each block in turn, why it ended and what was used."""
    usage = plain["usage"]
    opened = {**plain, "content": [], "stop_reason": None, "stop_sequence": None}
    yield _event("message_start", message={**opened, "usage": {**usage, **_spent(usage)}})
    for index, block in enumerate(plain["content"]):
        opening, deltas = _BLOCKS[block["type"]](block, cut)
        yield _event("content_block_start", index=index, content_block=opening)
        if not index:
            yield _event("ping")
        for delta, tokens in deltas:
            yield _event("content_block_delta", tokens, index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    ended = {name: plain[name] for name in _ENDED if name in plain}
    yield _event("message_delta", delta=ended, usage={name: usage[name] for name in _CUMULATED if name in usage})
    yield _event("message_stop")


# What is known at the end only, and what is counted up to then.
_ENDED = ("stop_reason", "stop_sequence", "stop_details", "container")
_CUMULATED = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
)

Deltas = Iterator[tuple[Any, int]]
Cut = Callable[[str], list[str]]


def _spent(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The output's share of the usage before there is any."""
    details = {"output_tokens_details": {"thinking_tokens": 0}} if usage.get("output_tokens_details") else {}
    return {"output_tokens": min(1, usage["output_tokens"]), **details}


def _text(block: Mapping[str, Any], cut: Cut) -> tuple[Any, Deltas]:
    return {**block, "text": ""}, (({"type": "text_delta", "text": text}, 1) for text in cut(block["text"]))


def _thought(block: Mapping[str, Any], cut: Cut) -> tuple[Any, Deltas]:
    def deltas() -> Deltas:
        yield from (({"type": "thinking_delta", "thinking": text}, 1) for text in cut(block["thinking"]))
        yield {"type": "signature_delta", "signature": block["signature"]}, 0

    return {**block, "thinking": "", "signature": ""}, deltas()


def _call(block: Mapping[str, Any], cut: Cut) -> tuple[Any, Deltas]:
    pieces = ["", *cut(orjson.dumps(block["input"]).decode())]
    return {**block, "input": {}}, (({"type": "input_json_delta", "partial_json": text}, 1) for text in pieces)


_BLOCKS: Mapping[str, Callable[[Mapping[str, Any], Cut], tuple[Any, Deltas]]] = {
    "text": _text,
    "thinking": _thought,
    "tool_use": _call,
}


def _event(type_: str, tokens: int = 0, **members: Any) -> Event:
    return Event(type_, orjson.dumps({"type": type_, **members}), tokens)


def fail(error: Any, count: int) -> Event:
    """An error in the middle of a stream: the envelope as an event; nothing comes after it."""
    return Event("error", orjson.dumps(error))


def usage(event: Any, asked: int, answered: int) -> Event:
    """What is used up to now, without an end."""
    return _event(
        "message_delta", delta={"stop_reason": None, "stop_sequence": None}, usage={"output_tokens": answered}
    )
