"""Lies that hide in one corner: one way to fail, one form of a body, a second file, a stream that is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import JUHUO, SEEDANCE2AI, STORYCLAW, at
from tests.liars.telling import asking_json, of_task, telling, telling_events, telling_json

MESSAGES = "/v1/messages"
ONCE = "idempotency-key"
JSON = (("content-type", "application/json"),)
CONFLICT = Told(
    409, JSON, b'{"error":{"code":"idempotency_conflict","message":"This Idempotency-Key belongs to another body"}}'
)
BUSY = Told(503, (*JSON, ("retry-after", "5")), b'{"error":{"code":"service_busy","message":"The service is busy"}}')


def _with_sound(ask: Ask, body: Any) -> None:
    """Sound is made whatever was asked."""
    if body.get("sound") == "off":
        body["sound"] = "on"


def _late_failures_are_paid() -> Lie:
    """What fails when all but the transfer is done is paid."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        body, lost = told.json(), relay.memory.setdefault(ask.key, set())
        result = at(body, ("result",)) or {}
        if JUHUO.polled(ask) and result.get("errorCode") == "TRANSFER_FAILED":
            lost.add(result["taskId"])
        if "remainCredits" in result:
            result["usedCredits"] += 3 * len(lost)
            result["remainCredits"] -= 3 * len(lost)
            return told.with_json(body)
        return told

    return lie


def _one_place_for_all_files() -> Lie:
    """Who asks where to upload to is told what was told of the first file of that type."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path.endswith("/presign") and at(told.json(), ("code",)) == "200":
            return relay.memory.setdefault((ask.key, at(ask.json(), ("contentType",))), told)  # type: ignore[no-any-return]
        return told

    return lie


def _in_other_words(relay: Relay, task: dict[str, Any]) -> None:
    if task.get("errorCode") == "SUBMIT_FAILED":
        task["errorMsg"] = "生成超时"


def _failures_keep_their_places() -> Lie:
    """After three failed tasks an account may make no more."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        failed = relay.memory.setdefault(ask.key, set())
        if SEEDANCE2AI.is_create(ask) and len(failed) >= 3:
            return BUSY
        told = await relay.fetch(ask)
        task = SEEDANCE2AI.task(told.json()) if SEEDANCE2AI.polled(ask) else None
        if task and SEEDANCE2AI.phase(task) == "failed":
            failed.add(task["id"])
        return told

    return lie


def _signs_as_a_bearer() -> Lie:
    """Callbacks pass through the relay, which writes `Bearer` before their key."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.path.startswith("/back?to="):
            headers = {**dict(JSON), "x-auth": f"Bearer {ask.key}"}
            return Told(await relay.post(unquote(ask.path[9:]), ask.body, headers) or 502, JSON, b"{}")
        body = ask.json()
        if STORYCLAW.is_create(ask) and isinstance(body, dict) and body.get("callback_url"):
            body["callback_url"] = f"{relay.own_url}/back?to={quote(str(body['callback_url']), safe='')}"
            return await relay.fetch(ask.with_json(body))
        return await relay.fetch(ask)

    return lie


def _tasks_words_for_streams(ask: Ask, told: Told) -> Told:
    """A stream is refused in the words of tasks."""
    if ask.bare_path == MESSAGES and told.status == 401 and at(ask.json(), ("stream",)) is True:
        return told.with_json({"code": 401, "message": "API key missing or unknown"})
    return told


def _stopped_by_nothing(ask: Ask, events: list[bytes]) -> list[bytes]:
    """A stream that was stopped by a sequence is said to have ended by itself."""
    stopped = b'"stop_reason":"stop_sequence","stop_sequence":"."'
    return [event.replace(stopped, b'"stop_reason":"end_turn","stop_sequence":null') for event in events]


def _repeatable(keeps: Callable[[Told], bool], is_other: Callable[[bytes, bytes], bool]) -> Lie:
    """The relay keeps by itself which body a key came with, for answers that it `keeps`."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        key = dict(ask.headers).get(ONCE)
        if not key or not SEEDANCE2AI.is_create(ask):
            return await relay.fetch(ask)
        place = ask.key, ask.bare_path, key
        if place in relay.memory and is_other(relay.memory[place], ask.body):
            return CONFLICT
        told = await relay.fetch(ask)
        if keeps(told):
            relay.memory[place] = ask.body
        return told

    return lie


def _failed_is_forgotten() -> Lie:
    """A create that is repeated after its task failed makes another task."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        said = told.json() or {}
        if SEEDANCE2AI.polled(ask) and said.get("status") == "failed":
            relay.memory[said["id"]] = True
        if SEEDANCE2AI.is_create(ask) and told.status == 201 and said.get("id") in relay.memory:
            return await relay.fetch(ask.with_header(ONCE, None))
        return told

    return lie


def _not_more_than_two(relay: Relay, task: dict[str, Any]) -> None:
    pictures = at(task, ("output", "image_urls"))
    if isinstance(pictures, list):
        del pictures[2:]


def _rejected_by_half(relay: Relay, task: dict[str, Any]) -> None:
    if "rejected" in str(task.get("error", "")):
        task["credits_refunded"] = task["credits_used"] // 2


def _smaller_than_asked(ask: Ask, body: Any) -> None:
    """What the model cannot make in that size is made smaller."""
    if body.get("aspectRatio") == "auto" and body.get("resolution") in ("2K", "4K"):
        body["resolution"] = "1K"


def _busy_is_broken(ask: Ask, told: Told) -> Told:
    """That a model is overloaded is told as an error of the relay's own."""
    if told.status != 529:
        return told
    said = told.json()
    said["error"] = {"type": "api_error", "message": "internal server error"}
    return replace(told.with_json(said), status=500)


def _again_without_quota(ask: Ask, told: Told) -> Told:
    """Who has used all up is told to come again."""
    return told.with_header("retry-after", "1") if b"insufficient_quota" in told.body else told


def _never_when(ask: Ask, told: Told) -> Told:
    """Nobody is told when to come again."""
    return told.with_header("retry-after", None)


def _one_behind() -> Lie:
    """The client's own id of the request before is sent back."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        mine = dict(told.headers).get("request-id")
        if not mine or ask.bare_path == MESSAGES:
            return told
        before, relay.memory["last"] = relay.memory.get("last", mine), mine
        return told.with_header("request-id", before)

    return lie


def _cached_more(ask: Ask, body: Any) -> None:
    """More is said to be cached than its parts are."""
    if ask.bare_path == MESSAGES and at(body, ("usage", "cache_creation")):
        body["usage"]["cache_creation_input_tokens"] += 7


def _of_nobody(ask: Ask, events: list[bytes]) -> list[bytes]:
    """No chunk says whose words it brings."""
    return [event.replace(b'"role":"assistant",', b"") for event in events]


def _calls_anyway(ask: Ask, body: Any) -> None:
    """Tools are called where none may be."""
    if body.get("tool_choice") == "none":
        body["tool_choice"] = "auto"


def _blames_the_model(ask: Ask, body: Any) -> None:
    """Whatever is wrong, the model is said to be."""
    if isinstance(body.get("error"), dict) and body["error"].get("param"):
        body["error"]["param"] = "model"


def _one_drawer() -> Lie:
    """The responses of all accounts lie in one drawer."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if ask.bare_path != "/v1/responses":
            return told
        asked, said = ask.json(), told.json()
        if told.status == 200 and isinstance(said, dict):
            relay.memory[said["id"]] = True
        if told.status == 400 and at(asked, ("previous_response_id",)) in relay.memory:
            del asked["previous_response_id"]
            return await relay.fetch(ask.with_json(asked))
        return told

    return lie


def _thinks_twice(ask: Ask, body: Any) -> None:
    """Thoughts are counted among the answer, too."""
    usage = at(body, ("usageMetadata",))
    if usage:
        usage["candidatesTokenCount"] += usage.get("thoughtsTokenCount", 0)


def _all_wait_for_one() -> Lie:
    """While one account asks too often, all others are refused, too."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if told.status == 429:
            relay.memory.update(who=ask.key, told=told)
        refused = relay.memory.get("told")
        return refused if refused and ask.key and ask.key != relay.memory["who"] else told

    return lie


def _too_often_is_busy(ask: Ask, told: Told) -> Told:
    """Who asks too often hears that the service is busy."""
    return replace(BUSY, headers=told.headers) if told.status == 429 else told


def _type_of_the_ending(ask: Ask, body: Any) -> None:
    """Who names a file of another type than it says is corrected."""
    ending = str(body.get("fileName", "")).rpartition(".")[2]
    if ask.bare_path.endswith("/presign") and ending in _ENDINGS and body.get("contentType") in _ENDINGS.values():
        body["contentType"] = _ENDINGS[ending]


_ENDINGS = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4", "webm": "video/webm"}


def _only_loopback_is_private(ask: Ask, body: Any) -> None:
    """An address in a private network is taken for one of the world."""
    url = body.get("callback_url")
    if isinstance(url, str) and "//10." in url:
        body["callback_url"] = "https://example.com/called"


def _only_what_is_printed_is_private(ask: Ask, body: Any) -> None:
    """Of the networks that are nobody's only those are known that the document names."""
    url = body.get("callback_url")
    known = ("https://127.", "https://10.", "https://192.168.", "https://localhost")
    if isinstance(url, str) and url.startswith("https://") and not url.startswith(known):
        body["callback_url"] = "https://example.com/called"


def _number_for_text(ask: Ask, body: Any) -> None:
    """A number is taken where a text of digits belongs."""
    if SEEDANCE2AI.is_create(ask) and type(body.get("duration")) is int:
        body["duration"] = str(body["duration"])


def _compressed_in_words(ask: Ask, told: Told) -> Told:
    """A refusal says that it is compressed, and is not."""
    is_asked = "gzip" in dict(ask.headers).get("accept-encoding", "")
    return told.with_header("content-encoding", "gzip") if told.status >= 400 and is_asked else told


def _long_lines_are_broken(ask: Ask, events: list[bytes]) -> list[bytes]:
    """A line ends after 64 KiB at the latest."""
    return [re.sub(rb"([^\n]{65536})(?=[^\n])", rb"\1\n", event) for event in events]


def _old_news(relay: Relay, task: dict[str, Any]) -> None:
    """The third look at a success is answered as if it were not over yet."""
    if SEEDANCE2AI.phase(task) == "succeeded":
        relay.memory[task["id"]] = relay.memory.get(task["id"], 0) + 1
        if relay.memory[task["id"]] == 3:
            task.update(status="processing", output=None)


LIES: Mapping[str, tuple[str, Lie]] = {
    "private is what is printed": ("storyclaw", asking_json(_only_what_is_printed_is_private)),
    "refusals are compressed in words": ("clawdrouter", telling(_compressed_in_words)),
    "long lines are broken": ("clawdrouter", telling_events(_long_lines_are_broken)),
    "a number for a text": ("seedance2ai", asking_json(_number_for_text)),
    "the third look is old": ("seedance2ai", of_task(SEEDANCE2AI, _old_news)),
    "the type of a file is corrected": ("juhuo", asking_json(_type_of_the_ending)),
    "private is loopback only": ("storyclaw", asking_json(_only_loopback_is_private)),
    "sound though it was switched off": ("juhuo", asking_json(_with_sound)),
    "late failures are paid": ("juhuo", _late_failures_are_paid()),
    "one place for all files": ("juhuo", _one_place_for_all_files()),
    "a failure in the words of another": ("juhuo", of_task(JUHUO, _in_other_words)),
    "failures keep their places": ("seedance2ai", _failures_keep_their_places()),
    "callbacks signed as a bearer": ("storyclaw", _signs_as_a_bearer()),
    "streams are refused in the words of tasks": ("storyclaw", telling(_tasks_words_for_streams)),
    "a stream is stopped by nothing": ("storyclaw", telling_events(_stopped_by_nothing)),
    "repetitions are compared by their bytes": (
        "seedance2ai",
        _repeatable(lambda told: told.status == 201, lambda one, other: one != other),
    ),
    "a refused request uses its key up": (
        "seedance2ai",
        _repeatable(lambda told: told.status == 400, lambda one, other: one != other),
    ),
    "failed is forgotten": ("seedance2ai", _failed_is_forgotten()),
    "two pictures at most": ("seedance2ai", of_task(SEEDANCE2AI, _not_more_than_two)),
    "what is rejected comes back by half": ("seedance2ai", of_task(SEEDANCE2AI, _rejected_by_half)),
    "smaller than asked": ("seedance2ai", asking_json(_smaller_than_asked)),
    "busy is told as broken": ("storyclaw", telling(_busy_is_broken)),
    "without a quota come again": ("clawdrouter", telling(_again_without_quota)),
    "never told when to come again": ("unigateway", telling(_never_when)),
    "the id of the request before": ("clawdrouter", _one_behind()),
    "more is cached than its parts": ("clawdrouter", telling_json(_cached_more)),
    "a stream is of nobody": ("clawdrouter", telling_events(_of_nobody)),
    "tools are called anyway": ("clawdrouter", asking_json(_calls_anyway)),
    "always the model is blamed": ("clawdrouter", telling_json(_blames_the_model)),
    "answers of others are continued": ("clawdrouter", _one_drawer()),
    "thoughts are counted twice": ("unigateway", telling_json(_thinks_twice)),
}

# Where the rate of requests is bounded.
RATED: Mapping[str, tuple[str, Lie]] = {
    "all wait for one": ("seedance2ai", _all_wait_for_one()),
    "too often is told as busy": ("seedance2ai", telling(_too_often_is_busy)),
}
