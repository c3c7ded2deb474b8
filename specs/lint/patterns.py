"""Checks on schemas and regular expressions: whether they compile, here and in the validator."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from understudy.specs.judging import member_at, place_in, shorten
from understudy.specs.lint.subject import Subject
from understudy.specs.problems import Misfit, Place
from understudy.specs.vocabulary import iter_described


def check_schemas(subject: Subject) -> Iterator[Misfit]:
    """Schemas that JSON Schema does not allow."""
    for place, schema in iter_schemas(subject.root):
        try:
            jsonschema_rs.meta.validate(schema if "$schema" not in schema else {**schema, "$schema": _DIALECT})
        except jsonschema_rs.ValidationError as error:
            below = place_in(schema, error.instance_path)
            if not (below[-1:] == ("pattern",) and isinstance(member_at(schema, below), str)):
                yield Misfit(f"this is no JSON Schema: {shorten(error.message)}", "", (*place, *below))


_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def iter_schemas(root: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The outermost schemas of a document, with their places."""
    for place, node in iter_described(root):
        is_named = place[:2] == ("components", "schemas") and len(place) == 3
        is_used = place[-1:] == ("schema",) and place[-2:-1] != ("properties",)
        if is_named or (is_used and not _is_within(place[:-1])):
            yield place, node


def _is_within(place: Place) -> bool:
    """Whether a place lies inside another schema."""
    return "schema" in place or place[:2] == ("components", "schemas")


def check_patterns(subject: Subject) -> Iterator[Misfit]:
    """Regular expressions that do not compile in Python, or not in the validator."""
    for place, node in iter_described(subject.root):
        if place == ("x-errors", "phrases"):
            continue
        if place[-1:] in (("properties",), ("patternProperties",)) and place[-2:-1] != ("properties",):
            texts = list(node) if place[-1] == "patternProperties" else []
        else:
            texts = [node["pattern"]] if isinstance(node.get("pattern"), str) else []
        for text in texts:
            reason = objection(text)
            if reason:
                yield Misfit(
                    f"{text!r} does not compile: {reason}",
                    "",
                    (*place, "pattern") if "pattern" in node else (*place, text),
                )


def objection(pattern: str) -> str:
    """Why a regular expression cannot be used; '' when it can."""
    try:
        re.compile(pattern)
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except re.error as error:
        return str(error)
    except (jsonschema_rs.ValidationError, ValueError):
        return "the schema validator does not know it"
    return ""
