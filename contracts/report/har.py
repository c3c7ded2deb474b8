"""All exchanges as a HAR file, version 1.2, keys masked; what HAR has no place for stands in members that begin with `_`."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from understudy.contracts.exchange import Exchange, Headers
from understudy.contracts.report.subject import Subject


def as_har(subject: Subject) -> str:
    """The recording."""
    entries = [_entry(subject, exchange) for exchange in subject.exchanges]
    log = {"version": "1.2", "creator": {"name": "understudy", "version": "1"}, "entries": entries}
    return json.dumps({"log": log}, ensure_ascii=False, indent=1) + "\n"


def _entry(subject: Subject, exchange: Exchange) -> dict[str, Any]:
    redact = subject.redactor.text
    elapsed = round(max(0.0, exchange.answered - exchange.started) * 1000, 3)
    return {
        "startedDateTime": datetime.fromtimestamp(exchange.started, UTC).isoformat(),
        "time": elapsed,
        "request": {
            "method": exchange.method,
            "url": redact(exchange.url),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(subject, exchange.request_headers),
            "queryString": [{"name": name, "value": redact(value)} for name, value in exchange.parameters.items()],
            "headersSize": -1,
            "bodySize": len(exchange.request_body),
            "postData": {
                "mimeType": exchange.sent_header("content-type"),
                **_content(subject, exchange.request_body),
            },
        },
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(subject, exchange.response_headers),
            "content": {
                "size": len(exchange.response_body),
                "mimeType": exchange.header("content-type"),
                **_content(subject, exchange.response_body),
            },
            "redirectURL": exchange.header("location"),
            "headersSize": -1,
            "bodySize": len(exchange.response_body),
            "_error": exchange.error,
        },
        "cache": {},
        "timings": {"send": 0, "wait": elapsed, "receive": 0},
        "_operation": exchange.operation,
        "_who": exchange.who,
        "_where": exchange.where,
        "_probe": exchange.probe,
        "_chunks": [[round(at - exchange.started, 6), len(data)] for at, data in exchange.chunks],
    }


def _pairs(subject: Subject, headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": subject.redactor.text(value)} for name, value in headers]


def _content(subject: Subject, data: bytes) -> dict[str, str]:
    try:
        return {"text": subject.redactor.text(data.decode())}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(data).decode(), "encoding": "base64"}
