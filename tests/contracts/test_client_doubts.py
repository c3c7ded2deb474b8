"""What a slow machine, or a driver's hurry, may be to blame for counts when it shows twice."""

from tests.contracts.zoo import audition, put_through
from understudy.auditions.searching import search
from understudy.contracts.client.examine import Bounds
from understudy.contracts.client.judgements import confirmed, is_doubtful
from understudy.contracts.client.script import Script
from understudy.contracts.client.search import Budget
from understudy.contracts.finding import Finding


def _finding(check: str, severity: str = "failure") -> Finding:
    return Finding(check, check, severity, (), "", "", (), "drawn", 0)


def test_what_shows_once_is_dropped_where_a_slow_machine_may_be_to_blame() -> None:
    gave_up, paid = _finding("no-false-failure"), _finding("paid-once")
    assert is_doubtful([paid, gave_up])
    assert not is_doubtful([paid, _finding("no-false-failure", "warning")])
    assert confirmed([gave_up, paid], []) == [paid]
    assert confirmed([gave_up, paid], [gave_up]) == [gave_up, paid]


def test_no_more_counts_than_the_second_look_shows() -> None:
    asked = _finding("knows-an-end")
    milder = _finding("knows-an-end", "warning")
    assert confirmed([asked], [milder]) == [milder]
    assert confirmed([milder], [asked]) == [milder]


def test_a_driver_that_counts_seconds_is_not_accused_of_what_it_does_in_a_hurry() -> None:
    done = put_through(audition("juhuo", "counts_seconds"), ("task-stuck",), patience=25.0)
    assert [(f.check, f.clause, f.message) for f in done.findings] == []


def test_a_search_looks_again_without_hurry_once() -> None:
    held = audition("juhuo", "counts_seconds", drivers=1)
    done, found = search(held, Script("juhuo"), Bounds(25.0, 1), Budget(60.0, 60, 0), lambda search: None)
    assert not done.unfit
    assert found
    assert found.caught == []
    # A look without hurry takes the client's whole patience.
    assert found.elapsed < 40
