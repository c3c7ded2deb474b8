"""Gemini generateContent: requests to asks, answers to chunks."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from understudy.mockserver.completions.model import Ask, Tool
from understudy.mockserver.streams import Event

_UNDERSCORE = re.compile("_([a-z])")
# What is thought with when nobody says how much.
_USUAL_THINKING = 8_192
_LEVELS = {"MINIMAL": 128, "LOW": 1_024, "MEDIUM": 4_096, "HIGH": 24_576}
# Members of the protocol's schemas that hold a schema, a list of them, or one for each name.
_ONE, _SEVERAL, _NAMED = ("items",), ("anyOf",), ("properties",)
_WHOLE = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_KEPT = ("enum", "required", "pattern", "minimum", "maximum", "default", "example", "title", "description")


def ask(body: Any, model: str) -> Ask:
    """What a valid request body asks for."""
    body = _named(body)
    contents = body.get("contents", [])
    config = _named(body.get("generationConfig"))
    last = max((i for i, content in enumerate(contents) if content.get("role", "user") == "user"), default=-1)
    texts = [_text_of(content) for content in contents]
    before = [_text_of(body.get("systemInstruction") or {}), *texts[:last], *texts[last + 1 :]]
    choice, tools = _tools_of(body)
    return Ask(
        model=model,
        prompt=texts[last] if last >= 0 else "",
        context="\n".join(text for text in before if text),
        tools=tools,
        choice=choice,
        is_answered=bool(contents) and any("functionResponse" in part for part in _parts_of(contents[-1])),
        most_tokens=config.get("maxOutputTokens"),
        stops=tuple(config.get("stopSequences") or ()),
        count=config.get("candidateCount") or 1,
        thinking=_thinking_of(_named(config.get("thinkingConfig"))),
        shape=_shape_of(config),
        images=sum("inlineData" in part or "fileData" in part for each in contents for part in _parts_of(each)),
        wants_image=_wants_image(config, model),
    )


def _named(said: Any) -> dict[str, Any]:
    """An object with its names as the protocol prints them; it reads `max_output_tokens` as `maxOutputTokens`."""
    return {_UNDERSCORE.sub(lambda found: found[1].upper(), name): value for name, value in (said or {}).items()}


def _parts_of(content: Any) -> list[dict[str, Any]]:
    return [_named(part) for part in content.get("parts") or ()]


def _text_of(content: Any) -> str:
    return "\n".join(part["text"] for part in _parts_of(content) if isinstance(part.get("text"), str))


def _tools_of(body: Any) -> tuple[str, tuple[Tool, ...]]:
    """Which tools may be called, and whether one must be."""
    config = _named(_named(body.get("toolConfig")).get("functionCallingConfig"))
    named = config.get("allowedFunctionNames") or ()
    declared = [
        _named(each) for tool in body.get("tools") or () for each in _named(tool).get("functionDeclarations") or ()
    ]
    tools = tuple(
        Tool(each["name"], _parameters_of(each), each.get("description", ""))
        for each in declared
        if not named or each["name"] in named
    )
    return {"ANY": "required", "NONE": "none"}.get(config.get("mode", "AUTO"), "auto"), tools


def _parameters_of(declaration: Any) -> Any:
    return declaration.get("parametersJsonSchema") or to_json_schema(declaration.get("parameters") or {})


def _thinking_of(config: Any) -> int | None:
    """The budget of what is thought; what nobody wants to see is not thought."""
    if not config.get("includeThoughts"):
        return None
    usual = _LEVELS.get(config.get("thinkingLevel", ""), _USUAL_THINKING)
    budget = config.get("thinkingBudget", -1)
    return usual if budget < 0 else budget or None


def _shape_of(config: Any) -> Any:
    """A JSON Schema where JSON is asked for, else None."""
    if config.get("responseMimeType") != "application/json":
        return None
    return config.get("responseJsonSchema") or to_json_schema(config.get("responseSchema") or {})


def _wants_image(config: Any, model: str) -> bool:
    """Models of this protocol that draw say so in their names; who names no modalities wants all that a model has."""
    modalities = config.get("responseModalities")
    return "IMAGE" in modalities if modalities else "-image" in model


def to_json_schema(said: Any) -> Any:
    """The protocol's schemas are those of OpenAPI 3.0, with types in capitals and whole numbers as texts."""
    schema: dict[str, Any] = {name: said[name] for name in _KEPT if name in said}
    schema |= {name: int(said[name]) for name in _WHOLE if name in said}
    schema |= {name: to_json_schema(said[name]) for name in _ONE if name in said}
    schema |= {name: [to_json_schema(each) for each in said[name]] for name in _SEVERAL if name in said}
    schema |= {name: {key: to_json_schema(each) for key, each in said[name].items()} for name in _NAMED if name in said}
    kind = str(said.get("type", "")).lower()
    if kind and kind != "type_unspecified":
        schema["type"] = [kind, "null"] if said.get("nullable") else kind
    return schema


def stream(plain: Any, body: Any, cut: Callable[[str], list[str]]) -> Iterator[Event]:
    """The chunks of a whole answer: each candidate in turn; each chunk has the usage up to it, the last that of all."""
    head = {key: value for key, value in plain.items() if key not in ("candidates", "usageMetadata")}
    candidates, usage = plain["candidates"], plain["usageMetadata"]
    spent = Counter[str]()
    for place, candidate in enumerate(candidates):
        content = candidate["content"]
        rest = {key: value for key, value in candidate.items() if key not in ("content", "finishReason")}
        pieces = [piece for part in content["parts"] for piece in _iter_pieces(part, cut)] or [{"text": ""}]
        for number, piece in enumerate(pieces, start=1):
            is_last = number == len(pieces)
            told = {"content": {**content, "parts": [piece]}, **rest}
            if is_last:
                told["finishReason"] = candidate["finishReason"]
            spent[_THOUGHTS if piece.get("thought") else _ANSWER] += 1
            is_end = is_last and place == len(candidates) - 1
            used = usage if is_end else _usage_after(usage, spent)
            yield Event("", orjson.dumps({**head, "candidates": [told], "usageMetadata": used}), tokens=1)


_PROMPT, _ANSWER, _THOUGHTS, _TOTAL = (
    "promptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "totalTokenCount",
)


def _usage_after(usage: Any, spent: Counter[str]) -> Any:
    """The usage when so many pieces have been told, each a token; never more than in the end."""
    counts = {name: min(spent[name], usage.get(name, 0)) for name in (_ANSWER, _THOUGHTS)}
    known = {name: counts.get(name, count) for name, count in usage.items()}
    return {**known, _TOTAL: usage[_PROMPT] + sum(counts.values())}


def _iter_pieces(part: Any, cut: Callable[[str], list[str]]) -> Iterator[Any]:
    """The parts in which a part is streamed: a text word by word, its other members with the last; all else whole."""
    text = part.get("text")
    texts = cut(text) if isinstance(text, str) and not _is_one_word(text) else []
    if len(texts) < 2:
        yield part
        return
    signed = ("thoughtSignature",)
    common = {key: value for key, value in part.items() if key not in signed}
    for piece in texts[:-1]:
        yield {**common, "text": piece}
    yield {**part, "text": texts[-1]}


def _is_one_word(text: str) -> bool:
    """Whether a text is data rather than words: it is long, and nothing in it separates words."""
    return len(text) > 1_000 and text.isascii() and len(text.split(None, 1)) == 1


def fail(error: Any, count: int) -> Event:
    """An error in the middle of a stream: the envelope as a chunk; nothing comes after it."""
    return Event("", orjson.dumps(error))


def usage(chunk: Any, asked: int, answered: int) -> Event:
    """A chunk without candidates that tells the tokens of the question and of the answer."""
    head = {key: value for key, value in chunk.items() if key != "candidates"}
    used = {"promptTokenCount": asked, "candidatesTokenCount": answered, "totalTokenCount": asked + answered}
    return Event("", orjson.dumps({**head, "usageMetadata": used}))


def turns(body: Any) -> int:
    """How many contents of the user there are."""
    return sum(content.get("role", "user") == "user" for content in body.get("contents", []))
