"""`understudy completion`: a script that completes verbs, flags and providers in bash, zsh or fish."""

import argparse
from contextlib import suppress

from understudy.cli import VERBS, UsageError, load_verb
from understudy.commands.shells import SHELLS, Word
from understudy.specs.loader import shipped
from understudy.usage import Parser

_EXAMPLES = (
    ('eval "$(understudy completion bash)"', "in ~/.bashrc"),
    ('eval "$(understudy completion zsh)"', "in ~/.zshrc, after compinit"),
    ("understudy completion fish > ~/.config/fish/completions/understudy.fish", "once, for fish"),
)


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(
        prog="understudy completion",
        description="Print a script that completes verbs, flags and providers.",
        examples=_EXAMPLES,
    )
    words.add_argument("shell", choices=sorted(SHELLS), help="which shell it is for")
    return words


def run(arguments: list[str]) -> int:
    """Print the script; gives the exit code."""
    options = parser().parse_args(arguments)
    print(SHELLS[options.shell](find_words()), end="")
    return 0


def find_words() -> list[Word]:
    """All that can be typed: verbs, the verbs below them, their flags, and what may follow."""
    words = [Word((), verb, meaning) for verb, (_, meaning) in VERBS.items()]
    words += [Word((), flag, meaning) for flag, meaning in (("--help", "the verbs"), ("--version", "which this is"))]
    for verb in VERBS:
        # Of a verb whose libraries are not installed, the flags are not known.
        with suppress(UsageError):
            words += _words_of((verb,), load_verb(verb).parser())
    return words


def _words_of(verbs: tuple[str, ...], words: argparse.ArgumentParser) -> list[Word]:
    found: list[Word] = []
    for action in words._actions:  # noqa: SLF001 (argparse has no public way to what it knows)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            meanings = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
            for name, below in action.choices.items():
                found.append(Word(verbs, name, meanings.get(name, "")))
                found += _words_of((*verbs, name), below)
        elif action.option_strings:
            flag = action.option_strings[-1]
            choices = tuple(map(str, action.choices or ()))
            found.append(Word(verbs, flag, _meaning(words, action), choices, takes_value=action.nargs != 0))
        else:
            choices = tuple(map(str, action.choices or (shipped() if action.metavar == "PROVIDER" else ())))
            found += [Word(verbs, choice, "") for choice in choices]
    return found


def _meaning(words: argparse.ArgumentParser, action: argparse.Action) -> str:
    """The help of a flag with its default filled in."""
    expanded = (action.help or "") % {**vars(action), "prog": words.prog}
    return " ".join(expanded.split())
