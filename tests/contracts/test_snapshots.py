"""Answers of a model under a longer name: a snapshot of it, or another model."""

import json

import pytest

from understudy.contracts.checks import judge
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.specs.loader import load, shipped

JSON = (("content-type", "application/json"),)


def _severities(slug: str, asked: str, named: str) -> list[str]:
    """How an answer of a model to a question of another is judged."""
    question = {"model": asked, "max_tokens": 9, "messages": [{"role": "user", "content": "Say hello."}]}
    sent, told = (json.dumps(body).encode() for body in (question, _answer(slug, named)))
    name, path = (
        ("messages.create", "/v1/messages")
        if slug == "storyclaw"
        else ("chat.completions.create", "/v1/chat/completions")
    )
    exchange = Exchange(
        1, name, "POST", f"http://relay.test{path}", path, request_headers=JSON, request_body=sent, started=0.0,
        answered=1.0, status=200, response_headers=JSON, response_body=told,
    )  # fmt: skip
    found = judge(History(Contract(load(shipped()[slug])), [exchange]))
    return [finding.severity for finding in found if finding.check == "text-model"]


def _answer(slug: str, model: str) -> object:
    if slug == "storyclaw":
        said = [{"type": "text", "text": "Hello."}]
        usage = {"input_tokens": 3, "output_tokens": 2}
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": said,
            "stop_reason": "end_turn", "stop_sequence": None, "usage": usage,
        }  # fmt: skip
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


@pytest.mark.parametrize("suffix", ["", "-2026-03-05", "-20260305", "-002", "-0613", "@20260305", "@latest"])
def test_a_model_may_name_its_snapshot(suffix: str) -> None:
    assert _severities("clawdrouter", "gpt-5.4", f"gpt-5.4{suffix}") == []


@pytest.mark.parametrize(
    "named", ["gpt-5.4-mini", "gpt-5.4-2", "gpt-5.4-2026-03-05-mini", "azure/gpt-5.4-2026-03-05", "gpt-5"]
)
def test_another_name_is_another_model(named: str) -> None:
    assert _severities("clawdrouter", "gpt-5.4", named) == ["failure"]


def test_a_snapshot_is_warned_of_where_a_documented_answer_names_the_model_itself() -> None:
    assert _severities("storyclaw", "claude-sonnet-4-6", "claude-sonnet-4-6") == []
    assert _severities("storyclaw", "claude-sonnet-4-6", "claude-sonnet-4-6-20260217") == ["warning"]
    assert _severities("storyclaw", "claude-sonnet-4-6", "claude-opus-4-7") == ["failure"]
