"""Lies that only some requests meet: long videos, one of several keys, an account after failures, one of several views."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import HAPPYHORSE, JUHUO, SEEDANCE2AI, STORYCLAW, VEO, at
from tests.liars.telling import of_task, telling, telling_events, telling_json

CHAT, LIST = "/v1/chat/completions", "/open-api/v1/video/tasks"
ONCE = "idempotency-key"
JSON = (("content-type", "application/json"),)


def _dearer_when_long(relay: Relay, task: dict[str, Any]) -> None:
    """What costs more than the usual is rounded up to whole credits."""
    cost = task.get("creditCost") or 0
    if JUHUO.phase(task) == "succeeded" and cost > 5:
        task["creditCost"] = int(cost) + 1


def _knows_one_header() -> Lie:
    """A key in `x-api-key` is no key."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        return await relay.fetch(ask.with_header("x-api-key", None))

    return lie


def _slots_are_lost() -> Lie:
    """After two failed tasks an account may make no more."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        failed = relay.memory.setdefault(ask.key, set())
        if JUHUO.is_create(ask) and len(failed) >= 2:
            return Told(200, JSON, '{"code":"5003","message":"服务繁忙"}'.encode())
        told = await relay.fetch(ask)
        task = JUHUO.task(told.json()) if JUHUO.polled(ask) else None
        if task and JUHUO.phase(task) == "failed":
            failed.add(task["taskId"])
        return told

    return lie


def _usage_twice(ask: Ask, events: list[bytes]) -> list[bytes]:
    return [e for event in events for e in ([event, event] if b'"choices":[]' in event.replace(b" ", b"") else [event])]


def _model_behind(ask: Ask, body: Any) -> None:
    if HAPPYHORSE.is_create(ask) and isinstance(body, dict) and "model" in body:
        body["model"] = f"upstream/{body['model']}"


def _other_cost_in_lists(ask: Ask, body: Any) -> None:
    for task in (at(body, ("result", "data")) or []) if ask.bare_path == LIST else []:
        if task.get("creditCost"):
            task["creditCost"] = 0


def _tells_the_time_of_asking() -> Lie:
    """A repetition is told as a new create: it is of its own time."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body = told.json()
        if SEEDANCE2AI.is_create(ask) and isinstance(body, dict) and "status" in body:
            count = relay.memory[body.get("id")] = relay.memory.get(body.get("id"), 0) + 1
            if count > 1:
                body["status"] = "processing"
                return told.with_json(body)
        return told

    return lie


def _stops_once() -> Lie:
    """Who stops what has just been stopped hears of an error of the server."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path.endswith("/stop") and told.status >= 400 and told.status not in (401, 403):
            return replace(told, status=500)
        return told

    return lie


def _in_another_zone(relay: Relay, task: dict[str, Any]) -> None:
    if task.get("finish_time"):
        task["finish_time"] += 8 * 3600


def _forgets_keys() -> Lie:
    """A key is known for one repetition; then it makes a new task."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        key = dict(ask.headers).get(ONCE)
        if SEEDANCE2AI.is_create(ask) and key:
            count = relay.memory[ask.key, key] = relay.memory.get((ask.key, key), 0) + 1
            return await relay.fetch(ask.with_header(ONCE, f"{key}-{count}") if count > 2 else ask)
        return await relay.fetch(ask)

    return lie


def _whole_though_cut(ask: Ask, events: list[bytes]) -> list[bytes]:
    return [event.replace(b'"max_tokens"', b'"end_turn"') if b"message_delta" in event else event for event in events]


def _completed_though_cut(ask: Ask, body: Any) -> None:
    if isinstance(body, dict) and body.get("object") == "response" and body.get("status") == "incomplete":
        body.update(status="completed", incomplete_details=None)


def _keeps_callbacks(is_cancelled: bool) -> Lie:
    """Callbacks pass through the relay, which keeps those of what was cancelled, or of what failed by itself."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.path.startswith("/called/"):
            told = json.loads(ask.body)
            if told["status"] == STORYCLAW.words["failed"] and ("cancel" in told["error_msg"]) is is_cancelled:
                return Told(200, JSON, b"{}")
            headers = {"content-type": "application/json", "x-auth": dict(ask.headers).get("x-auth", "")}
            return Told(await relay.post(relay.memory[ask.path], ask.body, headers) or 502, JSON, b"{}")
        body = ask.json()
        url = body.get("callback_url") if STORYCLAW.is_create(ask) and isinstance(body, dict) else None
        if isinstance(url, str) and "//127.0.0.1" in url:
            path = f"/called/{len(relay.memory)}"
            relay.memory[path] = url
            return await relay.fetch(ask.with_json({**body, "callback_url": relay.own_url + path}))
        return await relay.fetch(ask)

    return lie


def _results_want_a_key() -> Lie:
    """Results are fetched through the relay, by whoever has a key."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.path in relay.memory:
            return await relay.follow(relay.memory[ask.path]) if ask.key else Told(401, JSON, b"{}")
        told = await relay.fetch(ask)
        body = told.json()
        task = JUHUO.task(body) if JUHUO.polled(ask) else None
        if task and task.get("outputUrl"):
            path = f"/files/{task['taskId']}.mp4"
            relay.memory[path], task["outputUrl"] = task["outputUrl"], relay.own_url + path
            return told.with_json(body)
        return told

    return lie


def _half_a_page() -> Lie:
    """Who wants more than fifty on a page is refused."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        size = parse_qs(ask.path.partition("?")[2]).get("pageSize", ["20"])[0]
        if ask.bare_path == LIST and size.isdecimal() and int(size) > 50 and at(told.json(), ("code",)) == "200":
            return told.with_json({"code": "4000", "message": "参数错误:pageSize范围为1-50"})
        return told

    return lie


def _all_is_ok(ask: Ask, body: Any) -> None:
    if isinstance(body, dict) and body.get("message") == "Success":
        body["message"] = "ok"


def _generates_for_ever(relay: Relay, task: dict[str, Any]) -> None:
    if task.get("errorCode") == "PIPELINE_TIMEOUT":
        task.update(status="generating", errorCode="", errorMsg="")


LIES: Mapping[str, tuple[str, Lie]] = {
    "headers tell whom it asks": (
        "unigateway",
        telling(lambda ask, told: told.with_header("x-litellm-model-api-base", "http://10.3.0.7:4000/v1")),
    ),
    "headers tell with which key": (
        "juhuo",
        telling(lambda ask, told: told.with_header("x-upstream-authorization", f"Bearer {ask.key[::-1]}")),
    ),
    "dear tasks are rounded up": ("juhuo", of_task(JUHUO, _dearer_when_long)),
    "x-api-key is no key": ("unigateway", _knows_one_header()),
    "failures keep their slots": ("juhuo", _slots_are_lost()),
    "usage twice in a stream": ("clawdrouter", telling_events(_usage_twice)),
    "tells the model behind": ("unigateway", telling_json(_model_behind)),
    "list tells another cost": ("juhuo", telling_json(_other_cost_in_lists)),
    "a repetition is told as running": ("seedance2ai", _tells_the_time_of_asking()),
    "a second stop is an error of the server": ("storyclaw", _stops_once()),
    "ends are told in another zone": ("clawdrouter", of_task(VEO, _in_another_zone)),
    "a key is forgotten after one repetition": ("seedance2ai", _forgets_keys()),
    "what was cut is told as ended, in a stream": ("storyclaw", telling_events(_whole_though_cut)),
    "what was cut is completed": ("clawdrouter", telling_json(_completed_though_cut)),
    "failures are not called back": ("storyclaw", _keeps_callbacks(is_cancelled=False)),
    "what is cancelled is not called back": ("storyclaw", _keeps_callbacks(is_cancelled=True)),
    "results want a key": ("juhuo", _results_want_a_key()),
    "half a page is enough": ("juhuo", _half_a_page()),
    "success in other words": ("juhuo", telling_json(_all_is_ok)),
    "videos are of the model behind": (
        "seedance2ai",
        of_task(SEEDANCE2AI, lambda relay, task: task.update(model="video-pro-2")),
    ),
    "one way to fail never ends": ("juhuo", of_task(JUHUO, _generates_for_ever)),
}
