"""Check that pointers into requests point at members that the request schema has."""

from collections.abc import Iterator
from typing import Any

from understudy.specs.lint.subject import Subject
from understudy.specs.lint.uses import Use, iter_uses
from understudy.specs.problems import Misfit, known

_BRANCHES = ("allOf", "anyOf", "oneOf")
_CONDITIONAL = ("then", "else")


def check_pointers(subject: Subject) -> Iterator[Misfit]:
    """Pointers to members that no request can have."""
    for use in iter_uses(subject):
        if use.expression is None or use.expression.name not in ("request.body", "task.input"):
            continue
        yield from _check_use(subject, use)


def _check_use(subject: Subject, use: Use) -> Iterator[Misfit]:
    expression = use.expression
    assert expression
    schemas = _schemas(subject, use)
    if not schemas and use.spot and expression.name == "request.body":
        yield Misfit(f"{expression} has no value here", "the operation takes no JSON body", use.place)
        return
    missing = [find_missing(schema, expression.path) for schema in schemas]
    if missing and all(found is not None for found in missing):
        step, names = next(found for found in missing if found is not None)
        yield Misfit(f"{expression} is in no request: there is no {step!r}", known(step, names), use.place)


def _schemas(subject: Subject, use: Use) -> list[Any]:
    """The schemas of the requests that the expression can speak of."""
    assert use.expression
    is_own = use.expression.name == "request.body"
    if use.spot and (is_own or use.spot.behavior == "task.submit"):
        spots = [use.spot]
    else:
        spots = [spot for kind in use.kinds for spot in subject.submitters(kind)]
    return [schema for spot in spots if (schema := subject.request_schema(spot)) is not None]


def find_missing(schema: Any, path: tuple[str, ...]) -> tuple[str, list[str]] | None:
    """The first step of a path that no valid value has, with the names that are there; None when it may be had."""
    schemas = [schema]
    for step in path:
        parts = [part for schema in schemas for part in iter_parts(schema)]
        schemas = [below for part in parts for below in _below(part, step)]
        if not schemas:
            names = sorted({name for part in parts for name in part.get("properties", {})})
            return None if not names and not any(_is_closed(part, step) for part in parts) else (step, names)
    return None


def may_have(schema: Any, name: str) -> bool:
    """Whether an object can have a member: one that its schema does not name comes unless the schema is closed."""
    parts = [schema, *schema.get("allOf", ())] if isinstance(schema, dict) else []
    closed = [p for p in parts if isinstance(p, dict) and p.get("additionalProperties") is False]
    return all(_below(part, name) for part in closed)


def iter_parts(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and those below it that speak of the same value and may hold."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key in _BRANCHES:
        for child in schema.get(key, ()):
            yield from iter_parts(child)
    for key in _CONDITIONAL:
        yield from iter_parts(schema.get(key))
    for child in schema.get("dependentSchemas", {}).values():
        yield from iter_parts(child)


def iter_values(schema: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Every schema that speaks of the member at a path."""
    if not path:
        yield from iter_parts(schema)
        return
    for part in iter_parts(schema):
        for below in _below(part, path[0]):
            yield from iter_values(below, path[1:])


def _below(part: dict[str, Any], step: str) -> list[Any]:
    """The schemas of a member, or of every item for `*` and of one for a number."""
    properties = part.get("properties", {})
    found: list[Any] = []
    if step in properties:
        found.append(properties[step])
    elif step == "*":
        found += properties.values()
    if step == "*" or step.isdecimal():
        found += [part["items"]] if "items" in part else []
        found += part.get("prefixItems", [])
    for key in ("additionalProperties", "unevaluatedProperties"):
        if part.get(key) not in (None, False) and step not in properties:
            found.append(part[key])
    found += [] if step in properties else part.get("patternProperties", {}).values()
    # A bare `true` still says that the member may be there.
    return [{} if schema is True else schema for schema in found if schema is not False]


def _is_closed(part: dict[str, Any], step: str) -> bool:
    """Whether a schema that names no members allows none."""
    types = part.get("type")
    wanted = {types} if isinstance(types, str) else set(types or ())
    may_be_item = step == "*" or step.isdecimal()
    if part.get("additionalProperties") is False and not (may_be_item and wanted != {"object"}):
        return True
    return bool(wanted) and not wanted & ({"array", "object"} if may_be_item else {"object"})
