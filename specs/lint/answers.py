"""Sample completions: what a template would see of a text, of thinking, of tool calls, of pictures."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.specs.expressions import NAMES
from understudy.specs.lint.scopes import Scope

# What an answer can be made of, and why it then ends.
_ANSWERS = {
    "a text": (("text",), ("end", "length", "stop_sequence")),
    "a text with thinking": (("thinking", "text"), ("end", "length")),
    "a tool call": (("tool",), ("tool",)),
    "two tool calls": (("tool", "tool"), ("tool",)),
    "a picture": (("image",), ("end",)),
}
_MEMBERS = {
    "text": ("text",),
    "thinking": ("text", "signature"),
    "tool": ("name", "arguments", "arguments_text"),
    "image": ("base64", "media_type"),
}

_OF_CHOICES = ("index", "tokens")


def iter_answers(stops: Mapping[str, str], only: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Completions in words, with the values of their names; `only`: those of one type of piece."""
    for words, (types, endings) in _ANSWERS.items():
        if only and set(types) != {only}:
            continue
        for ending in endings:
            choice = _choice(types, stops.get(ending, ending), ending)
            values = {f"completion.{name}": value for name, value in choice.items() if name not in _OF_CHOICES}
            scopes = tuple(_prefixed("choice", {**choice, "index": index}) for index in range(2))
            numbers = {name: sample for name, (kind, sample) in NAMES.items() if _is_own(name)}
            yield f"{words} that ends by {ending!r}", {**numbers, **values, "completion.choices": scopes}


def _is_own(name: str) -> bool:
    """Whether a name is of the completion as a whole."""
    return name in ("completion.id", "completion.model", "completion.created_s") or name.endswith("_tokens")


def _choice(types: tuple[str, ...], stop: str, ending: str) -> dict[str, Any]:
    pieces = tuple(_piece(name) for name in types)
    texts = {name: NAMES[f"choice.{name}"][1] for name in ("text", "thinking") if name in types}
    return {
        "index": 0,
        "text": texts.get("text"),
        "thinking": texts.get("thinking"),
        "pieces": pieces,
        "tools": tuple(p for p in pieces if p.values["piece.type"] == "tool") or None,
        "stop_reason": stop,
        "stop_sequence": NAMES["choice.stop_sequence"][1] if ending == "stop_sequence" else None,
        "cut_by": NAMES["choice.cut_by"][1] if ending == "length" else None,
        "tokens": (_token((_token(()),)),) if ending == "length" else None,
    }


def _token(others: tuple[Scope, ...]) -> Scope:
    members = {name: NAMES[f"token.{name}"][1] for name in ("text", "logprob", "utf8")}
    return _prefixed("token", {**members, "others": others})


def _piece(name: str) -> Scope:
    members = {member: NAMES[f"piece.{member}"][1] for member in ("id", *_MEMBERS[name])}
    return _prefixed("piece", {"type": name, **members})


def _prefixed(head: str, members: Mapping[str, Any]) -> Scope:
    return Scope({f"{head}.{name}": value for name, value in members.items()})


def sample_models() -> tuple[Scope, ...]:
    """Two models of a list."""
    members = {name: NAMES[f"model.{name}"][1] for name in ("id", "owner", "created_s")}
    return (_prefixed("model", members), _prefixed("model", members))
