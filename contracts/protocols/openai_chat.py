"""Chat completions: chunks whose deltas add up to choices, then `[DONE]`."""

from collections.abc import Mapping, Sequence
from typing import Any

from understudy.contracts.protocols.protocol import (
    OPENAI_REFUSAL,
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

_SYSTEM = ("system", "developer")
# Two names of one limit; the first is the older one.
_LIMITS = ("max_tokens", "max_completion_tokens")


def _fill(body: dict[str, Any], wish: Wish) -> dict[str, Any]:
    system = [{"role": "system", "content": wish.system}] if wish.system else []
    turns = [
        {"role": ("user", "assistant")[place % 2], "content": text}
        for place, text in enumerate((*wish.earlier, wish.text))
    ]
    filled = {**body, "messages": [*system, *turns]}
    for name in ("stream", "stream_options", "max_completion_tokens", "max_tokens", "stop", "tools", "n"):
        filled.pop(name, None)
    if wish.is_streamed:
        filled["stream"] = True
        if wish.wants_usage:
            filled["stream_options"] = {"include_usage": True}
    if wish.most_tokens:
        filled["max_tokens"] = wish.most_tokens
    if wish.stops:
        filled["stop"] = list(wish.stops)
    if wish.tools:
        filled["tools"] = [
            {"type": "function", "function": {"name": tool.name, "description": tool.name, "parameters": tool.schema}}
            for tool in wish.tools
        ]
        filled["tool_choice"] = "none" if wish.may_not_call else "required" if wish.must_call else "auto"
    if wish.choices > 1:
        filled["n"] = wish.choices
    if wish.wants_json:
        filled["response_format"] = {"type": "json_object"}
    return filled


def _asked(body: Mapping[str, Any]) -> Wish:
    stop = body.get("stop")
    return Wish(
        is_streamed=body.get("stream") is True,
        most_tokens=whole(body.get("max_completion_tokens")) or whole(body.get("max_tokens")),
        stops=tuple(filter(None, map(text_of, stop if isinstance(stop, list) else [stop]))),
        tools=tuple(
            Tool(text_of(child(tool, "function", "name")), child(tool, "function", "parameters") or {})
            for tool in children(body, "tools")
        ),
        must_call=body.get("tool_choice") == "required" or isinstance(body.get("tool_choice"), dict),
        may_not_call=body.get("tool_choice") == "none",
        choices=whole(body.get("n")) or 1,
        wants_usage=child(body, "stream_options", "include_usage") is True,
        wants_json=child(body, "response_format", "type") in ("json_object", "json_schema"),
    )


def _contents(turn: Mapping[str, Any]) -> list[Any]:
    """What a turn says and calls, as a list of parts."""
    content = turn.get("content")
    return [*(content if isinstance(content, list) else [content]), *children(turn, "tool_calls")]


def _talk(body: Mapping[str, Any]) -> Talk:
    turns = [each for each in children(body, "messages") if isinstance(each, dict)]
    system = "".join(words_of(each.get("content")) for each in turns if each.get("role") in _SYSTEM)
    said = (words_of(_contents(each)) for each in turns if each.get("role") not in _SYSTEM)
    return Talk(system, tuple(said))


def _add_up(events: Sequence[tuple[Event, Any]]) -> Told:
    told = Told()
    choices: dict[int, dict[str, Any]] = {}
    for event, data in events:
        if told.ends:
            told.later += event.data != "[DONE]"
        if event.data == "[DONE]":
            told.ends += 1
            continue
        if child(data, "error"):
            told.error = data
            told.types.append("error")
            continue
        told.types.append("chunk")
        _take_head(told, data)
        for each in children(data, "choices"):
            _take_choice(told, choices, each)
    if told.body:
        told.body["object"] = "chat.completion"
        told.body["choices"] = [_closed(choice) for _, choice in sorted(choices.items())]
    return told


def _take_head(told: Told, data: Any) -> None:
    if not isinstance(data, dict):
        told.wrong.append("a chunk is no object")
        return
    for name in ("id", "model", "created"):
        if name in data:
            earlier = told.body.setdefault(name, data[name])
            if earlier != data[name]:
                told.wrong.append(f"{name} changes from {earlier!r} to {data[name]!r}")
    for name, value in data.items():
        if name not in ("choices", "object", "usage"):
            told.body.setdefault(name, value)
    if data.get("usage"):
        told.usages += 1
        told.body["usage"] = data["usage"]


def _take_choice(told: Told, choices: dict[int, dict[str, Any]], each: Any) -> None:
    index = whole(child(each, "index"))
    if index is None:
        told.wrong.append("a choice has no index")
        return
    told_role = index in choices
    choice = choices.setdefault(index, {"index": index, "message": {"role": "assistant"}, "finish_reason": None})
    if choice["finish_reason"] is not None:
        told.wrong.append(f"choice {index} goes on after its finish_reason")
    message, delta = choice["message"], child(each, "delta")
    if not told_role and not child(delta, "role"):
        told.wrong.append(f"choice {index} begins without a role")
    for name in ("content", "refusal", "reasoning_content"):
        piece = child(delta, name)
        if isinstance(piece, str):
            message[name] = text_of(message.get(name)) + piece
    for call in children(delta, "tool_calls"):
        _take_call(told, message.setdefault("tool_calls", {}), call)
    if child(each, "finish_reason") is not None:
        choice["finish_reason"] = each["finish_reason"]
    _take_chances(choice, child(each, "logprobs"))


def _take_chances(choice: dict[str, Any], told: Any) -> None:
    """How likely tokens were is told piece by piece; a chunk without any tells of none."""
    known = choice.setdefault("logprobs", None)
    if isinstance(told, dict) and isinstance(known, dict):
        for name, chances in told.items():
            if isinstance(chances, list) and isinstance(known.get(name), list):
                known[name] = known[name] + chances
    elif isinstance(told, dict):
        choice["logprobs"] = dict(told)


def _take_call(told: Told, calls: dict[int, dict[str, Any]], call: Any) -> None:
    index = whole(child(call, "index"))
    if index is None:
        told.wrong.append("a tool call has no index")
        return
    name, identity = child(call, "function", "name"), child(call, "id")
    known = calls.get(index)
    if known is None:
        if not identity or not name:
            told.wrong.append(f"tool call {index} begins without its id and name")
        known = calls[index] = {"id": identity, "type": "function", "function": {"name": name, "arguments": ""}}
    elif identity and identity != known["id"]:
        told.wrong.append(f"tool call {index} has two ids")
    known["function"]["arguments"] += text_of(child(call, "function", "arguments"))


def _closed(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice["message"]
    message.setdefault("content", None)
    message.setdefault("refusal", None)
    if "tool_calls" in message:
        message["tool_calls"] = [call for _, call in sorted(message["tool_calls"].items())]
        message["content"] = message["content"] or None
    return choice


_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "look_up", "description": "", "parameters": TAKEN, "strict": False},
}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}


def _in_parts(body: dict[str, Any]) -> dict[str, Any]:
    """The text as two parts."""
    text = body["messages"][-1]["content"]
    parts = [{"type": "text", "text": "Listen. "}, {"type": "text", "text": text}]
    return {**body, "messages": [{"role": "user", "content": parts}]}


def _with_a_picture(body: dict[str, Any]) -> dict[str, Any]:
    """The text between two pictures, of one of which little is to be looked at."""
    urls = [{"url": f"data:image/png;base64,{PICTURE}", **more} for more in ({"detail": "low"}, {})]
    before, after = ({"type": "image_url", "image_url": url} for url in urls)
    parts = [before, {"type": "text", "text": body["messages"][-1]["content"]}, after]
    return {**body, "messages": [{"role": "user", "content": parts}]}


def _in_turns(body: dict[str, Any]) -> dict[str, Any]:
    """After another turn, and two words of one speaker."""
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "name": "first", "content": "Hello."},
        {"role": "assistant", "content": "Hello. "},
        {"role": "user", "content": ""},
    ]
    return {**body, "messages": [*turns, *body["messages"]]}


def _in_a_schema(body: dict[str, Any]) -> dict[str, Any]:
    """To be answered as JSON of a schema, with what is likely beside it."""
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "additionalProperties": False}
    said = {"name": "answer", "strict": True, "schema": {**schema, "required": ["answer"]}}
    return {**body, "response_format": {"type": "json_schema", "json_schema": said}}


def _with_chances(body: dict[str, Any]) -> dict[str, Any]:
    """With how likely each token was, and what else it might have been."""
    return {**body, "logprobs": True, "top_logprobs": 2, "seed": 7}


def _instructed(body: dict[str, Any]) -> dict[str, Any]:
    """After a developer's word."""
    return {**body, "messages": [{"role": "developer", "content": "Be brief."}, *body["messages"]]}


def _after_a_call(body: dict[str, Any]) -> dict[str, Any]:
    """After a tool was called, which need not be called strictly, and answered."""
    called = {"role": "assistant", "content": None, "tool_calls": [_CALL]}
    answered = {"role": "tool", "tool_call_id": _CALL["id"], "content": ""}
    messages = [{"role": "user", "content": "Look it up."}, called, answered, *body["messages"]]
    return {**body, "messages": messages, "tools": [_TOOL], "parallel_tool_calls": False}


_FUNCTION = {"type": "object", "properties": {"name": {"type": "string"}, "arguments": {"type": "string"}}}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["choices"],
    "properties": {
        "object": {"const": "chat.completion"},
        "choices": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "message": {
                        "type": "object",
                        "properties": {
                            "role": {"const": "assistant"},
                            "content": {"type": ["string", "null"]},
                            "tool_calls": {
                                "type": ["array", "null"],
                                "items": {
                                    "type": "object",
                                    "properties": {"type": {"enum": ["function", "custom"]}, "function": _FUNCTION},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}

OPENAI_CHAT = Protocol(
    "openai-chat",
    _fill,
    _asked,
    _add_up,
    _talk,
    frozenset(
        {
            "system",
            "earlier",
            "is_streamed",
            "most_tokens",
            "stops",
            "tools",
            "must_call",
            "may_not_call",
            "choices",
            "wants_usage",
            "wants_json",
        }
    ),
    frozenset({"messages", "stream", "stream_options", *_LIMITS}),
    limits=_LIMITS,
    refusal=OPENAI_REFUSAL,
    answer=_ANSWER,
    reference="OpenAI's reference",
    forms=(_in_parts, _with_a_picture, _in_turns, _in_a_schema, _with_chances, _instructed, _after_a_call),
    plain_forms=frozenset({_in_parts, _in_turns, _after_a_call}),
    parts=(
        (("usage", "prompt_tokens"), (("usage", "prompt_tokens_details", "cached_tokens"),)),
        (("usage", "completion_tokens"), (("usage", "completion_tokens_details", "reasoning_tokens"),)),
    ),
)
