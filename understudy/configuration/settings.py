"""The table of settings. It is the verbs' own flags: what a verb declares once has a variable and a key in the file, too."""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

PREFIX = "UNDERSTUDY_"

# What is shown of a secret.
HIDDEN = "[redacted]"

# What a file may say relative to itself.
_PLACES = ("FILE", "DIR")
_SECRETS = ("token", "key", "secret", "password")


@dataclass(frozen=True, slots=True)
class Setting:
    """One flag of a verb, or a word that may be left out. `kind`: boolean, integer, number, text, scalar or list.

    A `scalar` is a text or a number; `place`: whether it is a path.
    """

    verb: str
    name: str
    dest: str
    kind: str
    default: Any
    choices: tuple[str, ...]
    meaning: str
    place: bool
    secret: bool

    @property
    def variables(self) -> tuple[str, str]:
        """Its environment variables, the one of the verb alone before that of all verbs that have it."""
        own = self.name.replace("-", "_").upper()
        return f"{PREFIX}{self.verb.replace('-', '_').upper()}_{own}", f"{PREFIX}{own}"


def iter_settings(parser: argparse.ArgumentParser) -> Iterator[Setting]:
    """The settings of a verb, and of the verbs below it."""
    for action in parser._actions:  # noqa: SLF001 (argparse has no public way to its flags)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            yield from _once(s for below in action.choices.values() for s in iter_settings(below))
        elif is_setting(action):
            yield setting_of(parser, action)


def is_setting(action: argparse.Action) -> bool:
    """Whether a variable or a file may say it: not the help, nor a word that says what to do."""
    if isinstance(action, argparse._HelpAction | argparse._VersionAction | argparse._SubParsersAction):  # noqa: SLF001
        return False
    return bool(action.option_strings) or action.metavar == "PROVIDER"


def setting_of(parser: argparse.ArgumentParser, action: argparse.Action) -> Setting:
    """What argparse knows of a flag, as a setting."""
    name = next((flag[2:] for flag in action.option_strings if flag.startswith("--")), action.dest.replace("_", "-"))
    kind = _kind(action)
    said = "which providers" if action.metavar == "PROVIDER" else (action.help or "")
    meaning = " ".join((said % {**vars(action), "prog": parser.prog}).split())
    return Setting(
        verb=verb_of(parser),
        name=name,
        dest=action.dest,
        kind=kind,
        default=action.default,
        choices=tuple(map(str, action.choices or ())),
        meaning=meaning,
        place=action.metavar in _PLACES,
        secret=kind != "boolean" and name.rpartition("-")[2] in _SECRETS,
    )


def verb_of(parser: argparse.ArgumentParser) -> str:
    """The verb that a parser reads: the second word of what is typed."""
    return [*parser.prog.split(), ""][1]


def _kind(action: argparse.Action) -> str:
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return "boolean"
    if isinstance(action.default, list) or action.nargs in ("*", "+"):
        return "list"
    if action.type is float:
        return "number"
    given = getattr(action.type, "__annotations__", {}).get("return")
    if int in (action.type, given, type(action.default)):
        return "integer"
    return "text" if action.type in (None, str) else "scalar"


def _once(settings: Iterable[Setting]) -> Iterator[Setting]:
    """Verbs below one have flags in common."""
    yield from {setting.name: setting for setting in settings}.values()
