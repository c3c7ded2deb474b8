"""The zoo itself: every liar says what convicts it, and the checks it names are there."""

from tests.liars.lies import EXPECTED, LIARS
from understudy.contracts.checks import CHECKS


def test_each_liar_names_checks_that_there_are() -> None:
    known = {check.id for check in CHECKS}
    assert set(EXPECTED) == set(LIARS)
    assert {name: checks - known for name, checks in EXPECTED.items() if not checks or checks - known} == {}


def test_there_are_many_of_every_provider() -> None:
    counts = {
        slug: sum(liar.provider == slug for liar in LIARS.values()) for slug in {x.provider for x in LIARS.values()}
    }
    assert len(counts) == 5
    assert min(counts.values()) >= 12
