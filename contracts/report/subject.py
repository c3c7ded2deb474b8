"""What a report is about, whoever judged: a relay, a client, a recording."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from understudy.contracts.clauses import Tally, Verdict, tally
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Finding
from understudy.contracts.report.redact import Redactor


@dataclass(frozen=True, slots=True)
class Subject:
    """`title` is the first line, `secrets` are never shown; `accepted` findings are known and do not count."""

    title: str
    provider: str
    target: str
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    accepted: tuple[Finding, ...] = ()
    secrets: frozenset[str] = frozenset()
    seed: int = 0
    stopped: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def tally(self) -> Tally:
        """Index and score."""
        return tally(self.verdicts)

    @property
    def redactor(self) -> Redactor:
        """Masks the secrets."""
        return Redactor(self.secrets)

    def in_family(self) -> Iterable[tuple[str, list[Verdict]]]:
        """The verdicts by the family of their clauses."""
        families: dict[str, list[Verdict]] = {}
        for verdict in self.verdicts:
            families.setdefault(verdict.clause.family, []).append(verdict)
        return families.items()
