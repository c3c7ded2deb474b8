"""What the verbs that judge clients have in common: their words, and how they are read."""

import argparse

from understudy.auditions.run import Audition
from understudy.cli import UsageError
from understudy.commands.choice import choose
from understudy.contracts.client.scenarios import SCENARIOS
from understudy.contracts.client.script import Script
from understudy.specs.loader import shipped
from understudy.specs.problems import known

FOUND, CANNOT = 1, 3
MOST_WORKERS = 64


def add_client(words: argparse.ArgumentParser, workers: int = 8) -> None:
    """Which provider, which client, how it is run."""
    words.add_argument("provider", nargs="?", metavar="PROVIDER", help=f"one of {', '.join(shipped())}")
    words.add_argument("client", nargs="*", metavar="COMMAND", help="the client, behind --")
    words.add_argument(
        "--spec", action="append", default=[], metavar="FILE", help="the provider's spec, where it is none of these"
    )
    words.add_argument("--profile", action="append", default=[], metavar="WORD", help="as for serve")
    client = words.add_argument_group("client")
    client.add_argument(
        "--env",
        action="append",
        default=[],
        type=variable,
        metavar="NAME=TEXT",
        help="a variable for the client, with {base_url}, {host_url}, {api_key} and {ca_file} in its text; BASE_URL, API_KEY and those of the provider's SDKs are set anyway",
    )
    client.add_argument(
        "--driver", action="store_true", help="the client stays and is told each wish as a line of JSON"
    )
    client.add_argument("--prompt", default="", metavar="TEXT", help="what a driver is told to wish for")
    bounds = words.add_argument_group("bounds")
    bounds.add_argument(
        "--patience", type=seconds, default=50.0, metavar="SECONDS", help="for one wish at most (default %(default)g)"
    )
    bounds.add_argument(
        "--workers", type=_workers, default=workers, metavar="N", help="trials at once (default %(default)s)"
    )
    bounds.add_argument("--seed", type=int, default=0, help="same seed, same answers (default %(default)s)")


def audition_of(options: argparse.Namespace, words: list[str]) -> Audition:
    """Who is to be tried; raises UsageError."""
    if not words:
        raise UsageError("no client: write its command behind --, as in: -- python my_client.py 'a cat'")
    providers = choose([options.provider] if options.provider else [], options.spec, options.profile)
    if len(providers) != 1:
        raise UsageError("name one provider, or give its spec with --spec")
    return Audition(
        providers[0], tuple(words), dict(options.env), options.workers if options.driver else 0, options.prompt
    )


def script_of(audition: Audition, options: argparse.Namespace) -> Script:
    """The empty script of this provider, profile and seed."""
    return Script(audition.provider.slug, profile=tuple(options.profile), seed=options.seed)


def only_of(options: argparse.Namespace) -> tuple[str, ...]:
    """The scenarios that are asked for; raises UsageError."""
    for name in options.only:
        if name not in SCENARIOS:
            raise UsageError(f"there is no scenario {name!r}; {known(name, SCENARIOS)}")
    return tuple(options.only)


def variable(text: str) -> tuple[str, str]:
    """Read NAME=TEXT."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no variable; write NAME=TEXT, as in OPENAI_BASE_URL={{base_url}}/v1"
        )
    return name, value


def seconds(text: str) -> float:
    """Read how long something may take."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 3600")
    return value


def _workers(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_WORKERS}")
    return value
