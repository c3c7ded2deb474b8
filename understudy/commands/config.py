"""`understudy config`: what is set, where each value comes from, and the schema of the configuration file."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from understudy.cli import VERBS, UsageError, load_verb
from understudy.commands.columns import iter_lines
from understudy.configuration.given import Configuration, load
from understudy.configuration.page import iter_page
from understudy.configuration.schema import write_schema
from understudy.configuration.settings import HIDDEN, Setting, is_setting, iter_settings
from understudy.specs.problems import known
from understudy.usage import Parser

_EXAMPLES = (
    ("understudy config show", "each setting with its value, and what gave it"),
    ("understudy config show serve --json", "those of one verb, for a script"),
    ("understudy config schema > understudy.schema.json", "for an editor that checks understudy.toml"),
)

_WRITERS: Mapping[str, Callable[[Mapping[str, Sequence[Setting]]], str]] = {
    "schema": write_schema,
    "page": lambda settings: "\n".join(iter_page(settings)) + "\n",
}


def run(arguments: list[str]) -> int:
    """Show the values, or print the schema; gives the exit code."""
    options = parser().parse_args(arguments)
    for verb in options.of:
        if verb not in VERBS:
            raise UsageError(f"there is no verb {verb!r}; {known(verb, VERBS)}")
    if options.what != "show":
        print(_WRITERS[options.what](table()), end="")
        return 0
    rows = [row for verb, words in iter_parsers(options.of) for row in _iter_rows(words, load())]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    path = load().path
    print(f"configuration file: {path or 'none (understudy.toml, or [tool.understudy] in pyproject.toml)'}")
    shown = ((f"{row['verb']}.{row['name']}", _text(row["value"]), row["origin"]) for row in rows)
    for line in iter_lines(list(shown), ""):
        print(line)
    return 0


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(
        prog="understudy config",
        description="Show what is set and where it comes from: flag > environment > file > default.",
        examples=_EXAMPLES,
    )
    words.add_argument(
        "what", choices=("show", *_WRITERS), help="the values, the JSON Schema of the file, or a page of all settings"
    )
    words.add_argument("of", nargs="*", metavar="VERB", help="of these verbs only")
    words.add_argument("--json", action="store_true", help="print JSON")
    return words


def table() -> Mapping[str, Sequence[Setting]]:
    """All settings, by verb."""
    return {verb: tuple(iter_settings(words)) for verb, words in iter_parsers()}


def iter_parsers(verbs: list[str] | None = None) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The verbs that have settings, with what reads their words; unless asked for, without those that cannot be loaded here."""
    for verb in verbs or VERBS:
        try:
            words = load_verb(verb).parser()
        except UsageError:
            if verbs:
                raise
            continue
        if any(iter_settings(words)):
            yield verb, words


def _iter_rows(words: argparse.ArgumentParser, configuration: Configuration) -> Iterator[Mapping[str, Any]]:
    actions = dict(_iter_actions(words))
    for setting in iter_settings(words):
        convert = actions[setting.dest].type
        given = configuration.find(setting, convert if callable(convert) else str)
        value, origin = (given.value, given.origin) if given else (setting.default, "default")
        yield {"verb": setting.verb, "name": setting.name, "value": _shown(setting, value), "origin": origin}


def _iter_actions(words: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    for action in words._actions:  # noqa: SLF001 (argparse has no public way to its flags)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in action.choices.values():
                yield from _iter_actions(below)
        elif is_setting(action):
            yield action.dest, action


def _shown(setting: Setting, value: Any) -> Any:
    if setting.secret and value:
        return HIDDEN
    return value if isinstance(value, bool | int | float | str | list) or value is None else str(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return json.dumps(value) if isinstance(value, bool) else "–" if value in (None, "") else str(value)
