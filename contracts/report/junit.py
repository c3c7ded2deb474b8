"""The report as JUnit XML, which CI systems read: a suite for each family, a case for each clause."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from understudy.contracts.clauses import Verdict
from understudy.contracts.finding import Finding
from understudy.contracts.report.subject import Subject


def as_junit(subject: Subject) -> str:
    """The whole report. Findings that no clause holds are cases of a suite of their own."""
    root = Element("testsuites", name=f"understudy {subject.provider}")
    for family, verdicts in subject.in_family():
        suite = SubElement(root, "testsuite", name=family, tests=str(len(verdicts)))
        for verdict in verdicts:
            _add_case(suite, subject, verdict)
        _count(suite)
    known = {verdict.clause.id for verdict in subject.verdicts}
    loose = [finding for finding in subject.findings if finding.clause not in known]
    if loose:
        suite = SubElement(root, "testsuite", name="findings", tests=str(len(loose)))
        for finding in loose:
            _add_finding(SubElement(suite, "testcase", classname=finding.check, name=finding.title), subject, finding)
        _count(suite)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _add_case(suite: Element, subject: Subject, verdict: Verdict) -> None:
    case = SubElement(suite, "testcase", classname=verdict.clause.family, name=verdict.clause.id)
    if verdict.status == "not checked":
        SubElement(case, "skipped", message=verdict.reason)
    found = [finding for finding in subject.findings if finding.clause == verdict.clause.id]
    for finding in found:
        _add_finding(case, subject, finding)


def _add_finding(case: Element, subject: Subject, finding: Finding) -> None:
    message = subject.redactor.text(finding.message)
    lines = [message, *finding.facts, *map(subject.redactor.curl, finding.exchanges)]
    if finding.severity == "failure":
        SubElement(case, "failure", message=printable(message), type=finding.check).text = printable("\n".join(lines))
    else:
        SubElement(case, "system-out").text = printable("\n".join(["warning:", *lines]))


def printable(text: str) -> str:
    """The text without the characters that XML does not know."""
    return "".join(
        c if c in "\n\t" or (c.isprintable() and c not in "\ufffe\uffff") or c == " " else "\ufffd" for c in text
    )


def _count(suite: Element) -> None:
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
