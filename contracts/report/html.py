"""The report as one self-contained HTML page: no script, nothing loaded from elsewhere."""

from html import escape

from understudy.contracts.finding import Finding
from understudy.contracts.report.subject import Subject

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c0392b; --odd: #b8860b; --good: #2e8b57; --quiet: #888 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); white-space: pre-wrap; word-break: break-all }
.failed, .failure { color: var(--bad) } .warned, .warning { color: var(--odd) } .passed { color: var(--good) } .not { color: var(--quiet) }
article { border-left: 4px solid var(--bad); padding-left: 1rem; margin: 1.5rem 0 } article.warning { border-color: var(--odd) }
"""


def as_html(subject: Subject) -> str:
    """The whole page."""
    tally = subject.tally
    summary = (
        f"Index {tally.index:.0%} ({tally.checked} of {tally.checkable} clauses checked), "
        f"score {tally.score:.0%} ({tally.held} of them hold)."
    )
    parts = [
        f"<h1>{escape(subject.title)}</h1>",
        f"<p>{escape(subject.target)} as <b>{escape(subject.provider)}</b>, seed {subject.seed}, {len(subject.exchanges)} exchanges.</p>",
        f"<p>{escape(summary)}</p>",
        f"<p class=warning>{escape(subject.stopped)}</p>" if subject.stopped else "",
        f"<h2>{len(subject.findings)} findings</h2>",
        *(_article(subject, finding) for finding in subject.findings),
        "<h2>Clauses</h2>",
        *_tables(subject),
    ]
    title = escape(subject.title)
    head = f'<meta charset=utf-8><meta name=viewport content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _article(subject: Subject, finding: Finding) -> str:
    redactor = subject.redactor
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in finding.facts)
    shown = "".join(
        f"<pre>{escape(redactor.curl(exchange))}\n\n→ {exchange.status or exchange.error}\n"
        f"{escape(redactor.body(exchange.response_body))}</pre>"
        for exchange in finding.exchanges
    )
    return (
        f"<article class={finding.severity}><h3>{escape(finding.title)}</h3>"
        f"<p class={finding.severity}>{finding.severity}: {escape(redactor.text(finding.message))}</p>"
        f"<p><code>{escape(finding.check)}</code> at <code>{escape(finding.operation)}</code></p><ul>{facts}</ul>{shown}</article>"
    )


def _tables(subject: Subject) -> list[str]:
    tables = []
    for family, verdicts in subject.in_family():
        rows = "".join(
            f"<tr><td><code>{escape(v.clause.id)}</code><td>{escape(v.clause.text)}"
            f"<td class={v.status.split()[0]}>{v.status}<td>{escape(subject.redactor.text(v.reason))}</tr>"
            for v in verdicts
        )
        tables.append(f"<h3>{escape(family)}</h3><table>{rows}</table>")
    return tables
