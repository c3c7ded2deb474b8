"""Bodies that differ in one member, and where two bodies differ."""

from typing import Any

import pytest

from understudy.contracts.differences import ABSENT, is_same, iter_differences
from understudy.contracts.members import LARGE, is_of_one_sort, iter_changes

PART: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "enum": ["text", "picture"]},
        "text": {"type": "string"},
        "picture": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string", "format": "uri"}}},
    },
    "allOf": [
        {"if": {"properties": {"type": {"const": "text"}}, "required": ["type"]}, "then": {"required": ["text"]}},
        {"if": {"properties": {"type": {"const": "picture"}}, "required": ["type"]}, "then": {"required": ["picture"]}},
    ],
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "parts": {"type": "array", "items": PART},
        "seed": {"type": "integer"},
        "heat": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
        "settings": {"type": "object", "properties": {"strict": {"type": "boolean"}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
BODY: dict[str, Any] = {"parts": [{"type": "text", "text": "hello"}]}


def _shown() -> list[Any]:
    return [body for _, _, body in iter_changes(SCHEMA, [BODY])]


@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("seed", [0, 1, LARGE]),
        ("heat", [0, 1, 2, 0.5, None]),
        ("settings", [{}, {"strict": False}, {"strict": True}]),
        ("labels", [{}, {"first": ""}]),
    ],
)
def test_each_member_is_shown_empty_and_full_and_in_each_type(member: str, values: list[Any]) -> None:
    shown = [body[member] for body in _shown() if member in body]
    assert [value for value in values if not any(is_same(value, each) for each in shown)] == []


def test_an_item_much_like_one_that_is_there_is_put_before_it() -> None:
    schema = {
        "properties": {"files": {"items": {"properties": {"key": {"type": "string"}, "size": {"type": "integer"}}}}}
    }
    changes = iter_changes(schema, [{"files": [{"key": "a/b.png", "size": 3}]}])
    assert {"files": [{"key": "a/b2.png", "size": 3}, {"key": "a/b.png", "size": 3}]} in [
        body for _, _, body in changes
    ]


def test_an_item_of_each_sort_is_put_before_those_that_are_there() -> None:
    added = [body["parts"][0] for body in _shown() if len(body["parts"]) == 2]
    assert {"type": "picture", "picture": {"url": "https://example.com/file.png"}} in added
    assert all(is_of_one_sort(PART, part) for part in added)


def test_what_belongs_to_another_sort_is_not_put_in() -> None:
    assert not is_of_one_sort(SCHEMA, {"parts": [{"type": "text", "text": "", "picture": {}}]})
    assert is_of_one_sort(SCHEMA, {"parts": [{"type": "text", "text": ""}]})


def test_what_one_body_cannot_show_is_shown_with_the_next() -> None:
    """A member that needs another beside it is no good where that is not there."""
    schema = {"type": "object", "properties": {"tools": {"type": "array"}, "choice": {"type": "boolean"}}}
    shown = [
        body
        for _, _, body in iter_changes(
            schema, [{}, {"tools": [1]}], lambda body: body if "choice" not in body or body.get("tools") else None
        )
    ]
    assert {"tools": [1], "choice": False} in shown
    assert {"choice": False} not in shown


def test_a_body_is_not_changed_by_what_is_shown_with_it() -> None:
    before = repr(BODY)
    assert len(_shown()) > 15
    assert repr(BODY) == before


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["a.b.1"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": None}, {}, ["a"]),
        ({}, {"b": 0}, ["b"]),
    ],
)
def test_the_smallest_places_that_differ_are_told(before: Any, after: Any, places: list[str]) -> None:
    assert [found.name for found in iter_differences(before, after)] == places


def test_what_is_lost_is_told_from_what_is_added() -> None:
    (lost,), (added,) = list(iter_differences({"a": 1}, {})), list(iter_differences({}, {"a": 1}))
    assert (lost.is_lost, lost.is_added, lost.after) == (True, False, ABSENT)
    assert (added.is_lost, added.is_added, added.before) == (False, True, ABSENT)
