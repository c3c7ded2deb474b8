"""The JSON Schemas of rules and of reply scripts, made of the table of faults."""

from typing import Any

import msgspec

from understudy.mockserver.faults import FAULTS
from understudy.mockserver.faults.rule import Match
from understudy.mockserver.faults.table import parameters
from understudy.mockserver.lines import Line
from understudy.mockserver.scripts import THENS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REPEAT = {"type": "integer", "minimum": 1, "default": 1, "description": "with so many requests in turn"}


def rule_schema() -> dict[str, Any]:
    """One rule: a fault with its parameters, and whom it hits."""
    return _document(
        "A rule: which fault, and which exchanges it hits", {"oneOf": _faults(parameters(Match))}, _shared()
    )


def script_schema() -> dict[str, Any]:
    """A reply script."""
    step = {
        "oneOf": [
            {"const": "healthy"},
            _object({"healthy": {"const": True}, "repeat": _REPEAT}, ["healthy"]),
            {"$ref": "#/$defs/faults"},
            {"$ref": "#/$defs/fault"},
        ]
    }
    several = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/fault_alone"}}
    part = {
        "operation": {"type": "string", "description": "an operation's id; `video.*` for all that begin so"},
        "provider": {"type": "string", "default": ""},
        "resource": {
            "anyOf": [{"type": "null"}, {"type": "string"}, {"type": "integer", "minimum": 1}],
            "description": "of one resource alone: its id, or its number in the order in which they are first asked for",
        },
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
        "then": {"anyOf": [{"enum": list(THENS)}, {"$ref": "#/$defs/step"}], "default": "healthy"},
    }
    lines, line_parts = msgspec.json.schema_components([Line], ref_template="#/$defs/{name}")
    definitions = {
        **_shared(),
        **line_parts,
        "step": step,
        "fault": {"oneOf": _faults({"repeat": _REPEAT})},
        "fault_alone": {"oneOf": _faults({})},
        "faults": _object({"faults": several, "repeat": _REPEAT}, ["faults"]),
        "part": _object(part, ["operation"]),
    }
    members = {
        "$schema": {"type": "string"},
        "name": {"type": "string"},
        "comment": {"type": "string"},
        "version": {"const": 1},
        "replies": {"type": "array", "items": {"$ref": "#/$defs/part"}},
        "completions": {"type": "array", "items": lines[0]},
    }
    return _document("A reply script: what a provider answers, step by step", _object(members, []), definitions)


def _faults(more: dict[str, Any]) -> list[dict[str, Any]]:
    """Each fault as an object, with further members."""
    found = []
    for name, kind in FAULTS.items():
        own = parameters(kind)
        required = [member for member, said in own.items() if said.get("required")]
        plain = {member: {k: v for k, v in said.items() if k != "required"} for member, said in own.items()}
        described = {"description": (kind.__doc__ or "").strip()}
        found.append({**_object({"fault": {"const": name}, **plain, **more}, ["fault", *required]), **described})
    return found


def _shared() -> dict[str, Any]:
    """Structs that parameters refer to."""
    _, components = msgspec.json.schema_components(list(FAULTS.values()), ref_template="#/$defs/{name}")
    names = {kind.__name__ for kind in FAULTS.values()}
    return {name: said for name, said in components.items() if name not in names}


def _object(members: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


def _document(title: str, schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **schema, "$defs": definitions}
