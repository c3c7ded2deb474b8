"""How the command line reads its words: help in groups with examples, and errors that say what to do next."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any, NoReturn

from understudy.cli import UsageError
from understudy.configuration.given import Given, load
from understudy.configuration.settings import is_setting, setting_of
from understudy.specs.problems import known
from understudy.specs.reach import shipped_folder

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


class _Unsaid(list[Any]):
    """Stands where nothing was said; flags that may stand several times collect in it."""


Examples = Sequence[tuple[str, str]]


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong and what is right; `examples` are (command, what it does), shown below the help.

    In both, `{slug}` is a provider's name.
    """

    def __init__(self, *, examples: Examples = (), **more: Any) -> None:
        more.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**more)
        slug = sample_slug()
        self.examples = tuple(
            (command.replace("{slug}", slug), why.replace("{slug}", slug)) for command, why in examples
        )

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing how all is used."""
        raise UsageError(message)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read the words; what they do not say, the environment or the configuration file may, else it is as usual."""
        words = list(sys.argv[1:] if args is None else args)
        settings = {a.dest: a for a in self._actions if is_setting(a)}
        given = {} if {"-h", "--help"} & {*words} else self._configured(settings.values())
        for dest, action in settings.items():
            action.required = action.required and dest not in given
        # What the file or the environment switches on, a flag can switch off.
        denied = {f"--no-{setting_of(self, a).name}": dest for dest, a in settings.items() if a.nargs == 0}
        space = namespace or argparse.Namespace()
        vars(space).update({dest: _Unsaid() for dest in settings})
        found, rest = super().parse_known_args([word for word in words if word not in denied], space)
        for dest, action in settings.items():
            setattr(found, dest, _settle(getattr(found, dest), given.get(dest), action))
        vars(found).update({denied[word]: False for word in words if word in denied})
        return found, rest

    def _configured(self, actions: Iterable[argparse.Action]) -> dict[str, Given]:
        """What the environment and the file say, by destination; raises UsageError."""
        configuration = load()
        found = {
            action.dest: configuration.find(setting_of(self, action), action.type if callable(action.type) else str)
            for action in actions
        }
        return {dest: given for dest, given in found.items() if given is not None}

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read all words; one that is no flag is refused with the nearest flag."""
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            self.error(self._unread(rest, found))
        return found

    def _unread(self, rest: list[str], found: argparse.Namespace) -> str:
        word = rest[0]
        if not word.startswith("-"):
            return f"unrecognized arguments: {' '.join(rest)}; {self.prog} --help tells what it takes"
        verb = getattr(found, "verb", None)
        flags = {flag for flag in _iter_flags(self, verb) if flag.startswith("--")}
        return f"there is no flag {word.partition('=')[0]}; {known(word.partition('=')[0], flags)}"

    def format_help(self) -> str:
        """The help, and the examples below it."""
        text = super().format_help()
        return f"{text}\nexamples:\n{''.join(iter_example_lines(self.examples))}" if self.examples else text

    def print_help(self, file: Any = None) -> None:
        """Print the help, its headings bold on a terminal."""
        stream = file or sys.stdout
        stream.write(with_bold_headings(self.format_help(), stream))


def _settle(said: Any, given: Given | None, action: argparse.Action) -> Any:
    """What counts: what was typed, what is configured, what is usual. A word that may be left out is then None or []."""
    if isinstance(said, _Unsaid):
        return list(said) if said else given.value if given else action.default
    return given.value if given and said in (None, []) else said


def _iter_flags(parser: argparse.ArgumentParser, verb: str | None) -> Iterable[str]:
    for action in parser._actions:  # noqa: SLF001 (argparse has no public way to its flags)
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction) and verb in action.choices:  # noqa: SLF001
            yield from _iter_flags(action.choices[verb], None)


def sample_slug() -> str:
    """The name of a provider, for examples."""
    return min(path.stem for path in shipped_folder().glob("*.yaml"))


def iter_example_lines(examples: Examples) -> Iterable[str]:
    """Each example below what it does."""
    for command, meaning in examples:
        yield f"  # {meaning}\n  {command}\n"


def is_coloured(stream: IO[str]) -> bool:
    """Whether bold and colours are wanted there: on a terminal, unless NO_COLOR is set (no-color.org) or it is dumb."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def with_bold_headings(text: str, stream: IO[str]) -> str:
    """A help text with its headings bold where that is wanted: lines that start at the margin and end in a colon."""
    if not is_coloured(stream):
        return text
    lines = text.splitlines(keepends=True)
    return "".join(_bold(line) if line[:1].strip() and line.rstrip().endswith(":") else line for line in lines)


def _bold(line: str) -> str:
    return f"{_BOLD}{line.rstrip()}{_PLAIN}\n"
