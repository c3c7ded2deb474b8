"""Lies of one model only, and of what is said before a question."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import at
from tests.liars.telling import asking, asking_json, telling, telling_json

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
LIMITS = ("max_tokens", "max_completion_tokens")
JSON = (("content-type", "application/json"),)


def _of_model(model: str, change: Callable[[Any], Any]) -> Lie:
    """What is asked of one model is passed on altered."""
    return asking_json(lambda ask, body: change(body) if body.get("model") == model else None)


def _without(*names: str) -> Callable[[Any], Any]:
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _no_system(body: Any) -> Any:
    turns = [turn for turn in body["messages"] if turn.get("role") not in ("system", "developer")]
    return {**body, "messages": turns} if turns else body


def _another_answers(ask: Ask, told: Told) -> Told:
    """The answers of one model are said to be of another."""
    if b'"model":"Kimi-K2.6"' not in ask.body.replace(b" ", b"") or told.status != 200:
        return told
    return replace(told, body=told.body.replace(b'"Kimi-K2.6"', b'"GLM-5.1"'))


def _last_turn(ask: Ask, body: Any) -> None:
    """Of all turns the last is passed on."""
    if ask.bare_path == CHAT and isinstance(body.get("messages"), list):
        body["messages"] = body["messages"][-1:]


def _no_instruction(ask: Ask) -> Ask:
    body = ask.json()
    if not isinstance(body, dict) or "systemInstruction" not in body:
        return ask
    return ask.with_json(_without("systemInstruction")(body))


def _costs_nothing(ask: Ask, body: Any) -> None:
    if at(body, ("usage", "prompt_tokens")):
        body["usage"].update(prompt_tokens=0, total_tokens=body["usage"]["completion_tokens"])


def _no_parts() -> Lie:
    """A turn in parts is refused."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        body = ask.json() if ask.bare_path == CHAT else None
        if any(isinstance(at(turn, ("content",)), list) for turn in at(body, ("messages",)) or []):
            error = {
                "message": "content must be a string",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }
            return Told(400, JSON, b"").with_json({"error": error})
        return await relay.fetch(ask)

    return lie


LIES: Mapping[str, tuple[str, Lie]] = {
    "one model knows no limit": ("unigateway", _of_model("DeepSeek-V4-Flash", _without(*LIMITS))),
    "one model reads no system prompt": ("unigateway", _of_model("qwen3.6-plus", _no_system)),
    "one model reads no system prompt, messages": ("storyclaw", _of_model("claude-opus-4-7", _without("system"))),
    "one model never thinks": ("clawdrouter", _of_model("claude-opus-4-7", _without("thinking"))),
    "one model answers as another": ("unigateway", telling(_another_answers)),
    "the last turn alone is read": ("clawdrouter", asking_json(_last_turn)),
    "no instruction is read": ("unigateway", asking(_no_instruction)),
    "earlier answers are forgotten": (
        "clawdrouter",
        asking_json(lambda ask, body: _without("previous_response_id")(body)),
    ),
    "the newer limit is not known": ("clawdrouter", asking_json(lambda ask, body: _without(LIMITS[1])(body))),
    "questions have no tokens": ("clawdrouter", telling_json(_costs_nothing)),
    "turns in parts are refused": ("unigateway", _no_parts()),
}
