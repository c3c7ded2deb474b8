"""A journal as an HTTP Archive (HAR 1.2), for the tools that read such."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl

Stable = Mapping[str, Any]


def to_har(records: Iterable[tuple[Stable, str]], dropped: int) -> dict[str, Any]:
    """The archive of records as `stable` gives them, each with the base URL at which it was asked."""
    log: dict[str, Any] = {
        "version": "1.2",
        "creator": {"name": "Understudy", "version": version("understudy")},
        "entries": [_entry(record, base) for record, base in records],
    }
    if dropped:
        log["comment"] = f"{dropped} earlier exchanges are no longer kept"
    return {"log": log}


def _entry(record: Stable, base: str) -> dict[str, Any]:
    entry = {
        "startedDateTime": datetime.fromtimestamp(record["at"], UTC).isoformat(timespec="milliseconds"),
        "time": 0,
        "request": _request(record, base),
        "response": _response(record),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_serial": record["serial"],
        "_provider": record["provider"],
        "_operation": record["operation"],
        "_account": record["account"],
        "_condition": record["condition"],
        "_breach": record["breach"],
    }
    return {**entry, "comment": "; ".join(record["notes"])} if record["notes"] else entry


def _request(record: Stable, base: str) -> dict[str, Any]:
    query = f"?{record['query']}" if record["query"] else ""
    request = {
        "method": record["method"],
        "url": base + record["path"] + query,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(record["headers"]),
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(record["query"], keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(record["request"].encode()),
    }
    if record["request"]:
        request["postData"] = {"mimeType": record["headers"].get("content-type", ""), "text": record["request"]}
    return request


def _response(record: Stable) -> dict[str, Any]:
    size = len(record["response"].encode())
    content = {"size": size, "mimeType": record["response_type"], "text": record["response"]}
    return {
        "status": record["status"],
        "statusText": _phrase(record["status"]),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [*_pairs({"content-type": record["response_type"]}), *_pairs(record["response_headers"])],
        "content": content,
        "redirectURL": record["response_headers"].get("location", ""),
        "headersSize": -1,
        "bodySize": size,
    }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items() if value]
