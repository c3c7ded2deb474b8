"""The JSON Schema of the configuration file: made of the settings, shipped as a file, read to know every name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.configuration.settings import PREFIX, Setting

SHIPPED = Path(__file__).with_name("schema.json")

_TYPES: Mapping[str, Any] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "text": {"type": "string"},
    "scalar": {"type": ["string", "number"]},
}


@dataclass(frozen=True, slots=True)
class Known:
    """Every name that there is. `general`: settings of all verbs; `verbs`: verb -> its settings; `variables`."""

    general: tuple[str, ...]
    verbs: Mapping[str, tuple[str, ...]]
    variables: frozenset[str]


def build_schema(settings: Mapping[str, Sequence[Setting]]) -> dict[str, Any]:
    """The schema of a file, of verb -> settings. A setting at the top is for all verbs that have it."""
    shared: dict[str, list[Setting]] = {}
    for each in (setting for some in settings.values() for setting in some):
        shared.setdefault(each.name, []).append(each)
    verbs = {
        verb: _table({s.name: _schema(s) for s in some}) | {"description": f"Settings of `understudy {verb}` alone."}
        for verb, some in settings.items()
    }
    general = _table({name: _merged(same) for name, same in sorted(shared.items())})
    general["properties"] |= verbs
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "understudy.toml, or [tool.understudy] in pyproject.toml",
        **general,
    }


def write_schema(settings: Mapping[str, Sequence[Setting]]) -> str:
    """The same as a text."""
    return json.dumps(build_schema(settings), ensure_ascii=False, indent=2) + "\n"


def read_known() -> Known:
    """Every name, from the shipped file: to know them, no verb has to be loaded."""
    properties: Mapping[str, Any] = json.loads(SHIPPED.read_text("utf-8"))["properties"]
    verbs = {name: said["properties"] for name, said in properties.items() if said.get("type") == "object"}
    general = [name for name in properties if name not in verbs]
    names = {*general, *(f"{verb}-{name}" for verb, own in verbs.items() for name in own)}
    return Known(
        tuple(name for name in general if "_" not in name),
        {verb: tuple(name for name in own if "_" not in name) for verb, own in verbs.items()},
        frozenset(PREFIX + name.replace("-", "_").upper() for name in names),
    )


def _table(members: Mapping[str, Any]) -> dict[str, Any]:
    """Names may be written with underscores, too."""
    twins = {name.replace("-", "_"): schema for name, schema in members.items()}
    return {
        "type": "object",
        "properties": {**members, **{name: twins[name] for name in twins if name not in members}},
        "additionalProperties": False,
    }


def _schema(setting: Setting) -> dict[str, Any]:
    own, general = setting.variables
    schema = {"description": f"{_sentence(setting.meaning)} {own} or {general} says it, too.", **_value(setting)}
    if isinstance(setting.default, bool | int | float | str | list) and setting.default not in ("", []):
        schema["default"] = setting.default
    return schema


def _merged(same: Sequence[Setting]) -> dict[str, Any]:
    """One of several verbs: any value that one of them takes."""
    forms: list[Any] = []
    for setting in same:
        form = _value(setting)
        if form not in forms:
            forms.append(form)
    first = same[0]
    meaning = f"{_sentence(first.meaning)} Of {', '.join(s.verb for s in same)}; {first.variables[1]} says it, too."
    return {"description": meaning, **(forms[0] if len(forms) == 1 else {"anyOf": forms})}


def _value(setting: Setting) -> dict[str, Any]:
    if setting.kind == "list":
        items = {"type": "string", **({"enum": list(setting.choices)} if setting.choices else {})}
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": items}]}
    return {**_TYPES[setting.kind], **({"enum": list(setting.choices)} if setting.choices else {})}


def _sentence(meaning: str) -> str:
    return f"{meaning[:1].upper()}{meaning[1:].rstrip('.')}."
