"""The cases of `tests/cases/refusals`: requests that differ in one thing from a good one."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases" / "refusals"
MISSING = "<missing>"


@dataclass(frozen=True, slots=True)
class Case:
    """One request: what is changed in the good one, and the group of cases that it belongs to."""

    id: str
    book: "Book"
    group: Mapping[str, Any]
    change: Mapping[str, Any]
    query: str

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(self.group["facts"])

    @property
    def at(self) -> str:
        return str(self.group["at"])


@dataclass(frozen=True, slots=True)
class Book:
    """The cases of a provider as its file has them."""

    provider: str
    said: Mapping[str, Any]

    def cases(self, section: str) -> Iterator[Case]:
        for group in self.said[section]:
            for change in group.get("change", [{}]):
                for query in group.get("query", [""]):
                    about = "-".join([*(f"{k}={short(v)}" for k, v in change.items()), *([query] * bool(query))])
                    world = group.get("serve", group.get("key", ""))
                    yield Case(f"{self.provider}-{group['at']}-{world}-{about}", self, group, change, query)

    def is_error(self, at: str, body: Any, status: int, code: Any) -> bool:
        """Whether a body has the form that the provider gives its errors."""
        form = self.said.get("errors", {}).get(at, self.said["error"])
        forms = form if isinstance(form, list) else [form]
        return any(is_like(each, body, {"<status>": status, "<code>": code}) for each in forms)


def short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)[:40]


def is_like(form: Any, value: Any, known: Mapping[str, Any]) -> bool:
    """Whether a value has exactly the form; `<text>` is a sentence, `<word>` a text or null, `<code>` and `<status>` are known."""
    if isinstance(form, dict):
        is_object = isinstance(value, dict) and form.keys() == value.keys()
        return is_object and all(is_like(form[name], value[name], known) for name in form)
    if form == "<word>":
        return value is None or (isinstance(value, str) and bool(value))
    if form == "<text>":
        return isinstance(value, str) and len(value) > 2
    wanted = known.get(form, form) if isinstance(form, str) else form
    return type(value) is type(wanted) and bool(value == wanted)


@cache
def read_book(provider: str) -> Book:
    """The file is read once; nobody writes into it."""
    return Book(provider, yaml.load((CASES / f"{provider}.yaml").read_text("utf-8"), yaml.CSafeLoader))


def providers() -> tuple[str, ...]:
    return tuple(path.stem for path in sorted(CASES.glob("*.yaml")))


def find(value: Any, place: str) -> Any:
    """The member at a place like `result/taskId` or `items/0/name`."""
    for step in place.split("/"):
        value = value[int(step) if isinstance(value, list) else step]
    return value


def find_or_none(value: Any, place: str) -> Any:
    """The same, or None where there is no such member."""
    try:
        return find(value, place)
    except (KeyError, TypeError):
        return None


def changed(body: Any, change: Mapping[str, Any]) -> Any:
    """The body with the change made; it is a copy."""
    body = deepcopy(body)
    for place, value in change.items():
        *way, last = place.split("/")
        parent = find(body, "/".join(way)) if way else body
        if value == MISSING:
            parent.pop(last, None)
        else:
            parent[last] = filled(value)
    return body


def filled(value: Any) -> Any:
    """`{times: [text, n]}`, `{items: [item, n]}` and `{join: [...]}` written out."""
    match value:
        case {"times": [str() as text, int() as count]}:
            return text * count
        case {"items": [item, int() as count]}:
            return [item] * count
        case {"join": [*parts]}:
            return "".join(filled(part) for part in parts)
        case _:
            return value
