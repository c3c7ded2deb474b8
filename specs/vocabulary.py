"""The twelve `x-` words: checking that a document uses only them, where they belong and as they are."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from understudy.specs.documents import Document
from understudy.specs.judging import iter_misfits
from understudy.specs.model import METHODS
from understudy.specs.problems import Misfit, Place, known

# What stands below these keys is data, not description.
_DATA = ("example", "examples", "default", "const", "enum")

# Below these keys stand names that the provider chose.
_HOLD_NAMES = frozenset(
    {"properties", "headers", "parameters", "responses", "schemas", "requestBodies"} | {"callbacks", "envelopes"}
)

# Words below which schemas stand.
HOLD_SCHEMAS = ("x-errors", "x-rules")


@cache
def words() -> dict[str, dict[str, Any]]:
    """Word -> {meaning, at, schema}."""
    return dict(_vocabulary()["words"])


def check_words(document: Document) -> None:
    """Note every unknown, misplaced or malformed `x-` word of the document."""
    for place, word, value in _iter_words(document.root, ()):
        if word not in words():
            document.problem(place, f"unknown word {word!r}", known(word, words()))
            continue
        allowed = words()[word]["at"]
        if "anywhere" not in allowed and _position(place) not in allowed:
            document.problem(
                place,
                f"{word!r} stands at a {_position(place)}",
                f"it belongs at: {', '.join(allowed)}",
            )
        for misfit in _iter_defects(word, _position(place), value):
            advice = misfit.advice or words()[word]["meaning"]
            document.problem((*place, *misfit.place), misfit.message, advice)


def iter_described(value: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every object that describes something, with its place; what is data (examples, tables) is left out."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from iter_described(item, (*place, index))
    elif isinstance(value, dict):
        yield place, value
        for key, item in value.items():
            is_data = key in _DATA or (key.startswith("x-") and key not in HOLD_SCHEMAS)
            if not is_data or _is_member_name(place):
                yield from iter_described(item, (*place, key))


def word_above(place: Place) -> str:
    """The outermost `x-` word at or above a place; '' where there is none."""
    for index, step in enumerate(place):
        if isinstance(step, str) and step.startswith("x-") and not _is_member_name(place[:index]):
            return step
    return ""


def is_data(place: Place, key: str, value: Any) -> bool:
    """Whether what a key of the object at a place holds is data, in which `$ref` is a member like others."""
    if _is_member_name(place) or "x-template" in place or place[3:4] == ("template",):
        return False
    if key == "examples":
        return isinstance(value, list)
    return key in _DATA or (key == "value" and place[-2:-1] == ("examples",))


def _iter_words(value: Any, place: Place) -> Iterator[tuple[Place, str, Any]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _iter_words(item, (*place, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("x-") and not _is_member_name(place):
                yield (*place, key), key, item
            elif key in _DATA and not _is_member_name(place):
                yield from _iter_example_sources(key, item, (*place, key))
            else:
                yield from _iter_words(item, (*place, key))


def _iter_example_sources(key: str, examples: Any, place: Place) -> Iterator[tuple[Place, str, Any]]:
    """OpenAPI's named examples may carry words beside their `value`."""
    if key == "examples" and isinstance(examples, dict):
        for name, example in examples.items():
            if isinstance(example, dict):
                beside = {word: item for word, item in example.items() if word.startswith("x-")}
                yield from _iter_words(beside, (*place, name))


def _is_member_name(place: Place) -> bool:
    """Whether the keys below this place are names that the provider chose, not OpenAPI's."""
    return bool(place) and place[-1] in _HOLD_NAMES and (len(place) < 2 or place[-2] != "properties")


def _position(place: Place) -> str:
    parent = place[:-1]
    if not parent:
        return "root"
    if len(parent) >= 3 and parent[-1] in METHODS and ("paths" in parent or "callbacks" in parent):
        return "operation"
    if len(parent) >= 2 and parent[-2] == "content":
        return "media type"
    if len(parent) >= 2 and parent[-2] == "headers":
        return "header"
    return "schema"


@cache
def _vocabulary() -> Any:
    return json.loads((files("understudy.specs") / "vocabulary.json").read_text(encoding="utf-8"))


def _iter_defects(word: str, position: str, value: Any) -> Iterator[Misfit]:
    said = words()[word]["schema"]
    by_position = isinstance(said, dict) and said.get("by position", {}).get(position)
    schema = json.dumps(by_position or said)
    yield from iter_misfits(_validator(schema), _with_definitions(schema), value)


@cache
def _validator(schema: str) -> Any:
    return jsonschema_rs.Draft202012Validator(_with_definitions(schema))


@cache
def _with_definitions(schema: str) -> dict[str, Any]:
    said = json.loads(schema)
    return {
        "$defs": _vocabulary()["$defs"],
        **(said if isinstance(said, dict) else {"allOf": [said]}),
    }
