"""The table of faults as data: what each is, and which parameters it takes."""

from typing import Any

import msgspec

from understudy.mockserver.faults import FAULTS
from understudy.mockserver.faults.rule import Match


def describe() -> list[dict[str, Any]]:
    """Each fault: `name`, `layer`, `meaning` in one sentence, `parameters` (a name each, with its JSON Schema)."""
    return [
        {
            "name": name,
            "layer": kind.layer,
            "meaning": (kind.__doc__ or "").strip(),
            "parameters": parameters(kind),
        }
        for name, kind in FAULTS.items()
    ]


def describe_match() -> dict[str, Any]:
    """Whom a rule hits: a name each, with its JSON Schema."""
    return parameters(Match)


def parameters(kind: type[Any]) -> dict[str, Any]:
    """The members of a struct, with their JSON Schemas."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    found = components[schema["$ref"].rpartition("/")[2]]
    required = found.get("required", ())
    return {
        name: {**said, "required": True} if name in required else said for name, said in found["properties"].items()
    }
