"""Bodies made to fit: what a branch or a named rule demands of other members when one was changed."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.negatives import edited, find
from understudy.contracts.rules import broken_rules
from understudy.contracts.samples import grown
from understudy.contracts.shapes import Shape
from understudy.specs.expressions import is_expression, parse
from understudy.specs.model import Operation, Rule

Place = tuple[str, ...]


def completed(shape: Shape, body: Any) -> Any:
    """The body with the members that it is told to lack."""
    for wrong in shape.misshapes(body):
        if wrong.keyword == "required":
            demanded = find_at(shape.schema, wrong.schema_path)
            for name in demanded if isinstance(demanded, list) else ():
                found = grown(shape.schema, (*wrong.schema_path[:-1], "properties", name, "x"), body)
                plain = grown(shape.schema, ("properties", name, "x"), body)
                body = plain if shape.is_valid(plain) else found
    return body


def find_at(schema: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a place of a schema."""
    for step in path:
        schema = schema.get(step) if isinstance(schema, dict) else schema[step]
    return schema


def fitted(contract: Contract, operation: Operation, body: Any, place: Place) -> Any:
    """The body with other members as its branch and the named rules that it breaks want them; that at `place` stays."""
    shape = contract.body_shape(operation)
    body = _constant(shape, body, place) if shape else body
    if shape is None or not shape.is_valid(body):
        return body
    asked = contract.coerced(operation, body)
    for rule, _ in broken_rules(contract.provider, operation, asked):
        mender = _MENDERS.get(rule.name)
        body = mender(rule, body, place) if mender else body
    return body


def _constant(shape: Shape, body: Any, place: Place) -> Any:
    """The body with what its branch wants to be one value only, and with what that demands."""
    for wrong in shape.misshapes(body):
        at = tuple(wrong.place.removeprefix("/").split("/"))
        if wrong.keyword == "const" and at != place:
            body = edited(body, at, find_at(shape.schema, wrong.schema_path)) or body
    return completed(shape, body)


def _with_extension(rule: Rule, body: Any, place: Place) -> Any:
    """A name with the ending of its type."""
    names, types = _places(rule.arguments["name"]), _places(rule.arguments["type"])
    endings: list[str] = rule.arguments["table"].get(find(body, types[0]), []) if types else []
    for name in names if endings else ():
        said = find(body, name)
        if isinstance(said, str):
            body = edited(body, name, f"{said.removesuffix(PurePosixPath(said).suffix)}{endings[0]}")
    return body


def _all_equal(rule: Rule, body: Any, place: Place) -> Any:
    """What is to be equal as the one that was set."""
    for other in _places(rule.arguments["values"]):
        if other != place and find(body, other) is not None and find(body, place) is not None:
            body = edited(body, other, find(body, place))
    return body


def _all_other(rule: Rule, body: Any, place: Place) -> Any:
    """Names that are to differ with a number each."""
    for other in _places(rule.arguments["values"]):
        at = other.index("*") if "*" in other else 0
        items = find(body, other[:at]) if at else None
        if isinstance(items, list):
            for number, item in enumerate(items):
                if isinstance(find(item, other[at + 1 :]), str):
                    items = [*items[:number], edited(item, other[at + 1 :], f"{number + 1}"), *items[number + 1 :]]
            body = edited(body, other[:at], items)
    return body


_MENDERS: Mapping[str, Callable[[Rule, Any, Place], Any]] = {
    "extension_matches": _with_extension,
    "equal": _all_equal,
    "unique": _all_other,
}


def _places(said: Any) -> list[Place]:
    texts = [said] if isinstance(said, str) else said or ()
    return [parse(text).path for text in texts if is_expression(text) and parse(text).name == "request.body"]
