"""Gemini: chunks that are small answers of their own, whose parts add up; the connection's end is the end."""

from collections.abc import Mapping, Sequence
from typing import Any

from understudy.contracts.protocols.protocol import (
    PICTURE,
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
from understudy.specs.nodes import is_picture

_THINKING = 1024
# Whether a tool must be called, and whether none may -> the protocol's word.
_MODES = {(True, False): "ANY", (False, False): "AUTO", (False, True): "NONE"}


def _fill(body: dict[str, Any], wish: Wish) -> dict[str, Any]:
    turns = enumerate((*wish.earlier, wish.text))
    contents = [{"role": ("user", "model")[place % 2], "parts": [{"text": text}]} for place, text in turns]
    filled: dict[str, Any] = {**body, "contents": contents}
    for name in ("tools", "toolConfig", "generationConfig", "systemInstruction"):
        filled.pop(name, None)
    if wish.system:
        filled["systemInstruction"] = {"parts": [{"text": wish.system}]}
    settings: dict[str, Any] = {}
    if wish.most_tokens:
        settings["maxOutputTokens"] = wish.most_tokens
    if wish.stops:
        settings["stopSequences"] = list(wish.stops)
    if wish.wants_json:
        settings["responseMimeType"] = "application/json"
    if wish.thinks:
        settings["thinkingConfig"] = {"includeThoughts": True, "thinkingBudget": _THINKING}
    if settings:
        filled["generationConfig"] = settings
    if wish.tools:
        filled["tools"] = [
            {"functionDeclarations": [{"name": t.name, "description": t.name, "parameters": t.schema}]}
            for t in wish.tools
        ]
        filled["toolConfig"] = {"functionCallingConfig": {"mode": _MODES[wish.must_call, wish.may_not_call]}}
    return filled


def _talk(body: Mapping[str, Any]) -> Talk:
    turns = (words_of(child(each, "parts")) for each in children(body, "contents"))
    return Talk(words_of(child(body, "systemInstruction", "parts")), tuple(turns))


def _asked(body: Mapping[str, Any]) -> Wish:
    declared = [
        Tool(text_of(child(each, "name")), child(each, "parameters") or {})
        for tool in children(body, "tools")
        for each in children(tool, "functionDeclarations")
    ]
    return Wish(
        most_tokens=whole(child(body, "generationConfig", "maxOutputTokens")),
        stops=tuple(filter(None, map(text_of, children(body, "generationConfig", "stopSequences")))),
        tools=tuple(declared),
        must_call=child(body, "toolConfig", "functionCallingConfig", "mode") == "ANY",
        may_not_call=child(body, "toolConfig", "functionCallingConfig", "mode") == "NONE",
        thinks=child(body, "generationConfig", "thinkingConfig", "includeThoughts") is True,
        wants_usage=True,
        wants_json=child(body, "generationConfig", "responseMimeType") == "application/json",
        wants_picture="IMAGE" in children(body, "generationConfig", "responseModalities"),
    )


def _add_up(events: Sequence[tuple[Event, Any]]) -> Told:
    told = Told()
    for _, data in events:
        told.later += bool(told.ends)
        if child(data, "error"):
            told.error = data
            told.types.append("error")
            continue
        told.types.append("chunk")
        if not isinstance(data, dict):
            told.wrong.append("a chunk is no object")
            continue
        _take(told, data)
    return told


def _take(told: Told, data: Mapping[str, Any]) -> None:
    for name in ("responseId", "modelVersion"):
        if name in data and told.body.setdefault(name, data[name]) != data[name]:
            told.wrong.append(f"{name} changes from {told.body[name]!r} to {data[name]!r}")
    if data.get("usageMetadata"):
        told.usages += 1
        told.body["usageMetadata"] = data["usageMetadata"]
    known = {candidate.get("index", 0): candidate for candidate in told.body.setdefault("candidates", [])}
    for candidate in children(data, "candidates"):
        if not isinstance(candidate, dict):
            continue
        mine = known.get(candidate.get("index", 0))
        if mine is None:
            mine = {"index": candidate.get("index", 0), "content": {"role": "model", "parts": []}}
            told.body["candidates"].append(mine)
        for part in children(candidate, "content", "parts"):
            _take_part(mine["content"]["parts"], part)
        if candidate.get("finishReason"):
            mine["finishReason"] = candidate["finishReason"]
            told.ends += 1


def _take_part(parts: list[Any], part: Any) -> None:
    """Texts of one sort that follow each other are one text; a picture that is told as a text begins another."""
    last = parts[-1] if parts else None
    is_text = isinstance(part, dict) and isinstance(part.get("text"), str) and not is_picture(part["text"])
    if is_text and isinstance(last, dict) and "text" in last and last.get("thought") == part.get("thought"):
        last["text"] += part["text"]
        last.update({name: value for name, value in part.items() if name != "text"})
    else:
        parts.append(dict(part) if isinstance(part, dict) else part)


def _in_parts(body: dict[str, Any]) -> dict[str, Any]:
    """The text as two parts, after an instruction."""
    parts = [{"text": "Listen. "}, *body["contents"][-1]["parts"]]
    return {
        **body,
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": parts}],
    }


def _with_a_picture(body: dict[str, Any]) -> dict[str, Any]:
    """The text between two pictures."""
    picture = {"inlineData": {"mimeType": "image/png", "data": PICTURE}}
    return {**body, "contents": [{"role": "user", "parts": [picture, *body["contents"][-1]["parts"], picture]}]}


def _in_turns(body: dict[str, Any]) -> dict[str, Any]:
    """After a turn with a signed thought, a call and its answer, and for two candidates."""
    signed = {"functionCall": {"name": "look_up", "args": {}}, "thoughtSignature": "c2lnbmF0dXJl"}
    answered = {"functionResponse": {"name": "look_up", "response": {}}}
    turns = [
        {"role": "user", "parts": [{"text": "Look it up."}]},
        {"role": "model", "parts": [signed]},
        {"role": "user", "parts": [answered]},
    ]
    taken = {
        "type": "OBJECT",
        "properties": {"place": {"type": "STRING", "nullable": False}, "days": {"type": "INTEGER", "minimum": 0}},
        "required": ["place"],
    }
    declared = {"functionDeclarations": [{"name": "look_up", "description": "", "parameters": taken}]}
    return {**body, "contents": [*turns, *body["contents"]], "tools": [declared]}


_REFUSAL = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "status"],
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "status": {"type": "string"}},
        },
    },
}

_PART: dict[str, Any] = {
    "type": "object",
    "properties": {
        # Whoever tells parts by their type speaks another protocol.
        "type": False,
        "text": {"type": "string"},
        "thought": {"type": "boolean"},
        "functionCall": {"type": "object", "properties": {"name": {"type": "string"}, "args": {"type": "object"}}},
        "inlineData": {"type": "object"},
    },
}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "candidates": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "content": {
                        "type": "object",
                        "properties": {"role": {"const": "model"}, "parts": {"type": "array", "items": _PART}},
                    },
                    "finishReason": {"type": "string"},
                },
            },
        },
    },
}

GEMINI = Protocol(
    "gemini",
    _fill,
    _asked,
    _add_up,
    _talk,
    frozenset(
        {"system", "earlier", "most_tokens", "stops", "tools", "must_call", "may_not_call", "thinks", "wants_json"}
    ),
    frozenset({"contents", "systemInstruction"}),
    has_end=False,
    must_think=False,
    refusal=_REFUSAL,
    answer=_ANSWER,
    reference="Gemini's reference",
    forms=(_in_parts, _with_a_picture, _in_turns),
    plain_forms=frozenset({_in_parts}),
)
