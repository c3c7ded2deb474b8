"""Writes the pages of docs/ that are made from the code: `python -m tests.making`, as `make pages` does."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from understudy.cli import VERBS
from understudy.mockserver.control.app import build_control
from understudy.mockserver.faults.table import describe, describe_match
from understudy.mockserver.trust import Guard
from understudy.mockserver.world import Settings
from understudy.mockserver.worlds import Worlds

DOCS = Path(__file__).parents[1] / "docs"
LAYERS = {
    "plan": "What a task suffers later",
    "call": "What happens to the call as a whole",
    "answer": "What is wrong with the answer",
    "bytes": "What is wrong with the bytes and the connection",
}

FAULTS_HEAD = """\
# Faults

A fault is what goes wrong; a rule says whom it hits. The same rule can be given in three ways:

| way | a rule |
|---|---|
| over HTTP | `curl -X POST http://127.0.0.1:4010/_understudy/faults -H "Content-Type: application/json" -d '{"fault": "status", "status": 503, "times": 2}'` |
| with one request | `-H "Prefer: fault=status, status=503"` |
| with words in the input, where the spec names a member for them | `[understudy: fault=status status=503]` in the prompt |

`GET /_understudy/faults` tells how many exchanges fitted and how many were hit, `DELETE …/faults/ID` takes a rule away, `DELETE …/faults` all. From Python:
`provider.faults` and `provider.next(operation).fails(…)`, see [testing](testing.md). In [the console](console.md): the section Faults.
"""


CONTROL_HEAD = """\
# Control API

The control API is at `/_understudy`; of a world of its own, at `/_w/WORLD/_understudy`. Its OpenAPI document is at `/_understudy/openapi.json`, to read and to
try at `/_understudy/docs`; neither needs a network. It answers callers on this machine that mean it: a foreign `Host` or `Origin` is refused, and so is
whoever comes from elsewhere, unless the server was started with `--control-token` and the caller brings it.

Many tests share one server, each in a world of its own:

```sh
curl -X POST http://127.0.0.1:4010/_understudy/worlds -H "Content-Type: application/json" -d '{"clock": "virtual", "seed": 7, "keys": {"juhuo": ["sk-of-this-test"]}}'
```

The answer names its addresses. Requests with one of its keys mean it at the plain address, too. 256 worlds can be open; one more is refused, since none is
dropped that a test may be using: close yours with `DELETE /_understudy/worlds/NAME`.

What happened is asked, and claimed:

```sh
curl -X POST http://127.0.0.1:4010/_understudy/verify -H "Content-Type: application/json" \\
  -d '{"claims": [{"filter": {"operation": "video.submit"}, "count": 3}, {"filter": {"broken": true}, "never": true}, {"in_order": [{"operation": "video.submit"}, {"operation": "video.get"}]}]}'
```

A claim says one of `count`, `at_least` and `at_most`, `never`, `in_order`. A count or an absence over exchanges that are no longer kept is not answered: 409.
"""


def iter_control() -> Iterator[str]:
    """The page of the control API: every route by subject."""
    yield CONTROL_HEAD
    document = build_control(Worlds([], Settings()), Guard()).openapi()
    subjects: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, said in item.items():
            row = f"| `{method.upper()} {path.removeprefix('/_understudy')}` | {_plain(said['description'])} |"
            subjects.setdefault(said["tags"][0], []).append(row)
    for subject, rows in subjects.items():
        yield f"## {subject.capitalize()}\n"
        yield "| below `/_understudy` | |\n|---|---|"
        yield from rows
        yield ""


def iter_faults() -> Iterator[str]:
    """The page of faults."""
    yield FAULTS_HEAD
    yield "## Whom a rule hits\n"
    yield from _parameters(describe_match())
    for layer, title in LAYERS.items():
        yield f"## {title}\n"
        for fault in (each for each in describe() if each["layer"] == layer):
            yield f"### `{fault['name']}`\n"
            yield " ".join(fault["meaning"].split()) + "\n"
            yield from _parameters(fault["parameters"])


def _parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    if not parameters:
        return
    yield "| parameter | value | |\n|---|---|---|"
    for name, schema in parameters.items():
        yield f"| `{name}` | {_value(schema)} | {_plain(schema.get('description', ''))} |"
    yield ""


def _value(schema: Mapping[str, Any]) -> str:
    choices = [choice for part in (schema, *schema.get("anyOf", ())) for choice in part.get("enum", ())]
    said = ", ".join(f"`{choice}`" for choice in choices) if choices else str(schema.get("type", "any"))
    default = schema.get("default")
    return (
        f"{said}, required"
        if schema.get("required") is True
        else f"{said}, `{default}` unless said"
        if default
        else said
    )


def iter_commands() -> Iterator[str]:
    """The page of commands: every verb with its words and examples."""
    yield "# Commands\n"
    yield "`understudy VERB --help` tells the same on the terminal. Completion: `understudy completion bash`, `zsh` or `fish`.\n"
    for verb, (module, meaning) in VERBS.items():
        parser = import_module(module).parser()
        yield f"## {verb}\n"
        yield meaning[0].upper() + meaning[1:] + ".\n"
        yield "```sh"
        for command, why in parser.examples:
            yield f"{command}  # {why}"
        yield "```\n"
        yield from _words(parser)


def _words(parser: argparse.ArgumentParser) -> Iterator[str]:
    rows = [
        action
        for action in parser._actions
        if not isinstance(action, argparse._SubParsersAction | argparse._HelpAction)
    ]
    if rows:
        yield "| word | |\n|---|---|"
        yield from (f"| {_word(action)} | {_meaning(parser, action)} |" for action in rows)
        yield ""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield f"### {' '.join(below.prog.split()[1:])}\n"
                yield f"{below.description}\n"
                yield from _words(below)


def _word(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar or action.dest}`"
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return f"`{action.option_strings[-1]}{value}`"


def _meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return _plain((action.help or "") % {**vars(action), "prog": parser.prog})


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {"faults.md": iter_faults, "commands.md": iter_commands, "control.md": iter_control}


def make(name: str) -> str:
    """The text of a page."""
    return "\n".join(PAGES[name]()).rstrip() + "\n"


def main() -> int:
    """Write the pages; with `--check` only tell, by the exit code, whether one is not current."""
    if sys.argv[1:] == ["--check"]:
        return int(any((DOCS / page).read_text("utf-8") != make(page) for page in PAGES))
    for page in PAGES:
        (DOCS / page).write_text(make(page), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
