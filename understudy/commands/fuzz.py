"""`understudy fuzz`: search for replies that trip a client, shrink them, save them."""

import argparse
import json
import shlex
import sys
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from understudy.auditions.account import subject_of
from understudy.auditions.crew import Tell, search_with_many
from understudy.auditions.files import save
from understudy.auditions.outcome import Outcome, merge, outcome_of
from understudy.auditions.run import Audition, words_after
from understudy.auditions.searching import search
from understudy.cli import UsageError
from understudy.commands.auditioning import CANNOT, FOUND, add_client, audition_of, script_of
from understudy.commands.progress import Progress
from understudy.commands.reporting import add_report, write_reports
from understudy.contracts.client.command import CannotStart
from understudy.contracts.client.coverage import Coverage
from understudy.contracts.client.examine import Bounds
from understudy.contracts.client.search import Budget, Search
from understudy.contracts.finding import Finding
from understudy.contracts.report import REPORTS
from understudy.usage import Parser

_EXAMPLES = (
    ("understudy fuzz {slug} -- python my_client.py", "a minute's search; scripts are saved under scripts/"),
    ("understudy fuzz --driver --workers 2 --seconds 600 {slug} -- python my_driver.py", "ten minutes, two at once"),
)


def run(arguments: list[str]) -> int:
    """0: nothing tripped, 1: something did, 2: usage, 3: the client cannot be judged."""
    own, words = words_after(arguments)
    options = parser().parse_args(own)
    audition = audition_of(options, words)
    with Progress("examples", options.json) as progress:

        def tell(examples: int, reached: int, cells: int, caught: int) -> None:
            progress.show(
                examples, min(options.examples, 10**6), f"{reached} of {cells} states × faults, {caught} caught"
            )

        try:
            found = _search(audition, options, tell) if options.workers == 1 else _search_at_once(options, words, tell)
        except CannotStart as error:
            raise UsageError(str(error)) from None
    return _report(found, audition, options)


def _search(audition: Audition, options: argparse.Namespace, tell: Tell) -> Outcome:
    budget = Budget(
        options.seconds, options.examples, options.seed, Path(options.database) if options.database else None
    )

    def told(search: Search) -> None:
        tell(search.examples, search.coverage.reached, search.coverage.cells, len(search.caught))

    done, found = search(audition, script_of(audition, options), Bounds(options.patience, 1), budget, told)
    key = done.verdicts[0].trial.key if done.verdicts else ""
    subject = subject_of(done, audition.provider, shlex.join(audition.words), key, options.seed)
    return outcome_of(subject, done.unfit, found, audition.words)


def _search_at_once(options: argparse.Namespace, words: list[str], tell: Tell) -> Outcome:
    """Several searches with a seed each, which share the examples."""
    share = -(-options.examples // options.workers)
    alone = argparse.Namespace(**{**vars(options), "workers": 1, "examples": share})
    return merge(search_with_many(partial(_one_of_many, alone, words), options.workers, tell))


def _one_of_many(options: argparse.Namespace, words: list[str], number: int, tell: Tell) -> Outcome:
    own = argparse.Namespace(**{**vars(options), "seed": options.seed + number})
    return _search(audition_of(own, words), own, tell)


def _report(found: Outcome, audition: Audition, options: argparse.Namespace) -> int:
    files = {catch.finding.check: save(Path(options.save), catch.script) for catch in found.caught}
    if options.json:
        said = json.loads(REPORTS["json"](found.subject))
        said["search"] = _figures(found, files) if found.coverage else {}
        print(json.dumps(said, ensure_ascii=False))
    elif found.coverage:
        _show(found, found.coverage, files, Console())
    write_reports(options.report, found.subject)
    if found.unfit:
        print(f"understudy fuzz: the client cannot be judged: {found.unfit}", file=sys.stderr)
        return CANNOT
    return FOUND if any(finding.severity == "failure" for finding in found.subject.findings) else 0


def _figures(found: Outcome, files: dict[str, Path]) -> dict[str, object]:
    return {
        "examples": found.examples,
        "seconds": round(found.seconds, 2),
        "reached": found.coverage.reached if found.coverage else 0,
        "cells": found.coverage.cells if found.coverage else 0,
        "scripts": {check: str(path) for check, path in files.items()},
        "caught": [
            {
                "check": catch.finding.check,
                "severity": catch.finding.severity,
                "after_seconds": round(catch.seconds, 2),
                "after_examples": catch.examples,
                "replies": catch.replies,
            }
            for catch in found.caught
        ],
    }


def _show(found: Outcome, coverage: Coverage, files: dict[str, Path], console: Console) -> None:
    caught = {catch.finding.check for catch in found.caught}
    for finding in found.subject.findings:
        if finding.check not in caught:
            # What is wrong when all is well is not searched for, but told.
            console.print(_headline(finding), highlight=False)
            console.print(f"  {finding.message}\n", markup=False, highlight=False)
    for catch in found.caught:
        console.print(_headline(catch.finding), highlight=False)
        console.print(f"  {catch.finding.message}", markup=False, highlight=False)
        console.print(f"  provider: {catch.told}", markup=False, highlight=False)
        console.print(f"  client:   {catch.did}", markup=False, highlight=False)
        console.print(f"  {files[catch.finding.check]}\n", style="dim", markup=False, highlight=False)
    _show_coverage(coverage, console)
    console.print(
        f"{found.examples} examples in {found.seconds:.1f} s ({found.per_second:.0f} a second), {len(caught)} caught; "
        f"{coverage.reached} of {coverage.cells} states × faults reached"
    )


def _headline(finding: Finding) -> str:
    if finding.severity == "warning":
        return f"[yellow]warning: {finding.title}[/] ({finding.check})"
    return f"[bold red]{finding.title}[/] ({finding.check})"


def _show_coverage(coverage: Coverage, console: Console) -> None:
    table = Table(box=None)
    table.add_column("fault")
    for state in coverage.states:
        table.add_column(state, justify="right")
    for fault, counts in coverage.rows():
        table.add_row(fault, *(str(count) if count else "·" for count in counts))
    console.print(table)


def parser() -> argparse.ArgumentParser:
    """The words of this verb; the client's stand behind `--`."""
    words = Parser(
        prog="understudy fuzz",
        usage="understudy fuzz PROVIDER [flags] -- COMMAND …",
        description="Search for replies that trip a client, shrink them to the shortest, and save them.",
        examples=_EXAMPLES,
    )
    add_client(words, workers=1)
    search_words = words.add_argument_group("search")
    search_words.add_argument(
        "--seconds", type=float, default=60.0, metavar="N", help="how long to search (default %(default)g)"
    )
    search_words.add_argument(
        "--examples", type=int, default=100_000, metavar="N", help="scripts to play at most (default %(default)s)"
    )
    search_words.add_argument(
        "--database", default="", metavar="FOLDER", help="where Hypothesis keeps what failed, to try it first next time"
    )
    search_words.add_argument(
        "--save", default="scripts", metavar="FOLDER", help="where scripts are written (default %(default)s)"
    )
    add_report(words, "scenario that was not played")
    return words
