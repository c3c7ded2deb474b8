"""Where constraints come from: each form of `x-source`, and what is refused."""

import pytest

from understudy.specs.model import Source
from understudy.specs.problems import Misfit
from understudy.specs.sources import is_assumed, iter_sources, parse_source, parse_sources


@pytest.mark.parametrize(
    ("text", "fact", "lines", "assumed", "reason"),
    [
        ("JH-045 L111+123", "JH-045", "111+123", False, ""),
        ("S2-001 L17-19+36", "S2-001", "17-19+36", False, ""),
        ("JH-045", "JH-045", "", False, ""),
        ("L12", "", "12", False, ""),
        ("L12-14", "", "12-14", False, ""),
        ("L12: in the margin", "", "12", False, "in the margin"),
        ("assumed: nobody says", "", "", True, "nobody says"),
        ("assumed JH-130: caps of the upstream", "JH-130", "", True, "caps of the upstream"),
        ("assumed JH-130 L4: why\nand more", "JH-130", "4", True, "why\nand more"),
    ],
)
def test_forms(text: str, fact: str, lines: str, assumed: bool, reason: str) -> None:
    assert parse_source(text, ("a", "b/c")) == Source("/a/b~1c", fact, lines, assumed, reason)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a source"),
        ("somewhere", "is not a source"),
        ("JH-45", "is not a source"),
        ("L", "is not a source"),
        ("L12-", "is not a source"),
        ("assumed", "does not say why"),
        ("assumed JH-130", "does not say why"),
        ("assumed:", "is not a source"),
        ("assumedly: so", "is not a source"),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(Misfit, match=words):
        parse_source(text)


def test_a_list_has_several() -> None:
    assert [s.fact for s in parse_sources(["JH-001 L1", "assumed JH-002: so"])] == ["JH-001", "JH-002"]


def test_sources_are_found_everywhere() -> None:
    document = {"a": {"x-source": "L1", "b": [{"x-source": ["L2"]}]}, "x-source": "L3"}
    assert list(iter_sources(document)) == [(("a",), "L1"), (("a", "b", 0), ["L2"]), ((), "L3")]


@pytest.mark.parametrize(
    ("source", "assumed"),
    [("L1", False), ("assumed: so", True), (["assumed: so", "L1"], False), (["assumed: so", "assumed: too"], True)],
)
def test_assumed(source: str | list[str], assumed: bool) -> None:
    assert is_assumed({"x-source": source}) is assumed


def test_without_a_source_nothing_is_assumed() -> None:
    assert not is_assumed({})
    assert not is_assumed(True)
