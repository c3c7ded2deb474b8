"""OpenAI Responses: requests to asks, answers to numbered events."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import orjson

from understudy.mockserver.completions.model import Ask, Tool
from understudy.mockserver.streams import Event

Cut = Callable[[str], list[str]]
# An event without its number: type, members, tokens.
Step = tuple[str, dict[str, Any], int]

# Budgets of thinking in tokens, by the word for the effort.
_EFFORTS = {"minimal": 64, "low": 256, "medium": 1024, "high": 4096, "xhigh": 16_384}


def ask(body: Any, model: str) -> Ask:
    """What a valid request body asks for."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    texts = [_text_of(item) for item in items]
    last = max((i for i, item in enumerate(items) if item.get("role") == "user"), default=-1)
    earlier = [text for index, text in enumerate(texts) if index != last]
    shape = (body.get("text") or {}).get("format") or {}
    return Ask(
        model=model,
        prompt=texts[last] if last >= 0 else "",
        context="\n".join(filter(None, [body.get("instructions"), *earlier])),
        tools=tuple(
            Tool(tool["name"], tool.get("parameters") or {}, tool.get("description") or "")
            for tool in body.get("tools") or ()
            if tool["type"] == "function"
        ),
        choice=_choice(body.get("tool_choice") or "auto"),
        parallel=body.get("parallel_tool_calls") is not False,
        is_answered=items[-1].get("type") == "function_call_output",
        most_tokens=body.get("max_output_tokens"),
        thinking=_EFFORTS.get((body.get("reasoning") or {}).get("effort") or ""),
        shape=shape.get("schema", {}) if shape.get("type") in ("json_object", "json_schema") else None,
        images=sum(part.get("type") == "input_image" for item in items for part in _parts(item)),
    )


def _choice(said: Any) -> str:
    return said if isinstance(said, str) else str(said.get("name", "auto"))


def _text_of(item: Any) -> str:
    """The text of a message, of a tool's result or of a call."""
    content = item.get("content") or item.get("output") or item.get("arguments") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in _parts(item) if isinstance(part.get("text"), str))


def _parts(item: Any) -> list[Any]:
    content = item.get("content") or item.get("output")
    return content if isinstance(content, list) else []


def stream(plain: Any, body: Any, cut: Cut) -> Iterator[Event]:
    """The events of a whole response: it begins empty, is filled item by item, and ends as the plain answer has it."""
    begun = {**plain, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    numbers = count()

    def event(name: str, members: dict[str, Any], tokens: int = 0) -> Event:
        return Event(name, orjson.dumps({"type": name, **members, "sequence_number": next(numbers)}), tokens)

    yield event("response.created", {"response": begun})
    yield event("response.in_progress", {"response": begun})
    for index, item in enumerate(plain["output"]):
        at = {"output_index": index}
        yield event("response.output_item.added", {**at, "item": _opened(item)})
        for name, members, tokens in _TOLD[item["type"]](item, {"item_id": item["id"], **at}, cut):
            yield event(name, members, tokens)
        yield event("response.output_item.done", {**at, "item": item})
    yield event(f"response.{plain['status']}", {"response": plain})


def _opened(item: Any) -> Any:
    """The item as it is when it begins."""
    match item["type"]:
        case "message":
            return {**item, "status": "in_progress", "content": []}
        case "function_call":
            return {**item, "status": "in_progress", "arguments": ""}
        case _:
            return {**item, "summary": []}


def _message(item: Any, at: dict[str, Any], cut: Cut) -> Iterator[Step]:
    for index, part in enumerate(item["content"]):
        here = {**at, "content_index": index}
        yield "response.content_part.added", {**here, "part": {**part, "text": ""}}, 0
        for text in cut(part["text"]):
            yield "response.output_text.delta", {**here, "delta": text, "logprobs": []}, 1
        yield "response.output_text.done", {**here, "text": part["text"], "logprobs": []}, 0
        yield "response.content_part.done", {**here, "part": part}, 0


def _call(item: Any, at: dict[str, Any], cut: Cut) -> Iterator[Step]:
    for text in cut(item["arguments"]):
        yield "response.function_call_arguments.delta", {**at, "delta": text}, 1
    yield "response.function_call_arguments.done", {**at, "arguments": item["arguments"]}, 0


def _reasoning(item: Any, at: dict[str, Any], cut: Cut) -> Iterator[Step]:
    for index, part in enumerate(item["summary"]):
        here = {**at, "summary_index": index}
        yield "response.reasoning_summary_part.added", {**here, "part": {**part, "text": ""}}, 0
        for text in cut(part["text"]):
            yield "response.reasoning_summary_text.delta", {**here, "delta": text}, 1
        yield "response.reasoning_summary_text.done", {**here, "text": part["text"]}, 0
        yield "response.reasoning_summary_part.done", {**here, "part": part}, 0


_TOLD: dict[str, Callable[[Any, dict[str, Any], Cut], Iterator[Step]]] = {
    "message": _message,
    "function_call": _call,
    "reasoning": _reasoning,
}


def fail(error: Any, count: int) -> Event:
    """An error in the middle of a stream, numbered as the event that would have come; nothing comes after it."""
    said = error["error"]
    members = {"code": said.get("code"), "message": said["message"], "param": said.get("param")}
    return Event("error", orjson.dumps({"type": "error", **members, "sequence_number": count}))


def turns(body: Any) -> int:
    """How many messages of the user there are; a bare text is one."""
    given = body["input"]
    return 1 if isinstance(given, str) else sum(item.get("role") == "user" for item in given)
