"""JSON Schemas as values: resolving references, and the variants that a profile makes of them."""

from collections.abc import Callable
from typing import Any

from understudy.specs.problems import Misfit
from understudy.specs.sources import is_assumed

# Applicators whose subschemas speak of the same value, and those that speak of its members.
SAME_VALUE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not")
MEMBERS = (
    "properties",
    "patternProperties",
    "dependentSchemas",
    "items",
    "prefixItems",
    "additionalProperties",
)


def resolve(schema: Any, document: Any, trail: tuple[str, ...] = ()) -> Any:
    """The schema with every local `$ref` put in its place; raises Misfit at a dead or circular one."""
    if isinstance(schema, list):
        return [resolve(item, document, trail) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return {key: resolve(value, document, trail) for key, value in schema.items()}
    if reference in trail:
        raise Misfit(f"{reference} contains itself", "write the recursion out as deep as it may go")
    target = resolve(follow(reference, document), document, (*trail, reference))
    beside = {key: resolve(value, document, trail) for key, value in schema.items() if key != "$ref"}
    return {**target, **beside} if isinstance(target, dict) else target


def follow(reference: str, document: Any) -> Any:
    """What a local reference points at."""
    if not reference.startswith("#/"):
        raise Misfit(f"{reference} is not within this file", "write '#/components/…'")
    value = document
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, dict) or name not in value:
            raise Misfit(f"{reference} points at nothing", f"{name!r} is not there")
        value = value[name]
    return value


def tighten(schema: Any) -> Any:
    """For `strict-doc`: what is only assumed is gone, and members that are not named are refused."""
    return _close(_map_schemas(schema, _without_assumed), closed_above=False)


def loosen(schema: Any) -> Any:
    """For `lenient`: members that are not named are let through."""

    def opened(node: dict[str, Any]) -> dict[str, Any]:
        closers = ("additionalProperties", "unevaluatedProperties")
        return {key: value for key, value in node.items() if not (key in closers and value is False)}

    return _map_schemas(schema, opened)


def _without_assumed(node: dict[str, Any]) -> dict[str, Any]:
    properties = node.get("properties")
    if not isinstance(properties, dict):
        return node
    kept = {name: value for name, value in properties.items() if not is_assumed(value)}
    return {**node, "properties": kept}


def _close(schema: Any, closed_above: bool) -> Any:
    """Refuse unnamed members at the outermost schema of each object value."""
    if not isinstance(schema, dict):
        return schema
    closes = not closed_above and ("properties" in schema or _names_members(schema))
    inner = closed_above or closes
    built = _children(schema, lambda child: _close(child, inner), lambda child: _close(child, False))
    if closes and "additionalProperties" not in schema:
        built["unevaluatedProperties"] = False
    return built


def _names_members(schema: dict[str, Any]) -> bool:
    branches = [branch for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key, ())]
    return any(isinstance(branch, dict) and "properties" in branch for branch in branches)


def _map_schemas(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if not isinstance(schema, dict):
        return schema
    deeper = lambda child: _map_schemas(child, change)  # noqa: E731 - one use, both positions
    return change(_children(schema, deeper, deeper))


def _children(schema: dict[str, Any], same: Callable[[Any], Any], member: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy whose subschemas went through `same` or `member`, by what they speak of."""
    built: dict[str, Any] = {}
    for key, value in schema.items():
        change = same if key in SAME_VALUE else member if key in MEMBERS else None
        if change is None:
            built[key] = value
        elif isinstance(value, list):
            built[key] = [change(child) for child in value]
        elif key in ("properties", "patternProperties", "dependentSchemas"):
            built[key] = {name: change(child) for name, child in value.items()}
        else:
            built[key] = change(value)
    return built
