"""The twelve `x-` words: checking that a document uses only them, where they belong and as they are."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from understudy.specs.documents import Document
from understudy.specs.problems import Place, known

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# What stands below these keys is data, not description.
_DATA = ("example", "examples", "default", "const", "enum")


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
            document.problem(place, f"{word!r} stands at a {_position(place)}", f"it belongs at: {', '.join(allowed)}")
        for error in _validator(word).iter_errors(value):
            document.problem((*place, *error.instance_path), error.message, words()[word]["meaning"])


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
    return bool(place) and place[-1] in ("properties", "headers", "parameters") and (
        len(place) < 2 or place[-2] != "properties"
    )


def _position(place: Place) -> str:
    parent = place[:-1]
    if not parent:
        return "root"
    if len(parent) >= 3 and parent[-1] in METHODS and ("paths" in parent or "callbacks" in parent):
        return "operation"
    if len(parent) >= 2 and parent[-2] == "content":
        return "media type"
    return "schema"


@cache
def _vocabulary() -> Any:
    return json.loads((files("understudy.specs") / "vocabulary.json").read_text(encoding="utf-8"))


@cache
def _validator(word: str) -> Any:
    schema = {"$defs": _vocabulary()["$defs"], **_wrapped(words()[word]["schema"])}
    return jsonschema_rs.Draft202012Validator(schema)


def _wrapped(schema: Any) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {"allOf": [schema]}
