"""What is refused though the document takes it, and what is refused that only the protocol has."""

import json

import pytest

from understudy.contracts.checks import judge
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.specs.loader import load, shipped

REFUSED = b'{"error": {"message": "no", "type": "invalid_request_error", "param": null, "code": "unsupported"}}'
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({}, "failure"),
        ({"stream": True}, "failure"),
        ({"reasoning_effort": "low"}, "warning"),
        ({"temperature": 0.5, "messages": [{"role": "user", "content": "hello", "name": "me"}]}, "warning"),
    ],
)
def test_a_refusal_of_what_is_only_assumed_is_a_warning(more: object, severity: str) -> None:
    assert isinstance(more, dict)
    exchange = Exchange(
        1, "chat.completions.create", "POST", "http://relay.test/v1/chat/completions", "/v1/chat/completions",
        request_headers=(("content-type", "application/json"), ("authorization", "Bearer sk-mine")),
        request_body=json.dumps({**CHAT, **more}).encode(), status=400,
        response_headers=(("content-type", "application/json"), ("x-request-id", "1")), response_body=REFUSED,
    )  # fmt: skip
    found = [
        f for f in judge(History(Contract(load(shipped()["clawdrouter"])), [exchange])) if f.check == "valid-accepted"
    ]
    assert [finding.severity for finding in found] == [severity]
