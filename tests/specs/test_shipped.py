"""The shipped specs: plain OpenAPI to others, a source for every constraint, every documented example."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from openapi_spec_validator import validate
from schemathesis.core.result import Ok

from tests.documents import find_json, read_lines
from tests.door import SPECS
from tests.facts import ASIDE_OPERATIONS, FACTS, PREFIXES, Fact, read_facts
from understudy.specs.judging import member_at, place_in
from understudy.specs.loader import load, shipped
from understudy.specs.problems import Place, pointer
from understudy.specs.reach import shipped_folder
from understudy.specs.sources import iter_sources, parse_sources

VALID = Path(__file__).parents[1] / "cases" / "lint" / "valid.yaml"
ALL = {**SPECS, "valid": VALID}

CONSTRAINTS = frozenset(
    {"enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems"}
    | {"default", "additionalProperties", "dependentRequired"}
)
"""`required` is left out: it names members, and each of them has its source."""

METHODS = ("get", "put", "post", "delete", "patch")


def read_plain(path: Path) -> Any:
    """The file as it is, with references to other files."""
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


@cache
def read_spec(path: Path) -> Any:
    """The spec as one document."""
    return load(path).document


SHARED_PARTS = sorted((shipped_folder() / "shared").glob("*.yaml"))


def shared_defects(path: Path) -> list[str]:
    """What is wrong with a shared file as such."""
    cited = [pointer(place) for place, said in iter_sources(read_plain(path)) for s in parse_sources(said) if s.lines]
    found = [f"{path.name}: {place} cites lines: do so at the reference, in the provider's spec" for place in cited]
    users = [p for p in (*SPECS.values(), *SHARED_PARTS) if f"{path.name}#" in p.read_text("utf-8")]
    return found if users else [*found, f"{path.name}: no spec refers to it"]


def test_shared_files_are_used_and_rest_on_no_document_of_a_provider(tmp_path: Path) -> None:
    assert not [defect for path in SHARED_PARTS for defect in shared_defects(path)]
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("x-a: {x-source: L12}", "utf-8")
    assert len(shared_defects(wrong)) == 2


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_validator_of_others_accepts_it(name: str) -> None:
    validate(read_plain(ALL[name]), base_uri=ALL[name].as_uri())
    validate(read_spec(ALL[name]))


@pytest.mark.parametrize("name", sorted(ALL))
def test_schemathesis_loads_it_from_the_file(name: str) -> None:
    schema = schemathesis.openapi.from_path(ALL[name])
    results = list(schema.get_all_operations())
    assert all(isinstance(result, Ok) for result in results)
    operations = [result.ok().label for result in results if isinstance(result, Ok)]
    built = load(ALL[name]).operations
    assert sorted(operations) == sorted(f"{o.method} {o.path}" for o in built)


def iter_unsourced(node: Any, place: Place = (), *, is_sourced: bool = False) -> Iterator[Place]:
    """Schemas, members and parameters that say something and neither carry nor inherit a source.

    A source is inherited from what stands around it, up to the operation or component: that an
    operation is documented says nothing about its members. What `if` asks is no constraint.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from iter_unsourced(item, (*place, index), is_sourced=is_sourced)
    if not isinstance(node, dict):
        return
    sourced = place[-1] not in METHODS and (is_sourced or "x-source" in node)
    is_names = place[-1:] == ("properties",)
    if not is_names and not sourced and (CONSTRAINTS & set(node) or is_parameter(place)):
        yield place
    for key, item in node.items():
        if key in ("example", "examples", "if", "x-template") and not is_names:
            continue
        if is_names and not sourced and isinstance(item, dict) and not has_members(item) and "x-source" not in item:
            yield (*place, key)
        elif not key.startswith("x-"):
            yield from iter_unsourced(item, (*place, key), is_sourced=sourced)


def has_members(schema: Mapping[str, Any]) -> bool:
    """Whether what a schema says is said of its members."""
    return "properties" in schema or "$ref" in schema


def is_parameter(place: Place) -> bool:
    return len(place) > 1 and place[-2] == "parameters"


@pytest.mark.parametrize("slug", shipped())
def test_every_constraint_has_a_source(slug: str) -> None:
    spec = read_spec(SPECS[slug])
    parts = [(part, spec.get(part, {})) for part in ("paths", "components")]
    unsourced = [place for part, node in parts for place in iter_unsourced(node, (part,))]
    # The callback's receiver answers `default`, which is no constraint.
    unsourced = [place for place in unsourced if place[-1] != "responses"]
    assert not unsourced, "\n".join(map(pointer, unsourced))


def iter_said(spec: Any) -> Iterator[tuple[Place, Any]]:
    """What the words say that needs a source each."""
    yield ("x-provider", "keys"), spec["x-provider"]["keys"]
    yield from iter_members(spec, "x-provider", "options")
    yield from iter_members(spec, "x-errors", "conditions")
    yield from iter_members(spec, "x-errors", "envelopes")
    yield from ((place, value) for place, value in iter_members(spec, "x-limits") if isinstance(value, dict))
    if "x-idempotency" in spec:
        yield ("x-idempotency",), spec["x-idempotency"]
    for name, kind in spec["x-tasks"].items():
        yield from iter_said_of_kind(("x-tasks", name), kind)
    for path in spec["paths"]:
        for place, operation in iter_members(spec, "paths", path):
            if place[-1] in METHODS:
                yield place, operation
                yield from (((*place, "x-rules", i), rule) for i, rule in enumerate(operation.get("x-rules", ())))
    yield from iter_members(spec, "components", "securitySchemes")


def iter_members(spec: Any, *place: str) -> Iterator[tuple[Place, Any]]:
    found = member_at(spec, place) or {}
    yield from (((*place, name), value) for name, value in found.items())


def iter_said_of_kind(place: Place, kind: Any) -> Iterator[tuple[Place, Any]]:
    for index, state in enumerate(kind["states"]):
        yield (*place, "states", index), state
    for code, failure in kind.get("failures", {}).items():
        yield (*place, "failures", code), failure
    for name, result in kind["results"].items():
        yield (*place, "results", name), result
    yield (*place, "price"), kind["price"]
    yield (*place, "charge"), kind["charge"]


@pytest.mark.parametrize("slug", shipped())
def test_every_word_has_a_source(slug: str) -> None:
    spec = read_spec(SPECS[slug])
    said = list(iter_said(spec))
    assert len(said) > 20
    without = [place for place, value in said if "x-source" not in value]
    assert not without, "\n".join(map(pointer, without))


def test_the_walk_finds_what_has_no_source() -> None:
    schema = {
        "properties": {
            "sourced": {"type": "string", "enum": ["a"], "x-source": "L1"},
            "bare": {"type": "string"},
            "limited": {"maximum": 3},
            "wrapper": {"type": "object", "properties": {"inner": {"minLength": 1}, "told": {"x-source": "L2"}}},
            "list": {"items": {"enum": [1]}, "x-source": "L3"},
        },
        "if": {"properties": {"bare": {"const": 1}}},
    }
    operation = {"x-source": "L4", "parameters": [{"name": "q", "in": "query"}], "requestBody": {"schema": schema}}
    found = {pointer(place) for place in iter_unsourced({"post": operation}, ("paths",))}
    below = "/paths/post/requestBody/schema/properties"
    assert found == {
        f"{below}/bare",
        f"{below}/limited",
        f"{below}/wrapper/properties/inner",
        "/paths/post/parameters/0",
    }


# Where a fact tells at which lines the JSON of an example stands.
JSON_LINES = re.compile(r"JSON (?:body )?lines? (\d+)(?: \(from `[^`]*\{`\))?(?:(?:-| to )(\d+))?")

WITHOUT_JSON = {
    "SC-034": "a program: tests/test_documents.py runs it",
    "SC-035": "the request of SC-034 in JavaScript",
    "UG-036": "a program: tests/test_documents.py runs it",
    "CR-080": "a program: tests/test_documents.py runs it",
    "CR-081": "a program: tests/test_documents.py runs it",
    "CR-082": "the request of CR-080 in JavaScript",
    "CR-083": "the request of CR-080 in Go",
    "CR-084": "the request of CR-080 in Java",
    "CR-085": "the request of CR-080 in PHP",
    "CR-086": "the request of CR-080 in Ruby",
    "CR-087": "the request of CR-080 in C#",
    "SC-048": "a whole flow; its request is cut short with {...}, its answers are examples of their own",
    "SC-049": "a program: tests/test_documents.py runs it",
    "SC-106": "a command without a body",
    "SC-114": "one line, told by its text",
    "SC-128": "a program: tests/test_documents.py runs it",
    "JH-009": "a table of endpoints",
    "JH-015": "a command without a body",
    "JH-024": "an envelope with the placeholder { ... }",
    "JH-041": "a command that uploads bytes",
    "JH-080": "a command without a body",
    "JH-088": "a command without a body",
    "JH-094": "a command without a body",
    "JH-120": "a program: tests/test_documents.py runs it",
    "JH-121": "a program: tests/test_documents.py runs it",
    "CR-029": "a program: tests/test_documents.py runs it",
    "CR-030": "a program: tests/test_documents.py runs it",
    "CR-031": "the request of CR-029 in JavaScript",
    "CR-032": "the request of CR-029 in Go",
    "CR-033": "the request of CR-029 in Java",
    "CR-034": "the request of CR-029 in PHP",
    "CR-035": "the request of CR-029 in Ruby",
    "CR-036": "the request of CR-029 in C#",
    "CR-037": "a program: tests/test_documents.py runs it",
    "CR-038": "a program: tests/test_documents.py runs it",
    "CR-039": "the request of CR-037 in JavaScript",
    "CR-040": "the request of CR-037 in Go",
    "CR-041": "the request of CR-037 in Java",
    "CR-042": "the request of CR-037 in PHP",
    "CR-043": "the request of CR-037 in Ruby",
    "CR-044": "the request of CR-037 in C#",
    "CR-067": "a program: tests/test_documents.py runs it",
    "CR-068": "a program: tests/test_documents.py runs it",
    "CR-069": "the request of CR-067 in JavaScript",
    "CR-070": "the request of CR-067 in Go",
    "CR-071": "the request of CR-067 in Java",
    "CR-072": "the request of CR-067 in PHP",
    "CR-073": "the request of CR-067 in Ruby",
    "CR-074": "the request of CR-067 in C#",
    "CR-090": "a table of settings",
    "UG-021": "a command without a body",
    "UG-044": "a program: tests/test_documents.py runs it",
    "UG-052": "a program: tests/test_documents.py runs it",
    "UG-060": "a program: tests/test_documents.py runs it",
    "UG-125": "a program: tests/test_documents.py runs it",
    "UG-093": "a command without a body",
    "UG-114": "a command without a body",
}


FRAGMENTS = {"JH-058": "inputImages"}
"""Only this member of an example is printed."""

FILLED = {"JH-122": ("<ossKey>", "api/user123/upload/scene.png")}
"""Placeholders that the spec fills in, for its own rules ask for a key of the caller."""


def read_example(fact: Fact, lines: str) -> Any:
    text = read_lines(f"{fact.vendor}.txt", lines)
    if fact.id in FRAGMENTS:
        return json.loads(text)
    return json.loads(find_json(text).replace(*FILLED.get(fact.id, ("", ""))))


def example_facts() -> list[Fact]:
    if not FACTS.exists():
        return []
    facts = read_facts().values()
    return [f for f in facts if f.kind == "example" and f.vendor in PREFIXES and f.operation not in ASIDE_OPERATIONS]


def iter_values(node: Any) -> Iterator[Any]:
    """Every example of a spec."""
    if isinstance(node, list):
        for item in node:
            yield from iter_values(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "examples" and isinstance(item, dict):
                yield from (example["value"] for example in item.values() if "value" in example)
            else:
                yield from iter_values(item)


@pytest.mark.parametrize("fact", example_facts(), ids=lambda fact: fact.id)
def test_documented_example_is_in_the_spec(fact: Fact) -> None:
    found = JSON_LINES.search(fact.text)
    assert bool(found) != (fact.id in WITHOUT_JSON), "say where its JSON stands, or why it has none"
    if not found:
        return
    first, last = found.groups()
    printed = read_example(fact, f"{first}-{last or first}")
    values = list(iter_values(read_spec(SPECS[fact.vendor])))
    if fact.id in FRAGMENTS:
        values = [value.get(FRAGMENTS[fact.id]) for value in values if isinstance(value, dict)]
    assert printed in values, json.dumps(printed, ensure_ascii=False)


@pytest.mark.skipif(not FACTS.exists(), reason=f"no {FACTS}")
def test_exceptions_are_needed() -> None:
    assert {*WITHOUT_JSON, *FRAGMENTS, *FILLED} <= {fact.id for fact in example_facts()}


def test_lines_of_json_are_found() -> None:
    texts = [
        "JSON lines 130-140 (id)",
        "JSON body line 450.",
        "JSON lines 94 (from `{`) to 100: x",
        "JSON body lines 146 (from `{`) to 152.",
    ]
    assert [m.groups() for text in texts if (m := JSON_LINES.search(text))] == [
        ("130", "140"),
        ("450", None),
        ("94", "100"),
        ("146", "152"),
    ]


def test_a_place_has_texts_where_the_document_has_members() -> None:
    assert place_in({"200": [{"a": 1}]}, [200, 0, "a"]) == ("200", 0, "a")


@pytest.mark.parametrize("slug", ALL)
def test_no_dialect_of_its_own(slug: str) -> None:
    """Swagger UI warns of any `jsonSchemaDialect` but OpenAPI's own, which is what stands when it is left out."""
    assert "jsonSchemaDialect" not in read_spec(ALL[slug])
