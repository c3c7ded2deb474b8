"""`understudy faults`: what can go wrong, as a list and JSON Schemas."""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from understudy.cli import UsageError
from understudy.commands.columns import iter_lines
from understudy.mockserver.faults import FAULTS
from understudy.mockserver.faults.schema import rule_schema, script_schema
from understudy.mockserver.faults.table import describe
from understudy.specs.problems import known
from understudy.usage import Parser

_EXAMPLES = (
    ("understudy faults list", "every fault in one line"),
    ("understudy faults list cut reset", "some of them, with their parameters"),
    ("understudy faults schema script > script.schema.json", "for an editor that checks reply scripts"),
)
_SCHEMAS = {"script": script_schema, "rule": rule_schema}


def run(arguments: list[str]) -> int:
    """Print what is asked for; gives the exit code."""
    options = parser().parse_args(arguments)
    if options.what == "schema":
        print(json.dumps(_SCHEMAS[_one_of(options.of or ["script"])](), ensure_ascii=False, indent=1))
        return 0
    for name in options.of:
        if name not in FAULTS:
            raise UsageError(f"there is no fault {name!r}; {known(name, FAULTS)}")
    chosen = [said for said in describe() if not options.of or said["name"] in options.of]
    if options.json:
        print(json.dumps(chosen, ensure_ascii=False, indent=2))
        return 0
    for line in _iter_list(chosen, bool(options.of)):
        print(line)
    return 0


def parser() -> argparse.ArgumentParser:
    """The words of this verb."""
    words = Parser(
        prog="understudy faults", description="What can be made to go wrong, and how it is said.", examples=_EXAMPLES
    )
    words.add_argument("what", choices=("list", "schema"), help="a list, or a JSON Schema")
    words.add_argument("of", nargs="*", metavar="NAME", help="of these faults; for schema: script (default) or rule")
    words.add_argument("--json", action="store_true", help="print JSON")
    return words


def _iter_list(said: list[dict[str, Any]], with_parameters: bool) -> Iterator[str]:
    yield from iter_lines([(one["layer"], one["name"], one["meaning"]) for one in said], "")
    for one in said if with_parameters else ():
        yield ""
        yield f"{one['name']}:"
        rows = [
            (f"  {name}", form(schema), schema.get("description", "")) for name, schema in one["parameters"].items()
        ]
        yield from iter_lines(rows or [("  no parameters", "", "")], "")


def _one_of(names: list[str]) -> str:
    if len(names) != 1 or names[0] not in _SCHEMAS:
        raise UsageError(f"there is no schema {' '.join(names)!r}; {known(names[0], _SCHEMAS)}")
    return names[0]


def form(schema: Mapping[str, Any]) -> str:
    """What a parameter may be, in a few words."""
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    said = " or ".join(_kind(each) for each in kinds)
    if schema.get("required"):
        return f"{said}, needed"
    default = schema.get("default")
    return said if default in (None, "", {}) else f"{said}, else {json.dumps(default)}"


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(str(value) or '""' for value in schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" {low}–{high}" if low is not None and high is not None else f" from {low}" if low is not None else ""
    return f"{schema.get('type', 'any value')}{bounds}"
