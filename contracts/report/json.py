"""The report as JSON, of a published schema: `report.schema.json` beside this module."""

import json
from typing import Any

from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Finding
from understudy.contracts.report.subject import Subject

VERSION = 1


def as_json(subject: Subject) -> str:
    """The whole report."""
    return json.dumps(to_value(subject), ensure_ascii=False, indent=2) + "\n"


def to_value(subject: Subject) -> dict[str, Any]:
    """The report as a plain value."""
    tally = subject.tally
    return {
        "version": VERSION,
        "provider": subject.provider,
        "target": subject.target,
        "seed": subject.seed,
        "stopped": subject.stopped or None,
        "index": round(tally.index, 4),
        "score": round(tally.score, 4),
        "exchanges": len(subject.exchanges),
        "findings": [_finding(subject, finding) for finding in subject.findings],
        "accepted": [_finding(subject, finding) for finding in subject.accepted],
        "clauses": [
            {
                "id": verdict.clause.id,
                "status": verdict.status,
                "reason": subject.redactor.text(verdict.reason),
                "text": verdict.clause.text,
                "facts": list(verdict.clause.citation.facts),
            }
            for verdict in subject.verdicts
        ],
    }


def _finding(subject: Subject, finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "facts": list(finding.facts),
        "operation": finding.operation,
        "title": finding.title,
        "message": subject.redactor.text(finding.message),
        "clause": finding.clause,
        "seed": finding.seed,
        "exchanges": [_exchange(subject, exchange) for exchange in finding.exchanges],
        "curl": [subject.redactor.curl(exchange) for exchange in finding.exchanges],
    }


def _exchange(subject: Subject, exchange: Exchange) -> dict[str, Any]:
    redactor = subject.redactor
    return {
        "method": exchange.method,
        "url": redactor.text(exchange.url),
        "who": exchange.who,
        "request": redactor.body(exchange.request_body),
        "status": exchange.status,
        "answer": redactor.body(exchange.response_body),
        "error": exchange.error,
    }
