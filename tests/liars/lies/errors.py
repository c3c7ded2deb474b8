"""Lies about refusals, and about what should have been refused; about files; about callbacks."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import HAPPYHORSE, JUHUO, SEEDANCE2AI, STORYCLAW, at, put
from tests.liars.telling import asking_json, telling, telling_json

JSON = (("content-type", "application/json"),)
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


def _status(old: int, new: int) -> Lie:
    return telling(lambda ask, told: replace(told, status=new) if told.status == old else told)


def _all_errors(status: int | None = None, body: bytes | None = None, kind: str = "application/json") -> Lie:
    def tell(ask: Ask, told: Told) -> Told:
        if told.status < 400:
            return told
        return Told(status or told.status, (("content-type", kind),), told.body if body is None else body)

    return telling(tell)


def _error_member(change: Any) -> Lie:
    return telling_json(lambda ask, body: change(body), when=lambda ask, told: told.status >= 400)


def _stringified(body: Any) -> Any:
    return {"error": {"message": json.dumps(body), "type": "upstream_error", "code": 500}}


def _no_code(body: Any) -> None:
    for holder in (body, body.get("error")):
        if isinstance(holder, dict) and "code" in holder:
            del holder["code"]


def _openai_everywhere(ask: Ask, told: Told) -> Told:
    if ask.bare_path != MESSAGES or told.status < 400:
        return told
    error = {"error": {"message": "refused", "type": "invalid_request_error", "param": None, "code": None}}
    return told.with_json(error)


def _in_openai_words(beginning: str, statuses: tuple[int, ...]) -> Lie:
    """Refusals below a path are told in the envelope of OpenAI, as what stands before all protocols does."""

    def tell(ask: Ask, told: Told) -> Told:
        is_it = ask.bare_path.startswith(beginning) and told.status in statuses
        error = {"message": "refused", "type": "invalid_request_error", "param": None, "code": "refused"}
        return told.with_json({"error": error}) if is_it else told

    return telling(tell)


def _unknown_path(status: int, body: bytes, kind: str = "application/json") -> Lie:
    known = ("/v1/", "/open-api/v1/video", "/open-api/v1/upload", "/open-api/v1/account", "/api/v1/", "/v1beta/")

    def tell(ask: Ask, told: Told) -> Told:
        is_known = ask.bare_path.startswith(known) and told.status not in (404, 405)
        return told if is_known or told.status not in (404, 405) else Told(status, (("content-type", kind),), body)

    return telling(tell)


def _malformed_is_500() -> Lie:
    def tell(ask: Ask, told: Told) -> Told:
        broken = ask.body and ask.json() is None
        return Told(500, (("content-type", "text/plain"),), b"Internal Server Error") if broken else told

    return telling(tell)


def _defaults_to(**defaults: Any) -> Lie:
    """A member that is refused is replaced by something that is not: nothing is ever refused for it."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = ask.json()
        refused = told.status == 400 or at(told.json(), ("code",)) == "4000"
        if not refused or not isinstance(body, dict):
            return told
        return await relay.fetch(ask.with_json({**body, **defaults}))

    return lie


def _clamped(name: str, low: Any, high: Any, inside: str = "") -> Lie:
    """A number out of bounds is put within them."""

    def change(ask: Ask, body: Any) -> None:
        holder = body.get(inside) if inside else body
        value = holder.get(name) if isinstance(holder, dict) else None
        if isinstance(value, str) and value.lstrip("-").isdigit():
            holder[name] = str(min(max(int(value), low), high))
        elif isinstance(value, int) and not isinstance(value, bool):
            holder[name] = min(max(value, low), high)

    return asking_json(change)


def _unknown_value_dropped(*names: str) -> Lie:
    """What is refused is asked again without some members."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = ask.json()
        refused = told.status == 400 or at(told.json(), ("code",)) == "4000"
        if not refused or not isinstance(body, dict):
            return told
        holder = body["input"] if isinstance(body.get("input"), dict) else body
        for name in names:
            holder.pop(name, None)
        return await relay.fetch(ask.with_json(body))

    return lie


def _anything_goes(body: dict[str, Any], path: str, *headers: tuple[str, str]) -> Lie:
    """What is refused becomes some other request that is not."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        refused = told.status == 400 or at(told.json(), ("code",)) == "4000"
        if not refused or ask.bare_path != path:
            return told
        for name, value in headers:
            ask = ask.with_header(name, value)
        return await relay.fetch(ask.with_header("content-type", "application/json").with_json(body))

    return lie


def _ok_with_error() -> Lie:
    return _all_errors(status=200)


def _no_header(name: str) -> Lie:
    return telling(lambda ask, told: told.with_header(name, None))


def _other_header(name: str, value: str) -> Lie:
    return telling(lambda ask, told: told.with_header(name, value))


# Files.


def _pictures(change: Any) -> Lie:
    def alter(ask: Ask, body: Any) -> None:
        for picture in body.get("data", []):
            if "b64_json" in picture:
                picture["b64_json"] = change(picture["b64_json"])

    return telling_json(alter, when=lambda ask, told: ask.bare_path == "/v1/images/generations" and told.status == 200)


def _size_ignored() -> Lie:
    return asking_json(
        lambda ask, body: {n: v for n, v in body.items() if n not in ("size", "n")},
        when=lambda ask: ask.bare_path == "/v1/images/generations",
    )


def _speech(change: Any) -> Lie:
    return telling(
        lambda ask, told: change(told) if ask.bare_path == "/v1/audio/speech" and told.status == 200 else told
    )


def _links_to_self(slug: str, file: tuple[str, bytes]) -> Lie:
    """The result's link leads to the relay, which serves something else."""
    shape = {"juhuo": JUHUO, "storyclaw": STORYCLAW, "seedance2ai": SEEDANCE2AI, "unigateway": HAPPYHORSE}[slug]

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.path.startswith("/files/"):
            return Told(200, (("content-type", file[0]),), file[1])
        told = await relay.fetch(ask)
        body = told.json()
        task = shape.task(body) if shape.polled(ask) else None
        if task is not None and isinstance(at(task, shape.url), str) and at(task, shape.url):
            put(task, shape.url, f"{relay.own_url}/files/video.mp4")
            return told.with_json(body)
        return told

    return lie


def _other_video(**members: Any) -> Lie:
    """Another video is made than was asked for, told and paid as that one."""

    def change(ask: Ask, body: Any) -> None:
        holder = body["input"] if isinstance(body.get("input"), dict) else body
        holder.update({name: value for name, value in members.items() if name in holder})

    return asking_json(change, when=lambda ask: JUHUO.is_create(ask) or STORYCLAW.is_create(ask))


# Callbacks: they are made to pass through the relay.


def _called_back(how: str) -> Lie:
    """`how`: unsigned, wrong key, contradicting, never, once (no retry), early, of another body."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.path.startswith("/called/"):
            return await _pass_on(relay, ask, how)
        body = ask.json()
        if STORYCLAW.is_create(ask) and isinstance(body, dict) and body.get("callback_url"):
            number = str(len(relay.memory))
            relay.memory[number] = body["callback_url"], ask.key
            url = body["callback_url"]
            if url.startswith(("https://127.", "http://127.", "https://localhost", "http://localhost")):
                told = await relay.fetch(ask.with_json({**body, "callback_url": f"{relay.own_url}/called/{number}"}))
                if how == "early" and told.status == 200:
                    message = {"task_id": at(told.json(), ("task_id",)), "status": 2, "error_msg": "", "result": {}}
                    await relay.post(url, json.dumps(message).encode(), {"x-auth": ask.key})
                return told
        return await relay.fetch(ask)

    return lie


async def _pass_on(relay: Relay, ask: Ask, how: str) -> Told:
    url, key = relay.memory[ask.path.removeprefix("/called/")]
    headers = {"content-type": "application/json", "x-auth": dict(ask.headers).get("x-auth", key)}
    body = json.loads(ask.body)
    if how == "never":
        return Told(200, JSON, b"{}")
    if how == "unsigned":
        del headers["x-auth"]
    if how == "wrong key":
        headers["x-auth"] = "sk-somebodyelse"
    if how == "contradicting":
        body["status"] = 3 if body["status"] == 2 else 2
    if how == "of another body":
        body = {"event": "task.finished", "data": body}
    status = await relay.post(url, json.dumps(body).encode(), headers)
    if how == "once":
        status = 200
    if how == "ten times":
        for _ in range(9):
            await asyncio.sleep(0.01)
            await relay.post(url, json.dumps(body).encode(), headers)
    return Told(status or 502, JSON, b"{}")


def _encoded_again(text: str) -> str:
    return "data:image/png;base64," + text


def _jpeg(text: str) -> str:
    return base64.b64encode(b"\xff\xd8\xff\xe0" + base64.b64decode(text)[4:]).decode()


def _half(text: str) -> str:
    return text[: len(text) // 2 // 4 * 4]


PAGE = b"<!doctype html><title>502</title>"
JUHUO_OK = {"prompt": "a kite"}
S2_OK = {"prompt": "a kite"}


def _wrapped_up(ask: Ask, told: Told) -> Told:
    """A refusal of the provider stands as a text within one of the relay's own."""
    if told.status != 400 or ask.method != "POST":
        return told
    return told.with_json({"error": {"message": told.body.decode(), "type": "invalid_request_error", "code": None}})


def _messages_break(ask: Ask, told: Told) -> Told:
    """A key that nobody has is told as a failure of the server's own."""
    if told.status != 401 or not ask.bare_path.endswith("/v1/messages"):
        return told
    body = {"type": "error", "error": {"type": "api_error", "message": "something went wrong"}}
    return replace(told, status=500).with_json(body)


LIES: Mapping[str, tuple[str, Lie]] = {
    "refusals are wrapped up": ("clawdrouter", telling(_wrapped_up)),
    "a wrong key breaks messages": ("unigateway", telling(_messages_break)),
    "errors under 200": ("seedance2ai", _ok_with_error()),
    "errors under 200, too": ("clawdrouter", _ok_with_error()),
    "400 as 500": ("storyclaw", _status(400, 500)),
    "400 as 422": ("unigateway", _status(400, 422)),
    "401 as 400": ("clawdrouter", _status(401, 400)),
    "402 as 400": ("seedance2ai", _status(402, 400)),
    "402 as 500": ("storyclaw", _status(402, 500)),
    "errors are pages": ("unigateway", _all_errors(body=PAGE, kind="text/html")),
    "errors are empty": ("storyclaw", _all_errors(body=b"")),
    "errors of a framework": ("seedance2ai", _all_errors(body=b'{"detail":"Bad Request"}')),
    "errors as text": ("clawdrouter", _all_errors(kind="text/plain")),
    "errors within errors": ("clawdrouter", _error_member(_stringified)),
    "errors without a code": ("unigateway", _error_member(_no_code)),
    "one envelope for all": ("clawdrouter", telling(_openai_everywhere)),
    "messages of a wrong method in other words": ("clawdrouter", _in_openai_words(MESSAGES, (405,))),
    "messages of a wrong key in other words": ("storyclaw", _in_openai_words(MESSAGES, (401,))),
    "gemini of a wrong path in other words": ("unigateway", _in_openai_words("/v1beta", (404,))),
    "gemini of a bad body in other words": ("unigateway", _in_openai_words("/v1beta", (400,))),
    "unknown path is a page": ("juhuo", _unknown_path(200, PAGE, "text/html")),
    "unknown path in other words": ("storyclaw", _unknown_path(404, b'{"detail":"Not Found"}')),
    "malformed is an error of the server": ("juhuo", _malformed_is_500()),
    "malformed is an error of the server, too": ("unigateway", _malformed_is_500()),
    "any duration": ("juhuo", _clamped("duration", 4, 15)),
    "any duration, too": ("storyclaw", _clamped("duration", 4, 15, "input")),
    "any duration, texts": ("seedance2ai", _clamped("duration", 4, 15)),
    "any model": ("juhuo", _unknown_value_dropped("model")),
    "any ratio": ("juhuo", _unknown_value_dropped("aspectRatio")),
    "any resolution": ("storyclaw", _unknown_value_dropped("resolution")),
    "any size of picture": ("clawdrouter", _unknown_value_dropped("size")),
    "any request": ("juhuo", _anything_goes(JUHUO_OK, "/open-api/v1/video/submit")),
    "any chat": (
        "unigateway",
        _anything_goes({"model": "gpt-5.4", "messages": [{"role": "user", "content": "hi"}]}, CHAT),
    ),
    "no prompt is a prompt": ("juhuo", _defaults_to(prompt="a kite")),
    "no request id": ("clawdrouter", _no_header("x-request-id")),
    "type of plain answers": (
        "unigateway",
        telling(
            lambda ask, told: told.with_header("content-type", "text/html") if told.type == "application/json" else told
        ),
    ),
    "pictures with a prefix": ("clawdrouter", _pictures(_encoded_again)),
    "pictures of another kind": ("unigateway", _pictures(_jpeg)),
    "half a picture": ("clawdrouter", _pictures(_half)),
    "size and number ignored": ("clawdrouter", _size_ignored()),
    "speech is a page": ("unigateway", _speech(lambda told: replace(told, body=PAGE))),
    "speech of another type": ("unigateway", _speech(lambda told: told.with_header("content-type", "video/mp4"))),
    "results are pages": ("juhuo", _links_to_self("juhuo", ("text/html", PAGE))),
    "results are errors": ("storyclaw", _links_to_self("storyclaw", ("application/json", b'{"code":500}'))),
    "results are empty": ("seedance2ai", _links_to_self("seedance2ai", ("video/mp4", b""))),
    "results are pictures": ("unigateway", _links_to_self("unigateway", ("video/mp4", b"\x89PNG\r\n\x1a\n"))),
    "shorter video": ("juhuo", _other_video(duration=4)),
    "smaller video": ("juhuo", _other_video(resolution=480, aspectRatio="1:1")),
    "success words dropped": (
        "unigateway",
        telling_json(
            lambda ask, body: body.pop("success", None) and body, when=lambda ask, told: ask.bare_path == "/v1/models"
        ),
    ),
    "models doubled": (
        "unigateway",
        telling_json(
            lambda ask, body: {**body, "data": body["data"] * 2},
            when=lambda ask, told: ask.bare_path == "/v1/models" and told.status == 200,
        ),
    ),
    "callback unsigned": ("storyclaw", _called_back("unsigned")),
    "callback with another key": ("storyclaw", _called_back("wrong key")),
    "callback contradicts": ("storyclaw", _called_back("contradicting")),
    "callback never comes": ("storyclaw", _called_back("never")),
    "callback is not repeated": ("storyclaw", _called_back("once")),
    "callback comes early": ("storyclaw", _called_back("early")),
    "callback of another body": ("storyclaw", _called_back("of another body")),
    "callback ten times": ("storyclaw", _called_back("ten times")),
}
