"""Messages: named events that open, fill and close blocks, then `message_stop`."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from understudy.contracts.protocols.protocol import (
    PICTURE,
    TAKEN,
    Protocol,
    Talk,
    Told,
    Tool,
    Wish,
    child,
    children,
    text_of,
    whole,
    words_of,
)
from understudy.contracts.sse import Event

_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
}
_THINKING = 1024
_FROM_CACHE = (("usage", "cache_creation_input_tokens"), ("usage", "cache_read_input_tokens"))
_CACHED = (("usage", "cache_creation", "ephemeral_5m_input_tokens"),)
_CACHED_LONG = (("usage", "cache_creation", "ephemeral_1h_input_tokens"),)


def _fill(body: dict[str, Any], wish: Wish) -> dict[str, Any]:
    turns = enumerate((*wish.earlier, wish.text))
    filled = {
        **body,
        "messages": [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in turns],
    }
    for name in (
        "system",
        "stream",
        "stop_sequences",
        "tools",
        "tool_choice",
        "thinking",
        "temperature",
        "top_p",
        "top_k",
    ):
        filled.pop(name, None)
    filled["max_tokens"] = wish.most_tokens or 4 * _THINKING
    if wish.system:
        filled["system"] = wish.system
    if wish.is_streamed:
        filled["stream"] = True
    if wish.stops:
        filled["stop_sequences"] = list(wish.stops)
    if wish.tools:
        filled["tools"] = [
            {"name": tool.name, "description": tool.name, "input_schema": tool.schema} for tool in wish.tools
        ]
        filled["tool_choice"] = {"type": "none" if wish.may_not_call else "any" if wish.must_call else "auto"}
    if wish.thinks:
        filled["thinking"] = {"type": "enabled", "budget_tokens": _THINKING}
    return filled


def _talk(body: Mapping[str, Any]) -> Talk:
    turns = (words_of(child(each, "content")) for each in children(body, "messages"))
    return Talk(words_of(body.get("system")), tuple(turns))


def _asked(body: Mapping[str, Any]) -> Wish:
    return Wish(
        is_streamed=body.get("stream") is True,
        most_tokens=whole(body.get("max_tokens")),
        stops=tuple(filter(None, map(text_of, children(body, "stop_sequences")))),
        tools=tuple(
            Tool(text_of(child(tool, "name")), child(tool, "input_schema") or {}) for tool in children(body, "tools")
        ),
        must_call=child(body, "tool_choice", "type") in ("any", "tool"),
        may_not_call=child(body, "tool_choice", "type") == "none",
        thinks=child(body, "thinking", "type") == "enabled",
        wants_usage=True,
    )


def _add_up(events: Sequence[tuple[Event, Any]]) -> Told:
    told = Told()
    blocks: dict[int, dict[str, Any]] = {}
    for event, data in events:
        kind = text_of(child(data, "type"))
        if told.ends and kind not in ("message_stop", "ping"):
            told.later += 1
        if event.name != kind:
            told.wrong.append(f"an event named {event.name!r} says that it is {kind!r}")
        told.types.append(kind or "nothing")
        if kind == "content_block_stop" and whole(child(data, "index")) not in blocks:
            told.wrong.append(f"block {child(data, 'index')} is ended, which was not begun")
        _take(told, blocks, kind, data)
    if told.body:
        told.body["content"] = [_closed(block, told) for _, block in sorted(blocks.items())]
    return told


def _take(told: Told, blocks: dict[int, dict[str, Any]], kind: str, data: Any) -> None:
    match kind:
        case "message_start":
            message = child(data, "message")
            told.body.update(message if isinstance(message, dict) else {})
        case "content_block_start":
            block, index = child(data, "content_block"), whole(child(data, "index"))
            if index != len(blocks):
                told.wrong.append(f"block {index} is begun where block {len(blocks)} should be")
            blocks[index or 0] = dict(block) if isinstance(block, dict) else {}
        case "content_block_delta":
            _take_delta(told, blocks, data)
        case "message_delta":
            delta = child(data, "delta")
            told.body.update(delta if isinstance(delta, dict) else {})
            usage = child(data, "usage")
            if isinstance(usage, dict):
                told.usages += 1
                begun = told.body.get("usage")
                told.body["usage"] = {**begun, **usage} if isinstance(begun, dict) else usage
                # What a tool reads may come to the tokens of a question; that the question is read is known from the first.
                if _tokens_in(begun) == 0 and _tokens_in(told.body["usage"]):
                    most = _tokens_in(told.body["usage"])
                    told.wrong.append(f"message_start tells of 0 tokens in, and message_delta of {most}")
        case "message_stop":
            told.ends += 1
        case "error":
            told.error = data
        case _:
            pass


def _tokens_in(usage: Any) -> int | None:
    """How many tokens went in, from a cache too; None where it is not told."""
    own = whole(child(usage, "input_tokens"))
    return None if own is None else own + sum(whole(child(usage, *place[1:])) or 0 for place in _FROM_CACHE)


def _take_delta(told: Told, blocks: dict[int, dict[str, Any]], data: Any) -> None:
    index, kind = whole(child(data, "index")), child(data, "delta", "type")
    block = blocks.get(-1 if index is None else index)
    if block is None:
        told.wrong.append(f"a delta of block {index}, which was not begun")
    elif kind == "input_json_delta":
        block["partial"] = text_of(block.get("partial")) + text_of(child(data, "delta", "partial_json"))
    elif kind in _DELTAS:
        source, target = _DELTAS[kind]
        block[target] = text_of(block.get(target)) + text_of(child(data, "delta", source))


def _closed(block: dict[str, Any], told: Told) -> dict[str, Any]:
    if "partial" in block:
        text = block.pop("partial")
        try:
            block["input"] = json.loads(text, parse_float=Decimal) if text else {}
        except ValueError:
            told.wrong.append(f"the pieces of a tool's input are no JSON: {text[:80]!r}")
    return block


_KEPT = {"cache_control": {"type": "ephemeral"}}


def _in_blocks(body: dict[str, Any]) -> dict[str, Any]:
    """The text as two blocks, after a system prompt in blocks that is to be kept in a cache."""
    text = body["messages"][-1]["content"]
    blocks = [{"type": "text", "text": "Listen. "}, {"type": "text", "text": text}]
    system = [{"type": "text", "text": "Be brief.", **_KEPT}]
    return {**body, "system": system, "messages": [{"role": "user", "content": blocks}]}


def _after_a_call(body: dict[str, Any]) -> dict[str, Any]:
    """After a tool was used, without success."""
    used = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
    answered = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "nothing", "is_error": False}
    blocks = [answered, {"type": "text", "text": body["messages"][-1]["content"]}]
    messages = [
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": blocks},
    ]
    return {**body, "messages": messages, "tools": [{"name": "look_up", "description": "", "input_schema": TAKEN}]}


def _with_a_picture(body: dict[str, Any]) -> dict[str, Any]:
    """The text between two pictures."""
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}
    blocks = [picture, {"type": "text", "text": body["messages"][-1]["content"]}, picture]
    return {**body, "messages": [{"role": "user", "content": blocks}]}


def _after_thoughts(body: dict[str, Any]) -> dict[str, Any]:
    """After a turn with thoughts, whose signature must come back as it was given."""
    thought = {"type": "thinking", "thinking": "It is a greeting. ", "signature": "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="}
    turns = [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Hello."}]},
    ]
    thinking = {"type": "enabled", "budget_tokens": _THINKING}
    most = 2 * _THINKING
    return {**body, "messages": [*turns, *body["messages"]], "thinking": thinking, "max_tokens": most}


def _begun(body: dict[str, Any]) -> dict[str, Any]:
    """With an answer that is begun, and two words of one speaker before it."""
    turns = [{"role": "user", "content": "Listen."}, *body["messages"], {"role": "assistant", "content": "A relay"}]
    return {**body, "messages": turns, "system": "Be brief.", "metadata": {"user_id": "0"}}


_REFUSAL = {
    "type": "object",
    "required": ["type", "error"],
    "properties": {
        "type": {"const": "error"},
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
        },
    },
}


def _when(kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """What a block of a type has."""
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {"properties": members}}


# Text, thoughts, the use of a tool, and what tools of the server gave.
_BLOCK = "^(text|thinking|redacted_thinking|([a-z]+_)*tool_use|([a-z]+_)+tool_result|container_upload|compaction)$"
_USED = {"id": {"type": "string"}, "name": {"type": "string"}, "input": {"type": "object"}}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["content"],
    "properties": {
        "type": {"const": "message"},
        "role": {"const": "assistant"},
        "content": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"type": "string", "pattern": _BLOCK}},
                "allOf": [
                    _when("text", {"text": {"type": "string"}}),
                    _when("thinking", {"thinking": {"type": "string"}}),
                    _when("tool_use", _USED),
                ],
            },
        },
    },
}

ANTHROPIC_MESSAGES = Protocol(
    "anthropic-messages",
    _fill,
    _asked,
    _add_up,
    _talk,
    frozenset(
        {"system", "earlier", "is_streamed", "most_tokens", "stops", "tools", "must_call", "may_not_call", "thinks"}
    ),
    frozenset({"messages", "system", "stream", "max_tokens", "metadata"}),
    limits=("max_tokens",),
    cached=_FROM_CACHE,
    refusal=_REFUSAL,
    answer=_ANSWER,
    reference="Anthropic's reference",
    forms=(_in_blocks, _with_a_picture, _after_thoughts, _begun, _after_a_call),
    plain_forms=frozenset({_in_blocks, _after_a_call}),
    headers=(("anthropic-beta", "token-efficient-tools-2025-02-19"),),
    sums=((("usage", "cache_creation_input_tokens"), (*_CACHED, *_CACHED_LONG)),),
)
