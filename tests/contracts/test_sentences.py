"""What the sentence of a refusal may hold: words for people, and no error or page of somebody else."""

import json
from typing import Any

import pytest

from understudy.contracts.checks.errors import find_wrapped, judge_field, judge_words
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.specs.loader import load, shipped

ERROR = '{"error": {"message": "model is required", "type": "invalid_request_error"}}'


@pytest.mark.parametrize(
    ("sentence", "wrapped"),
    [
        (ERROR, ERROR),
        (f"status_code=400, {ERROR} (request id: 1)", ERROR),
        (f"BadRequestError - b'{ERROR}'", ERROR),
        ('{"code": 4000, "message": "no"}', '{"code": 4000, "message": "no"}'),
        ("bad gateway: <html><body>nginx</body></html>", "<html><body>nginx</body></html>"),
        ("a member {of a set} is wrong", ""),
        ("{'a': 1} is not of type 'string'", ""),
        ('{"message": "hello"} is no question', ""),
        ("expected one of {", ""),
        ("no", ""),
    ],
)
def test_an_error_within_a_sentence_is_found(sentence: str, wrapped: str) -> None:
    assert find_wrapped(sentence) == wrapped


def _refused(sent: Any, sentence: str, status: int = 400, **told: Any) -> History:
    """A history of one refusal of a question."""
    contract = Contract(load(shipped()["clawdrouter"]))
    body = {"error": {"message": sentence, "type": "invalid_request_error", "param": None, "code": None, **told}}
    exchange = Exchange(
        1, "chat.completions.create", "POST", "", "/v1/chat/completions", request_body=json.dumps(sent).encode(),
        started=0.0, answered=1.0, status=status, response_headers=(("content-type", "application/json"),),
        response_body=json.dumps(body).encode(),
    )  # fmt: skip
    return History(contract, [exchange])


def _asked(said: Any) -> Any:
    return {"model": "gpt-5.4", "messages": [{"role": "user", "content": said}]}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('what is "<html lang=en>" for?', "the question 'what is \"<html lang=en>\" for?' is too long"),
        (ERROR, f"the question {ERROR} is too long"),
        ({"message": "hello", "kind": "odd"}, 'no content: {"kind":"odd",  "message":"hello"}'),
    ],
)
def test_what_the_client_said_itself_may_be_quoted(said: Any, sentence: str) -> None:
    assert [e.message for e in judge_words(_refused(_asked(said), sentence)) if "somebody else" in e.message] == []
    assert any("somebody else" in e.message for e in judge_words(_refused(_asked("hello"), sentence)))


def test_a_sentence_of_many_beginnings_is_read_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.contracts.checks.errors.MOST_TRIED", 2)
    assert find_wrapped("{ " + ERROR) == ERROR
    assert find_wrapped("{ { " + ERROR) == ""


def test_a_refusal_in_no_documented_words_that_names_a_good_member_is_warned_of() -> None:
    history = _refused({**_asked("hello"), "max_tokens": "x"}, "no", 422, param="messages", code="odd")
    assert [(e.message, e.assumed) for e in judge_field(history)] == [
        ("it is refused for its member 'messages', and what is wrong is max_tokens", True)
    ]
