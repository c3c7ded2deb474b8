"""Two bodies under one idempotency key at a time: one of them is taken, and the other is refused without reproach."""

import json
from typing import Any

from understudy.contracts.checks.repeats import judge_replay
from understudy.contracts.checks.requests import judge_accepted
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.contracts.inputs import find_task_body
from understudy.specs.loader import load, shipped

CONTRACT = Contract(load(shipped()["seedance2ai"]))
SUBMIT = CONTRACT.serving("task.submit")[0]
BODY = find_task_body(CONTRACT, SUBMIT, CONTRACT.kinds_of(SUBMIT)[0])
OTHER = {**BODY, "prompt": "Another train, of paper"}
CONFLICT = {"error": {"code": "idempotency_conflict", "message": "the key is in use"}}


def _create(serial: int, times: tuple[float, float], body: Any, task: str) -> Exchange:
    """A create under the one key; the task that it made, '' for a refusal."""
    told = {"id": task, "status": "queued", "credits_used": 30, "remaining_credits": 9} if task else CONFLICT
    return Exchange(
        serial, SUBMIT.id, "POST", "", SUBMIT.path, request_headers=(("Idempotency-Key", "one"),),
        request_body=json.dumps(body).encode(), started=times[0], answered=times[1], status=202 if task else 409,
        response_headers=(("content-type", "application/json"),), response_body=json.dumps(told).encode(),
    )  # fmt: skip


def test_who_takes_both_is_convicted() -> None:
    history = History(CONTRACT, [_create(1, (0, 2), BODY, "sd2_a"), _create(2, (1, 3), OTHER, "sd2_b")])
    assert [evidence.message for evidence in judge_replay(history)] == [
        "one key was taken for two bodies at a time: 'sd2_a' and 'sd2_b'"
    ]


def test_who_refuses_one_is_not_blamed() -> None:
    history = History(CONTRACT, [_create(1, (0, 2), BODY, "sd2_a"), _create(2, (1, 3), OTHER, "")])
    assert [*judge_replay(history), *judge_accepted(history)] == []


def test_what_comes_later_is_no_rival() -> None:
    history = History(CONTRACT, [_create(1, (0, 1), BODY, "sd2_a"), _create(2, (1, 3), OTHER, "sd2_b")])
    assert list(judge_replay(history)) == []


def test_another_account_is_no_rival() -> None:
    others = _create(1, (0, 2), BODY, "sd2_a").evolve(who="other")
    history = History(CONTRACT, [others, _create(2, (1, 3), OTHER, "")])
    assert [evidence.assumed for evidence in judge_accepted(history)] == [True]


def test_who_refuses_what_comes_alone_is_warned() -> None:
    history = History(CONTRACT, [_create(1, (0, 1), OTHER, "")])
    assert [evidence.assumed for evidence in judge_accepted(history)] == [True]
