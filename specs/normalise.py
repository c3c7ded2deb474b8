"""Reading a valid body as the spec means it: defaults filled in, `8.0` as the integer 8."""

import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs

Normaliser = Callable[[Any], Any]
Compiler = Callable[[Any], Normaliser | None]

_NUMBER = re.compile(r"-?[0-9]{1,18}(?P<fraction>\.[0-9]{1,18})?")


def compile_normaliser(schema: Any) -> Normaliser | None:
    """A function from a valid value to its normal form; None when nothing ever changes."""
    if not isinstance(schema, dict):
        return None
    own = (_integer(schema), _properties(schema), _items(schema, compile_normaliser))
    steps = [step for step in (*own, *_branches(schema, compile_normaliser)) if step]
    if not steps:
        return None
    return _in_order(steps)


def compile_coercer(schema: Any) -> Normaliser | None:
    """For the lenient profile: a number written as text, and a text written as number, are understood."""
    if not isinstance(schema, dict):
        return None
    own = (_scalar(schema), _members(schema), _items(schema, compile_coercer))
    steps = [step for step in (*own, *_branches(schema, compile_coercer)) if step]
    return _in_order(steps) if steps else None


def _scalar(schema: dict[str, Any]) -> Normaliser | None:
    wanted = schema.get("type")
    if wanted not in ("integer", "number", "string", "boolean"):
        return None
    return lambda value: _coerced(wanted, value)


def _members(schema: dict[str, Any]) -> Normaliser | None:
    compiled = ((name, compile_coercer(child)) for name, child in schema.get("properties", {}).items())
    members = {name: step for name, step in compiled if step}
    if not members:
        return None

    def coerce(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: members[name](child) if name in members else child for name, child in value.items()}

    return coerce


def _coerced(wanted: str, value: Any) -> Any:
    if wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value) if value == int(value) else value)
    if wanted == "boolean" and value in ("true", "false"):
        return value == "true"
    if wanted in ("integer", "number") and isinstance(value, str):
        found = _NUMBER.fullmatch(value)
        if found and (wanted == "number" or not found["fraction"]):
            return float(value) if found["fraction"] else int(value)
    return value


def _integer(schema: dict[str, Any]) -> Normaliser | None:
    if schema.get("type") != "integer":
        return None
    return lambda value: int(value) if type(value) is float else value


def _properties(schema: dict[str, Any]) -> Normaliser | None:
    said = schema.get("properties", {})
    defaults = {
        name: child["default"] for name, child in said.items() if isinstance(child, dict) and "default" in child
    }
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


def _in_order(steps: list[Normaliser]) -> Normaliser:
    if len(steps) == 1:
        return steps[0]

    def normalise(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return normalise


def _items(schema: dict[str, Any], compiler: Compiler) -> Normaliser | None:
    step = compiler(schema.get("items"))
    if step is None:
        return None
    return lambda value: [step(item) for item in value] if isinstance(value, list) else value


def _branches(schema: dict[str, Any], compiler: Compiler) -> list[Normaliser | None]:
    steps = [compiler(child) for child in schema.get("allOf", ())]
    for key in ("oneOf", "anyOf"):
        steps += [_when(child, compiler(child), None) for child in schema.get(key, ())]
    if "if" in schema:
        then, otherwise = compiler(schema.get("then")), compiler(schema.get("else"))
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
