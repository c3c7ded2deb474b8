"""`understudy play`: play a saved script to a client, and say whether it still trips."""

import argparse
import json
import shlex
from dataclasses import replace
from pathlib import Path

from understudy.auditions.run import Audition, words_after
from understudy.auditions.run import run as hold
from understudy.cli import UsageError
from understudy.commands.auditioning import CANNOT, FOUND, seconds, variable
from understudy.commands.choice import choose
from understudy.contracts.client.command import CannotStart
from understudy.contracts.client.examine import Bounds, Cast, Examination, replay
from understudy.contracts.client.script import Script, Unreadable, read_file
from understudy.contracts.client.telling import tell, tell_trial
from understudy.contracts.client.theatre import Theatre
from understudy.contracts.client.trial import Case
from understudy.usage import Parser

_EXAMPLES = (("understudy play scripts/0007.json -- python my_client.py", "the same replies again"),)


def run(arguments: list[str]) -> int:
    """0: nothing tripped, 1: something did, 2: usage, 3: the client cannot be judged."""
    own, words = words_after(arguments)
    options = parser().parse_args(own)
    case = _case(Path(options.file))
    if not words:
        raise UsageError("no client: write its command behind --, as in: -- python my_client.py 'a cat'")
    provider = choose([] if options.spec else [case.script.provider], options.spec, list(case.script.profile))[0]
    audition = Audition(provider, tuple(words), dict(options.env), int(options.driver), options.prompt)
    try:
        done = hold(_replay(audition, case, Bounds(options.patience, 1)))
    except CannotStart as error:
        raise UsageError(str(error)) from None
    return _tell(done, case.script, shlex.join(words), options.json)


async def _replay(audition: Audition, case: Case, bounds: Bounds) -> Examination:
    async def act(theatre: Theatre, cast: Cast) -> Examination:
        return await replay(theatre, cast, case, bounds)

    return await audition.hold(act)


def _tell(done: Examination, script: Script, client: str, as_json: bool) -> int:
    found = [] if done.unfit else list(done.verdicts[-1].findings)
    if as_json:
        told = [{"check": f.check, "severity": f.severity, "message": f.message} for f in found]
        print(json.dumps({"unfit": done.unfit, "told": tell(script), "found": told}, ensure_ascii=False))
    elif done.unfit:
        print(f"the client cannot be judged: {done.unfit}")
    else:
        print(f"client:   {client}\nprovider: {tell(script)}\nclient:   {tell_trial(done.verdicts[-1].trial)}")
        for finding in found:
            print(f"{finding.severity}:  {finding.check}: {finding.message}")
        print("" if found else "nothing is held against it")
    if done.unfit:
        return CANNOT
    return FOUND if any(finding.severity == "failure" for finding in found) else 0


def _case(path: Path) -> Case:
    try:
        script, said = read_file(path)
    except Unreadable as error:
        raise UsageError(f"{path}: {error}") from None
    case = Case(str(said.get("scenario", path.stem)), script.says, script)
    expects = said.get("expects", [])
    return replace(case, expects=frozenset(expects if isinstance(expects, list) else ()))


def parser() -> argparse.ArgumentParser:
    """The words of this verb; the client's stand behind `--`."""
    words = Parser(
        prog="understudy play",
        usage="understudy play FILE [flags] -- COMMAND …",
        description="Play a saved script to a client, and say whether it trips.",
        examples=_EXAMPLES,
    )
    words.add_argument("file", metavar="FILE", help="a script that check-client or fuzz saved")
    words.add_argument("client", nargs="*", metavar="COMMAND", help="the client, behind --")
    words.add_argument("--json", action="store_true", help="print what was found as JSON")
    words.add_argument(
        "--spec", action="append", default=[], metavar="FILE", help="the provider's spec, where it is none of ours"
    )
    words.add_argument(
        "--env", action="append", default=[], type=variable, metavar="NAME=TEXT", help="as for check-client"
    )
    words.add_argument("--driver", action="store_true", help="the client stays and is told each wish as a line of JSON")
    words.add_argument("--prompt", default="", metavar="TEXT", help="what a driver is told to wish for")
    words.add_argument(
        "--patience", type=seconds, default=50.0, metavar="SECONDS", help="for one wish at most (default %(default)g)"
    )
    return words
