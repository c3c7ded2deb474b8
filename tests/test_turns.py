"""How several workers share out the tests."""

from tests.documents import ROOT
from tests.turns import IN_PARTS, LONGEST, rank_of, unit_of


def test_what_is_named_is_there() -> None:
    assert [name for name in (*LONGEST, *IN_PARTS) if not (ROOT / name).is_file()] == []


def test_a_file_is_one_unit_and_a_long_one_is_many() -> None:
    assert unit_of("tests/test_wheel.py::test_a") == unit_of("tests/test_wheel.py::test_b[x::y]")
    long = next(iter(IN_PARTS))
    assert unit_of(f"{long}::test_a[1]") != unit_of(f"{long}::test_a[2]")


def test_the_long_ones_come_first() -> None:
    ranks = [rank_of(ROOT / name) for name in (*LONGEST, "tests/test_turns.py")]
    assert ranks == sorted(set(ranks))
