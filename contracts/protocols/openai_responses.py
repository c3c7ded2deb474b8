"""Responses: numbered, named events; the last one carries the whole response, with which all others must agree."""

from collections.abc import Iterator, Mapping, Sequence
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

_ENDS = ("response.completed", "response.incomplete", "response.failed")
# The event that repeats what deltas told, and the member in which it does.
_WHOLE = {
    "response.output_text": "text",
    "response.function_call_arguments": "arguments",
    "response.reasoning_summary_text": "text",
}


def _fill(body: dict[str, Any], wish: Wish) -> dict[str, Any]:
    filled: dict[str, Any] = {**body, "input": wish.text}
    if wish.earlier:
        turns = enumerate((*wish.earlier, wish.text))
        filled["input"] = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in turns]
    for name in (
        "stream",
        "max_output_tokens",
        "tools",
        "tool_choice",
        "previous_response_id",
        "instructions",
        "store",
    ):
        filled.pop(name, None)
    if wish.system:
        filled["instructions"] = wish.system
    if wish.continues:
        filled["previous_response_id"] = wish.continues
    if wish.is_streamed:
        filled["stream"] = True
    if wish.most_tokens:
        filled["max_output_tokens"] = max(16, wish.most_tokens)
    if wish.tools:
        filled["tools"] = [
            {"type": "function", "name": tool.name, "parameters": tool.schema, "strict": False} for tool in wish.tools
        ]
        filled["tool_choice"] = "none" if wish.may_not_call else "required" if wish.must_call else "auto"
    if wish.wants_json:
        filled["text"] = {"format": {"type": "json_object"}}
    return filled


def _talk(body: Mapping[str, Any]) -> Talk:
    given = body.get("input")
    items = given if isinstance(given, list) else [{"content": given}]
    return Talk(text_of(body.get("instructions")), tuple(words_of(child(each, "content") or each) for each in items))


def _asked(body: Mapping[str, Any]) -> Wish:
    return Wish(
        continues=text_of(body.get("previous_response_id")),
        is_streamed=body.get("stream") is True,
        most_tokens=whole(body.get("max_output_tokens")),
        tools=tuple(
            Tool(text_of(child(tool, "name")), child(tool, "parameters") or {})
            for tool in children(body, "tools")
            if child(tool, "type") == "function"
        ),
        must_call=body.get("tool_choice") == "required",
        may_not_call=body.get("tool_choice") == "none",
        wants_usage=True,
        wants_json=child(body, "text", "format", "type") in ("json_object", "json_schema"),
    )


def _add_up(events: Sequence[tuple[Event, Any]]) -> Told:
    told = Told()
    texts: dict[tuple[str, Any, Any], str] = {}
    items: dict[Any, Any] = {}
    number: int | None = None
    for event, data in events:
        kind = text_of(child(data, "type"))
        told.later += bool(told.ends)
        if event.name != kind:
            told.wrong.append(f"an event named {event.name!r} says that it is {kind!r}")
        told.types.append(kind or "nothing")
        here = whole(child(data, "sequence_number"))
        if not kind:
            continue
        if here is None or (number is not None and here != number + 1):
            told.wrong.append(f"sequence_number {here} follows {number}")
        number = here
        _take_text(told, texts, kind, data)
        _take_item(told, items, kind, data)
        if kind == "error":
            told.error = data
        if kind in _ENDS:
            told.ends += 1
            _take_end(told, kind, data)
    _compare(told, texts)
    for index, item in items.items() if told.body else ():
        if index is None:
            continue
        told.wrong.extend(_differing(f"item {index}", item, child(told.body, "output", index), "the last event"))
    return told


def _take_text(told: Told, texts: dict[tuple[str, Any, Any], str], kind: str, data: Any) -> None:
    stem, _, last = kind.rpartition(".")
    if stem not in _WHOLE:
        return
    key = stem, child(data, "output_index"), child(data, "content_index")
    if last == "delta":
        texts[key] = texts.get(key, "") + text_of(child(data, "delta"))
    elif last == "done" and text_of(child(data, _WHOLE[stem])) != texts.get(key, ""):
        told.wrong.append(f"{kind} does not repeat what the deltas before it told")


# What says which item, or which response, is meant: it is told when that begins, and stays.
_NAMES = ("id", "type", "call_id", "name")


def _take_item(told: Told, items: dict[Any, Any], kind: str, data: Any) -> None:
    """An item is told by the same names in all events, and each names the one that it belongs to."""
    index, item, response = child(data, "output_index"), child(data, "item"), child(data, "response")
    if response is not None:
        told.wrong.extend(_differing("the response", items.setdefault(None, response), response, kind))
    if kind == "response.output_item.added":
        if index != len(items) - (None in items):
            told.wrong.append(f"item {index} is begun where item {len(items) - (None in items)} should be")
        items[index] = item
    elif index is not None and index not in items:
        told.wrong.append(f"{kind} is of item {index}, which was not begun")
    elif kind == "response.output_item.done":
        told.wrong.extend(_differing(f"item {index}", items[index], item, kind))
    elif index is not None and "item_id" in data and data["item_id"] != child(items[index], "id"):
        told.wrong.append(f"{kind} names {data['item_id']!r}, and item {index} is {child(items[index], 'id')!r}")


def _differing(what: str, begun: Any, later: Any, where: str) -> Iterator[str]:
    """What is told of something when it begins, and is another later."""
    for name in _NAMES:
        known, told = child(begun, name), child(later, name)
        if known is not None and told != known:
            yield f"{name} of {what} is {known!r} when it begins, and {told!r} in {where}"


def _take_end(told: Told, kind: str, data: Any) -> None:
    response = child(data, "response")
    told.body = dict(response) if isinstance(response, dict) else {}
    told.usages += bool(child(response, "usage"))
    if kind == "response.failed":
        told.error = child(response, "error") or data


def _compare(told: Told, texts: Mapping[tuple[str, Any, Any], str]) -> None:
    """What the deltas told must be what the last event holds."""
    for (stem, output, content), text in texts.items():
        if stem == "response.output_text" and told.body:
            said = text_of(child(told.body, "output", output, "content", content, "text"))
        elif stem == "response.function_call_arguments" and told.body:
            said = text_of(child(told.body, "output", output, "arguments"))
        else:
            continue
        if said != text:
            told.wrong.append("the last event holds another text than the deltas told")


def _in_parts(body: dict[str, Any]) -> dict[str, Any]:
    """The text as two parts of a message, after a developer's word."""
    parts = [{"type": "input_text", "text": "Listen. "}, {"type": "input_text", "text": body["input"]}]
    return {**body, "input": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]}


def _with_a_picture(body: dict[str, Any]) -> dict[str, Any]:
    """The text between two pictures, of one of which little is to be looked at."""
    urls = [{"image_url": f"data:image/png;base64,{PICTURE}", "detail": detail} for detail in ("low", "auto")]
    before, after = ({"type": "input_image", **url} for url in urls)
    parts = [before, {"type": "input_text", "text": body["input"]}, after]
    return {**body, "input": [{"role": "user", "content": parts}]}


def _instructed(body: dict[str, Any]) -> dict[str, Any]:
    """With instructions beside it, not to be kept."""
    return {**body, "instructions": "Be brief.", "store": False, "metadata": {"first": "0"}}


def _after_a_call(body: dict[str, Any]) -> dict[str, Any]:
    """After a function was called and answered with nothing."""
    tool = {"type": "function", "name": "look_up", "description": "", "parameters": TAKEN, "strict": False}
    called = {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"}
    answered = {"type": "function_call_output", "call_id": "call_1", "output": ""}
    turns = [{"role": "user", "content": "Look it up."}, called, answered, {"role": "user", "content": body["input"]}]
    return {**body, "input": turns, "tools": [tool], "parallel_tool_calls": False}


def _when(kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """What an item or a part of a type has."""
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {"properties": members}}


# A message, thoughts, or one of the many sorts of calls and of what belongs to them.
_ITEM = "^(message|reasoning|compaction|([a-z]+_)+(call|output|tools|request|response))$"
_PART: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"enum": ["output_text", "refusal", "reasoning_text"]}},
    "allOf": [_when("output_text", {"text": {"type": "string"}})],
}
_SUMMARY = {"type": "object", "properties": {"type": {"const": "summary_text"}, "text": {"type": "string"}}}
_CALLED = {"call_id": {"type": "string"}, "name": {"type": "string"}, "arguments": {"type": "string"}}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["output"],
    "properties": {
        "object": {"const": "response"},
        "status": {"enum": ["completed", "incomplete", "in_progress", "queued", "failed", "cancelled"]},
        "output": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"type": "string", "pattern": _ITEM}},
                "allOf": [
                    _when("message", {"role": {"const": "assistant"}, "content": {"type": "array", "items": _PART}}),
                    _when("function_call", _CALLED),
                    _when("reasoning", {"summary": {"type": "array", "items": _SUMMARY}}),
                ],
            },
        },
    },
}

OPENAI_RESPONSES = Protocol(
    "openai-responses",
    _fill,
    _asked,
    _add_up,
    _talk,
    frozenset(
        {
            "system",
            "earlier",
            "continues",
            "is_streamed",
            "most_tokens",
            "tools",
            "must_call",
            "may_not_call",
            "wants_json",
        }
    ),
    frozenset({"input", "instructions", "previous_response_id", "stream", "store", "max_output_tokens"}),
    limits=("max_output_tokens",),
    refusal=OPENAI_REFUSAL,
    answer=_ANSWER,
    reference="OpenAI's reference",
    own_error=True,
    forms=(_in_parts, _with_a_picture, _instructed, _after_a_call),
    plain_forms=frozenset({_in_parts, _instructed, _after_a_call}),
    parts=(
        (("usage", "input_tokens"), (("usage", "input_tokens_details", "cached_tokens"),)),
        (("usage", "output_tokens"), (("usage", "output_tokens_details", "reasoning_tokens"),)),
    ),
)
