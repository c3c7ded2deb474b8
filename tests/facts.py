"""Which facts of the documents the specs and the tests cite; a run ends with those nothing cites.

Nothing is imported for it: a spec cites in `x-source`, a test in a string that is just an id (of a
`facts` mark, or of a table that becomes marks), a case file anywhere.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documents import ROOT, SHARED

FACTS = SHARED / "facts.yaml"
PREFIXES = {
    "juhuo": "JH",
    "storyclaw": "SC",
    "seedance2ai": "S2",
    "clawdrouter": "CR",
    "unigateway": "UG",
}
KINDS = ("endpoint", "auth", "field", "rule", "status", "error", "quirk", "billing", "example")

ID = re.compile(rf"\b(?:{'|'.join(PREFIXES.values())})-\d{{3}}\b")
PLACED = re.compile(rf"({ID.pattern}) L([0-9][0-9+-]*)")

ASIDE_OPERATIONS: frozenset[str] = frozenset()
"""Operations that no spec has yet."""

ASIDE = {
    "SC-033": "set-up of the official SDKs",
    "CR-019": "set-up of the official SDKs",
    "CR-088": "what the samples in Ruby do",
    "CR-089": "how many samples there are",
    "CR-095": "links to other pages",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """What a document says, where: `lines` as in facts.yaml, `12-14,67`."""

    id: str
    vendor: str
    kind: str
    lines: str
    text: str
    operation: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A fact's id in a file; `lines` as in an `x-source`, `12-14+67`, or empty."""

    id: str
    path: Path
    lines: str = ""


def read_facts() -> dict[str, Fact]:
    listed = yaml.load(FACTS.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return {
        raw["id"]: Fact(
            id=raw["id"],
            vendor=raw["vendor"],
            kind=raw["kind"],
            lines=raw["lines"],
            text=raw["text"],
            operation=raw.get("operation", ""),
        )
        for raw in listed
    }


def iter_sources(node: Any) -> Iterator[str]:
    """Every text of every `x-source` in a spec."""
    if isinstance(node, list):
        for item in node:
            yield from iter_sources(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "x-source":
                yield from [value] if isinstance(value, str) else value
            else:
                yield from iter_sources(value)


def iter_spec_citations(path: Path) -> Iterator[Citation]:
    spec = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    for source in iter_sources(spec):
        placed = dict(PLACED.findall(source))
        yield from (Citation(each, path, placed.get(each, "")) for each in ID.findall(source))


def iter_test_citations(path: Path) -> Iterator[Citation]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and ID.fullmatch(value):
            yield Citation(value, path)


def iter_case_citations(path: Path) -> Iterator[Citation]:
    yield from (Citation(each, path) for each in ID.findall(path.read_text("utf-8")))


def iter_citations() -> Iterator[Citation]:
    for path in sorted((ROOT / "specs").rglob("*.yaml")):
        yield from iter_spec_citations(path)
    for path in sorted((ROOT / "tests").rglob("*.py")):
        yield from iter_test_citations(path)
    for path in sorted((ROOT / "tests" / "cases").rglob("*.yaml")):
        yield from iter_case_citations(path)


def is_wanted(fact: Fact) -> bool:
    """Whether a spec or a test has to cite the fact."""
    is_aside = fact.id in ASIDE or fact.operation in ASIDE_OPERATIONS
    return fact.vendor in PREFIXES and fact.kind in KINDS and not is_aside


def iter_report(facts: Mapping[str, Fact], cited: Iterable[str], *, is_whole: bool) -> Iterator[str]:
    """A line for each fact that nothing cites, if the whole list is asked for, and a count."""
    wanted = [fact for fact in facts.values() if is_wanted(fact)]
    missing = [fact for fact in wanted if fact.id not in set(cited)]
    if is_whole:
        for fact in missing:
            yield f"{fact.id} {fact.kind} L{fact.lines.replace(',', '+')}: {fact.text}"
    yield f"{len(wanted) - len(missing)} of {len(wanted)} facts are cited, {len(missing)} are not"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The list stands after a run of everything, the count after every run."""
    if FACTS.exists():
        is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
        terminalreporter.section("facts of the documents")
        cited = {citation.id for citation in iter_citations()}
        for line in iter_report(read_facts(), cited, is_whole=is_whole):
            terminalreporter.line(line)
