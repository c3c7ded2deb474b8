"""What a search draws from: bodies by their schema, steps that make a client wait, and the stages that depend on what was seen."""

import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.contracts.zoo import audition
from understudy.auditions.run import run
from understudy.auditions.searching import search
from understudy.contracts.client.bodies import rows
from understudy.contracts.client.catalogue import entries, fault_of, singles
from understudy.contracts.client.drawing import Drawing
from understudy.contracts.client.edits import apply
from understudy.contracts.client.examine import Bounds, Cast, Examination, rehearse
from understudy.contracts.client.script import EVER, Script
from understudy.contracts.client.search import Budget
from understudy.contracts.client.theatre import Theatre
from understudy.contracts.client.use import Use


@pytest.fixture(scope="module")
def use() -> Use:
    held = audition("juhuo", drivers=1)

    async def act(theatre: Theatre, cast: Cast) -> Examination:
        return await rehearse(theatre, cast, Script("juhuo"), Bounds(20.0, 1))

    found = run(held.hold(act)).use
    assert found
    return found


def test_bodies_are_fine_by_the_schema_or_not(use: Use) -> None:
    seen = use.trial.of("task.get")[-1]
    operation = seen.contract.operations[seen.exchange.operation]
    shape = seen.contract.answer_shape(operation, 200, "application/json")
    body = json.loads(seen.exchange.response_body)
    assert shape
    drawn = rows(seen)
    fine = [row.edits for row in drawn if row.is_fine]
    assert all(shape.is_valid(apply(body, edits, {})) for edits in fine)
    assert ({"at": "/result/understudy", "to": {"nested": [1, None]}},) in fine
    assert ({"at": "/result/creditCost", "to": 0.5},) in fine
    assert any(edits[0]["at"] == "/result/errorMsg" and len(str(edits[0].get("to"))) > 1_000 for edits in fine)
    broken = [row.edits for row in drawn if not row.is_fine]
    assert ({"at": "/result/taskId"},) in broken
    assert ({"at": "/result/taskId"}, {"at": "/result/taskId_understudy", "to": body["result"]["taskId"]}) in broken
    assert ({"at": "/result/status", "to": []},) in broken
    # Another state is fine by the schema, but does not mean the same.
    assert ({"at": "/result/status", "to": "fail"},) in broken


def test_no_drawn_body_leads_a_client_to_another_machine(use: Use) -> None:
    drawn = [row for seen in use.trial.seen for row in rows(seen)]
    own = {seen.exchange.url.partition("/_w")[0] for seen in use.trial.seen}
    added = [edit["to"] for row in drawn for edit in row.edits if isinstance(edit.get("to"), str)]
    assert [text for text in added if "://" in text and not any(text.startswith(url) for url in own)] == []


def test_a_search_begins_with_every_known_trouble_alone_and_waits_last(use: Use) -> None:
    chosen = singles(use, 0)
    faults = [
        {fault_of(step) for r in case.script.replies for step in r.steps if not step.is_healthy} for case in chosen
    ]
    assert all(len(case.script.replies) <= 1 for case in chosen)
    assert {"put off"} in faults
    assert faults[-1] == {"silent"}
    assert faults.index({"put off"}) > faults.index({"stands"})


def test_what_puts_a_client_off_can_come_often_where_it_does_so_for_no_time(use: Use) -> None:
    put_off = [entry for entry in entries(use, 0) if entry.step.retry_after]
    assert {entry.step.retry_after for entry in put_off if not entry.is_slow} == {"0"}
    assert {entry.step.retry_after for entry in put_off if entry.is_slow} >= {"1", "2"}
    # Of a client that is put off for no time nothing is demanded.
    assert not any(entry.bears for entry in put_off if not entry.is_slow)


def test_scripts_are_drawn_of_everything(use: Use) -> None:
    met: set[str] = set()
    often: set[int] = set()

    @settings(
        max_examples=300,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(Drawing(use, 0, silence=True).scripts())
    def look(script: Script) -> None:
        steps = [step for replies in script.replies for step in replies.steps if not step.is_healthy]
        met.update(fault_of(step) for step in steps)
        often.update(step.repeat for step in steps)

    look()
    assert {"members", "cut", "lost", "page"} <= met
    assert EVER in often
    assert 1 in often


@pytest.mark.parametrize(
    ("client", "flaw", "check"),
    [
        ("juhuo", "deadline_before_state", "last-word-counts"),
        ("juhuo", "tls_unverified", "certificate-checked"),
        ("juhuo-list", "counts_pages_itself", "list-whole"),
        ("callbacks", "trusts_forged", "forged-refused"),
        ("juhuo", "ignores_retry_after", "retry-after-kept"),
        ("chat-stream", "waits_for_close", "no-false-failure"),
        # What is only a warning is told, too.
        ("picture", "buys_again", "paid-once"),
        ("juhuo-list", "item_twice", "items-once"),
    ],
)
def test_a_search_finds_what_takes_stages_and_patience(client: str, flaw: str, check: str) -> None:
    held = audition(client, flaw, drivers=1)
    done, found = search(held, Script(held.provider.slug), Bounds(15.0, 1), Budget(90.0, 130, 0), lambda search: None)
    assert not done.unfit
    assert found
    assert check in {catch.finding.check for catch in found.caught}
    assert all(catch.trial.case.script.size <= 4 for catch in found.caught)
