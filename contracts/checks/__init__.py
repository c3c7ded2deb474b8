"""The checks: small functions from a history to evidence, in one literal table.

A check never sends anything: what it judges may come from a driver, a proxy, a journal or a recording.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from understudy.contracts.checks import answers, errors, lifecycle
from understudy.contracts.finding import Evidence, Finding
from understudy.contracts.history import History

Judge = Callable[[History], Iterator[Evidence]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check with its family, the sentence that is its title, how grave it is at most, and the judge itself.

    `facts`: what it rests on where its evidence cites nothing better: ids of facts, or a standard (`RFC 9110`).
    """

    id: str
    family: str
    title: str
    severity: str
    judge: Judge
    facts: tuple[str, ...] = field(default=())


CHECKS: tuple[Check, ...] = (
    Check("answer-shape", "schema", "an answer is what the spec's schema says", "failure", answers.judge_shape),
    Check("answer-described", "schema", "an answer's status and media type are described", "failure", answers.judge_described),
    Check("refusal-words", "errors", "a refusal has a documented status and code", "failure", errors.judge_words),
    Check("terminal-stays", "lifecycle", "a task never leaves a terminal state", "failure", lifecycle.judge_terminal),
    Check("states-in-order", "lifecycle", "a task's states come in their order", "failure", lifecycle.judge_order),
)  # fmt: skip


def judge(history: History, checks: Iterable[Check] = CHECKS, seed: int = 0) -> list[Finding]:
    """What the checks find, each thing once, with the fewest exchanges that show it."""
    found: dict[tuple[str, ...], Finding] = {}
    for check in checks:
        for evidence in check.judge(history):
            finding = _finding(check, evidence, seed)
            known = found.get(finding.identity)
            if known is None or len(finding.exchanges) < len(known.exchanges):
                found[finding.identity] = finding
    return list(found.values())


def _finding(check: Check, evidence: Evidence, seed: int) -> Finding:
    severity = "warning" if evidence.assumed else check.severity
    facts = evidence.facts or check.facts
    return Finding(
        check.id, check.title, severity, facts, evidence.operation, evidence.message, evidence.exchanges,
        evidence.clause, seed,
    )  # fmt: skip
