"""The reports of all verbs that judge: the words that ask for them, and the files."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from understudy.cli import UsageError
from understudy.contracts.report import REPORTS, Subject


def add_report(words: argparse.ArgumentParser, unreached: str) -> None:
    """How it is told. `unreached`: what --verbose names, in a few words."""
    shown = words.add_argument_group("report")
    shown.add_argument(
        "--report",
        action="extend",
        nargs="+",
        default=[],
        metavar="FORM=FILE",
        help=f"also write it as {', '.join(REPORTS)}",
    )
    shown.add_argument("--json", action="store_true", help="print the report as JSON")
    shown.add_argument("--verbose", action="store_true", help=f"name each {unreached}")


def write_reports(texts: Iterable[str], subject: Subject) -> None:
    """Write what `--report` asks for; raises UsageError."""
    for text in texts:
        name, _, file = text.partition("=")
        if name not in REPORTS or not file:
            raise UsageError(f"--report is {text!r}; write one of {', '.join(REPORTS)}, =, and a file")
        try:
            Path(file).write_text(REPORTS[name](subject), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--report: {error}") from None
