"""What is refused though the document takes it, and what is refused that only the protocol has."""

import json
from typing import Any

import pytest

from understudy.contracts.checks import judge
from understudy.contracts.checks.requests import judge_condition
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
def test_a_refusal_of_what_is_only_assumed_is_a_warning(more: dict[str, Any], severity: str) -> None:
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


LATER = b'{"error": {"message": "slow down", "type": "rate_limit_error", "param": null, "code": "rate_limit_exceeded"}}'


@pytest.mark.parametrize(
    ("second", "told"), [("Fri, 27 Nov 2026 10:00:02 GMT", 1), ("Fri, 27 Nov 2026 10:00:00 GMT", 0)]
)
def test_who_is_refused_again_by_a_clock_that_stands_still_is_not_accused(second: str, told: int) -> None:
    """Seconds passed here, but none by the target's own clock: it plays a time that others move."""

    def refused(number: int, started: float, date: str, probe: str) -> Exchange:
        return Exchange(
            number, "models.list", "GET", "http://relay.test/v1/models", "/v1/models", status=429,
            request_headers=(("authorization", "Bearer sk-mine"),), response_body=LATER, probe=probe, started=started,
            response_headers=(("content-type", "application/json"), ("retry-after", "2"), ("date", date)), answered=started,
        )  # fmt: skip

    history = History(
        Contract(load(shipped()["unigateway"])),
        [refused(1, 0.0, "Fri, 27 Nov 2026 10:00:00 GMT", "rate"), refused(2, 2.1, second, "after_advice")],
    )
    assert len([f for f in judge(history) if f.check == "limit-rate" and "again after" in f.message]) == told


@pytest.mark.parametrize(
    ("sent", "told", "accused"),
    [("mine", "mine", False), ("", "", False), ("", "the relay's own", False), ("mine", "", True), ("mine", "other", True), ("", "earlier", True)],
)  # fmt: skip
def test_an_id_that_is_sent_comes_back_and_an_own_one_is_no_lie(sent: str, told: str, accused: bool) -> None:
    def asked(number: int, sent: str, told: str) -> Exchange:
        return Exchange(
            number, "chat.completions.create", "POST", "http://relay.test/v1/chat/completions", "/v1/chat/completions",
            request_headers=(("content-type", "application/json"), *((("request-id", sent),) if sent else ())),
            request_body=json.dumps(CHAT).encode(), status=400, response_body=REFUSED,
            response_headers=(("content-type", "application/json"), *((("request-id", told),) if told else ())),
        )  # fmt: skip

    contract = Contract(load(shipped()["clawdrouter"]))
    found = judge(History(contract, [asked(1, "earlier", "earlier"), asked(2, sent, told)]))
    told_of = [finding for finding in found if finding.check == "headers-echoed"]
    assert [finding.severity for finding in told_of] == (["warning"] if accused else [])
    assert all("CR-102" in finding.facts[0] for finding in told_of)


def test_who_brings_no_key_is_not_told_of_one() -> None:
    """One error may stand for many things; a key cannot be why if there was none."""
    refusal = b'{"type": "error", "error": {"type": "invalid_request_error", "message": "no"}, "request_id": "req_1"}'
    body = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": CHAT["messages"], "speed": "standard"}
    exchange = Exchange(
        1, "messages.create", "POST", "http://relay.test/v1/messages", "/v1/messages",
        request_headers=(("content-type", "application/json"), ("x-api-key", "sk-mine"), ("anthropic-version", "2023-06-01")),
        request_body=json.dumps(body).encode(), status=400, response_body=refusal,
        response_headers=(("content-type", "application/json"), ("x-request-id", "1"), ("request-id", "1")),
    )  # fmt: skip
    (found,) = (
        f for f in judge(History(Contract(load(shipped()["clawdrouter"])), [exchange])) if f.check == "valid-accepted"
    )
    assert found.message.startswith("a request with what only the protocol has is refused as invalid_request")


@pytest.mark.parametrize(
    ("errors", "severity"),
    [
        (("", ""), None),
        (("left", "endless"), None),
        (("", "reset"), None),
        (("reset",), "warning"),
        (("reset", "", "reset"), "warning"),
        (("connect", "connect", "", "connect"), "failure"),
        (("timeout", "timeout", "timeout"), "warning"),
        (("", "cut"), "warning"),
        (("reset",) * 3 + ("",) * 300, None),
        (("", "cut", "cut"), "failure"),
    ],
)
def test_what_gets_no_whole_answer_is_told_and_once_as_a_warning(errors: tuple[str, ...], severity: str | None) -> None:
    asked = [
        Exchange(number, "models.list", "GET", "http://relay.test/v1/models", "/v1/models", error=error, status=0 if error else 200)
        for number, error in enumerate(errors)
    ]  # fmt: skip
    found = judge(History(Contract(load(shipped()["clawdrouter"])), asked))
    assert [f.severity for f in found if f.check == "answer-whole"] == ([severity] if severity else [])


def test_a_good_key_that_is_refused_is_a_failure_whatever_else_the_request_has() -> None:
    refusal = b'{"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}}'
    body = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}], "labels": {"a": "b"}}
    path = "/v1beta/models/gemini-2.5-flash:generateContent"
    exchange = Exchange(
        1, "gemini.generate", "POST", f"http://relay.test{path}", path, status=401, response_body=refusal,
        request_headers=(("content-type", "application/json"), ("x-goog-api-key", "sk-mine")),
        request_body=json.dumps(body).encode(), response_headers=(("content-type", "application/json"),),
    )  # fmt: skip
    (found,) = (
        f for f in judge(History(Contract(load(shipped()["unigateway"])), [exchange])) if f.check == "valid-accepted"
    )
    assert (found.severity, found.message) == ("failure", "a good key is refused as unauthorized")
    assert "UG-012 L5" in found.facts


def test_an_end_that_is_documented_and_left_is_a_failure_though_what_comes_after_it_is_only_assumed() -> None:
    def polled(number: int, state: str) -> Exchange:
        body = {"id": "sd2_abcdefghijklmnopqrstuvwx", "status": state, "model": "seedance", "credits_used": 30}
        return Exchange(
            number, "task.get", "GET", f"http://relay.test/api/v1/tasks/{body['id']}", f"/api/v1/tasks/{body['id']}",
            status=200, response_headers=(("content-type", "application/json"),), response_body=json.dumps(body).encode(),
            started=float(number), answered=number + 0.5,
        )  # fmt: skip

    history = History(
        Contract(load(shipped()["seedance2ai"])), [created(), polled(2, "completed"), polled(3, "processing")]
    )
    (found,) = (finding for finding in judge(history) if finding.check == "terminal-stays")
    assert found.severity == "failure"
    assert any(fact.startswith("S2-058") for fact in found.facts)


def created() -> Exchange:
    asked = {"mode": "text-to-video", "prompt": "a cat"}
    told = {"id": "sd2_abcdefghijklmnopqrstuvwx", "status": "queued", "model": "seedance", "credits_used": 30}
    return Exchange(
        1, "video.submit", "POST", "http://relay.test/api/v1/video/seedance", "/api/v1/video/seedance", status=201,
        request_headers=(("content-type", "application/json"), ("idempotency-key", "k")), started=1.0, answered=1.5,
        request_body=json.dumps(asked).encode(), response_body=json.dumps(told).encode(),
        response_headers=(("content-type", "application/json"),),
    )  # fmt: skip


@pytest.mark.parametrize(("others_are", "told"), [(b"", 1), (LATER, 0)])
def test_who_asks_too_much_is_not_refused_otherwise(others_are: bytes, told: int) -> None:
    """A rate may be there that no document has: then it refuses what was to be refused for something else."""

    def refused(number: int, body: bytes, answer: bytes, probe: str) -> Exchange:
        return Exchange(
            number, "chat.completions.create", "POST", "http://relay.test/v1/chat/completions", "/v1/chat/completions",
            status=429 if answer else 200, request_headers=(("content-type", "application/json"),), request_body=body,
            response_headers=(("content-type", "application/json"),), response_body=answer or b"{}", probe=probe,
        )  # fmt: skip

    asked = json.dumps(CHAT).encode()
    history = History(
        Contract(load(shipped()["unigateway"])),
        [refused(1, asked, LATER, "provoked:service_busy"), refused(2, asked, others_are, "")],
    )
    assert len([f for f in judge(history) if f.check == "refusal-kept" and "was brought about" in f.message]) == told


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "later"}, "request_id": "req_1"}
BROKEN = {"type": "error", "error": {"type": "api_error", "message": "oh"}, "request_id": "req_1"}
NO_KEY = {"type": "error", "error": {"type": "authentication_error", "message": "no"}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("refusals", "told"),
    [
        ([(500, BROKEN), (500, BROKEN)], {False}),
        ([(500, BROKEN)], {True}),
        ([(500, BROKEN), (401, NO_KEY)], {True}),
        ([(500, BROKEN), (529, OVERLOADED)], {True}),
        ([(401, NO_KEY), (401, NO_KEY)], set()),
    ],
)
def test_a_fault_of_the_client_that_is_always_told_as_the_servers_own_is_certain(
    refusals: list[tuple[int, Any]], told: set[bool]
) -> None:
    body = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": CHAT["messages"]}
    exchanges = [
        Exchange(
            number, "messages.create", "POST", "http://relay.test/v1/messages", "/v1/messages", who="wrong",
            request_headers=(("content-type", "application/json"), ("x-api-key", "sk-nobody")), started=float(number),
            request_body=json.dumps(body).encode(), status=status, answered=number + 0.5,
            response_headers=(("content-type", "application/json"),), response_body=json.dumps(said).encode(),
        )
        for number, (status, said) in enumerate(refusals)
    ]  # fmt: skip
    history = History(Contract(load(shipped()["unigateway"])), exchanges)
    assert {evidence.assumed for evidence in judge_condition(history)} == told
