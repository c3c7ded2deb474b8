"""What specs, tests and cases cite stands in the list of facts, at the lines that they give."""

from pathlib import Path

import pytest

from tests.facts import FACTS, Citation, Fact, iter_citations, iter_report, read_facts

needs_facts = pytest.mark.skipif(not FACTS.exists(), reason=f"no {FACTS}")


def fact(name: str, kind: str = "rule") -> Fact:
    return Fact(name, "juhuo", kind, "46,123", "The code is a string.", "")


def describe_error(citation: Citation, facts: dict[str, Fact]) -> str:
    """What is wrong with the citation, or nothing."""
    if citation.id not in facts:
        return f"{citation.path.name}: there is no fact {citation.id}"
    lines = facts[citation.id].lines
    if citation.lines and set(citation.lines.split("+")) != set(lines.split(",")):
        said = lines.replace(",", "+")
        return f"{citation.path.name}: {citation.id} stands at L{said}, not L{citation.lines}"
    return ""


@needs_facts
def test_citations_agree_with_the_facts() -> None:
    facts = read_facts()
    found = {describe_error(citation, facts) for citation in iter_citations()} - {""}
    assert not found, "\n".join(sorted(found))


@pytest.mark.parametrize(
    ("citation", "error"),
    [
        (Citation("a", Path("x.yaml"), "46+123"), ""),
        (Citation("a", Path("x.yaml")), ""),
        (Citation("a", Path("x.yaml"), "46"), "x.yaml: a stands at L46+123, not L46"),
        (Citation("b", Path("x.yaml"), "46"), "x.yaml: there is no fact b"),
    ],
)
def test_wrong_citations_are_told(citation: Citation, error: str) -> None:
    assert describe_error(citation, {"a": fact("a")}) == error


def test_report_lists_what_nothing_cites() -> None:
    facts = {name: fact(name) for name in "ab"} | {"c": fact("c", "ambiguity")}
    missing = "b rule L46+123: The code is a string."
    count = "1 of 2 facts are cited, 1 are not"
    assert list(iter_report(facts, ["a", "c"], is_whole=True)) == [missing, count]
    assert list(iter_report(facts, ["a", "c"], is_whole=False)) == [count]
