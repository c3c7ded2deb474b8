"""Looks at a task that overlap: what comes after both is compared with the one that had ended, whoever stands between."""

import json

import pytest

from understudy.contracts.checks.lifecycle import judge_order, judge_terminal
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History, Sighting, Story
from understudy.contracts.inputs import find_task_body
from understudy.specs.loader import load, shipped
from understudy.specs.model import State

CONTRACT = Contract(load(shipped()["juhuo"]))
SUBMIT, GET = CONTRACT.serving("task.submit")[0], CONTRACT.serving("task.get")[0]
TASK = "gen_aaaaaaaaaaaa"
JSON = (("content-type", "application/json"),)


def _told(serial: int, started: float, answered: float, status: str) -> Exchange:
    """An answer about the task; the first is that of its create."""
    operation = GET if serial else SUBMIT
    asked = b"" if serial else json.dumps(find_task_body(CONTRACT, SUBMIT, CONTRACT.kinds_of(SUBMIT)[0])).encode()
    path = GET.path.replace("{taskId}", TASK) if serial else SUBMIT.path
    body = {"code": "200", "message": "Success", "result": {"taskId": TASK, "status": status}}
    return Exchange(
        serial, operation.id, operation.method, "", path, request_body=asked, started=started, answered=answered,
        status=200, response_headers=JSON, response_body=json.dumps(body).encode(),
    )  # fmt: skip


def _history(*looks: tuple[float, float, str]) -> History:
    told = [_told(serial, *look) for serial, look in enumerate(((0.0, 1.0, "queued"), *looks))]
    return History(CONTRACT, told)


def test_what_overlaps_another_look_is_compared_with_the_end_before_both() -> None:
    history = _history((2, 3, "success"), (4, 6, "success"), (5, 7, "generating"))
    assert [evidence.message for evidence in judge_terminal(history)] == [
        f"task '{TASK}' left the terminal state 'success' to 'generating'"
    ]


def test_an_end_that_overlaps_the_look_before_is_an_end_all_the_same() -> None:
    history = _history((2, 4, "success"), (3, 5, "generating"), (6, 7, "generating"))
    assert len(list(judge_terminal(history))) == 1


def test_what_overlaps_has_no_order() -> None:
    history = _history((2, 4, "generating"), (3, 5, "queued"), (6, 7, "success"))
    assert [*judge_terminal(history), *judge_order(history)] == []


def test_each_look_is_read_once_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    history = _history(*((2 * n, 2 * n + 1, "generating") for n in range(1, 100)))
    read: list[Sighting] = []
    states = Story.states

    def noted(story: Story, sighting: Sighting) -> tuple[State, ...]:
        read.append(sighting)
        return states(story, sighting)

    monkeypatch.setattr(Story, "states", noted)
    assert list(judge_terminal(history)) == []
    assert len(read) <= 2 * 100
