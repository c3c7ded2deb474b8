"""The clauses of a spec: all that it promises and a run can see, each with how a run gets there.

A clause that no exchange reached is not checked, never passed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from understudy.contracts.clauses import answers, media, money, others, requests, tasks, texts, upstream
from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.finding import Finding
from understudy.contracts.history import History

FAMILIES: tuple[Callable[[Contract], Iterator[Clause]], ...] = (
    answers.iter_answers,
    answers.iter_refusals,
    answers.iter_paths,
    requests.iter_requests,
    requests.iter_rules,
    requests.iter_open_branches,
    tasks.iter_states,
    tasks.iter_orders,
    texts.iter_texts,
    media.iter_media,
    upstream.iter_behind,
    money.iter_money,
    others.iter_tasks,
    others.iter_owners,
    others.iter_repetitions,
    others.iter_cancels,
    others.iter_lists,
    others.iter_calls,
    others.iter_heads,
    others.iter_limits,
)

STATUSES = ("passed", "failed", "warned", "not checked")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a clause, and why where it did not pass."""

    clause: Clause
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of the document was checked (index), and how much of that holds (score); both from 0 to 1."""

    checkable: int
    checked: int
    held: int

    @property
    def index(self) -> float:
        """Checked of checkable."""
        return self.checked / self.checkable if self.checkable else 0.0

    @property
    def score(self) -> float:
        """Held of checked."""
        return self.held / self.checked if self.checked else 0.0


def iter_clauses(contract: Contract) -> Iterator[Clause]:
    """Every clause of a spec."""
    for family in FAMILIES:
        yield from family(contract)


def judge_clauses(history: History, findings: Iterable[Finding], reasons: Mapping[str, str]) -> list[Verdict]:
    """What became of each clause. `reasons`: why what starts so was not checked, by the beginning of its id."""
    broken: dict[str, list[Finding]] = {}
    for finding in findings:
        broken.setdefault(finding.clause, []).append(finding)
    return [_verdict(clause, history, broken.get(clause.id, []), reasons) for clause in iter_clauses(history.contract)]


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Count the verdicts; what only warned is held."""
    statuses = [verdict.status for verdict in verdicts]
    checked = len(statuses) - statuses.count("not checked")
    return Tally(len(statuses), checked, checked - statuses.count("failed"))


def _verdict(clause: Clause, history: History, found: list[Finding], reasons: Mapping[str, str]) -> Verdict:
    failures = [finding for finding in found if finding.severity == "failure"]
    if found:
        return Verdict(clause, "failed" if failures else "warned", (failures or found)[0].message)
    if clause.reached(history):
        return Verdict(clause, "passed")
    fitting = [prefix for prefix in reasons if clause.id.startswith(prefix)]
    return Verdict(clause, "not checked", reasons[max(fitting, key=len)] if fitting else clause.reason)
