"""Words that a document promises of every answer: another one is a failure, not a doubt."""

import json
from typing import Any

import pytest

from understudy.contracts.checks import judge
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.specs.loader import load, shipped

JSON = (("content-type", "application/json"),)
BALANCE = {"totalCredits": 10.0, "usedCredits": 2.5, "remainCredits": 7.5}


def _balance(**other: Any) -> tuple[str, str, str, Any]:
    body = {"code": "200", "message": "Success", "result": BALANCE, **other}
    return "juhuo", "account.balance", "/open-api/v1/account/balance", body


def _video(**other: Any) -> tuple[str, str, str, Any]:
    output = {"video_url": "https://media.test/a.mp4"}
    body = {"id": "sd2_1", "status": "completed", "model": "seedance", "output": output, "credits_used": 30, **other}
    return "seedance2ai", "task.get", "/api/v1/tasks/sd2_1", body


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        (_balance(), None),
        (_balance(message="ok"), "failure"),
        (_video(), None),
        (_video(model="video-pro-2"), "failure"),
        # What nobody has shown the result of may be of any.
        (_video(status="processing", model="gpt-image-2", output=None, credits_used=None), None),
    ],
)
def test_a_promised_word_is_judged_by_the_schema(told: tuple[str, str, str, Any], severity: str | None) -> None:
    slug, operation, path, body = told
    exchange = Exchange(
        1, operation, "GET", f"http://relay.test{path}", path, started=0.0, answered=1.0, status=200,
        response_headers=JSON, response_body=json.dumps(body).encode(),
    )  # fmt: skip
    found = judge(History(Contract(load(shipped()[slug])), [exchange]))
    assert {f.severity for f in found if f.check == "answer-shape"} == ({severity} if severity else set())
