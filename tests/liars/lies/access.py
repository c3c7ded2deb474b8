"""Lies about who may: keys, other people's tasks, repetitions, cancels, lists."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import JUHUO, SEEDANCE2AI, SHAPES, STORYCLAW, Shape, at, put
from tests.liars.telling import asking, only_if, telling, telling_json

BALANCE = "/open-api/v1/account/balance"
LIST = "/open-api/v1/video/tasks"
STOP = "/v1/router/task/stop"
ONCE = "idempotency-key"
# Characters of a key.
KEY = 35


def _with_any_key(relay: Relay, ask: Ask) -> Ask:
    """With the latest key that worked."""
    key = relay.memory.get("key", "")
    names = {name for name, _ in ask.headers}
    for name in ("authorization", "x-api-key", "x-auth"):
        if name in names:
            ask = ask.with_header(name, f"Bearer {key}" if name == "authorization" else key)
    return (
        ask if names & {"authorization", "x-api-key", "x-auth"} else ask.with_header("authorization", f"Bearer {key}")
    )


def _lets_all_in() -> Lie:
    """A key that is refused is taken for the latest one that worked."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        refused = told.status in (401, 403) or at(told.json(), ("code",)) == "4403"
        if not refused:
            relay.memory["key"] = ask.key
            return told
        return await relay.fetch(_with_any_key(relay, ask)) if relay.memory.get("key") else told

    return lie


def _shows_to_all(shape: Shape) -> Lie:
    """A task is shown to whoever knows its id."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        identity = shape.polled(ask)
        owner = relay.memory.get(identity)
        if owner and ask.key and ask.key != owner:
            for name in ("authorization", "x-api-key", "x-auth"):
                if dict(ask.headers).get(name):
                    ask = ask.with_header(name, f"Bearer {owner}" if name == "authorization" else owner)
        told = await relay.fetch(ask)
        created = at(told.json(), shape.created_id) if shape.is_create(ask) else None
        if created:
            relay.memory[created] = ask.key
        return told

    return lie


def _unauthorized_as(status: int, body: bytes, kind: str = "application/json") -> Lie:
    def tell(ask: Ask, told: Told) -> Told:
        refused = told.status == 401 or at(told.json(), ("code",)) == "4403"
        return Told(status, (("content-type", kind),), body) if refused else told

    return telling(tell)


def _one_bad_key_locks_all() -> Lie:
    async def lie(relay: Relay, ask: Ask) -> Told:
        if relay.memory.get("locked"):
            relay.memory["locked"] -= 1
            return Told(429, (("content-type", "application/json"),), b'{"error":{"message":"cooling down"}}')
        told = await relay.fetch(ask)
        if told.status == 401:
            relay.memory["locked"] = 1
        return told

    return lie


def _case_matters() -> Lie:
    """Only `Bearer` with a capital is known."""

    def change(ask: Ask) -> Ask:
        given = dict(ask.headers).get("authorization", "")
        return ask.with_header("authorization", "none") if given and not given.startswith("Bearer ") else ask

    return asking(change)


# Repetitions, of the one provider that documents them.


def _fresh_key(ask: Ask) -> Ask:
    return ask.with_header(ONCE, uuid.uuid4().hex) if SEEDANCE2AI.is_create(ask) else ask


def _first_answer_for_all() -> Lie:
    """Another body under the same key gets the first one's answer."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        key = dict(ask.headers).get(ONCE)
        if SEEDANCE2AI.is_create(ask) and key:
            known = relay.memory.get((ask.key, key))
            if known:
                again: Told = known
                return again
            told = await relay.fetch(ask)
            if told.status < 300:
                relay.memory[ask.key, key] = told
            return told
        return await relay.fetch(ask)

    return lie


def _new_id_for_a_repetition() -> Lie:
    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        key = dict(ask.headers).get(ONCE)
        body = told.json()
        if SEEDANCE2AI.is_create(ask) and key and at(body, ("id",)):
            relay.memory[key] = relay.memory.get(key, 0) + 1
            if relay.memory[key] > 1:
                body["id"] = body["id"][:-1] + str(relay.memory[key] % 10)
                return told.with_json(body)
        return told

    return lie


def _twice_when_together() -> Lie:
    """Two of one key at the same time make two tasks: looked up before it is written."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        key = dict(ask.headers).get(ONCE)
        if not (SEEDANCE2AI.is_create(ask) and key):
            return await relay.fetch(ask)
        known = relay.memory.get((ask.key, key))
        if known:
            again: Told = known
            return again
        await asyncio.sleep(0.05)
        told = await relay.fetch(_fresh_key(ask))
        relay.memory[ask.key, key] = told
        return told

    return lie


def _conflict_as(status: int) -> Lie:
    return telling(lambda ask, told: replace(told, status=status) if told.status == 409 else told)


# Cancels, of the one provider that documents them.


def _stop_is_a_word() -> Lie:
    """A stop is confirmed and nothing is stopped."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.bare_path == STOP and ask.json() and ask.key:
            answer = b'{"result":{"status":2,"message":"ok"},"error":null}'
            return Told(200, (("content-type", "application/json"),), answer)
        return await relay.fetch(ask)

    return lie


def _stops_what_has_ended() -> Lie:
    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path == STOP and told.status == 400 and at(ask.json(), ("task_id",)) in relay.memory:
            return Told(200, told.headers, b'{"result":{"status":2,"message":"ok"},"error":null}')
        created = at(told.json(), STORYCLAW.created_id) if STORYCLAW.is_create(ask) else None
        if created:
            relay.memory[created] = True
        return told

    return lie


def _stopped_goes_on() -> Lie:
    """A stopped task is told as running for ever."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path == STOP and told.status == 200:
            relay.memory[at(ask.json(), ("task_id",))] = True
        body = told.json()
        task = STORYCLAW.task(body) if STORYCLAW.polled(ask) in relay.memory else None
        if task:
            task["status"] = 1
            return told.with_json(body)
        return told

    return lie


def _stop_is_paid() -> Lie:
    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path == STOP and told.status == 200:
            relay.memory[at(ask.json(), ("task_id",))] = True
        body = told.json()
        if STORYCLAW.polled(ask) in relay.memory and isinstance(body, dict):
            put(body, STORYCLAW.cost, 60)
            return told.with_json(body)
        return told

    return lie


def _with_tier(body: Any) -> Any:
    """The answer with another tier than was asked for."""
    return {**body, "quality_tier": "pro"} if isinstance(body, dict) and "quality_tier" in body else body


def _stops_nothing() -> Lie:
    """Every stop is refused, and nothing is stopped."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.bare_path == STOP and ask.json() and ask.key:
            answer = b'{"result":null,"error":{"code":400,"message":"task is already finished"}}'
            return Told(400, (("content-type", "application/json"),), answer)
        return await relay.fetch(ask)

    return lie


def _lists_for_all() -> Lie:
    """A list shows the tasks of whoever asked for one first."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.bare_path == LIST and ask.method == "GET" and ask.key:
            owner = relay.memory.setdefault("owner", ask.key)
            ask = ask.with_header("authorization", f"Bearer {owner}")
        return await relay.fetch(ask)

    return lie


# Lists, of the one provider that documents them.


def _listed(change: Any) -> Lie:
    return telling_json(lambda ask, body: change(body["result"]), when=_is_list)


def _is_list(ask: Ask, told: Told) -> bool:
    return ask.bare_path == LIST and isinstance(at(told.json(), ("result", "data")), list)


def _oldest_first(page: dict[str, Any]) -> None:
    page["data"].reverse()


def _without_first(page: dict[str, Any]) -> None:
    page["data"] = page["data"][1:]


def _twice_first(page: dict[str, Any]) -> None:
    page["data"] = page["data"][:1] * 2 + page["data"][2:]


def _wrong_total(page: dict[str, Any]) -> None:
    page["total"] += 1


def _all_running(page: dict[str, Any]) -> None:
    for task in page["data"]:
        task["status"] = "generating"


def _first_page_always(ask: Ask) -> Ask:
    return replace(ask, path=ask.bare_path) if ask.bare_path == LIST else ask


def _unknown_as(status: int, body: bytes) -> Lie:
    def tell(ask: Ask, told: Told) -> Told:
        unknown = any(shape.polled(ask) for shape in SHAPES.values()) and (
            told.status in (400, 404) or at(told.json(), ("code",)) == "4004"
        )
        return Told(status, (("content-type", "application/json"),), body) if unknown else told

    return telling(tell)


def _needs_no_key(shape: Shape) -> Lie:
    """A task is shown to who brings no key."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        owner = relay.memory.get(shape.polled(ask))
        told = await relay.fetch(ask.with_header("authorization", f"Bearer {owner}") if owner and not ask.key else ask)
        created = at(told.json(), shape.created_id) if shape.is_create(ask) else None
        if created:
            relay.memory[created] = ask.key
        return told

    return lie


def _one_balance() -> Lie:
    """Everybody is told the balance of whoever asked first."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.bare_path == BALANCE and ask.key:
            told = await relay.fetch(ask)
            first = relay.memory.setdefault("first", ask.key) if told.json().get("code") == "200" else ""
            return await relay.fetch(ask.with_header("authorization", f"Bearer {first}")) if first else told
        return await relay.fetch(ask)

    return lie


def _odd_ids_are_bad(ask: Ask) -> Told | None:
    name = SEEDANCE2AI.polled(ask)
    is_odd = name and not name.startswith(("sd2_", "gpt2_", "nbp_"))
    body = b'{"error":{"code":"invalid_request","message":"bad id"}}'
    return Told(400, (("content-type", "application/json"),), body) if is_odd else None


def _word_is_not_needed(ask: Ask) -> Ask:
    key = dict(ask.headers).get("authorization", "")
    return ask.with_header("authorization", f"Bearer {key}") if key.startswith("sk-") else ask


def _reads_no_further(ask: Ask) -> Ask:
    """What stands behind a key of the usual length is not read."""
    key = dict(ask.headers).get("authorization", "")
    return ask.with_header("authorization", key[: len("Bearer ") + KEY]) if key.startswith("Bearer sk-") else ask


def _one_flight() -> Lie:
    """Equal creates that are under way at the same time are asked for once."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        what = (ask.key, ask.path, ask.body)
        if not SEEDANCE2AI.is_create(ask) or not ask.key:
            return await relay.fetch(ask)
        if what in relay.memory:
            flight: asyncio.Task[Told] = relay.memory[what]
            return await flight

        async def fly() -> Told:
            await asyncio.sleep(0.02)
            return await relay.fetch(ask)

        relay.memory[what] = asyncio.ensure_future(fly())
        try:
            told: Told = await relay.memory[what]
        finally:
            del relay.memory[what]
        return told

    return lie


def _files_of_no_type() -> Lie:
    """Files are sent through here, and passed on as nobody knows what."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.method == "PUT":
            storage = replace(relay, upstream=relay.memory["storage"])
            return await storage.fetch(ask.with_header("content-type", "application/octet-stream"))
        told = await relay.fetch(ask)
        body = told.json()
        url = at(body, ("result", "uploadUrl"))
        if url:
            relay.memory["storage"] = "/".join(url.split("/")[:3])
            body["result"]["uploadUrl"] = url.replace(relay.memory["storage"], relay.own_url)
        return told.with_json(body) if url else told

    return lie


def _takes_files_for_nobody() -> Lie:
    """Files are sent here, taken, and passed on to nobody."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.method == "PUT":
            is_good = (ask.path, dict(ask.headers).get("content-type")) == relay.memory["signed"]
            return Told(200 if is_good else 403, (("etag", '"0"'), ("content-type", "application/xml")), b"")
        told = await relay.fetch(ask)
        body = told.json()
        url = at(body, ("result", "uploadUrl"))
        if url:
            there = "/" + "/".join(url.split("/")[3:])
            relay.memory["signed"] = there, at(ask.json(), ("contentType",))
            body["result"]["uploadUrl"] = relay.own_url + there
        return told.with_json(body) if url else told

    return lie


def _first_body_wins_later() -> Lie:
    """Of two bodies under one key at a time each makes a task: they are compared when one is done."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        key = dict(ask.headers).get(ONCE)
        under_way: set[tuple[str, bytes]] = relay.memory.setdefault("under way", set())
        if not key or not SEEDANCE2AI.is_create(ask):
            return await relay.fetch(ask)
        others = {body for other, body in under_way if other == key} - {ask.body}
        under_way.add((key, ask.body))
        await asyncio.sleep(0.02)
        try:
            return await relay.fetch(_fresh_key(ask) if others else ask)
        finally:
            under_way.discard((key, ask.body))

    return lie


def _with_slash(ask: Ask, body: Any) -> None:
    key = at(body, ("result", "ossKey"))
    if key:
        body["result"]["ossKey"] = f"/{key}"


TASKS_OF = {f"shows tasks of {slug} to all": (slug, _shows_to_all(shape)) for slug, shape in SHAPES.items()}
LIES: Mapping[str, tuple[str, Lie]] = {
    **TASKS_OF,
    "lets all in": ("juhuo", _lets_all_in()),
    "stops nothing": ("storyclaw", _stops_nothing()),
    "list shows all tasks": ("juhuo", _lists_for_all()),
    "another tier": ("seedance2ai", telling_json(lambda ask, body: _with_tier(body))),
    "lets all in, too": ("seedance2ai", _lets_all_in()),
    "unauthorized is a page": ("storyclaw", _unauthorized_as(401, b"<html>401</html>", "text/html")),
    "unauthorized is forbidden": (
        "seedance2ai",
        telling(lambda ask, told: replace(told, status=403) if told.status == 401 else told),
    ),
    "unauthorized is an empty success": ("clawdrouter", _unauthorized_as(200, b"{}")),
    "unauthorized in other words": ("unigateway", _unauthorized_as(401, b'{"detail":"Not authenticated"}')),
    "one bad key locks all": ("unigateway", _one_bad_key_locks_all()),
    "case of bearer matters": ("clawdrouter", _case_matters()),
    "idempotency key ignored": ("seedance2ai", asking(_fresh_key)),
    "conflict not seen": ("seedance2ai", _first_answer_for_all()),
    "new id for a repetition": ("seedance2ai", _new_id_for_a_repetition()),
    "two tasks for two at once": ("seedance2ai", _twice_when_together()),
    "conflict as 422": ("seedance2ai", _conflict_as(422)),
    "stop is only a word": ("storyclaw", _stop_is_a_word()),
    "stops what has ended": ("storyclaw", _stops_what_has_ended()),
    "a stopped task goes on": ("storyclaw", _stopped_goes_on()),
    "a stopped task is paid": ("storyclaw", _stop_is_paid()),
    "list oldest first": ("juhuo", _listed(_oldest_first)),
    "list lacks the newest": ("juhuo", _listed(_without_first)),
    "list shows one twice": ("juhuo", _listed(_twice_first)),
    "list counts wrong": ("juhuo", _listed(_wrong_total)),
    "list contradicts the query": ("juhuo", _listed(_all_running)),
    "list ignores the page": ("juhuo", asking(_first_page_always)),
    "unknown id is an error of the server": (
        "seedance2ai",
        _unknown_as(500, b'{"error":{"code":"internal_error","message":"x"}}'),
    ),
    "unknown id is an empty success": ("unigateway", _unknown_as(200, b"{}")),
    "unknown id in other words": ("clawdrouter", _unknown_as(404, b'{"detail":"Not Found"}')),
    "needs no key for tasks": ("seedance2ai", _needs_no_key(SEEDANCE2AI)),
    "one balance for all": ("juhuo", _one_balance()),
    "odd ids are bad requests": ("seedance2ai", telling(lambda ask, told: _odd_ids_are_bad(ask) or told)),
    "a key may go on": ("juhuo", asking(_reads_no_further)),
    "equal creates are one": ("seedance2ai", _one_flight()),
    "files of no type": ("juhuo", _files_of_no_type()),
    "files are taken for nobody": ("juhuo", _takes_files_for_nobody()),
    "two bodies under one key": ("seedance2ai", _first_body_wins_later()),
    "a key needs no word": ("juhuo", asking(_word_is_not_needed)),
    "keys of uploads begin with a slash": ("juhuo", telling_json(_with_slash)),
    "unknown id is an error of the server, too": (
        "juhuo",
        only_if(lambda ask: bool(JUHUO.polled(ask)), _unknown_as(500, b"{}")),
    ),
}
