"""The command line: a table of verbs, each loaded when it is used."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from types import ModuleType

VERBS = {
    "serve": ("understudy.commands.serve", "play providers on this machine"),
    "check": ("understudy.commands.check", "judge whoever claims to be a provider"),
    "proxy": ("understudy.commands.proxy", "judge live traffic with a provider, and pass it on"),
    "audit": ("understudy.commands.audit", "judge a recording of traffic with a provider"),
    "check-client": ("understudy.commands.check_client", "play a provider to a client, well and badly, and judge it"),
    "fuzz": ("understudy.commands.fuzz", "search for the replies that trip a client, and shrink them"),
    "play": ("understudy.commands.play", "play a saved script to a client once more"),
    "specs": ("understudy.commands.specs", "look at specs: lint, list, show, page, bundle, assumptions"),
    "faults": ("understudy.commands.faults", "what can be made to go wrong: a list, JSON Schemas"),
    "config": ("understudy.commands.config", "show what is set and where it comes from; the schema of the file"),
    "doctor": ("understudy.commands.doctor", "look whether this machine has what is needed, and say what to do"),
    "completion": ("understudy.commands.completion", "print a script that completes words in bash, zsh or fish"),
}

# Heading of the help -> its verbs; a verb that stands nowhere is shown last.
GROUPS = {
    "play a provider": ("serve", "faults"),
    "judge others": ("check", "proxy", "audit", "check-client", "fuzz", "play"),
    "describe a provider": ("specs",),
    "this machine": ("config", "doctor", "completion"),
}

# What the verbs that judge need, and `serve` does not.
EXTRA = "pip install 'understudy[contracts]', or in a clone: pip install '.[contracts]'"

_OVERVIEW = "understudy.commands.overview"


class UsageError(Exception):
    """What the caller got wrong, in one line; exit code 2."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; gives the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    verb = words[0] if words else "--help"
    if verb == "help" and len(words) > 1:
        verb, words = words[1], [words[1], "--help"]
    if verb in ("-h", "--help", "help"):
        try:
            import_module(_OVERVIEW).show(VERBS, GROUPS)
            return _flushed(0)
        except BrokenPipeError:
            return _unread()
    if verb in ("-V", "--version"):
        print(f"understudy {version('understudy')}")
        return 0
    if verb not in VERBS:
        print(f"understudy: {import_module(_OVERVIEW).unknown(verb, VERBS)}", file=sys.stderr)
        return 2
    return _run(verb, words[1:])


def load_verb(verb: str) -> ModuleType:
    """The module of a verb; raises UsageError where what it needs beyond `serve` is not installed."""
    # Loading makes no garbage worth looking for; what is loaded stays.
    gc.disable()
    try:
        return import_module(VERBS[verb][0])
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "understudy":
            raise
        raise UsageError(f"{error.name} is not installed; {EXTRA}") from None
    finally:
        gc.freeze()
        gc.enable()


def _run(verb: str, words: list[str]) -> int:
    try:
        return _flushed(int(load_verb(verb).run(words)))
    except BrokenPipeError:
        return _unread()
    except UsageError as error:
        print(f"understudy {verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _flushed(code: int) -> int:
    sys.stdout.flush()
    return code


def _unread() -> int:
    """Whoever read our output has gone; what is left has no reader."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


if __name__ == "__main__":
    sys.exit(main())
