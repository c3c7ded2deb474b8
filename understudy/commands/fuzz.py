"""`understudy fuzz`: search for replies that trip a client, shrink them, save them."""

import argparse
import json
import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from understudy.auditions.account import subject_of
from understudy.auditions.crew import search_with_many
from understudy.auditions.files import save
from understudy.auditions.run import Audition, words_after
from understudy.auditions.searching import search
from understudy.cli import UsageError
from understudy.commands.auditioning import CANNOT, FOUND, add_client, audition_of, script_of
from understudy.commands.progress import Progress
from understudy.commands.reporting import add_report, write_reports
from understudy.contracts.client.command import CannotStart
from understudy.contracts.client.coverage import Coverage
from understudy.contracts.client.examine import Bounds, Examination
from understudy.contracts.client.search import Budget, Search
from understudy.contracts.client.telling import tell, tell_trial
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
    if options.workers > 1:
        return search_with_many(own, words, options.workers, options.seed)
    audition = audition_of(options, words)
    try:
        done, found = _search(audition, options)
    except CannotStart as error:
        raise UsageError(str(error)) from None
    return _tell(done, found, audition, options)


def _search(audition: Audition, options: argparse.Namespace) -> tuple[Examination, Search | None]:
    budget = Budget(
        options.seconds, options.examples, options.seed, Path(options.database) if options.database else None
    )
    with Progress("examples", options.json) as progress:

        def told(search: Search) -> None:
            cells = f"{search.coverage.reached} of {search.coverage.cells} states × faults, {len(search.caught)} caught"
            progress.show(search.examples, min(options.examples, 10**6), cells)

        return search(audition, script_of(audition, options), Bounds(options.patience, 1), budget, told)


def _tell(done: Examination, found: Search | None, audition: Audition, options: argparse.Namespace) -> int:
    key = done.verdicts[0].trial.key if done.verdicts else ""
    subject = subject_of(done, audition.provider, shlex.join(audition.words), key, options.seed)
    files = _save(found, audition, Path(options.save)) if found else {}
    if options.json:
        said = json.loads(REPORTS["json"](subject))
        said["search"] = _figures(found, files) if found else {}
        print(json.dumps(said, ensure_ascii=False))
    elif found:
        _show(found, files, Console())
    write_reports(options.report, subject)
    if done.unfit:
        print(f"understudy fuzz: the client cannot be judged: {done.unfit}", file=sys.stderr)
        return CANNOT
    return FOUND if any(finding.severity == "failure" for finding in done.findings) else 0


def _save(found: Search, audition: Audition, folder: Path) -> dict[str, Path]:
    return {
        catch.finding.check: save(folder, catch.trial, [catch.finding], list(audition.words)) for catch in found.caught
    }


def _figures(found: Search, files: dict[str, Path]) -> dict[str, object]:
    return {
        "examples": found.examples,
        "seconds": round(found.elapsed, 2),
        "reached": found.coverage.reached,
        "cells": found.coverage.cells,
        "scripts": {check: str(path) for check, path in files.items()},
        "caught": [
            {
                "check": catch.finding.check,
                "after_seconds": round(catch.seconds, 2),
                "after_examples": catch.examples,
                "replies": catch.trial.case.script.size,
            }
            for catch in found.caught
        ],
    }


def _show(found: Search, files: dict[str, Path], console: Console) -> None:
    for catch in found.caught:
        finding, trial = catch.finding, catch.trial
        console.print(f"[bold red]{finding.title}[/] ({finding.check})", highlight=False)
        console.print(f"  {finding.message}", markup=False, highlight=False)
        console.print(f"  provider: {tell(trial.case.script)}", markup=False, highlight=False)
        console.print(f"  client:   {tell_trial(trial)}", markup=False, highlight=False)
        console.print(f"  {files[finding.check]}\n", style="dim", markup=False, highlight=False)
    _show_coverage(found.coverage, console)
    rate = found.examples / found.elapsed if found.elapsed else 0.0
    console.print(
        f"{found.examples} examples in {found.elapsed:.1f} s ({rate:.0f} a second), {len(found.caught)} caught; "
        f"{found.coverage.reached} of {found.coverage.cells} states × faults reached"
    )


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
