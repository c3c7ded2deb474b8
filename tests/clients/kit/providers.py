"""How the five providers' task interfaces are spoken: bodies, paths, and what an answer says, read with care."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.clients.kit.flaws import has


@dataclass(frozen=True)
class View:
    """What a poll says: waiting, succeeded, failed or unknown; links to the results; a reason; what it cost."""

    state: str
    links: tuple[str, ...] = ()
    reason: str = ""
    cost: Any = None


@dataclass(frozen=True)
class Provider:
    """One task interface. `task_id` and `view` read bodies that may be anything; `refused` tells an error at 200."""

    create: str
    body: Callable[[str, str], dict[str, Any]]
    poll: str
    task_id: Callable[[Any], str]
    view: Callable[[Any], View]
    refused: Callable[[Any], str]
    idempotency: bool = False


def at(value: Any, *steps: str | int) -> Any:
    """The value at a place; None where there is none."""
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and len(value) > step:
            value = value[step]
        else:
            return None
    return value


def words(table: dict[Any, str], value: Any) -> str:
    """What a wire value means; a word that nobody knows is unknown."""
    if isinstance(value, (dict, list)):
        return "unknown"
    if has("strict_status"):
        return table[value]
    return table.get(value, "unknown")


def texts(*values: Any) -> tuple[str, ...]:
    """The addresses among these values."""
    return tuple(value for value in values if isinstance(value, str) and value.startswith("http"))


def number(value: Any) -> Any:
    """A number however it is written; None for none."""
    if has("int_cost"):
        return int(str(value)) if value is not None else None
    if has("cost_must_be_there"):
        return value + 0
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


_GOOD_CODES = (None, 200, "200", 0, "0", "success")


def _plain_error(body: Any) -> str:
    if has("error_at_200"):
        return ""
    error = at(body, "error")
    if error:
        return str(at(error, "message") or error)
    code = at(body, "code")
    return str(at(body, "message") or code) if code not in _GOOD_CODES else ""


_JUHUO = dict.fromkeys(("queued", "init", "uploading", "submitted", "generating", "downloading"), "waiting")


def _juhuo_view(body: Any) -> View:
    task = body["result"] if has("ignores_business_code") else at(body, "result")
    state = words(_JUHUO | {"success": "succeeded", "fail": "failed"}, at(task, "status"))
    reason = at(task, "errorMsg") or at(task, "errorCode") or ""
    return View(state, texts(at(task, "outputUrl")), str(reason), number(at(task, "creditCost")))


def _juhuo_refused(body: Any) -> str:
    if has("ignores_business_code") or has("error_at_200"):
        return ""
    code = at(body, "code")
    return "" if str(code) == "200" else f"{code}: {at(body, 'message')}"


def _storyclaw_view(body: Any) -> View:
    data = at(body, "result") if at(body, "result") is not None else body
    state = words({0: "waiting", 1: "waiting", 2: "succeeded", 3: "failed"}, at(data, "status"))
    results = at(data, "results") or []
    urls = at(results, 0, "urls")
    urls = urls if isinstance(urls, list) else [urls]
    return View(state, texts(*urls), str(at(data, "error_msg") or ""), number(at(data, "cost")))


_SEEDANCE = {"queued": "waiting", "processing": "waiting", "completed": "succeeded", "failed": "failed"}


def _seedance_view(body: Any) -> View:
    state = words(_SEEDANCE, at(body, "status"))
    output = at(body, "output")
    images = at(output, "image_urls") or at(output, "images") or []
    links = texts(at(output, "video_url"), at(output, "image_url"), *(images if isinstance(images, list) else []))
    return View(state, links, str(at(body, "error") or ""), number(at(body, "credits_used")))


_UPPER = {"QUEUED": "waiting", "IN_PROGRESS": "waiting", "SUCCESS": "succeeded", "FAILURE": "failed"}
_LOWER = {
    "queued": "waiting",
    "in_progress": "waiting",
    "completed": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
}


def _relay_view(table: dict[str, str]) -> Callable[[Any], View]:
    def view(body: Any) -> View:
        task = at(body, "data") if isinstance(at(body, "data"), dict) else body
        state = words(table, at(task, "status"))
        inner = at(task, "data")
        links = texts(
            at(task, "result_url"),
            at(task, "url"),
            at(task, "video_url"),
            at(task, "metadata", "url"),
            at(inner, "content", "video_url"),
            at(inner, "url"),
            at(task, "output", "video_url"),
        )
        reason = at(task, "fail_reason") or at(task, "error", "message") or ""
        return View(state, links, str(reason), number(at(task, "cost")))

    return view


def _id_at(*steps: str) -> Callable[[Any], str]:
    def task_id(body: Any) -> str:
        value = at(body, *steps)
        return value if isinstance(value, str) else ""

    return task_id


def _relay_id(body: Any) -> str:
    value = at(body, "task_id") or at(body, "id") or at(body, "data", "task_id")
    return value if isinstance(value, str) else ""


PROVIDERS = {
    "juhuo": Provider(
        "/open-api/v1/video/submit",
        lambda prompt, _: {
            "prompt": prompt,
            "model": "seedance-2.0",
            "duration": 4,
            "resolution": 480,
            "aspectRatio": "16:9",
        },
        "/open-api/v1/video/task/{}",
        _id_at("result", "taskId"),
        _juhuo_view,
        _juhuo_refused,
    ),
    "storyclaw": Provider(
        "/v1/router/task/create",
        lambda prompt, callback: {
            "task": "Txt2Video",
            "model": "seedance-2.0-pro",
            "mode": "pro",
            "callback_url": callback,
            "input": {
                "prompt": prompt,
                "duration": 4,
                "aspect_ratio": "16:9",
                "resolution": "720p",
                "generate_audio": False,
            },
        },
        "/v1/router/tasks/{}",
        _id_at("task_id"),
        _storyclaw_view,
        _plain_error,
    ),
    "seedance2ai": Provider(
        "/api/v1/video/seedance",
        lambda prompt, _: {
            "mode": "text-to-video",
            "quality_tier": "standard",
            "prompt": prompt,
            "aspect_ratio": "16:9",
            "duration": "4",
            "resolution": "720p",
        },
        "/api/v1/tasks/{}",
        _id_at("id"),
        _seedance_view,
        _plain_error,
        idempotency=True,
    ),
    "seedance2ai-image": Provider(
        "/api/v1/image/gpt-image-2",
        lambda prompt, _: {"type": "text-to-image", "prompt": prompt, "resolution": "1K", "aspectRatio": "1:1"},
        "/api/v1/tasks/{}",
        _id_at("id"),
        _seedance_view,
        _plain_error,
        idempotency=True,
    ),
    "clawdrouter": Provider(
        "/v1/video/generations",
        lambda prompt, _: {
            "model": "veo-3.1-fast-generate-001",
            "prompt": prompt,
            "duration": 4,
            "metadata": {"durationSeconds": 4, "resolution": "720p", "aspectRatio": "16:9"},
        },
        "/v1/video/generations/{}",
        _relay_id,
        _relay_view(_UPPER),
        _plain_error,
    ),
    "unigateway": Provider(
        "/v1/videos",
        lambda prompt, _: {
            "model": "happyhorse-1.0-t2v",
            "input": {"prompt": prompt},
            "parameters": {"resolution": "720P", "duration": 3, "ratio": "16:9", "watermark": False},
        },
        "/v1/videos/{}",
        _relay_id,
        _relay_view(_LOWER),
        _plain_error,
    ),
    "unigateway-seedance": Provider(
        "/v1/video/generations",
        lambda prompt, _: {
            "model": "doubao-seedance-2-0-260128",
            "prompt": prompt,
            "resolution": "720p",
            "ratio": "16:9",
            "duration": 4,
            "generate_audio": False,
        },
        "/v1/video/generations/{}",
        _relay_id,
        _relay_view(_UPPER),
        _plain_error,
    ),
}
