"""Each clause of the spec holds; one that was not reached is skipped, with the reason."""

import pytest

from understudy.contracts.run import Result


def test_clause(clause: str, result: Result) -> None:
    verdict = next(verdict for verdict in result.verdicts if verdict.clause.id == clause)
    if verdict.status == "not checked":
        pytest.skip(verdict.reason)
    if verdict.status == "failed":
        pytest.fail(f"{verdict.clause.text}: {verdict.reason}", pytrace=False)


def test_something_was_checked(result: Result) -> None:
    assert result.tally.checked, "a run that checked nothing says nothing"
