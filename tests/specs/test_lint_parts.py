"""The parts on which the lint's judgement rests: what a schema can hold, made-up requests, sample tasks."""

from decimal import Decimal
from typing import Any

import pytest

from tests.door import SPECS
from understudy.specs.judging import make_judge
from understudy.specs.lint.inputs import Submission, evaluate
from understudy.specs.lint.patterns import objection
from understudy.specs.lint.pointers import find_missing
from understudy.specs.lint.samples import MISSING, candidates, make_up, put, repair
from understudy.specs.lint.scopes import iter_tasks, sample_id
from understudy.specs.loader import load

NAMED = {"type": "object", "properties": {"a": {"type": "string"}, "in": {"properties": {"b": {}}}}}
LISTED = {"properties": {"all": {"type": "array", "items": {"properties": {"k": {}}}}}}
BRANCHED = {"properties": {"a": {}}, "allOf": [{"if": {"properties": {"q": {}}}, "then": {"properties": {"b": {}}}}]}
EITHER = {"oneOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"enum": [2, 3]}}}]}


@pytest.mark.parametrize(
    ("schema", "path", "missing"),
    [
        (NAMED, "a", None),
        (NAMED, "in/b", None),
        (NAMED, "z", ("z", ["a", "in"])),
        (NAMED, "in/z", ("z", ["b"])),
        (NAMED, "a/z", ("z", [])),
        (NAMED, "*", None),
        (LISTED, "all/*/k", None),
        (LISTED, "all/0/k", None),
        (LISTED, "all/*/z", ("z", ["k"])),
        (LISTED, "all/k", ("k", [])),
        (BRANCHED, "b", None),
        (BRANCHED, "q", ("q", ["a", "b"])),
        (EITHER, "b", None),
        ({"type": "object"}, "z/y", None),
        ({"type": "array"}, "*/z", None),
        ({"type": "string"}, "z", ("z", [])),
        ({"type": "object", "additionalProperties": False}, "z", ("z", [])),
        ({}, "z", None),
        (True, "z", None),
        ({**NAMED, "additionalProperties": {"properties": {"b": {}}}}, "z/b", None),
        ({**NAMED, "additionalProperties": {"properties": {"b": {}}}}, "z/c", ("c", ["b"])),
        ({**NAMED, "additionalProperties": True}, "z", None),
        ({**NAMED, "additionalProperties": False}, "z", ("z", ["a", "in"])),
        ({**NAMED, "unevaluatedProperties": {}}, "z", None),
        ({**NAMED, "patternProperties": {"^x": {"properties": {"b": {}}}}}, "xy/b", None),
        ({**NAMED, "patternProperties": {"^x": {"properties": {"b": {}}}}}, "xy/c", ("c", ["b"])),
        ({"properties": {"a": False}}, "a", ("a", ["a"])),
        ({"properties": {"a": True}}, "a/b", None),
        ({"prefixItems": [{"type": "string"}]}, "0", None),
    ],
)
def test_find_missing(schema: Any, path: str, missing: Any) -> None:
    assert find_missing(schema, tuple(path.split("/"))) == missing


@pytest.mark.parametrize(
    ("schema", "path", "values"),
    [
        (EITHER, "a", [1]),
        (EITHER, "b", [2, 3]),
        ({"properties": {"a": {"type": "boolean"}}}, "a", [True, False]),
        ({"properties": {"a": {"type": "integer", "minimum": 2, "maximum": 4}}}, "a", [2, 3, 4]),
        ({"properties": {"a": {"type": "integer", "minimum": 2}}}, "a", None),
        ({"properties": {"a": {"type": "integer", "minimum": 0, "maximum": 10_000}}}, "a", None),
        ({"properties": {"a": {"type": "string"}}}, "a", None),
        ({"properties": {"a": {"type": "string"}}}, "z", None),
    ],
)
def test_candidates(schema: Any, path: str, values: Any) -> None:
    assert candidates(schema, tuple(path.split("/"))) == values


CONDITIONAL = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"enum": ["x", "y"]}, "size": {"type": "integer", "minimum": 3}},
    "allOf": [
        {"if": {"properties": {"kind": {"const": "x"}}, "required": ["kind"]}, "then": {"required": ["size"]}},
        {"oneOf": [{"required": ["name"], "properties": {"name": {"type": "string", "minLength": 9}}}]},
    ],
}


@pytest.mark.parametrize(
    "schema",
    [
        CONDITIONAL,
        LISTED,
        {
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"type": "array", "minItems": 2, "items": {"const": 1}}},
        },
        {"type": "object", "required": ["u"], "properties": {"u": {"type": "string", "pattern": r"^https://.*\.png$"}}},
        {
            "type": "object",
            "required": ["in"],
            "properties": {"in": {"required": ["n"], "properties": {"n": {"exclusiveMinimum": 2, "type": "number"}}}},
        },
    ],
)
def test_made_up_bodies_are_valid(schema: Any) -> None:
    validator = make_judge(schema)
    body = repair(schema, validator, make_up(schema))
    assert validator.is_valid(body), body


def test_what_cannot_be_made_up_is_left() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^zzz{9}$"}}}
    assert repair(schema, make_judge(schema), {}) == {"a": "text"}


@pytest.mark.parametrize(
    ("value", "path", "member", "changed"),
    [
        ({"a": 1}, "a", 2, {"a": 2}),
        ({"a": 1}, "a", MISSING, {}),
        ({}, "a/b", 1, {"a": {"b": 1}}),
        ({}, "a/*", 1, {"a": [1]}),
        ({"a": [1, 2]}, "a/*", 3, {"a": [3, 2]}),
        ({"a": [{"b": 1}]}, "a/*/b", 2, {"a": [{"b": 2}]}),
        ({"a": 5}, "a/b", 1, {"a": 5}),
    ],
)
def test_put(value: Any, path: str, member: Any, changed: Any) -> None:
    before = repr(value)
    assert put(value, tuple(path.split("/")), member) == changed
    assert repr(value) == before


PHASES = ("queued", "running", "succeeded", "failed", "cancelled")
STILL = {"data": {"attributes": {"style": "ink", "copies": 2, "format": "png"}}}
NAMES = ("state", "started_s", "finished_s", "cost", "charged", "refunded", "error_message")
PRICE = Decimal("0.022")


def test_sample_tasks() -> None:
    """Each state of a kind that is paid at submit, with all ways to come there."""
    provider = load(SPECS["lumen"])
    said = provider.document["x-tasks"]["still"]
    tasks = list(iter_tasks(provider.kinds["still"], said, STILL, PHASES))
    at, nothing = 1_700_000_000, Decimal(0)
    assert [tuple(scope.values[f"task.{name}"] for name in NAMES[:-1]) for _, scope in tasks] == [
        (10, None, None, PRICE, PRICE, None),
        (20, at, None, PRICE, PRICE, None),
        (30, at, at, PRICE, PRICE, None),
        (40, at, at, nothing, PRICE, PRICE),
        (50, at, at, nothing, PRICE, PRICE),
        (50, None, at, nothing, PRICE, PRICE),
    ]
    assert [scope.values.get("task.error_message") for _, scope in tasks] == [
        *(None, None, None, "The ink ran dry", "Stopped by its owner", "Stopped by its owner"),
    ]
    assert [sorted(scope.links) for _, scope in tasks] == [[], [], ["image"], [], [], []]
    assert len(tasks[2][1].links["image"]) == 2


def test_sample_ids() -> None:
    kinds = load(SPECS["lumen"]).kinds
    assert sample_id(kinds["film"].id_form, {}) == "LF.a1a1.aZ9aZ9.0f0f0f0f"
    assert sample_id(kinds["still"].id_form, STILL).startswith("LS-ink-0f8fad5b-")


def test_formulas_without_a_value() -> None:
    nothing = Submission({}, {})
    assert evaluate({"by": ["$task.input#/x"], "table": {"a": 1}}, nothing) is None
    assert evaluate({"sum": ["text"]}, nothing) is None
    assert evaluate({"no": 1}, nothing) is None


@pytest.mark.parametrize(
    ("pattern", "works"), [(r"^\w+$", True), ("(", False), (r"\p{L}", False), ("(?P<a>x)(?(a)y)", False)]
)
def test_patterns(pattern: str, works: bool) -> None:
    assert (objection(pattern) == "") is works
