"""The command line: a table of verbs, each loaded when it is used."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

VERBS = {
    "serve": ("understudy.commands.serve", "play providers on this machine"),
    "specs": ("understudy.commands.specs", "look at specs: lint, list, show, bundle, assumptions"),
}


class UsageError(Exception):
    """What the caller got wrong, in one line; exit code 2."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; gives the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    verb = words[0] if words else "--help"
    if verb in ("-h", "--help", "help"):
        print("usage: understudy VERB …\n")
        for name, (_, meaning) in VERBS.items():
            print(f"  {name:8} {meaning}")
        print("\nunderstudy VERB --help tells more.")
        return 0
    if verb not in VERBS:
        print(f"understudy: there is no verb {verb!r}; known: {', '.join(VERBS)}", file=sys.stderr)
        return 2
    # Loading makes no garbage worth looking for; what is loaded stays.
    gc.disable()
    command = import_module(VERBS[verb][0])
    gc.freeze()
    gc.enable()
    try:
        code = int(command.run(words[1:]))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has gone; what is left has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except UsageError as error:
        print(f"understudy {verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
