"""A file that is sent where it was to be sent is taken, and is there for the tasks that use it."""

import json
from typing import Any

import pytest

from understudy.contracts.checks.requests import judge_accepted
from understudy.contracts.checks.uploads import judge_addresses
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.contracts.inputs import find_task_body
from understudy.specs.loader import load, shipped

CONTRACT = Contract(load(shipped()["juhuo"]))
SIGN, PUT = CONTRACT.operations["upload.presign"], CONTRACT.operations["upload.put"]
SUBMIT, GET = CONTRACT.operations["video.submit"], CONTRACT.operations["video.get"]
JSON = (("content-type", "application/json"),)
URL, KEY, TASK = "https://files.test/api/1/upload/a.png?signature=1&expires=2", "api/1/upload/a.png", "gen_aaaaaaaaaaaa"
FILE = {"name": "a", "ossKey": KEY}


def _told(serial: int, operation: str, path: str, sent: Any, result: Any, who: str = "first") -> Exchange:
    """An answer of success, one second after the request."""
    body = json.dumps({"code": "200", "message": "Success", "result": result}).encode()
    asked = b"" if sent is None else json.dumps(sent).encode()
    return Exchange(
        serial, operation, "GET" if sent is None else "POST", "", path, request_body=asked, status=200, who=who,
        started=serial, answered=serial + 1, response_headers=JSON, response_body=body,
    )  # fmt: skip


def _signed() -> Exchange:
    sent = {"fileName": "a.png", "contentType": "image/png"}
    return _told(0, SIGN.id, SIGN.path, sent, {"uploadUrl": URL, "ossKey": KEY, "method": "PUT"})


def _put(**other: Any) -> Exchange:
    put = Exchange(
        2, PUT.id, "PUT", URL, "/api/1/upload/a.png", URL.partition("?")[2], request_body=b"file", status=200,
        request_headers=(("Content-Type", "image/png"),), started=2.0, answered=3.0, who="none", probe="upload",
    )  # fmt: skip
    return put.evolve(**other)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({}, 1),
        ({"status": 200}, 0),
        ({"url": f"{URL}3"}, 0),
        ({"request_headers": (("Content-Type", "text/plain"),)}, 0),
        ({"started": 800.0, "answered": 801.0}, 0),
        ({"probe": "leaves"}, 0),
    ],
)
def test_a_file_is_taken_at_its_address(other: dict[str, Any], told: int) -> None:
    history = History(CONTRACT, [_signed(), _put(**{"status": 403, **other})])
    assert len([evidence for evidence in judge_accepted(history) if "at the address" in evidence.message]) == told


def _failed(serial: int, *keys: str, who: str = "first") -> list[Exchange]:
    """A task of files that failed for want of one."""
    body = {**find_task_body(CONTRACT, SUBMIT, CONTRACT.kinds_of(SUBMIT)[0]), "inputVideos": []}
    body["inputImages"] = [{"name": f"image{number}", "ossKey": key} for number, key in enumerate(keys, 1)]
    over = {"taskId": TASK, "status": "fail", "errorCode": "UPLOAD_FAILED", "errorMsg": "no"}
    path = GET.path.replace("{taskId}", TASK)
    return [
        _told(serial, SUBMIT.id, SUBMIT.path, body, {"taskId": TASK}, who),
        _told(serial + 2, GET.id, path, None, over, who),
    ]


@pytest.mark.parametrize(
    ("exchanges", "told"),
    [
        ([_signed(), _put(), *_failed(4, KEY)], [True]),
        ([_signed(), _put(), *_failed(4, KEY, "api/1/upload/b.png")], []),
        ([_signed(), _put(), *_failed(4, KEY, who="other")], []),
        ([_signed(), _put(status=403), *_failed(4, KEY)], []),
        ([_signed(), _put(answered=4.5), *_failed(4, KEY)], []),
        ([_signed(), _put(), *_failed(4, "api/1/upload/b.png")], []),
    ],
)
def test_a_task_fails_for_want_of_what_is_there_for_no_documented_reason(
    exchanges: list[Exchange], told: list[bool]
) -> None:
    found = judge_addresses(History(CONTRACT, exchanges))
    assert [evidence.assumed for evidence in found if "for want" in evidence.message] == told
