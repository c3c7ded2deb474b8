"""Schemas as a profile has them, references put in place, and values in their normal form."""

import json
from typing import Any

import jsonschema_rs
import pytest

from understudy.specs.normalise import compile_normaliser
from understudy.specs.problems import Misfit
from understudy.specs.schemas import loosen, resolve, tighten

ASSUMED = "assumed: seen in the field"
DOCUMENTED = "L12"


def accepts(schema: Any, value: Any) -> bool:
    return jsonschema_rs.Draft202012Validator(schema).is_valid(value)


CLOSED = {"type": "object", "properties": {"a": {"x-source": DOCUMENTED}}, "additionalProperties": False}
OPEN = {"type": "object", "properties": {"a": {"x-source": DOCUMENTED}, "b": {"x-source": ASSUMED}}}
MIXED = {"properties": {"a": {"x-source": [ASSUMED, DOCUMENTED]}, "b": {}}}
BRANCHES = {
    "properties": {"kind": {"type": "string"}},
    "allOf": [{"if": {"properties": {"kind": {"const": "x"}}}, "then": {"properties": {"only": {"type": "integer"}}}}],
}
NESTED = {"properties": {"in": {"type": "object", "properties": {"a": {}, "b": {"x-source": ASSUMED}}}}}
LISTED = {"properties": {"all": {"type": "array", "items": {"properties": {"a": {}}}}}}
ONE_OF = {
    "oneOf": [{"properties": {"t": {"const": 1}}, "required": ["t"]}, {"properties": {"t": {"const": 2}, "u": {}}}]
}


@pytest.mark.parametrize(
    ("schema", "value", "plain", "tight"),
    [
        (OPEN, {"a": 1}, True, True),
        (OPEN, {"b": 1}, True, False),
        (OPEN, {"z": 1}, True, False),
        (MIXED, {"a": 1}, True, True),
        (MIXED, {"b": 1}, True, True),
        (CLOSED, {"z": 1}, False, False),
        (BRANCHES, {"kind": "x", "only": 1}, True, True),
        (BRANCHES, {"kind": "y", "only": 1}, True, False),
        (NESTED, {"in": {"a": 1}}, True, True),
        (NESTED, {"in": {"b": 1}}, True, False),
        (NESTED, {"in": {"z": 1}}, True, False),
        (LISTED, {"all": [{"a": 1}]}, True, True),
        (LISTED, {"all": [{"z": 1}]}, True, False),
        (ONE_OF, {"t": 1}, True, True),
        (ONE_OF, {"t": 2, "u": 1}, True, True),
        (ONE_OF, {"t": 2, "z": 1}, True, False),
        ({"type": "object"}, {"z": 1}, True, True),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": True}, {"z": 1}, True, True),
        (True, {"z": 1}, True, True),
    ],
)
def test_tighten(schema: Any, value: Any, plain: bool, tight: bool) -> None:
    assert accepts(schema, value) is plain
    assert accepts(tighten(schema), value) is tight


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (CLOSED, {"z": 1}),
        ({"properties": {"in": CLOSED}}, {"in": {"z": 1}}),
        ({"allOf": [CLOSED], "unevaluatedProperties": False}, {"z": 1}),
        ({"properties": {"all": {"items": CLOSED}}}, {"all": [{"z": 1}]}),
    ],
)
def test_loosen(schema: Any, value: Any) -> None:
    assert not accepts(schema, value)
    assert accepts(loosen(schema), value)


def test_loosen_keeps_all_else() -> None:
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "integer"}},
        "additionalProperties": {"type": "string"},
    }
    assert loosen(schema) == schema


def test_neither_changes_what_it_is_given() -> None:
    before = repr((OPEN, CLOSED, NESTED))
    for schema in (OPEN, CLOSED, NESTED):
        tighten(schema)
        loosen(schema)
    assert repr((OPEN, CLOSED, NESTED)) == before


DOCUMENT = {
    "components": {
        "schemas": {
            "Id": {"type": "string"},
            "Pair": {"properties": {"a/b": {"$ref": "#/components/schemas/Id"}}},
            "Loop": {"properties": {"next": {"$ref": "#/components/schemas/Loop"}}},
        }
    }
}


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("schema", "resolved"),
    [
        (reference("Id"), {"type": "string"}),
        ({**reference("Id"), "x-source": "L1"}, {"type": "string", "x-source": "L1"}),
        ({"items": reference("Pair")}, {"items": {"properties": {"a/b": {"type": "string"}}}}),
        ({"allOf": [reference("Id"), True]}, {"allOf": [{"type": "string"}, True]}),
        (reference("Pair/properties/a~1b"), {"type": "string"}),
    ],
)
def test_resolve(schema: Any, resolved: Any) -> None:
    assert resolve(schema, DOCUMENT) == resolved


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (reference("Loop"), "contains itself"),
        (reference("No"), "points at nothing"),
        ({"$ref": "other.yaml#/x"}, "not within this file"),
    ],
)
def test_unresolved(schema: Any, words: str) -> None:
    with pytest.raises(Misfit, match=words):
        resolve(schema, DOCUMENT)


CHOICE = {
    "properties": {"kind": {}},
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": "x"}}, "required": ["kind"]},
            "then": {"properties": {"n": {"default": 1}}},
        }
    ],
}


@pytest.mark.parametrize(
    ("schema", "value", "normal"),
    [
        ({"properties": {"n": {"default": 5}}}, {}, {"n": 5}),
        ({"properties": {"n": {"default": 5}}}, {"n": 6}, {"n": 6}),
        ({"properties": {"n": {"default": 5}}}, {"n": None}, {"n": None}),
        ({"properties": {"n": {"type": "integer"}}}, {"n": 8.0}, {"n": 8}),
        ({"properties": {"n": {"type": "number"}}}, {"n": 8.0}, {"n": 8.0}),
        ({"properties": {"in": {"properties": {"n": {"default": 5}}}}}, {"in": {}}, {"in": {"n": 5}}),
        ({"properties": {"in": {"properties": {"n": {"default": 5}}}}}, {}, {}),
        ({"items": {"properties": {"n": {"default": 5}}}}, [{}, {"n": 1}], [{"n": 5}, {"n": 1}]),
        (CHOICE, {"kind": "x"}, {"kind": "x", "n": 1}),
        (CHOICE, {"kind": "y"}, {"kind": "y"}),
        ({"oneOf": [{"properties": {"t": {"const": 1}, "n": {"default": 5}}}]}, {"t": 1}, {"t": 1, "n": 5}),
        ({"oneOf": [{"properties": {"t": {"const": 1}, "n": {"default": 5}}}]}, {"t": 2}, {"t": 2}),
    ],
)
def test_normalise(schema: Any, value: Any, normal: Any) -> None:
    normalise = compile_normaliser(schema)
    found = normalise(value) if normalise else value
    assert found == normal
    assert json.dumps(found, sort_keys=True) == json.dumps(normal, sort_keys=True), "8 is not 8.0"
