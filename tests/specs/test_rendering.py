"""A template as one Python expression: what is an attribute is asked for as such, all else with the scope of its place."""

from collections.abc import Callable
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest

from understudy.mockserver.exchange import Row
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.expressions import Expression
from understudy.specs.templates import parse

TEXT = SimpleNamespace(type="text", text="hello", arguments=None)
TOOL = SimpleNamespace(type="tool", text="", name="look", arguments={"at": 1})


class Counting(ScopeResolver):
    """The mock's resolver, that counts the scopes which it makes for items."""

    def __init__(self) -> None:
        super().__init__({})
        self.bound = 0

    def bind(self, scope: Any, expression: Expression, item: Any) -> Row:
        self.bound += 1
        return Row(scope, expression.item, item)


def _scope() -> Any:
    choices = [
        SimpleNamespace(index=index, pieces=pieces, tools=None) for index, pieces in enumerate(([TEXT], [TOOL, TEXT]))
    ]
    return SimpleNamespace(completion=SimpleNamespace(id="c1", choices=choices), body={"model": "m"}, account=None)


PIECE = {
    "$each": "$choice.pieces",
    "$cases": {"tool": {"n": "$piece.name", "c": "$choice.index"}, "text": ["$piece.text"]},
}


@pytest.mark.parametrize(
    ("template", "rendered", "bound"),
    [
        ({"id": "$completion.id", "m": "$request.body#/model"}, {"id": "c1", "m": "m"}, 0),
        ({"$each": "$completion.choices", "$body": {"i": "$choice.index", "of": "$completion.id"}}, [{"i": 0, "of": "c1"}, {"i": 1, "of": "c1"}], 0),
        ({"$each": "$completion.choices", "$body": PIECE}, [[["hello"]], [{"n": "look", "c": 1}, ["hello"]]], 0),
        # What is no attribute needs the scope, with all that lies around the item: made for each such item alone.
        (
            {"$each": "$completion.choices", "$body": {"$each": "$choice.pieces", "$cases": {"tool": "$piece.arguments#/at", "text": "$request.body#/model"}}},
            [["m"], [1, "m"]],
            6,
        ),
        ({"$each": "$completion.choices", "$body": {"i": "$choice.index", "tools": {"$each": "$choice.tools", "$body": "$request.body#/model"}}}, [{"i": 0, "tools": []}, {"i": 1, "tools": []}], 0),
        ({"a": "{$completion.id}!", "b?": "$request.body#/x", "c": {"$or": ["$request.body#/x", [1]]}}, {"a": "c1!", "c": [1]}, 0),
        ({"$with": "$request.body#/model", "$body": {"$with": "$request.body#/x", "$body": 1}}, None, 0),
    ],
)  # fmt: skip
def test_what_is_rendered(template: Any, rendered: Any, bound: int) -> None:
    resolver = Counting()
    render = parse(template).compile(resolver)
    assert render(_scope()) == rendered
    assert resolver.bound == bound
    assert render(_scope()) == rendered


def test_each_answer_is_its_own() -> None:
    render = parse({"list": [1, {"deep": ["$completion.id"]}], "or": {"$or": ["$request.body#/x", {"a": []}]}}).compile(
        ScopeResolver({})
    )
    one, other = render(_scope()), render(_scope())
    one["list"][1]["deep"].append("changed")
    one["or"]["a"].append("changed")
    assert other == render(_scope()) == {"list": [1, {"deep": ["c1"]}], "or": {"a": []}}


@pytest.mark.parametrize("literal", ['it\'s "quoted"\n\\', "猫", 1.5, 10**30, True, None, [], {}, {"a'b": [None]}])
def test_literals_are_what_they_were(literal: Any) -> None:
    rendered = parse({"a": literal}).compile(ScopeResolver({}))(_scope())["a"]
    assert rendered == literal
    assert type(rendered) is type(literal)


def test_a_getter_is_asked_for_once_in_a_template() -> None:
    """Code is made when it is first needed, and once."""
    asked: list[str] = []

    class Telling(ScopeResolver):
        def getter(self, expression: Expression) -> Callable[[Any], Any]:
            asked.append(expression.text)
            return attrgetter(expression.name)

    render = parse({"a": "$completion.id"}).compile(Telling({}))
    assert asked == []
    for _ in range(3):
        render(_scope())
    assert asked == ["$completion.id"]
