"""Lies of what stands between: bytes, encodings, ids of requests, keys known by a part, answers kept for whoever asks next."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import HAPPYHORSE, SEEDANCE2AI, SHAPES, STORYCLAW, VEO, Shape, at, put
from tests.liars.telling import telling, telling_events, telling_json

CHAT, MESSAGES, SPEECH, MODELS = "/v1/chat/completions", "/v1/messages", "/v1/audio/speech", "/v1/models"
BALANCE, STOP = "/open-api/v1/account/balance", "/v1/router/task/stop"
KEY_HEADERS = ("authorization", "x-api-key", "x-auth", "x-goog-api-key")


def _json_bytes(change: Callable[[Told], Told]) -> Lie:
    return telling(lambda ask, told: change(told) if told.type == "application/json" else told)


def _latin(told: Told) -> Told:
    said = told.with_header("content-type", "application/json; charset=iso-8859-1")
    return replace(said, body=told.body.decode().encode("latin-1", "replace"))


def _member_twice(ask: Ask, told: Told) -> Told:
    is_poll = told.status == 200 and STORYCLAW.polled(ask)
    return replace(told, body=b'{"status":1,' + told.body[1:]) if is_poll else told


def _no_number(ask: Ask, body: Any) -> None:
    if STORYCLAW.polled(ask) and "cost" in body:
        body["cost"] = float("nan")


def _said(change: Callable[[str], str]) -> Lie:
    """The text of a plain answer is another."""

    def alter(ask: Ask, body: Any) -> None:
        for choice in body["choices"]:
            if choice["message"].get("content"):
                choice["message"]["content"] = change(choice["message"]["content"])

    return telling_json(alter, when=_is_chat)


def _is_chat(ask: Ask, told: Told) -> bool:
    return ask.bare_path == CHAT and told.status == 200


def _half_characters(text: str) -> str:
    return "".join("\ufffd" if n % 7 == 3 and ord(c) > 127 else c for n, c in enumerate(text))


def _misread(text: str) -> str:
    return text.encode().decode("latin-1")


def _misread_events(ask: Ask, events: list[bytes]) -> list[bytes]:
    return [e.decode("latin-1").encode() if ask.bare_path == CHAT and not e.isascii() else e for e in events]


def _swapped_usage(ask: Ask, body: Any) -> None:
    usage = body.get("usage") or {}
    for one, other in (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")):
        if one in usage:
            usage[one], usage[other] = usage[other], usage[one]


def _coded_twice(ask: Ask, body: Any) -> None:
    for choice in body["choices"]:
        for call in choice["message"].get("tool_calls") or []:
            call["function"]["arguments"] = json.dumps(call["function"]["arguments"])


def _first_choices(ask: Ask, body: Any) -> None:
    for choice in body["choices"]:
        choice["index"] = 0


def _untold_stop(ask: Ask, body: Any) -> None:
    body["stop_sequence"] = None


def _wordless(ask: Ask, body: Any) -> None:
    for holder in (body, body.get("error")):
        if isinstance(holder, dict) and "message" in holder:
            holder["message"] = ""


def _tells_where(ask: Ask, body: Any) -> None:
    if isinstance(body.get("error"), dict):
        body["error"]["message"] = f"POST http://10.2.0.9:8080/v3/make failed: {body['error']['message']}"


def _nameless(ask: Ask, body: Any) -> None:
    body.pop("request_id", None)


def _one_model(ask: Ask, body: Any) -> None:
    body["data"] = body["data"][:1]


def _known_by(part: Callable[[str], str]) -> Lie:
    """A key that is refused is taken for one that worked and has the same part."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        is_refused = told.status in (401, 403) or at(told.json(), ("code",)) == "4403"
        known = relay.memory.setdefault("keys", {})
        if ask.key and not is_refused:
            known.setdefault(part(ask.key), ask.key)
        if not is_refused or not ask.key or part(ask.key) not in known:
            return told
        for name in KEY_HEADERS:
            given = dict(ask.headers).get(name)
            if given:
                ask = ask.with_header(name, given.replace(ask.key, known[part(ask.key)]))
        return await relay.fetch(ask)

    return lie


def _ended_for_all(shape: Shape) -> Lie:
    """What is told of a task that is over is kept, and told to whoever asks for it."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        identity = shape.polled(ask)
        known: Told | None = relay.memory.get(identity) if identity else None
        if known:
            return known
        told = await relay.fetch(ask)
        task = shape.task(told.json()) if identity else None
        if task and shape.phase(task) in ("succeeded", "failed"):
            relay.memory[identity] = told
        return told

    return lie


def _equal_creates_are_one(shape: Shape) -> Lie:
    """A create like an earlier one is answered with that one's task."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if not shape.is_create(ask):
            return await relay.fetch(ask)
        known: Told | None = relay.memory.get((ask.key, ask.body))
        if known:
            return known
        told = await relay.fetch(ask)
        if at(told.json(), shape.created_id):
            relay.memory[ask.key, ask.body] = told
        return told

    return lie


def _third_id_again(shape: Shape) -> Lie:
    """Every third id is the one before."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json()
        made = at(body, shape.created_id) if shape.is_create(ask) else None
        if not made:
            return told
        relay.memory["count"] = relay.memory.get("count", 0) + 1
        if relay.memory["count"] % 3:
            relay.memory["id"] = made
            return told
        put(body, shape.created_id, relay.memory["id"])
        return told.with_json(body)

    return lie


def _one_key_for_all_accounts() -> Lie:
    """A repetition by another account is answered with the first one's task."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        once = dict(ask.headers).get("idempotency-key")
        if not (SEEDANCE2AI.is_create(ask) and once):
            return await relay.fetch(ask)
        known = relay.memory.get((once, ask.body))
        if known:
            again: Told = known
            return again
        told = await relay.fetch(ask)
        if told.status < 300:
            relay.memory[once, ask.body] = told
        return told

    return lie


def _anybody_stops() -> Lie:
    """A task is stopped by whoever knows its id."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        owner: str = relay.memory.get(at(ask.json(), ("task_id",)), "") if ask.bare_path == STOP else ""
        for name in KEY_HEADERS if owner else ():
            given = dict(ask.headers).get(name)
            if given:
                ask = ask.with_header(name, given.replace(ask.key, owner))
        told = await relay.fetch(ask)
        made = at(told.json(), STORYCLAW.created_id) if STORYCLAW.is_create(ask) else None
        if made:
            relay.memory[made] = ask.key
        return told

    return lie


def _one_look_behind() -> Lie:
    """The balance is that of the look before."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path != BALANCE or told.status != 200:
            return told
        before: Told | None = relay.memory.get(ask.key)
        relay.memory[ask.key] = told
        return before or told

    return lie


def _fourth_poll_fails() -> Lie:
    sorry = b'{"error":{"message":"internal error","type":"api_error","param":null,"code":"internal_error"}}'

    async def lie(relay: Relay, ask: Ask) -> Told:
        relay.memory["polls"] = relay.memory.get("polls", 0) + bool(HAPPYHORSE.polled(ask))
        if HAPPYHORSE.polled(ask) and relay.memory["polls"] % 4 == 0:
            return Told(500, (("content-type", "application/json"),), sorry)
        return await relay.fetch(ask)

    return lie


def _in_a_stream(ask: Ask, told: Told) -> Told:
    if told.status < 400 or not at(ask.json(), ("stream",)):
        return told
    return Told(200, (("content-type", "text/event-stream"),), b"data: " + told.body + b"\n\ndata: [DONE]\n\n")


def _breaks_off(is_meant: Callable[[Ask, Told], bool]) -> Lie:
    """Half of some answers comes, and the connection is closed."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        return replace(told, breaks=is_meant(ask, told))

    return lie


def _is_done(ask: Ask, told: Told) -> bool:
    task = STORYCLAW.task(told.json()) if STORYCLAW.polled(ask) else None
    return task is not None and STORYCLAW.phase(task) == "succeeded"


LIES: Mapping[str, tuple[str, Lie]] = {
    "balances break off": ("juhuo", _breaks_off(lambda ask, told: ask.bare_path == BALANCE)),
    "what is done breaks off": ("storyclaw", _breaks_off(_is_done)),
    "streams break off": ("clawdrouter", _breaks_off(lambda ask, told: told.is_stream)),
    "speech breaks off": ("unigateway", _breaks_off(lambda ask, told: told.type.startswith("audio/"))),
    "compressed by word only": ("clawdrouter", _json_bytes(lambda told: told.with_header("content-encoding", "gzip"))),
    "a byte order mark": ("storyclaw", _json_bytes(lambda told: replace(told, body=b"\xef\xbb\xbf" + told.body))),
    "json in latin-1": ("juhuo", _json_bytes(_latin)),
    "a member twice": ("storyclaw", telling(_member_twice)),
    "a cost that is no number": ("storyclaw", telling_json(_no_number, when=lambda ask, told: told.status == 200)),
    "json in a string": (
        "seedance2ai",
        telling_json(lambda ask, body: json.dumps(body), when=lambda ask, told: bool(SEEDANCE2AI.polled(ask))),
    ),
    "half characters": ("clawdrouter", _said(_half_characters)),
    "characters misread": ("unigateway", _said(_misread)),
    "characters misread in a stream": ("clawdrouter", telling_events(_misread_events)),
    "tokens in and out change places": ("clawdrouter", telling_json(_swapped_usage, when=_is_chat)),
    "tokens in and out change places, too": (
        "storyclaw",
        telling_json(_swapped_usage, when=lambda ask, told: ask.bare_path == MESSAGES and told.status == 200),
    ),
    "arguments coded twice": ("clawdrouter", telling_json(_coded_twice, when=_is_chat)),
    "all choices are the first": ("clawdrouter", telling_json(_first_choices, when=_is_chat)),
    "stop sequence untold": (
        "storyclaw",
        telling_json(_untold_stop, when=lambda ask, told: ask.bare_path == MESSAGES and told.status == 200),
    ),
    "errors without words": ("unigateway", telling_json(_wordless, when=lambda ask, told: told.status >= 400)),
    "errors lose the id of their request": (
        "storyclaw",
        telling_json(_nameless, when=lambda ask, told: told.status >= 400),
    ),
    "errors tell of the inside": ("seedance2ai", telling_json(_tells_where, when=lambda ask, told: told.status >= 400)),
    "errors in a stream": ("clawdrouter", telling(_in_a_stream)),
    "models are hidden": (
        "unigateway",
        telling_json(_one_model, when=lambda ask, told: ask.bare_path == MODELS and told.status == 200),
    ),
    "one request id for all": (
        "clawdrouter",
        telling(
            lambda ask, told: (
                told.with_header("x-request-id", "req_1") if "x-request-id" in dict(told.headers) else told
            )
        ),
    ),
    "speech is cut": (
        "unigateway",
        telling(lambda ask, told: replace(told, body=told.body[:200]) if ask.bare_path == SPEECH else told),
    ),
    "keys known by their beginning": ("unigateway", _known_by(lambda key: key[:12])),
    "keys known by their end": ("juhuo", _known_by(lambda key: key[-8:])),
    "case of keys does not matter": ("storyclaw", _known_by(str.lower)),
    **{f"tells ended tasks of {slug} to all": (slug, _ended_for_all(shape)) for slug, shape in SHAPES.items()},
    "equal creates are one": ("storyclaw", _equal_creates_are_one(STORYCLAW)),
    "equal creates are one, too": ("clawdrouter", _equal_creates_are_one(VEO)),
    "every third id again": ("clawdrouter", _third_id_again(VEO)),
    "every third id again, too": ("storyclaw", _third_id_again(STORYCLAW)),
    "one key for all accounts": ("seedance2ai", _one_key_for_all_accounts()),
    "anybody stops": ("storyclaw", _anybody_stops()),
    "balance one look behind": ("juhuo", _one_look_behind()),
    "every fourth poll fails": ("unigateway", _fourth_poll_fails()),
}
