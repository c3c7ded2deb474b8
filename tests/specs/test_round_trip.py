"""A template reads back what it rendered: `read(t, render(t, scope))` is the scope, on the names in `t`."""

import json
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.door import SPECS, stage_of
from understudy.mockserver.scope import to_json
from understudy.specs.expressions import Expression
from understudy.specs.model import Failures, Operation, Provider
from understudy.specs.nodes import Array, Each, EachCase, Node, Object, Or, Text, Value, With
from understudy.specs.templates import read

Scope = Mapping[str, Any]
"""Expression text -> value; what is missing is not there."""

INTEGERS = st.integers(-(2**53), 2**53)
CHARACTERS = "abcXYZ019_"
LINKS = st.lists(st.text(CHARACTERS, min_size=1), max_size=3)
PLAIN: st.SearchStrategy[Any] = st.none() | st.booleans() | INTEGERS | st.text()
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
).filter(lambda value: value is not None)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "string": st.text(),
    "integer": INTEGERS,
    "money": st.decimals(-(10**9), 10**9, places=6) | st.integers(0, 10**9).map(Decimal),
    "array": LINKS,
    "wire": st.text() | INTEGERS,
    "json": JSON,
}
IN_TEXT: Mapping[str, st.SearchStrategy[Any]] = {
    **VALUES,
    **dict.fromkeys(("string", "wire", "json"), st.text(CHARACTERS, min_size=1)),
}
"""Within a longer text, nothing that reads like the text around it."""


class DictResolver:
    """Finds values in a dict by the expression's text."""

    def getter(self, expression: Expression) -> Callable[[Scope], Any]:
        return lambda scope: scope.get(expression.text)

    def bind(self, scope: Scope, expression: Expression, item: Any) -> Scope:
        inner = item if expression.name == "tasks" else {"$item": item}
        return ChainMap(inner, scope)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Named:
    """A template with its place in a spec."""

    name: str
    node: Node

    def __str__(self) -> str:
        return self.name


def iter_operation(operation: Operation) -> Iterator[Named]:
    for number, case in enumerate(operation.reply.cases):
        yield Named(f"{operation.id}-{number}", case.body)
    for header, node in operation.reply.headers:
        yield Named(f"{operation.id}-{header}", node)
    for delivery in operation.deliveries:
        for number, case in enumerate(delivery.cases):
            yield Named(f"{operation.id}-callback-{number}", case.body)
        for header, node in delivery.headers:
            yield Named(f"{operation.id}-callback-{header}", node)


def iter_failures(name: str, failures: Failures) -> Iterator[Named]:
    yield Named(f"{name}-envelope", failures.envelope.template)
    for condition in failures.conditions.values():
        yield Named(f"{name}-{condition.name}", condition.message)
        for header, node in condition.headers:
            yield Named(f"{name}-{condition.name}-{header}", node)


def iter_templates(provider: Provider) -> Iterator[Named]:
    for operation in provider.operations:
        yield from iter_operation(operation)
        yield from iter_failures(operation.id, operation.failures)
    yield from iter_failures("provider", provider.failures)
    yield from iter_failures("media", provider.media_failures)
    for prefix, failures in provider.prefixes.items():
        yield from iter_failures(prefix, failures)
    yield from (Named(f"phrase-{name}", node) for name, node in provider.phrases.items())


def find_templates() -> list[Any]:
    """Each once: the envelopes and sentences are shared by the operations."""
    found = {
        (slug, repr(each.node)): each
        for slug in SPECS
        for each in iter_templates(stage_of(slug).provider)
        if any(True for _ in each.node.expressions())
    }
    return [pytest.param(each.node, id=f"{slug}-{each}") for (slug, _), each in found.items()]


def iter_nodes(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Object(members):
            for member in members:
                yield from iter_nodes(member.node)
        case Array(items):
            for item in items:
                yield from iter_nodes(item)
        case Or(inner, _) | With(_, inner) | Each(_, inner):
            yield from iter_nodes(inner)
        case _:
            return


def draw_scope(draw: st.DrawFn, node: Node) -> dict[str, Any]:
    """A value, or none, for each name; what stands in a text has nothing of the text around it."""
    nodes = list(iter_nodes(node))
    in_text = {e.text for each in nodes if isinstance(each, Text) for e in each.expressions()}
    lists = {each.expression.text: each.body for each in nodes if isinstance(each, Each)}
    scope: dict[str, Any] = {}
    for expression in node.expressions():
        name = expression.text
        if name == "$tasks":
            count = draw(st.integers(0, 3))
            scope[name] = [draw_scope(draw, lists[name]) for _ in range(count)]
        elif name not in scope and name != "$item" and draw(st.integers(0, 4)):
            values = IN_TEXT if name in in_text else VALUES
            scope[name] = draw(values[expression.type])
    return scope


@st.composite
def scopes(draw: st.DrawFn, node: Node) -> dict[str, Any]:
    return draw_scope(draw, node)


def is_same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def iter_readable(node: Node, scope: Scope) -> Iterator[tuple[str, Any]]:
    """What can be read back, by the words of the manual."""
    match node:
        case Value() | Text():
            names = [expression.text for expression in node.expressions()]
            yield from ((name, scope[name]) for name in names if scope.get(name) is not None)
        case Object(members):
            for member in members:
                yield from iter_readable(member.node, scope)
        case Array(items):
            for item in items:
                yield from iter_readable(item, scope)
        case _:
            yield from iter_construct(node, scope)


def iter_construct(node: Node, scope: Scope) -> Iterator[tuple[str, Any]]:
    match node:
        case Or(inner, default):
            yield from (pair for pair in iter_readable(inner, scope) if not is_same(pair[1], default))
        case With(expression, body):
            if scope.get(expression.text) is not None:
                yield from iter_readable(body, scope)
        case Each(expression, body):
            given = scope.get(expression.text) or ()
            bound = [DictResolver().bind(scope, expression, item) for item in given]
            yield expression.text, [dict(iter_readable(body, inner)) for inner in bound]
        case EachCase(expression, _, _):
            # No item that is drawn has a type, and what has no case is left out.
            yield expression.text, []
        case _:
            return


@pytest.mark.parametrize("node", find_templates())
def test_reads_back_what_was_rendered(node: Node) -> None:
    render = node.compile(DictResolver())

    @settings(deadline=None, max_examples=30, derandomize=True, database=None)
    @given(scope=scopes(node))
    def check(scope: dict[str, Any]) -> None:
        wire = json.loads(to_json(render(scope)), parse_float=Decimal)
        extraction = read(node, wire)
        assert not extraction.mismatches, list(map(str, extraction.mismatches))
        assert extraction.values == dict(iter_readable(node, scope))

    check()


def test_there_is_something_to_read() -> None:
    assert len(find_templates()) > 60
