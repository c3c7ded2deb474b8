"""Reading a valid body as the spec means it: defaults filled in, `8.0` as the integer 8."""

from collections.abc import Callable
from typing import Any

import jsonschema_rs

Normaliser = Callable[[Any], Any]


def compile_normaliser(schema: Any) -> Normaliser | None:
    """A function from a valid value to its normal form; None when nothing ever changes."""
    if not isinstance(schema, dict):
        return None
    steps = [step for step in (_integer(schema), _properties(schema), _items(schema), *_branches(schema)) if step]
    if not steps:
        return None
    if len(steps) == 1:
        return steps[0]

    def normalise(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return normalise


def compile_coercer(schema: Any) -> Normaliser | None:
    """For the lenient profile: a number written as text, and a text written as number, are understood."""
    if not isinstance(schema, dict):
        return None
    members = {name: compile_coercer(child) for name, child in schema.get("properties", {}).items()}
    wanted = schema.get("type")
    if not any(members.values()) and wanted not in ("integer", "number", "string", "boolean"):
        return None

    def coerce(value: Any) -> Any:
        if isinstance(value, dict):
            pairs = ((name, members.get(name), child) for name, child in value.items())
            return {name: (member(child) if member else child) for name, member, child in pairs}
        return _coerced(wanted, value)

    return coerce


def _coerced(wanted: Any, value: Any) -> Any:
    if wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if wanted == "boolean" and value in ("true", "false"):
        return value == "true"
    if wanted in ("integer", "number") and isinstance(value, str):
        try:
            return int(value) if wanted == "integer" else float(value)
        except ValueError:
            return value
    return value


def _integer(schema: dict[str, Any]) -> Normaliser | None:
    if schema.get("type") != "integer":
        return None
    return lambda value: int(value) if type(value) is float else value


def _properties(schema: dict[str, Any]) -> Normaliser | None:
    said = schema.get("properties", {})
    defaults = {name: child["default"] for name, child in said.items() if isinstance(child, dict) and "default" in child}
    deeper = [(name, step) for name, child in said.items() if (step := compile_normaliser(child))]
    if not defaults and not deeper:
        return None

    def normalise(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        filled = {**defaults, **value}
        for name, step in deeper:
            if name in filled:
                filled[name] = step(filled[name])
        return filled

    return normalise


def _items(schema: dict[str, Any]) -> Normaliser | None:
    step = compile_normaliser(schema.get("items"))
    if step is None:
        return None
    return lambda value: [step(item) for item in value] if isinstance(value, list) else value


def _branches(schema: dict[str, Any]) -> list[Normaliser | None]:
    steps = [compile_normaliser(child) for child in schema.get("allOf", ())]
    for key in ("oneOf", "anyOf"):
        steps += [_when(child, compile_normaliser(child), None) for child in schema.get(key, ())]
    if "if" in schema:
        then, otherwise = compile_normaliser(schema.get("then")), compile_normaliser(schema.get("else"))
        steps.append(_when(schema["if"], then, otherwise))
    return steps


def _when(condition: Any, then: Normaliser | None, otherwise: Normaliser | None) -> Normaliser | None:
    if then is None and otherwise is None:
        return None
    holds = jsonschema_rs.Draft202012Validator(condition).is_valid

    def normalise(value: Any) -> Any:
        step = then if holds(value) else otherwise
        return step(value) if step else value

    return normalise
