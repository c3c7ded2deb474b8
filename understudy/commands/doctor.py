"""`understudy doctor`: whether this machine has what is needed, and what to do where it has not."""

import argparse
import json
import sys

from understudy.commands.columns import iter_lines
from understudy.commands.symptoms import SYMPTOMS, Finding, Ports
from understudy.usage import Parser, is_coloured

_EXAMPLES = (
    ("understudy doctor", "look at everything"),
    ("understudy doctor --port 8080 --media-port 8081", "other ports"),
    ("understudy doctor --json", "for a script; the exit code is 1 when something is missing"),
)
_COLOURS = {"ok": "\x1b[32m", "note": "\x1b[33m", "wrong": "\x1b[31m"}
_PLAIN = "\x1b[0m"


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(
        prog="understudy doctor",
        description="Look whether this machine has what is needed, and say what to do where it has not.",
        examples=_EXAMPLES,
    )
    words.add_argument("--port", type=int, default=4010, help="the port to serve on (default %(default)s)")
    words.add_argument("--media-port", type=int, default=4011, help="the second origin's (default %(default)s)")
    words.add_argument("--json", action="store_true", help="print JSON")
    return words


def run(arguments: list[str]) -> int:
    """Look at each thing; the exit code is 1 when something that is needed is missing."""
    options = parser().parse_args(arguments)
    ports = Ports(options.port, options.media_port)
    findings = [finding for look in SYMPTOMS for finding in look(ports)]
    wrong = sum(finding.status == "wrong" for finding in findings)
    if options.json:
        plain = [{"name": f.name, "status": f.status, "said": f.said, "advice": f.advice} for f in findings]
        print(json.dumps(plain, ensure_ascii=False, indent=2))
    else:
        for line in _lines(findings):
            print(line)
        print(f"\n{wrong} of {len(findings)} need something done" if wrong else "\nready: understudy serve")
    return 1 if wrong else 0


def _lines(findings: list[Finding]) -> list[str]:
    lines = list(iter_lines([(f.status, f.name, f.said) for f in findings], ""))
    told: list[str] = []
    for line, finding in zip(lines, findings, strict=True):
        told.append(_coloured(line, finding.status))
        if finding.advice:
            told.append(f"       -> {finding.advice}")
    return told


def _coloured(line: str, status: str) -> str:
    if not is_coloured(sys.stdout):
        return line
    return line.replace(status, f"{_COLOURS[status]}{status}{_PLAIN}", 1)
