"""The report on a terminal: rich where one looks at it, plain where it is piped."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from understudy.contracts.clauses import STATUSES
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Finding
from understudy.contracts.report.redact import Redactor
from understudy.contracts.report.subject import Subject

_STYLES = {
    "passed": "green",
    "failed": "bold red",
    "warned": "yellow",
    "not checked": "dim",
    "failure": "bold red",
    "warning": "yellow",
}

# So many findings of one check at one operation are shown whole.
MOST_ALIKE = 8


def show(subject: Subject, console: Console, verbose: bool = False) -> None:
    """Print the report; `verbose` names each clause that was not checked, too."""
    _show_families(subject, console)
    for finding in _shown(subject.findings, console):
        _show_finding(subject, console, finding)
    if verbose:
        _show_unchecked(subject, console)
    tally = subject.tally
    if subject.stopped:
        console.print(Text(f"The run was {subject.stopped}; this is what it had.", "yellow"))
    grave = sum(finding.severity == "failure" for finding in subject.findings)
    accepted = f", {len(subject.accepted)} accepted by the baseline" if subject.accepted else ""
    console.print(
        f"{grave} failures, {len(subject.findings) - grave} warnings{accepted}; {len(subject.exchanges)} exchanges, seed {subject.seed}"
    )
    console.print(
        f"index {tally.index:.0%} ({tally.checked} of {tally.checkable} clauses checked), score {tally.score:.0%} ({tally.held} hold)"
    )


def _show_families(subject: Subject, console: Console) -> None:
    table = Table(title=subject.title, title_justify="left", box=None)
    table.add_column("clauses")
    for status in STATUSES:
        table.add_column(status, justify="right")
    for family, verdicts in subject.in_family():
        counts = Counter(verdict.status for verdict in verdicts)
        cells = [Text(str(counts[s]), _STYLES[s]) if counts[s] else Text("·", "dim") for s in STATUSES]
        table.add_row(family, *cells)
    console.print(table)
    reasons = Counter(v.reason for v in subject.verdicts if v.status == "not checked")
    for reason, count in reasons.most_common():
        console.print(Text(f"not checked: {count} × {reason}", "dim"))
    console.print()


def _shown(findings: Sequence[Finding], console: Console) -> Iterator[Finding]:
    """Of findings of one check at one operation some; after the last of them how many more there are."""
    counts = Counter((f.check, f.severity, f.operation) for f in findings)
    seen = Counter[tuple[str, str, str]]()
    for finding in findings:
        like = finding.check, finding.severity, finding.operation
        seen[like] += 1
        if seen[like] <= MOST_ALIKE:
            yield finding
        if seen[like] == MOST_ALIKE < counts[like]:
            more = f"{counts[like] - MOST_ALIKE} more {finding.severity}s of {finding.check} at {finding.operation or 'no operation'}"
            console.print(Text(f"… {more}: --report json=FILE has all", _STYLES[finding.severity]))
            console.print()


def _show_finding(subject: Subject, console: Console, finding: Finding) -> None:
    redactor = subject.redactor
    console.print(Text(f"{finding.severity}: {finding.title}", _STYLES[finding.severity]))
    console.print(Text(f"  {redactor.text(finding.message)}"))
    console.print(Text(f"  {finding.check} at {finding.operation or 'no operation'}; seed {finding.seed}", "dim"))
    for fact in finding.facts:
        console.print(Text(f"  {fact}", "cyan"))
    for exchange in finding.exchanges:
        console.print(Text(f"  {_asked(redactor, exchange)}"), soft_wrap=True)
        answer = redactor.body(exchange.response_body, 600)
        console.print(Text(f"  → {exchange.status or exchange.error} {answer}", "dim"), soft_wrap=True)
    console.print()


def _asked(redactor: Redactor, exchange: Exchange) -> str:
    """How a request is repeated; what a relay asked its provider is only told."""
    if exchange.where == "client":
        return redactor.curl(exchange)
    return f"behind it: {exchange.method} {exchange.path} {redactor.body(exchange.request_body, 400)}"


def _show_unchecked(subject: Subject, console: Console) -> None:
    for verdict in subject.verdicts:
        if verdict.status == "not checked":
            console.print(Text(f"not checked: {verdict.clause.id}: {verdict.reason}", "dim"))
