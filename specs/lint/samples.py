"""Sample requests: documented ones, and ones made up from the schema where none is documented."""

import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any

from understudy.specs.judging import member_at
from understudy.specs.lint.pointers import iter_values

_TEXTS = (
    *(
        "text",
        "a.png",
        "a.mp4",
        "1",
        "a1b2c3d4",
        "https://example.com/a.png",
        "https://example.com/a.mp3",
        "2030-01-01",
    ),
    *(
        "2030-01-01T00:00:00Z",
        "someone@example.com",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "1:1",
        "#aabbcc",
        "en-US",
    ),
)
_FORMATS = {
    "uri": "https://example.com/a.png",
    "date-time": "2030-01-01T00:00:00Z",
    "date": "2030-01-01",
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "email": "someone@example.com",
}
_MOST_REPAIRS = 40
_WIDEST_RANGE = 64

MISSING = object()


def candidates(schema: Any, path: tuple[str, ...]) -> list[Any] | None:
    """The values that a member can have; None when they cannot be counted."""
    values: list[Any] = []
    for part in iter_values(schema, path):
        found = _own_candidates(part)
        values += [value for value in found or () if value not in values or isinstance(value, bool)]
    return values or None


def _own_candidates(part: dict[str, Any]) -> list[Any] | None:
    if "enum" in part:
        return list(part["enum"])
    if "const" in part:
        return [part["const"]]
    if part.get("type") == "boolean":
        return [True, False]
    low, high = part.get("minimum"), part.get("maximum")
    if part.get("type") == "integer" and low is not None and high is not None and high - low <= _WIDEST_RANGE:
        return list(range(int(low), int(high) + 1))
    return None


def make_up(schema: Any) -> Any:
    """A value for a schema, as far as one can be guessed."""
    if not isinstance(schema, dict):
        return "text"
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    for key in ("allOf", "oneOf", "anyOf"):
        if schema.get(key) and "type" not in schema and "properties" not in schema:
            return make_up(schema[key][0])
    return _made_of_type(schema)


def _made_of_type(schema: dict[str, Any]) -> Any:
    types = schema.get("type", "object" if "properties" in schema else "string")
    match types if isinstance(types, str) else types[0]:
        case "object":
            properties = schema.get("properties", {})
            return {name: make_up(properties.get(name, {})) for name in schema.get("required", ())}
        case "array":
            return [make_up(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _made_text(schema)


def _made_text(schema: dict[str, Any]) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    pattern = schema.get("pattern")
    texts = [text for text in _TEXTS if pattern is None or re.search(pattern, text)]
    text = texts[0] if texts else "text"
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def repair(schema: Any, validator: Any, value: Any) -> Any:
    """The value with what the schema still demands; it may stay invalid."""
    for _ in range(_MOST_REPAIRS):
        errors = list(iter_inner_errors(validator.iter_errors(value)))
        change = next((error for error in errors if type(error.kind).__name__ == "Required"), None)
        if change is None:
            return value
        parent = member_at(value, change.instance_path)
        if not isinstance(parent, dict):
            return value
        name = str(change.kind.property)
        path = (*(str(step) for step in change.instance_path), name)
        parent[name] = make_up(next(iter(iter_values(schema, path)), {}))
    return value


def iter_inner_errors(errors: Any) -> Iterator[Any]:
    """Errors, and those within alternatives."""
    for error in errors:
        yield error
        for branch in getattr(error.kind, "context", None) or ():
            yield from iter_inner_errors(branch)


def put(value: Any, path: tuple[str, ...], member: Any) -> Any:
    """A copy with a member changed, added or (MISSING) taken away; `*` adds an item where there is none."""
    changed = deepcopy(value)
    parent = changed
    for step, after in pairwise(path):
        parent = _step(parent, step, [] if after == "*" else {})
        if parent is None:
            return changed
    _set(parent, path[-1], member)
    return changed


def _step(parent: Any, step: str, empty: Any) -> Any:
    if isinstance(parent, list):
        if not parent:
            parent.append(empty)
        return parent[0]
    return parent.setdefault(step, empty) if isinstance(parent, dict) else None


def _set(parent: Any, step: str, member: Any) -> None:
    if isinstance(parent, list):
        if member is MISSING:
            parent.clear()
        elif parent:
            parent[0] = member
        else:
            parent.append(member)
    elif isinstance(parent, dict):
        if member is MISSING:
            parent.pop(step, None)
        else:
            parent[step] = member
