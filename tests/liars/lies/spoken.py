"""Lies about the protocol itself: words of another one, and errors that are told as successes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.liars.relay import Ask, Lie, Told
from tests.liars.shapes import at
from tests.liars.telling import telling, telling_json

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
EVENTS = (("content-type", "text/event-stream"),)


def _is_at(path: str, ask: Ask) -> bool:
    """Whether a request goes to a path, or to one that ends so."""
    return ask.bare_path == path or (path.startswith(":") and ask.bare_path.endswith(path))


def _plain(path: str, change: Callable[[Any], Any]) -> Lie:
    return telling_json(lambda ask, body: change(body), when=lambda ask, told: _is_at(path, ask) and told.status == 200)


def _parts_of_text(body: Any) -> None:
    for item in body["output"]:
        for part in item.get("content", ()):
            part["type"] = "text"


def _role_of_candidates(body: Any) -> None:
    for candidate in body["candidates"]:
        candidate["content"]["role"] = "assistant"


def _refused_with_200(path: str, status: int) -> Lie:
    """What is refused with one status is told with 200."""
    return telling(lambda ask, told: replace(told, status=200) if path in ask.path and told.status == status else told)


def _streams_refused_by_events(path: str) -> Callable[[Ask, Told], Told]:
    """Who asks for a stream hears of every refusal by an event."""

    def tell(ask: Ask, told: Told) -> Told:
        if ask.bare_path != path or told.status < 400 or at(ask.json(), ("stream",)) is not True:
            return told
        name = "event: error\n" if path == MESSAGES else ""
        return Told(200, EVENTS, f"{name}data: {json.dumps(told.json())}\n\n".encode())

    return tell


def _in_events(path: str, change: Callable[[Any], Any]) -> Lie:
    """The JSON of each event of a stream is altered in place."""

    def alter(ask: Ask, told: Told) -> Told:
        if not told.is_stream or ask.bare_path != path:
            return told
        events = []
        for event in told.events():
            name, _, text = event.partition(b"data: ")
            data = json.loads(text)
            change(data)
            events.append(name + b"data: " + json.dumps(data).encode())
        return told.with_events(events)

    return telling(alter)


def _other_calls(data: Any) -> None:
    """Calls end under another name than they began with."""
    if data["type"] == "response.output_item.added" and data["item"].get("call_id"):
        data["item"]["call_id"] = f"call_{data['output_index']}"


def _other_items(data: Any) -> None:
    """The pieces are of items that nobody knows."""
    if data["type"].endswith(".delta"):
        data["item_id"] = "item_0"


def _other_response(data: Any) -> None:
    """A response is told under another id when it begins."""
    if data["type"] == "response.created":
        data["response"]["id"] = "resp_0"


def _unmarked_thoughts(body: Any) -> None:
    for candidate in body["candidates"]:
        for part in candidate["content"]["parts"]:
            part.pop("thought", None)


def _counted_at_the_end(data: Any) -> None:
    if data.get("type") == "message_start":
        data["message"]["usage"]["input_tokens"] = 0


def _one_more_model(body: Any) -> None:
    body["data"].append({**body["data"][2], "id": "gpt-5.4-turbo"})


LIES: Mapping[str, tuple[str, Lie]] = {
    "completions of texts": ("clawdrouter", _plain(CHAT, lambda body: body.update(object="text_completion"))),
    "responses in parts of text": ("clawdrouter", _plain(RESPONSES, _parts_of_text)),
    "messages of a model": ("clawdrouter", _plain(MESSAGES, lambda body: body.update(role="model"))),
    "messages are completions": ("storyclaw", _plain(MESSAGES, lambda body: body.update(type="completion"))),
    "candidates of an assistant": ("unigateway", _plain(":generateContent", _role_of_candidates)),
    "calls are named anew": ("clawdrouter", _in_events(RESPONSES, _other_calls)),
    "pieces are of no item": ("clawdrouter", _in_events(RESPONSES, _other_items)),
    "a response is named anew": ("clawdrouter", _in_events(RESPONSES, _other_response)),
    "thoughts read as the answer": ("unigateway", _plain(":generateContent", _unmarked_thoughts)),
    "a model is only listed": ("unigateway", _plain("/v1/models", _one_more_model)),
    "messages have ids of completions": (
        "storyclaw",
        _plain(MESSAGES, lambda body: body.update(id=f"chatcmpl-{body['id'][4:]}")),
    ),
    "questions are counted at the end": ("storyclaw", _in_events(MESSAGES, _counted_at_the_end)),
    "no such model is a success": ("clawdrouter", _refused_with_200(RESPONSES, 404)),
    "what is wrong is a success": ("unigateway", _refused_with_200(CHAT, 400)),
    "streams are refused by events": ("clawdrouter", telling(_streams_refused_by_events(CHAT))),
    "streams are refused by named events": ("storyclaw", telling(_streams_refused_by_events(MESSAGES))),
}
