"""Templates: each construct, rendered and read back, and what is refused when they are parsed."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from understudy.specs.expressions import Expression, point
from understudy.specs.expressions import parse as parse_expression
from understudy.specs.nodes import Getter
from understudy.specs.problems import Misfit
from understudy.specs.templates import parse, read


@dataclass(frozen=True, slots=True)
class Names:
    """A scope that is a dict of names; `$item` is the item."""

    values: dict[str, Any] = field(default_factory=dict)


class Resolver:
    def getter(self, expression: Expression) -> Getter:
        return lambda scope: point(scope.values.get(expression.name), expression.path)

    def bind(self, scope: Names, expression: Expression, item: Any) -> Names:
        return Names({**scope.values, **(item if expression.name == "tasks" else {"item": item})})


def render(template: Any, values: dict[str, Any]) -> Any:
    return parse(template).compile(Resolver())(Names(values))


MISSING: dict[str, Any] = {}
COST = {"task.cost": Decimal("1.5")}
ROWS = {"tasks": [{"task.id": "a"}, {"task.id": "b"}]}


@pytest.mark.parametrize(
    ("template", "values", "body"),
    [
        ({"a": "$task.cost"}, COST, {"a": Decimal("1.5")}),
        ({"a": "$task.cost"}, MISSING, {"a": None}),
        ({"a?": "$task.cost"}, COST, {"a": Decimal("1.5")}),
        ({"a?": "$task.cost"}, MISSING, {}),
        ({"a?": {"b": "$task.cost"}}, MISSING, {"a": {"b": None}}),
        ("{$task.cost} of it", COST, "1.5 of it"),
        ("{$task.cost} of it", MISSING, " of it"),
        ("{$task.id}/{$task.cost}", {**COST, "task.id": "x"}, "x/1.5"),
        ({"$or": ["$task.cost", ""]}, COST, Decimal("1.5")),
        ({"$or": ["$task.cost", ""]}, MISSING, ""),
        ({"$or": ["$task.cost", 0]}, MISSING, 0),
        ({"$or": ["$task.cost", {"a": []}]}, MISSING, {"a": []}),
        ({"$with": "$task.cost", "$body": {"a": "$task.cost"}}, COST, {"a": Decimal("1.5")}),
        ({"$with": "$task.cost", "$body": {"a": 1}}, MISSING, None),
        ({"$each": "$tasks", "$body": ["$task.id"]}, ROWS, [["a"], ["b"]]),
        ({"$each": "$tasks", "$body": 1}, MISSING, []),
        ({"$each": "$request.body#/x", "$body": {"n": "$item"}}, {"request.body": {"x": [1, 2]}}, [{"n": 1}, {"n": 2}]),
        ("$request.body#/x/*/y", {"request.body": {"x": [{"y": 1}, {}, {"y": 2}]}}, [1, 2]),
        ("$request.body#/a~1b/0", {"request.body": {"a/b": ["c"]}}, "c"),
        (["$task.id", 7], {"task.id": "x"}, ["x", 7]),
        ("$$task.id", MISSING, "$task.id"),
        ({"$$each": 1}, MISSING, {"$each": 1}),
        ("plain {text}", MISSING, "plain {text}"),
        (None, MISSING, None),
        (True, MISSING, True),
        ([], MISSING, []),
        ({}, MISSING, {}),
    ],
)
def test_render(template: Any, values: dict[str, Any], body: Any) -> None:
    assert render(template, values) == body


@pytest.mark.parametrize(
    ("template", "body", "values"),
    [
        ({"a": "$task.cost"}, {"a": 1.5, "more": 1}, {"$task.cost": Decimal("1.5")}),
        ({"a": "$task.cost"}, {"a": None}, {}),
        ({"a?": "$task.cost"}, {}, {}),
        ("{$task.progress}%", "40%", {"$task.progress": 40}),
        ("{$task.error_message}", "", {}),
        ("a {$task.id} b {$task.cost}", "a x b 1.5", {"$task.id": "x", "$task.cost": Decimal("1.5")}),
        ({"$or": ["$task.error_message", ""]}, "", {}),
        ({"$or": ["$task.error_message", ""]}, "no", {"$task.error_message": "no"}),
        ({"$or": ["$task.cost", 0]}, 0.0, {"$task.cost": Decimal(0)}),
        ({"$with": "$task.cost", "$body": {"a": "$task.cost"}}, None, {}),
        ({"$with": "$task.cost", "$body": {"a": "$task.cost"}}, {"a": 2}, {"$task.cost": Decimal(2)}),
        ({"$each": "$tasks", "$body": {"i": "$task.id"}}, [{"i": "a"}], {"$tasks": [{"$task.id": "a"}]}),
        (["$task.id", 7], ["x", 8], {"$task.id": "x"}),
        ({"a": "constant"}, {"a": "another"}, {}),
        ("$task.progress", 7.0, {"$task.progress": 7}),
        ("$task.state", 3, {"$task.state": 3}),
        ({"a": "$task.id", "b": "$task.id"}, {"a": "x", "b": "x"}, {"$task.id": "x"}),
    ],
)
def test_read(template: Any, body: Any, values: dict[str, Any]) -> None:
    reading = read(parse(template), body)
    assert reading.values == values
    assert not reading.mismatches


@pytest.mark.parametrize(
    ("template", "body", "mismatch"),
    [
        ({"a": "$task.id"}, [], "/: expected an object, found []"),
        ({"a": "$task.id"}, {}, "/a: expected a member, found None"),
        ({"a": "$task.id"}, {"a": 7}, "/a: expected $task.id (string), found 7"),
        ({"a": "$task.progress"}, {"a": "7"}, "/a: expected $task.progress (integer), found '7'"),
        ({"a": "$task.progress"}, {"a": 7.5}, "/a: expected $task.progress (integer), found 7.5"),
        ({"a": "$task.progress"}, {"a": True}, "/a: expected $task.progress (integer), found True"),
        ({"a": "$task.cost"}, {"a": "1.5"}, "/a: expected $task.cost (money), found '1.5'"),
        ("{$task.progress}%", "x%", "/: expected $task.progress (integer), found 'x'"),
        ("{$task.progress}%", 7, "/: expected $task.progress%, found 7"),
        (["$task.id", 7], ["x"], "/: expected a list of 2, found ['x']"),
        ({"$each": "$tasks", "$body": 1}, None, "/: expected a list, found None"),
        ({"$each": "$tasks", "$body": "$task.id"}, ["a", 1], "/1: expected $task.id (string), found 1"),
        ({"a": "$task.id", "b": "$task.id"}, {"a": "x", "b": "y"}, "/b: expected $task.id = 'x', found 'y'"),
    ],
)
def test_mismatch(template: Any, body: Any, mismatch: str) -> None:
    assert list(map(str, read(parse(template), body).mismatches)) == [mismatch]


def test_absence_is_told_from_a_wrong_value() -> None:
    absent, wrong = read(parse({"a": "$task.id", "b": "$task.id"}), {"b": 7}).mismatches
    assert (absent.is_absence, wrong.is_absence) == (True, False)


@pytest.mark.parametrize(
    "body", [None, True, 7, "x", [], {}, [None], {"a": None}, {"a": {"b": []}}, [[[]]], float("inf"), Decimal("NaN")]
)
@pytest.mark.parametrize(
    "template",
    [
        "$task.id",
        "$task.progress",
        "$task.cost",
        "{$task.cost}",
        {"a": {"b": "$task.cost"}},
        {"$each": "$tasks", "$body": "$task.cost"},
    ],
)
def test_reading_never_raises(template: Any, body: Any) -> None:
    read(parse(template), body)


@pytest.mark.parametrize(
    ("template", "place", "words"),
    [
        ({"a": {"b": "$task.idd"}}, ("a", "b"), "unknown name 'task.idd'"),
        (["x", "{$no.such}"], (1,), "unknown name 'no.such'"),
        ({"$if": 1}, (), "unknown construct ['$if']"),
        ({"$or": ["$task.id", ""], "x": 1}, (), "$or takes exactly"),
        ({"$each": "$tasks"}, (), "$each takes exactly"),
        ({"$each": "tasks", "$body": 1}, ("$each",), "takes an expression"),
        ({"$with": 1, "$body": 1}, ("$with",), "takes an expression"),
        ({"$or": ["$task.id"]}, ("$or",), "a list of two"),
        ({"$or": ["x", "y"]}, ("$or",), "an expression and a constant"),
        ({"$or": ["$task.id", "$task.kind"]}, ("$or",), "an expression and a constant"),
        ("$task.id#/x", (), "takes no pointer"),
        ("$", (), "not an expression"),
        ("$task id", (), "not an expression"),
    ],
)
def test_refused(template: Any, place: tuple[str | int, ...], words: str) -> None:
    with pytest.raises(Misfit) as caught:
        parse(template)
    assert caught.value.place == place
    assert words in caught.value.message


def test_an_unknown_name_comes_with_the_known_ones() -> None:
    with pytest.raises(Misfit) as caught:
        parse_expression("$task.stat")
    assert caught.value.advice.startswith("did you mean 'task.state'? known: account.held")
    assert "task.link.NAME" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "name", "family", "member", "path"),
    [
        ("$task.input#/a/*/b~0c", "task.input", "task.input", "input", ("a", "*", "b~c")),
        ("$task.link.video", "task.link.video", "task.link", "video", ()),
        ("$request.header.X-Trace", "request.header.X-Trace", "request.header", "X-Trace", ()),
        ("$request.body#/", "request.body", "request.body", "body", ("",)),
        ("$request.body", "request.body", "request.body", "body", ()),
    ],
)
def test_expressions(text: str, name: str, family: str, member: str, path: tuple[str, ...]) -> None:
    parsed = parse_expression(text)
    assert (parsed.name, parsed.family, parsed.member, parsed.path) == (name, family, member, path)
