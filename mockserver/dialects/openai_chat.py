"""OpenAI Chat Completions: requests to asks, answers to chunks."""

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import orjson

from understudy.mockserver.completions.model import Ask, Tool
from understudy.mockserver.streams import Event

_USER = "user"
_DONE = Event("", b"[DONE]")


def ask(body: Any, model: str) -> Ask:
    """What a valid request body asks for."""
    messages = body.get("messages", [])
    last, texts, images = -1, [], 0
    for index, message in enumerate(messages):
        content = message.get("content")
        texts.append(text_of(content))
        if isinstance(content, list):
            images += _images_in(content)
        if message.get("role") == _USER:
            last = index
    stops = body.get("stop") or ()
    shape = body.get("response_format") or {}
    schema = shape.get("json_schema", {}).get("schema", {}) if shape.get("type") == "json_schema" else {}
    choice = body.get("tool_choice", "auto")
    return Ask(
        model=model,
        prompt=texts[last] if last >= 0 else "",
        context="\n".join(texts[:last] + texts[last + 1 :] if last >= 0 else texts),
        tools=tuple(map(_tool, filter(_is_function, body["tools"]))) if "tools" in body else (),
        choice=choice if isinstance(choice, str) else choice.get("function", {}).get("name", "auto"),
        parallel=body.get("parallel_tool_calls", True),
        is_answered=bool(messages) and messages[-1].get("role") == "tool",
        most_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stops=(stops,) if isinstance(stops, str) else tuple(stops),
        count=body.get("n") or 1,
        shape=schema if shape.get("type") in ("json_object", "json_schema") else None,
        images=images,
        likeliest=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
    )


def _is_function(tool: Any) -> bool:
    return bool(tool.get("type", "function") == "function")


def _tool(tool: Any) -> Tool:
    function = tool["function"]
    return Tool(function["name"], function.get("parameters") or {}, function.get("description", ""))


def text_of(content: Any) -> str:
    """The text of a message's content: a text, or parts of which some are text."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _images_in(parts: list[Any]) -> int:
    return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


def stream(plain: Any, body: Any, cut: Callable[[str], list[str]]) -> Iterator[Event]:
    """The chunks of a whole answer: each choice in turn, then the usage if it was asked for."""
    with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    head = {
        **{key: value for key, value in plain.items() if key not in ("choices", "usage", "object")},
        "object": "chat.completion.chunk",
    }

    def chunk(index: int, delta: Any, finish: Any = None, tokens: int = 0, likely: Any = None) -> Event:
        choice = {"index": index, "delta": delta, "logprobs": likely, "finish_reason": finish}
        usage = {"usage": None} if with_usage else {}
        return Event("", orjson.dumps({**head, "choices": [choice], **usage}), tokens)

    for choice in plain["choices"]:
        index, message = choice["index"], choice["message"]
        yield chunk(
            index, {"role": message["role"], "content": "" if message["content"] is not None else None, "refusal": None}
        )
        for text, likely in zip(cut(message["content"] or ""), _iter_likely(choice.get("logprobs")), strict=False):
            yield chunk(index, {"content": text}, tokens=1, likely=likely)
        for number, call in enumerate(message.get("tool_calls") or ()):
            function = call["function"]
            opened = {**call, "index": number, "function": {"name": function["name"], "arguments": ""}}
            yield chunk(index, {"tool_calls": [opened]}, tokens=1)
            for text in cut(function["arguments"]):
                yield chunk(index, {"tool_calls": [{"index": number, "function": {"arguments": text}}]}, tokens=1)
        yield chunk(index, {}, choice["finish_reason"])
    if with_usage:
        yield Event("", orjson.dumps({**head, "choices": [], "usage": plain["usage"]}))
    yield _DONE


def _iter_likely(said: Any) -> Iterator[Any]:
    """How likely each piece is of those in which a text is streamed, which are its tokens; None where nobody asked."""
    return repeat(None) if said is None else ({**said, "content": [token]} for token in said["content"])


def fail(error: Any, count: int) -> Event:
    """An error in the middle of a stream: the envelope as a chunk; nothing comes after it."""
    return Event("", orjson.dumps(error))


def usage(chunk: Any, asked: int, answered: int) -> Event:
    """A chunk without choices that tells the tokens of the question and of the answer."""
    used = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
    return Event("", orjson.dumps({**chunk, "choices": [], "usage": used}))


def turns(body: Any) -> int:
    """How many messages of the user there are."""
    return sum(message.get("role") in _USER for message in body.get("messages", []))
