"""`understudy audit`: judge a recording of somebody's traffic with a provider."""

import argparse
from pathlib import Path

from rich.console import Console

from understudy.cli import UsageError
from understudy.commands.judging import add_judging, chosen_checks, one_provider, publish
from understudy.contracts.budget import Budget
from understudy.contracts.contract import Contract
from understudy.contracts.recording import NoRecording, read_har
from understudy.contracts.run import Settings, conclude
from understudy.specs.loader import shipped
from understudy.usage import Parser

_EXAMPLES = (
    ("understudy audit {slug} trace.har", "what breaks the contract in a recording"),
    ("understudy audit {slug} trace.har --base-url https://relay.example/v1 --json", "only what went there"),
)


def run(arguments: list[str]) -> int:
    """0: nothing failed, 1: something did, 2: usage."""
    options = parser().parse_args(arguments)
    contract = Contract(one_provider(options))
    try:
        exchanges = read_har(contract, Path(options.recording).read_text("utf-8"), options.base_url)
    except (OSError, UnicodeDecodeError, NoRecording) as error:
        raise UsageError(f"{options.recording}: {error}") from None
    if not exchanges:
        where = f"below {options.base_url}" if options.base_url else "for an operation of this provider"
        raise UsageError(f"{options.recording}: no request in it is {where}; nothing can be judged")
    settings = Settings(base_url=options.base_url or "the recording", credentials={}, checks=chosen_checks(options))
    result = conclude(contract, settings, exchanges, Budget(), {"": "the recording does not show it"})
    return publish(result, options, Console())


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(prog="understudy audit", description="Judge a recording (HAR).", examples=_EXAMPLES)
    words.add_argument("provider", nargs="?", metavar="PROVIDER", help=f"one of {', '.join(shipped())}")
    words.add_argument("recording", metavar="FILE", help="a HAR file")
    words.add_argument(
        "--base-url", default="", metavar="URL", help="where the provider was served (default: found by its paths)"
    )
    add_judging(words)
    return words
