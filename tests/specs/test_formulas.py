"""Formulas: every form, exactly, and what is refused when they are compiled."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from understudy.specs.formulas import FORMS, compile_formula, expressions, is_present, key_of
from understudy.specs.problems import Misfit

X = "$task.input#/x"
TABLE = {"by": [X], "table": {"a": 1, "b": "2.5", "default": 9}}


@dataclass(slots=True)
class Subject:
    """An input; each reference plays 7 seconds, each result has 100 pixels."""

    input: Any
    completion: Any = None

    def seconds_of(self, references: list[str]) -> Decimal:
        return Decimal(7) * len(references)

    def pixels(self, result: str) -> Decimal:
        return Decimal(100)


def value_of(formula: Any, given: Any) -> Any:
    return compile_formula(formula)(Subject(given))


@pytest.mark.parametrize(
    ("formula", "given", "value"),
    [
        (1.15, {}, Decimal("1.15")),
        ("46", {}, Decimal(46)),
        ("0.1", {}, Decimal("0.1")),
        (X, {"x": 8}, 8),
        (X, {"x": "8"}, "8"),
        (X, {}, None),
        ("$task.input#/x/y", {"x": {"y": 3}}, 3),
        ({"product": [X, "1.15"]}, {"x": "8"}, Decimal("9.20")),
        ({"product": [X, "1.15"]}, {}, Decimal(0)),
        ({"product": []}, {}, Decimal(1)),
        ({"sum": [X, 0.1, 0.2]}, {"x": 0}, Decimal("0.3")),
        ({"sum": []}, {}, Decimal(0)),
        (TABLE, {"x": "a"}, Decimal(1)),
        (TABLE, {"x": "b"}, "2.5"),
        (TABLE, {"x": "c"}, Decimal(9)),
        (TABLE, {}, Decimal(9)),
        ({"by": [X], "table": {"true": "yes", "false": "no"}}, {"x": True}, "yes"),
        ({"by": [X], "table": {"true": "yes", "false": "no"}}, {"x": False}, "no"),
        ({"by": [X], "table": {"480": [864, 496]}}, {"x": 480}, [864, 496]),
        ({"by": [X], "table": {"": "none"}}, {}, "none"),
        ({"first": [X, "$task.input#/y", 8]}, {"x": 0, "y": 1}, 0),
        ({"first": [X, "$task.input#/y", 8]}, {"y": "6"}, "6"),
        ({"first": [X, "$task.input#/y", 8]}, {"x": None}, Decimal(8)),
        ({"first": [X]}, {}, None),
        ({"by": [X], "table": {"a": 1}}, {"x": "z"}, None),
        (
            {"by": [X, "$task.input#/y"], "table": {"a": {"b": 1}, "default": {"default": 2}}},
            {"x": "a", "y": "b"},
            Decimal(1),
        ),
        (
            {"by": [X, "$task.input#/y"], "table": {"a": {"b": 1}, "default": {"default": 2}}},
            {"x": "q", "y": "b"},
            Decimal(2),
        ),
        ({"by": [{"present": X}], "table": {"true": 1, "false": 2}}, {"x": ["v"]}, Decimal(1)),
        ({"by": [{"present": X}], "table": {"true": 1, "false": 2}}, {"x": []}, Decimal(2)),
        ({"present": X}, {"x": 0}, True),
        ({"present": X}, {"x": ""}, False),
        ({"count": X}, {"x": [1, 2, 3]}, Decimal(3)),
        ({"count": X}, {}, Decimal(0)),
        ({"pixels": "video"}, {}, Decimal(100)),
        ({"seconds_of": "$task.input#/x/*/k"}, {"x": [{"k": "a"}, {"k": ""}, {"k": "b"}]}, Decimal(14)),
        ({"seconds_of": X}, {"x": "a"}, Decimal(7)),
        ({"seconds_of": X}, {}, Decimal(0)),
        ({"round": 2, "of": "2.675"}, {}, Decimal("2.68")),
        ({"round": 2, "of": "2.665"}, {}, Decimal("2.67")),
        ({"round": 0, "of": {"product": [X, "37.5"]}}, {"x": 1}, Decimal(38)),
        ([64, 32], {}, [64, 32]),
        (True, {}, True),
        ("video/mp4", {}, "video/mp4"),
    ],
)
def test_value(formula: Any, given: Any, value: Any) -> None:
    found = value_of(formula, given)
    assert found == value
    assert type(found) is type(value)


def test_no_float_is_in_it() -> None:
    assert str(value_of({"product": [1.15, 0.1, 3]}, {})) == "0.345"


@pytest.mark.parametrize(
    ("formula", "place", "words"),
    [
        ({"times": [1]}, (), "unknown formula ['times']"),
        ({}, (), "unknown formula []"),
        ({"by": [X]}, (), "'by' takes table"),
        ({"sum": [1], "more": 1}, (), "'sum' takes nothing else"),
        ({"round": 2}, (), "'round' takes of"),
        ({"round": "x", "of": 1}, ("round",), "no number of places"),
        ({"round": -1, "of": 1}, ("round",), "no number of places"),
        ({"sum": 1}, ("sum",), "no list"),
        ({"sum": [1, {"product": [{"no": 1}]}]}, ("sum", 1, "product", 0), "unknown formula"),
        ({"product": ["$task.cost"]}, ("product", 0), "$task.cost is not known to a formula"),
        ({"by": [X, X], "table": {"a": 1}}, ("by",), "not deep enough at 1"),
        ({"count": "$no.such"}, ("count",), "unknown name"),
    ],
)
def test_refused(formula: Any, place: tuple[str | int, ...], words: str) -> None:
    with pytest.raises(Misfit) as caught:
        compile_formula(formula)
    assert caught.value.place == place
    assert words in caught.value.message


def test_known_forms_are_told() -> None:
    with pytest.raises(Misfit) as caught:
        compile_formula({"prodact": []})
    assert caught.value.advice == f"did you mean 'product'? known: {', '.join(sorted(FORMS))}"


def test_expressions_stand_outside_of_tables() -> None:
    formula = {"round": 2, "of": {"sum": [X, {"by": ["$task.input#/y"], "table": {"$z": 1}, "x-source": "$no"}]}}
    assert [e.text for e in expressions(formula)] == [X, "$task.input#/y"]


@pytest.mark.parametrize(
    ("value", "present"), [(None, False), ("", False), ([], False), ({}, False), (0, True), (False, True), ("a", True)]
)
def test_present(value: Any, present: bool) -> None:
    assert is_present(value) is present


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (False, "false"), ("on", "on"), (480, "480"), (Decimal("1E+2"), "100")],
)
def test_keys(value: Any, text: str) -> None:
    assert key_of(value) == text
