"""What came of a search, as plain values that go from process to process; and of several searches, as of one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from understudy.auditions.files import document
from understudy.contracts.clauses import Verdict
from understudy.contracts.client.coverage import Coverage
from understudy.contracts.client.search import Catch, Search
from understudy.contracts.client.telling import tell, tell_trial
from understudy.contracts.finding import Finding
from understudy.contracts.report import Subject


@dataclass(frozen=True, slots=True)
class Caught:
    """What tripped a client, by its shortest script. `script` is the file's content; `told` and `did` tell both sides."""

    finding: Finding
    told: str
    did: str
    script: dict[str, Any]
    replies: int
    seconds: float
    examples: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A search that is over. `coverage` is None where nothing was searched, for `unfit` says why."""

    subject: Subject
    unfit: str = ""
    caught: tuple[Caught, ...] = ()
    examples: int = 0
    seconds: float = 0.0
    coverage: Coverage | None = None

    @property
    def per_second(self) -> float:
        """Examples a second."""
        return self.examples / self.seconds if self.seconds else 0.0


def outcome_of(subject: Subject, unfit: str, found: Search | None, client: Sequence[str]) -> Outcome:
    """What came of one search, None where there was none."""
    if found is None:
        return Outcome(subject, unfit)
    caught = tuple(_caught(catch, list(client)) for catch in found.caught)
    return Outcome(subject, unfit, caught, found.examples, found.elapsed, found.coverage)


def _caught(catch: Catch, client: list[str]) -> Caught:
    trial = catch.trial
    script = document(trial, [catch.finding], client)
    did = tell_trial(trial)
    size = trial.case.script.size
    return Caught(catch.finding, tell(trial.case.script), did, script, size, catch.seconds, catch.examples)


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """Several searches of one client as one: sums, and each judgement once, by the shortest of its scripts."""
    caught: dict[str, tuple[int, Caught]] = {}
    for number, outcome in enumerate(outcomes):
        for catch in outcome.caught:
            known = caught.get(catch.finding.check)
            if known is None or _size(catch) < _size(known[1]):
                caught[catch.finding.check] = (number, catch)
    chosen = {check: number for check, (number, _) in caught.items()}
    return Outcome(
        _merge_subjects([outcome.subject for outcome in outcomes], chosen),
        next((outcome.unfit for outcome in outcomes if outcome.unfit), ""),
        tuple(catch for _, catch in caught.values()),
        sum(outcome.examples for outcome in outcomes),
        max(outcome.seconds for outcome in outcomes),
        _merge_coverages([outcome.coverage for outcome in outcomes if outcome.coverage]),
    )


def _size(catch: Caught) -> tuple[bool, int, float]:
    return catch.finding.severity == "warning", catch.replies, catch.seconds


def _merge_subjects(subjects: Sequence[Subject], chosen: dict[str, int]) -> Subject:
    """One report; `chosen` names for a check the search that tells of it, else the first that has it does."""
    teller = dict(chosen)
    for number, subject in enumerate(subjects):
        for finding in subject.findings:
            teller.setdefault(finding.check, number)
    findings = [
        finding
        for number, subject in enumerate(subjects)
        for finding in subject.findings
        if teller[finding.check] == number
    ]
    return replace(
        subjects[0],
        findings=tuple(sorted(findings, key=lambda finding: finding.severity)),
        verdicts=tuple(_gravest(column) for column in zip(*(subject.verdicts for subject in subjects), strict=True)),
        exchanges=tuple(dict.fromkeys(exchange for finding in findings for exchange in finding.exchanges)),
        secrets=frozenset().union(*(subject.secrets for subject in subjects)),
        notes=tuple(dict.fromkeys(note for subject in subjects for note in subject.notes)),
    )


# The later in this list the more it says of a client.
_GRAVITY = ("not checked", "passed", "warned", "failed")


def _gravest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: _GRAVITY.index(verdict.status))


def _merge_coverages(coverages: Sequence[Coverage]) -> Coverage | None:
    if not coverages:
        return None
    states = dict.fromkeys(state for coverage in coverages for state in coverage.states)
    faults = dict.fromkeys(fault for coverage in coverages for fault in coverage.faults)
    counts = sum((coverage.counts for coverage in coverages), Counter[tuple[str, str]]())
    return Coverage(tuple(states), tuple(faults), counts)
