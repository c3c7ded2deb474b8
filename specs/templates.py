"""Templates: one declaration of a body, rendered by the mock and read back by the checks.

A template is JSON whose leaves may be expressions. `parse` makes a tree of nodes; each node can
`compile` itself into a function from a scope to a value, and `read` itself from a wire value.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from understudy.specs.expressions import Expression, is_expression, split
from understudy.specs.expressions import parse as parse_expression
from understudy.specs.extraction import Extraction
from understudy.specs.nodes import (
    Array,
    Constant,
    Each,
    EachCase,
    Member,
    Node,
    Object,
    Or,
    Text,
    Value,
    With,
)
from understudy.specs.problems import Misfit, known

T = TypeVar("T")

CONSTRUCTS = {"$or": ({"$or"},), "$with": ({"$with", "$body"},), "$each": ({"$each", "$body"}, {"$each", "$cases"})}


def parse(template: Any) -> Node:
    """Parse a template; raises Misfit with the place of what is wrong."""
    if isinstance(template, dict):
        return _parse_object(template)
    if isinstance(template, list):
        return Array(tuple(_below(parse, item, index) for index, item in enumerate(template)))
    if is_expression(template):
        return Value(parse_expression(template))
    if isinstance(template, str):
        parts = tuple(split(template.removeprefix("$") if template.startswith("$$") else template))
        return Text(parts) if any(isinstance(p, Expression) for p in parts) else Constant("".join(map(str, parts)))
    return Constant(template)


def read(template: Node, body: Any) -> Extraction:
    """Read a body through a template. Never raises: what does not fit is a mismatch."""
    extraction = Extraction()
    template.read(body, (), extraction)
    return extraction


def _parse_object(template: dict[str, Any]) -> Node:
    commands = {key for key in template if key.startswith("$") and not key.startswith("$$")}
    if not commands:
        members = (_parse_member(key, value) for key, value in template.items())
        return Object(tuple(members))
    head = next((name for name in CONSTRUCTS if name in commands), None)
    if head is None:
        raise Misfit(f"unknown construct {sorted(commands)}", known(min(commands), CONSTRUCTS))
    if set(template) not in CONSTRUCTS[head]:
        forms = " or ".join(str(sorted(form)) for form in CONSTRUCTS[head])
        raise Misfit(f"{head} takes exactly {forms}", f"found {sorted(template)}")
    if head == "$or":
        return _parse_or(template["$or"])
    if not is_expression(template[head]):
        raise Misfit(f"{head} takes an expression, not {template[head]!r}", place=(head,))
    if "$cases" in template:
        return _parse_cases(parse_expression(template[head]), template["$cases"])
    construct = With if head == "$with" else Each
    return construct(parse_expression(template[head]), _below(parse, template["$body"], "$body"))


def _parse_cases(over: Expression, cases: Any) -> EachCase:
    """The bodies of a list by the type of its items."""
    if over.item_type is None:
        raise Misfit(f"the items of {over} have no type to choose by", "write $body", ("$each",))
    if not isinstance(cases, dict) or not cases:
        raise Misfit("$cases takes an object: type of item to body", place=("$cases",))
    for name in cases:
        if name not in over.item_types:
            raise Misfit(f"no item of {over} is of type {name!r}", known(name, over.item_types), ("$cases",))
    return EachCase(over, parse_expression(over.item_type), _below(_parse_bodies, cases, "$cases"))


def _parse_member(key: str, value: Any) -> Member:
    name = key[1:] if key.startswith("$$") else key
    optional = name.endswith("?")
    return Member(name.removesuffix("?"), optional, _below(parse, value, key))


def _parse_or(arguments: Any) -> Or:
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise Misfit("$or takes a list of two: an expression and a default", place=("$or",))
    node = _below(parse, arguments[0], "$or")
    if isinstance(node, Constant) or not isinstance(parse(arguments[1]), Constant | Object | Array):
        raise Misfit("$or takes an expression and a constant default", place=("$or",))
    return Or(node, arguments[1])


def _parse_bodies(cases: dict[str, Any]) -> dict[str, Node]:
    return {name: _below(parse, body, name) for name, body in cases.items()}


def _below(parser: Callable[[Any], T], value: Any, step: str | int) -> T:
    try:
        return parser(value)
    except Misfit as misfit:
        raise misfit.under(step) from None
