"""Values for schemas: judged by another judge than the one that the code asks."""

import os
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, validators

from understudy.mockserver.completions.dice import Dice
from understudy.mockserver.completions.instances import instance
from understudy.mockserver.completions.merging import Unsatisfiable, merge
from understudy.mockserver.completions.scalars import FORMATS, number
from understudy.mockserver.seed import Seed

CASES = yaml.load((Path(__file__).parent / "schemas.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
DRAW = Seed(1, "instances").draw


def _is_allowed(schema: Any, value: Any) -> bool:
    judge = validators.validator_for(schema, default=Draft202012Validator)
    judge.check_schema(schema)
    return bool(judge(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(value))


@pytest.mark.parametrize("title", CASES["satisfiable"])
@pytest.mark.parametrize("seed", range(4))
def test_schemas_of_the_field_are_satisfied(title: str, seed: int) -> None:
    schema = CASES["satisfiable"][title]
    value = instance(schema, Seed(seed, title).draw, ("Paris", "rain"))
    assert _is_allowed(schema, value), value
    assert value == instance(schema, Seed(seed, title).draw, ("Paris", "rain"))


@pytest.mark.parametrize("title", CASES["unsatisfiable"])
def test_what_cannot_be_satisfied_names_the_keyword(title: str) -> None:
    case = CASES["unsatisfiable"][title]
    with pytest.raises(Unsatisfiable) as caught:
        instance(case["schema"], DRAW)
    assert caught.value.keyword == case["keyword"], caught.value
    assert str(caught.value).startswith(case["keyword"])


NAMES = st.sampled_from(["a", "b", "c", "d"])
SMALL = st.integers(0, 4)


def _bounds(least: str, most: str, numbers: st.SearchStrategy[Any] = SMALL) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(numbers, numbers).flatmap(
        lambda pair: st.sampled_from([{}, {least: min(pair)}, {most: max(pair)}, {least: min(pair), most: max(pair)}])
    )


def _joined(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})


def _maybe(key: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.just({}) | values.map(lambda value: {key: value})


STRINGS = _joined(st.just({"type": "string"}), _bounds("minLength", "maxLength")) | st.sampled_from(
    [{"type": "string", "format": name} for name in ("date", "ipv4", "uuid", "email")]
    + [{"type": "string", "pattern": pattern} for pattern in ("^[^a-c]{2}x?$", "^(ab|cd)+$", r"\d{3}-\w", "^a.b$")]
)
NUMBERS = _joined(
    st.just({"type": "number"}), _bounds("minimum", "maximum", st.integers(-5, 5) | st.floats(-3, 3, width=16))
)
INTEGERS = _joined(
    st.just({"type": "integer"}),
    _maybe("multipleOf", st.sampled_from([1, 2, 0.5])),
    _maybe("exclusiveMinimum", st.integers(-9, 9)),
)
LEAVES = (
    STRINGS
    | NUMBERS
    | INTEGERS
    | st.sampled_from([True, {}, {"type": ["string", "null"]}, {"type": "boolean"}, {"const": 3}])
    | st.lists(st.none() | st.booleans() | st.text(string.ascii_letters), min_size=1, unique=True).map(
        lambda v: {"enum": v}
    )
)


def _branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = st.dictionaries(NAMES, inner, max_size=4).flatmap(
        lambda properties: _joined(
            st.just({"type": "object", "properties": properties}),
            _maybe("required", st.lists(st.sampled_from(sorted(properties) or ["a"]), unique=True)),
            _maybe("additionalProperties", st.just(False) if properties else inner),
            _maybe("maxProperties", st.just(4)),
            _maybe("minProperties", st.integers(0, len(properties))),
            _maybe("dependentRequired", st.just({"a": ["b"]}) if {"a", "b"} <= set(properties) else st.just({})),
        )
    )
    arrays = _joined(
        st.just({"type": "array"}), _maybe("items", inner), _maybe("prefixItems", st.lists(inner, min_size=1, max_size=2)),
        _bounds("minItems", "maxItems"),
    )  # fmt: skip
    unions = st.tuples(st.sampled_from(["anyOf"]), st.lists(inner, min_size=1, max_size=3)).map(
        lambda pair: {pair[0]: pair[1]}
    )
    both = st.tuples(objects, st.sampled_from([{}, {"required": ["a"]}, {"minProperties": 1}])).map(
        lambda pair: {"allOf": list(pair)}
    )
    return (
        objects
        | arrays
        | unions
        | both.filter(lambda schema: schema["allOf"][0].get("additionalProperties") is not False)
    )


SCHEMAS = st.deferred(lambda: LEAVES | _branches(LEAVES) | _branches(_branches(LEAVES)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(SCHEMAS, st.integers(0, 1_000))
def test_generated_schemas_are_satisfied(schema: Any, seed: int) -> None:
    value = instance(schema, Seed(seed, "generated").draw)
    assert _is_allowed(schema, value), value


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", range(3))
def test_formats_are_of_their_form(name: str, seed: int) -> None:
    schema = {"type": "string", "format": name}
    assert _is_allowed(schema, instance(schema, Seed(seed, name).draw))


# As ECMA-262 spells them, and as Python does, which the other judge asks.
SPELLINGS = [(r"^\p{L}+$", r"[a-zA-Z]+"), (r"^[\p{Nd}-]{4}$", r"[\d-]{4}"), (r"^(?<year>\d{4})-\d\d$", r"\d{4}-\d\d")]


@pytest.mark.parametrize(("pattern", "ours"), SPELLINGS)
def test_patterns_spelled_as_elsewhere_are_understood(pattern: str, ours: str) -> None:
    assert re.fullmatch(ours, instance({"type": "string", "pattern": pattern}, DRAW))


def test_words_stand_where_any_string_will_do_and_nowhere_else() -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "day": {"type": "string", "format": "date"},
            "short": {"type": "string", "maxLength": 2},
        },
        "required": ["city", "day", "short"],
    }
    value = instance(schema, DRAW, ("Paris",))
    assert value["city"] == "Paris"
    assert value["short"] == "Pa"
    assert "Paris" not in value["day"]


def test_defaults_and_examples_are_taken_where_they_fit() -> None:
    assert instance({"type": "string", "default": "metric"}, DRAW, ("Paris",)) == "metric"
    assert instance({"type": "integer", "examples": [42]}, DRAW) == 42
    assert isinstance(instance({"type": "integer", "default": None}, DRAW), int)
    assert instance({"type": "integer", "default": 7, "maximum": 3}, DRAW) <= 3


def test_nothing_is_looked_up_elsewhere() -> None:
    with pytest.raises(Unsatisfiable, match="not looked up"):
        instance({"$ref": "http://127.0.0.1:9/schema.json"}, DRAW)


# What the keywords alone make right, without another attempt.
AT_ONCE = (
    "not a number", "a dependent member", "all of several", "a tuple and no more", "one number", "below nought",
    "something after a tuple", "told apart by a constant", "a list that ends by choice", "all values of a small domain",
)  # fmt: skip


@pytest.mark.parametrize("title", AT_ONCE)
@pytest.mark.parametrize("seed", range(5))
def test_ordinary_schemas_take_one_attempt(title: str, seed: int) -> None:
    drawn = []

    def draw(name: str) -> bytes:
        drawn.append(name)
        return Seed(seed, title).draw(name)

    instance(CASES["satisfiable"][title], draw)
    assert drawn == ["instance 0"]


@pytest.mark.parametrize("seed", range(5))
def test_bounds_are_kept_without_a_judge(seed: int) -> None:
    dice = Dice(bytes([seed]))
    assert number({"exclusiveMinimum": 3, "exclusiveMaximum": 5}, dice, is_whole=True) == 4
    assert number({"minimum": 3, "exclusiveMinimum": 2, "maximum": 3, "exclusiveMaximum": 4}, dice, is_whole=True) == 3
    assert 0 < number({"exclusiveMinimum": 0, "exclusiveMaximum": 0.01}, dice, is_whole=False) < 0.01


def test_what_may_not_come_alone_is_not_made_by_chance() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {}, "c": {}},
        "dependentRequired": {"a": ["b"]},
        "additionalProperties": False,
    }
    assert all("a" not in instance(schema, Seed(seed, "x").draw) for seed in range(20))


def test_many_different_items_take_linear_work() -> None:
    schema = {
        "type": "array",
        "uniqueItems": True,
        "minItems": 4_000,
        "items": {"type": "integer", "minimum": 0, "maximum": 10**6},
    }
    assert len(set(instance(schema, DRAW))) == 4_000


def test_a_pattern_gives_the_same_whatever_the_order_of_sets_is() -> None:
    code = (
        "from understudy.mockserver.completions.instances import instance\n"
        "from understudy.mockserver.seed import Seed\n"
        "print(instance({'type': 'string', 'pattern': '^[^a-c]{20}$'}, Seed(1, 'x').draw))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_draws_differ() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "maximum": 10**9, "minimum": 0}},
        "required": ["n"],
    }
    assert len({instance(schema, Seed(seed, "x").draw)["n"] for seed in range(20)}) == 20


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        ({"type": "number"}, {"type": ["integer", "string"]}, {"type": ("integer",)}),
        ({"multipleOf": 4}, {"multipleOf": 6}, {"multipleOf": 12}),
        ({"multipleOf": 0.5}, {"multipleOf": 0.75}, {"multipleOf": 1.5}),
        ({"minimum": 1, "maximum": 9}, {"minimum": 2, "maximum": 8}, {"minimum": 2, "maximum": 8}),
        ({"required": ["a", "b"]}, {"required": ["b", "c"]}, {"required": ["a", "b", "c"]}),
        ({"properties": {"a": {"minimum": 1}}}, {"properties": {"a": {"maximum": 2}}}, {"properties": {"a": {"allOf": [{"minimum": 1}, {"maximum": 2}]}}}),
        ({"prefixItems": [{"minimum": 1}]}, {"prefixItems": [True, False]}, {"prefixItems": [{"minimum": 1}, False]}),
        ({"additionalProperties": False}, {"additionalProperties": True}, {"additionalProperties": False}),
        ({"uniqueItems": False}, {"uniqueItems": True}, {"uniqueItems": True}),
    ],
)  # fmt: skip
def test_merging_keeps_what_both_say(one: Any, other: Any, merged: Any) -> None:
    assert merge(one, other) == merged
