"""`understudy check`: judge whoever claims to be a provider."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from rich.console import Console

from understudy.behind import playing_behind
from understudy.cli import UsageError
from understudy.commands.judging import add_judging, chosen_checks, one_provider, publish, read_address
from understudy.commands.progress import Progress
from understudy.contracts.contract import Contract
from understudy.contracts.control import NoControl
from understudy.contracts.drivers import Means
from understudy.contracts.estimate import Estimate, estimate
from understudy.contracts.exchange import Exchange
from understudy.contracts.limits import NARROW
from understudy.contracts.receiver import usual_listen
from understudy.contracts.report.baseline import BadBaseline, Identity, read_baseline
from understudy.contracts.run import Result, Settings, Unreachable
from understudy.contracts.run import run as drive
from understudy.contracts.timing import Pace
from understudy.mockserver.server import PortTaken
from understudy.specs.loader import shipped
from understudy.specs.model import Provider
from understudy.specs.problems import known
from understudy.usage import Parser

UNREACHABLE = 3
# Seconds for which a clock that moves never tells the same.
STANDS = 5.0
_STANDS = (
    "the target's clock stands still (its Date has been {} for five seconds): tasks may never end there. "
    "Where it is a mock with a virtual clock, say --control-url URL/_understudy. Ctrl-C tells what was found so far."
)
# Tasks that a run makes at most, unless it is said otherwise: enough for a handful of kinds.
USUAL_TASKS = 100
# Who asks -> the option that gives the key.
_KEYS = {"first": "api_key", "other": "other_api_key", "poor": "poor_api_key", NARROW: "narrow_api_key"}

_EXAMPLES = (
    ("understudy check {slug} --base-url http://127.0.0.1:4010/{slug} --api-key KEY", "everything, as one account"),
    (
        "understudy check --spec my.yaml --base-url https://relay.example --api-key KEY --max-tasks 5",
        "at most five tasks",
    ),
    (
        "understudy check {slug} --base-url http://127.0.0.1:4000 --api-key KEY --with-upstream",
        "a relay that asks http://127.0.0.1:4710/{slug}: what does it pass on?",
    ),
    (
        "understudy check {slug} --base-url https://relay.example --api-key KEY --report junit=a.xml html=a.html",
        "for CI",
    ),
)


def run(arguments: list[str]) -> int:
    """0: nothing failed, 1: something did, 2: usage, 3: nobody answers."""
    options = parser().parse_args(arguments)
    credentials = {who: key for who, name in _KEYS.items() if (key := getattr(options, name))}
    provider = narrow(one_provider(options), options.operation)
    settings = Settings(
        base_url=options.base_url,
        headers=tuple(map(_header, options.header)),
        credentials=credentials,
        seed=options.seed,
        max_tasks=_most_tasks(options),
        max_credits=options.max_credits,
        pace=Pace(first=options.poll, longest=max(options.poll, 5.0), patience=options.patience),
        provoke=options.provoke,
        examples=options.examples,
        listen=_listen(options),
        callback_url=options.callback_url,
        control_url=options.control_url,
        checks=chosen_checks(options),
    )
    known_findings = _baseline(options.baseline)
    means = Means(settings.provoke, bool(settings.control_url), settings.seed)
    bounds = estimate(Contract(provider), settings.scenarios, means, settings.max_tasks, settings.max_credits)
    told = "the provider behind is played, and nothing is paid to it" if options.with_upstream else bounds
    print(f"understudy check: {told}", file=sys.stderr)
    try:
        with Progress("check", options.json) as bar:
            # Tasks behind a relay live by a clock of ours, whatever its answers say of theirs.
            tell = _telling(bar, bounds, is_moved=bool(options.control_url) or options.with_upstream)
            result = (
                _drive_behind(provider, settings, options.upstream_listen, tell)
                if options.with_upstream
                else drive(provider, settings, tell)
            )
    except (Unreachable, NoControl) as error:
        print(f"understudy check: {error}", file=sys.stderr)
        return UNREACHABLE
    return publish(result, options, Console(), known_findings)


def _most_tasks(options: argparse.Namespace) -> int | None:
    # Tasks of a mock cost nothing, in front of us or behind a relay.
    usual = None if options.control_url or options.with_upstream else USUAL_TASKS
    return usual if options.max_tasks is None else int(options.max_tasks)


def _telling(bar: Progress, bounds: Estimate, *, is_moved: bool) -> Callable[[Exchange], None]:
    """What is told of every exchange: seconds of those that the run typically takes, and how many exchanges there were.

    Once also that the target's clock stands still, where we do not move it ourselves: nothing would ever end.
    """
    started, count = time.monotonic(), 0
    stands = Standing()

    def tell(exchange: Exchange) -> None:
        nonlocal count
        count += 1
        elapsed = int(time.monotonic() - started)
        bar.show(elapsed, max(int(bounds.seconds), elapsed + 1), f"{count} exchanges")
        if not is_moved and stands.begins(exchange):
            print(f"understudy check: {_STANDS.format(exchange.header('date'))}", file=sys.stderr)

    return tell


class Standing:
    """Finds out that a target's clock stands still, by the Date of its answers."""

    def __init__(self) -> None:
        self._date, self._since = "", 0.0
        self._is_told = False

    def begins(self, exchange: Exchange) -> bool:
        """Whether it is clear with this exchange, for the first time."""
        date = exchange.header("date")
        if date != self._date:
            self._date, self._since = date, exchange.answered
        is_new = bool(date) and not self._is_told and exchange.answered - self._since >= STANDS
        self._is_told = self._is_told or is_new
        return is_new


def _baseline(file: str) -> frozenset[Identity]:
    try:
        return read_baseline(file) if file else frozenset()
    except BadBaseline as error:
        raise UsageError(f"--baseline: {error}") from None


def _listen(options: argparse.Namespace) -> tuple[str, int] | None:
    """Where callbacks are received: where it is said, else here for a target that is here, too."""
    if options.callback_listen:
        return read_address(options.callback_listen, "--callback-listen")
    return usual_listen(options.base_url)


def _drive_behind(provider: Provider, settings: Settings, listen: str, told: Callable[[Exchange], None]) -> Result:
    """Play the provider behind the target, and look at both sides."""
    try:
        with playing_behind(provider, *read_address(listen, "--upstream-listen")) as behind:
            print(f"the provider behind: {behind.base_url}, key {behind.key}", file=sys.stderr)
            return drive(provider, replace(settings, upstream=behind), told)
    except PortTaken as error:
        raise UsageError(f"--upstream-listen: {error}") from None


def narrow(provider: Provider, names: list[str]) -> Provider:
    """The provider with these operations alone; raises UsageError for one that it does not have."""
    known_names = [operation.id for operation in provider.operations]
    for name in names:
        if name not in known_names:
            raise UsageError(f"{provider.slug} has no operation {name!r}; {known(name, known_names)}")
    kept = tuple(o for o in provider.operations if not names or o.id in names)
    return replace(provider, operations=kept)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"--header is {text!r}; write NAME: VALUE")
    return name.strip(), value.strip()


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(prog="understudy check", description="Judge whoever claims to be a provider.", examples=_EXAMPLES)
    words.add_argument("provider", nargs="?", metavar="PROVIDER", help=f"one of {', '.join(shipped())}")
    words.add_argument("--base-url", required=True, metavar="URL", help="where it is served")
    words.add_argument("--api-key", required=True, metavar="KEY", help="a key with credits")
    words.add_argument(
        "--other-api-key", default="", metavar="KEY", help="a key of another account: may it see what is not its own?"
    )
    words.add_argument("--poor-api-key", default="", metavar="KEY", help="a key of an account without credits")
    words.add_argument(
        "--narrow-api-key",
        default="",
        metavar="KEY",
        help="a key of an account in the lowest tier: does more than may run wait?",
    )
    words.add_argument(
        "--control-url",
        default="",
        metavar="URL",
        help="the control API of a target that is the mock: its virtual clock is moved",
    )
    words.add_argument(
        "--callback-listen",
        default="",
        metavar="HOST:PORT",
        help="where to receive callbacks (default: a free port of loopback, for a target there)",
    )
    words.add_argument("--callback-url", default="", metavar="URL", help="how the target reaches that")
    words.add_argument(
        "--header", action="append", default=[], metavar="NAME:VALUE", help="a header that goes with every request"
    )
    words.add_argument(
        "--operation", action="append", default=[], metavar="ID", help="only this operation (see understudy specs show)"
    )
    behind = words.add_argument_group("behind it")
    behind.add_argument(
        "--with-upstream",
        action="store_true",
        help="play the provider behind a relay that is configured with it, and compare what goes in and out on both sides",
    )
    behind.add_argument(
        "--upstream-listen",
        default="127.0.0.1:4710",
        metavar="HOST:PORT",
        help="where that provider listens (default %(default)s)",
    )
    bounds = words.add_argument_group("bounds")
    bounds.add_argument(
        "--max-tasks",
        type=_count,
        metavar="N",
        help=f"tasks to create at most (default {USUAL_TASKS}; no bound with --control-url or --with-upstream, where they cost nothing)",
    )
    bounds.add_argument(
        "--max-credits", type=_credits, metavar="N", help="credits to spend at most (default: no bound)"
    )
    bounds.add_argument(
        "--poll", type=float, default=1.0, metavar="SECONDS", help="first pause between two polls (default %(default)g)"
    )
    bounds.add_argument(
        "--patience",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="until a task is given up (default: two and a half times what is typical of its kind)",
    )
    how = words.add_argument_group("how")
    how.add_argument("--provoke", action="store_true", help="use the inputs by which the spec lets a task fail")
    how.add_argument(
        "--examples",
        type=_count,
        default=0,
        metavar="N",
        help="also so many good and bad bodies drawn by Schemathesis for each operation (default %(default)s)",
    )
    how.add_argument("--seed", type=int, default=0, help="same seed, same requests (default %(default)s)")
    how.add_argument(
        "--baseline", default="", metavar="FILE", help="a report as JSON whose findings are known and accepted"
    )
    add_judging(words)
    return words


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no count")
    return int(text)


def _credits(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of credits") from None
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of credits")
    return value
