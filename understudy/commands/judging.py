"""What all verbs that judge have in common: the choice of checks, and the report."""

import argparse

from rich.console import Console

from understudy.cli import UsageError
from understudy.commands.choice import choose
from understudy.commands.reporting import add_report, write_reports
from understudy.contracts.checks import CHECKS, Check
from understudy.contracts.history import History
from understudy.contracts.report import REPORTS, Subject
from understudy.contracts.report.baseline import Identity, accepting
from understudy.contracts.report.terminal import show
from understudy.contracts.run import INTERRUPTED, Result, Settings
from understudy.specs.model import Provider
from understudy.specs.problems import known

FOUND = 1
# Headers whose values are credentials, in recordings too.
_KEYS = ("authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "x-auth", "cookie")


def add_judging(words: argparse.ArgumentParser) -> None:
    """The words that choose checks and reports."""
    words.add_argument(
        "--spec", action="append", default=[], metavar="FILE", help="the provider's spec, where it is none of these"
    )
    words.add_argument("--profile", action="append", default=[], metavar="WORD", help="as for serve")
    what = words.add_argument_group("what")
    what.add_argument("--only", action="append", default=[], metavar="CHECK", help="only this check or family")
    what.add_argument("--skip", action="append", default=[], metavar="CHECK", help="not this check or family")
    add_report(words, "clause that was not checked")


def chosen_checks(options: argparse.Namespace) -> tuple[Check, ...]:
    """The checks that --only and --skip leave; raises UsageError."""
    names = [name for check in CHECKS for name in (check.id, check.family)]
    for name in (*options.only, *options.skip):
        if name not in names:
            raise UsageError(f"there is no check {name!r}; {known(name, names)}")
    wanted = [c for c in CHECKS if not options.only or c.id in options.only or c.family in options.only]
    return tuple(c for c in wanted if c.id not in options.skip and c.family not in options.skip)


def one_provider(options: argparse.Namespace) -> Provider:
    """The provider that is named, or whose spec is given; raises UsageError."""
    providers = choose([options.provider] if options.provider else [], options.spec, options.profile)
    if len(providers) != 1:
        raise UsageError("name one provider, or give its spec with --spec")
    return providers[0]


def read_address(text: str, flag: str) -> tuple[str, int]:
    """HOST:PORT in its parts; raises UsageError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f"{flag} is {text!r}; write HOST:PORT")
    return host, int(port)


def publish(
    result: Result, options: argparse.Namespace, console: Console, accepted: frozenset[Identity] = frozenset()
) -> int:
    """Show the report, and write the files that are asked for; gives the exit code. Raises UsageError.

    `accepted`: findings that are known, and count no more.
    """
    subject = accepting(subject_of(result), accepted)
    if options.json:
        print(REPORTS["json"](subject), end="")
    else:
        show(subject, console, options.verbose)
    write_reports(options.report, subject)
    # Of a target that went away nobody knows that it is a good one.
    is_cut = result.stopped not in ("", INTERRUPTED)
    return FOUND if is_cut or any(finding.severity == "failure" for finding in subject.findings) else 0


def subject_of(result: Result) -> Subject:
    """What the reports are about."""
    settings = result.settings
    return Subject(
        title=f"{result.provider.title} at {settings.base_url}",
        provider=result.provider.slug,
        target=settings.base_url,
        findings=result.findings,
        verdicts=result.verdicts,
        exchanges=result.history.exchanges,
        secrets=frozenset(settings.credentials.values()) | _keys_behind(settings) | _keys_in(result.history),
        seed=settings.seed,
        stopped=result.stopped,
    )


def _keys_behind(settings: Settings) -> frozenset[str]:
    """The keys of the provider behind; its address may be shown, to who runs this."""
    return frozenset(s for s in settings.upstream.secrets if ":" not in s) if settings.upstream else frozenset()


def _keys_in(history: History) -> frozenset[str]:
    """The credentials that a history shows."""
    values = {exchange.sent_header(name) for exchange in history.exchanges for name in _KEYS}
    named = frozenset(key for exchange in history.exchanges for key in history.contract.keys_of(exchange))
    return named | frozenset(value.rpartition(" ")[2] for value in values if value)
