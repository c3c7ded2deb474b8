"""A small value that a schema takes: where documented examples leave out what is to be tried."""

import random
from typing import Any

import rstr

from understudy.contracts.shapes import Shape

_FORMATS = {
    "uri": "https://example.com/file.png",
    "date-time": "2026-01-01T00:00:00Z",
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "email": "someone@example.com",
}
_MOST_DEPTH = 8


def find_sample(schema: Any) -> Any:
    """A value that the schema takes, its smallest; None when none was found."""
    value = _sample(schema, 0)
    return value if Shape(schema).is_valid(value) else None


def _sample(schema: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _MOST_DEPTH:
        return "text"
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("oneOf", "anyOf"):
        if schema.get(word) and "properties" not in schema:
            return _sample({**{k: v for k, v in schema.items() if k != word}, **_as_dict(schema[word][0])}, depth + 1)
    return _of_type(_merged(schema), depth)


def _of_type(schema: dict[str, Any], depth: int) -> Any:
    said = schema.get("type", "object" if "properties" in schema or "required" in schema else "string")
    match said if isinstance(said, str) else said[0]:
        case "object":
            members = schema.get("properties", {})
            return {name: _sample(members.get(name, {}), depth + 1) for name in schema.get("required", ())}
        case "array":
            return [_sample(schema.get("items", {}), depth + 1) for _ in range(max(schema.get("minItems", 0), 1))]
        case "integer" | "number":
            return schema.get("minimum", min(1, schema.get("maximum", 1)))
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _text(schema)


def _text(schema: dict[str, Any]) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        return str(rstr.Rstr(random.Random(1)).xeger(schema["pattern"]))
    return "text".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 10_000)]


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """An object schema with what its `allOf` adds to it."""
    merged = dict(schema)
    for part in map(_as_dict, schema.get("allOf", ())):
        flat = _merged(part)
        merged["properties"] = {**merged.get("properties", {}), **flat.get("properties", {})}
        merged["required"] = list(dict.fromkeys((*merged.get("required", ()), *flat.get("required", ()))))
        merged = {**flat, **merged}
    return merged


def _as_dict(schema: Any) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {}


def grown(schema: Any, path: tuple[Any, ...], base: Any) -> Any:
    """A copy of a body in which the members on a way through its schema are there, each the smallest that may be.

    `path` is one of the schema: `("properties", "a", "items", "minimum")`; None when there is no such body.
    """
    if not path or not isinstance(schema, dict | list):
        return base
    step, rest = path[0], path[1:]
    if step == "properties" and rest and isinstance(schema, dict):
        child = _as_dict(schema.get("properties", {}).get(rest[0]))
        holder = dict(base) if isinstance(base, dict) else {}
        deeper = len(rest) > 2 or rest[-1] == "additionalProperties"
        if rest[0] not in holder:
            holder[rest[0]] = find_sample(child)
        if deeper:
            holder[rest[0]] = grown(child, rest[1:], holder[rest[0]])
        return holder
    if step == "items" and isinstance(schema, dict):
        child = schema.get("items", {})
        items = list(base) if isinstance(base, list) and base else [find_sample(child)]
        return [grown(child, rest, items[0]), *items[1:]]
    if isinstance(schema, list):
        return grown(schema[step], rest, base) if isinstance(step, int) and step < len(schema) else base
    return grown(schema.get(step), rest, base)
