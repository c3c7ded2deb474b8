"""Known findings, accepted: read from an earlier report, told apart from new ones by what they are, not by their exchanges."""

import json
from dataclasses import replace
from pathlib import Path

from understudy.contracts.finding import stem
from understudy.contracts.report.subject import Subject

Identity = tuple[str, str, str, str]


class BadBaseline(Exception):
    """A file that is no report; says why."""


def read_baseline(file: str) -> frozenset[Identity]:
    """The findings of a report in JSON; raises BadBaseline."""
    try:
        report = json.loads(Path(file).read_text("utf-8"))
        found = [*report["findings"], *report.get("accepted", ())]
        return frozenset((f["check"], f["operation"], f["clause"], stem(f["message"])) for f in found)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadBaseline(f"{file} is no report of ours: {problem}") from None


def accepting(subject: Subject, known: frozenset[Identity]) -> Subject:
    """The subject with the known findings set apart."""
    accepted = tuple(finding for finding in subject.findings if finding.identity in known)
    return replace(subject, findings=tuple(f for f in subject.findings if f not in accepted), accepted=accepted)
