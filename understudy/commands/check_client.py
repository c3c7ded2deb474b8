"""`understudy check-client`: play a provider to a client, well and badly, and judge what it does."""

import argparse
import shlex
import sys
from pathlib import Path

from rich.console import Console

from understudy.auditions.account import subject_of, trial_of
from understudy.auditions.files import document, save
from understudy.auditions.run import Audition, words_after
from understudy.auditions.run import run as hold
from understudy.cli import UsageError
from understudy.commands.auditioning import (
    CANNOT,
    FOUND,
    add_client,
    audition_of,
    only_of,
    script_of,
)
from understudy.commands.progress import Progress
from understudy.commands.reporting import add_report, write_reports
from understudy.contracts.client.command import CannotStart
from understudy.contracts.client.examine import Bounds, Cast, Examination, examine
from understudy.contracts.client.script import Script
from understudy.contracts.client.theatre import Theatre
from understudy.contracts.report import REPORTS
from understudy.contracts.report.terminal import show
from understudy.usage import Parser

_EXAMPLES = (
    ("understudy check-client {slug} -- python my_client.py", "everything that concerns this client"),
    (
        "understudy check-client --env OPENAI_BASE_URL={base_url}/v1 {slug} -- node client.mjs",
        "a client that reads its address elsewhere",
    ),
    ("understudy check-client --driver {slug} -- python my_driver.py", "a program that stays, told in lines of JSON"),
)


def run(arguments: list[str]) -> int:
    """0: nothing failed, 1: something did, 2: usage, 3: the client cannot be judged."""
    own, words = words_after(arguments)
    options = parser().parse_args(own)
    audition = audition_of(options, words)
    script, bounds = script_of(audition, options), Bounds(options.patience, options.workers)
    only = only_of(options)
    try:
        done = hold(_examine(audition, script, bounds, only, quiet=options.json))
    except CannotStart as error:
        raise UsageError(str(error)) from None
    return _tell(done, audition, options)


async def _examine(
    audition: Audition, script: Script, bounds: Bounds, only: tuple[str, ...], quiet: bool
) -> Examination:
    with Progress("trials", quiet) as progress:

        async def act(theatre: Theatre, cast: Cast) -> Examination:
            return await examine(theatre, cast, script, bounds, progress.show, only)

        return await audition.hold(act)


def _tell(done: Examination, audition: Audition, options: argparse.Namespace) -> int:
    client = shlex.join(audition.words)
    key = done.verdicts[0].trial.key if done.verdicts else ""
    subject = subject_of(done, audition.provider, client, key, options.seed)
    if options.json:
        print(REPORTS["json"](subject), end="")
    else:
        show(subject, Console(), options.verbose)
    write_reports(options.report, subject)
    if options.save:
        for finding in done.findings:
            trial = trial_of(finding, done)
            if trial and trial.case.script.size:
                path = save(Path(options.save), document(trial, [finding], list(audition.words)))
                print(f"{path}: {finding.check}", file=sys.stderr)
    if done.unfit:
        print(f"understudy check-client: the client cannot be judged: {done.unfit}", file=sys.stderr)
        return CANNOT
    return FOUND if any(finding.severity == "failure" for finding in subject.findings) else 0


def parser() -> argparse.ArgumentParser:
    """The words of this verb; the client's stand behind `--`."""
    words = Parser(
        prog="understudy check-client",
        usage="understudy check-client PROVIDER [flags] -- COMMAND …",
        description="Play a provider to a client, well and badly, and judge what it does.",
        examples=_EXAMPLES,
    )
    add_client(words)
    words.add_argument(
        "--only", action="append", default=[], metavar="SCENARIO", help="only this scenario; may stand again"
    )
    words.add_argument("--save", default="", metavar="FOLDER", help="write the script of each finding there")
    add_report(words, "scenario that was not played")
    return words
