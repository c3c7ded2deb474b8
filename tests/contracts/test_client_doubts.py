"""What a slow machine may be to blame for counts when it shows twice."""

from understudy.contracts.client.judgements import confirmed, is_doubtful
from understudy.contracts.finding import Finding


def _finding(check: str, severity: str = "failure") -> Finding:
    return Finding(check, check, severity, (), "", "", (), "drawn", 0)


def test_what_shows_once_is_dropped_where_a_slow_machine_may_be_to_blame() -> None:
    gave_up, paid = _finding("no-false-failure"), _finding("paid-once")
    assert is_doubtful([paid, gave_up])
    assert not is_doubtful([paid, _finding("no-false-failure", "warning")])
    assert confirmed([gave_up, paid], []) == [paid]
    assert confirmed([gave_up, paid], [gave_up]) == [gave_up, paid]
