"""Runtime expressions: the names by which templates, rules and formulas speak of values."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from understudy.specs.problems import Misfit, known

# Name -> (type, sample). The sample stands in where a spec is checked without a server.
NAMES: dict[str, tuple[str, Any]] = {
    "base_url": ("string", "https://api.example"),
    "request.id": ("string", "req-0001"),
    "request.body": ("json", None),
    "task.input": ("json", None),
    "task.id": ("string", "task-0001"),
    "task.number": ("integer", 7_000_001),
    "task.kind": ("string", "video"),
    "task.state": ("wire", "queued"),
    "task.progress": ("integer", 50),
    "task.fraction": ("number", 0.5),
    "task.cost": ("money", 1),
    "task.price": ("money", 1),
    "task.charged": ("money", 1),
    "task.refunded": ("money", 1),
    "task.error_code": ("string", "failed"),
    "task.error_message": ("string", "it failed"),
    "tasks": ("array", []),
    "item": ("json", "item"),
    "completion.id": ("string", "completion-0001"),
    "completion.model": ("string", "model"),
    "completion.created_s": ("integer", 1_700_000_000),
    "completion.text": ("string", "It is a text."),
    "completion.thinking": ("string", "It is thought about."),
    "completion.pieces": ("array", []),
    "completion.tools": ("array", []),
    "completion.choices": ("array", []),
    "completion.stop_reason": ("wire", "end"),
    "completion.stop_sequence": ("string", "###"),
    "completion.cut_by": ("string", "tokens"),
    "completion.input_tokens": ("integer", 12),
    "completion.output_tokens": ("integer", 20),
    "completion.thinking_tokens": ("integer", 8),
    "completion.answer_tokens": ("integer", 12),
    "completion.total_tokens": ("integer", 32),
    "choice.index": ("integer", 0),
    "choice.text": ("string", "It is a text."),
    "choice.thinking": ("string", "It is thought about."),
    "choice.pieces": ("array", []),
    "choice.tools": ("array", []),
    "choice.stop_reason": ("wire", "end"),
    "choice.stop_sequence": ("string", "###"),
    "choice.cut_by": ("string", "tokens"),
    "choice.tokens": ("array", []),
    "token.text": ("string", "It"),
    "token.logprob": ("json", -0.25),
    "token.utf8": ("json", [73, 116]),
    "token.others": ("array", []),
    "piece.type": ("string", "text"),
    "piece.id": ("string", "0aB1cD2eF3gH4iJ5kL6mN7oP"),
    "piece.text": ("string", "It is a text."),
    "piece.signature": ("string", "c2lnbmF0dXJl"),
    "piece.name": ("string", "tool"),
    "piece.arguments": ("json", {}),
    "piece.arguments_text": ("string", "{}"),
    "piece.base64": ("string", "iVBORw0KGgo="),
    "piece.media_type": ("string", "image/png"),
    "models": ("array", []),
    "model.id": ("string", "model"),
    "model.owner": ("string", "owner"),
    "model.created_s": ("integer", 1_700_000_000),
    "rate.limit": ("integer", 60),
    "rate.remaining": ("integer", 59),
    "rate.reset_s": ("integer", 60),
    "rate.reset_span": ("string", "60s"),
    "rate.reset_iso": ("string", "2026-01-01T00:01:00Z"),
    "page.number": ("integer", 1),
    "page.size": ("integer", 20),
    "page.total": ("integer", 1),
    "page.pages": ("integer", 1),
    "page.offset": ("integer", 0),
    "page.next": ("string", "task-0001"),
    "page.next_number": ("integer", 7_000_001),
    "page.has_more": ("boolean", False),
    "account.id": ("string", "account"),
    "account.key": ("string", "key"),
    "account.total": ("money", 10),
    "account.used": ("money", 3),
    "account.held": ("money", 2),
    "account.remaining": ("money", 5),
    "upload.url": ("string", "https://media.example/upload?signature=x"),
    "upload.key": ("string", "upload/file.png"),
    "upload.method": ("string", "PUT"),
    "upload.type": ("string", "image/png"),
    "upload.etag": ("string", '"0"'),
    "upload.expires_s": ("integer", 1_700_000_900),
    "error.code": ("wire", "4000"),
    "error.type": ("string", "invalid_request_error"),
    "error.message": ("string", "refused"),
    "error.detail": ("string", "duration"),
    "error.field": ("string", "duration"),
    "error.value": ("string", "16"),
    "error.limit": ("string", "15"),
    "error.condition": ("string", "invalid_request"),
    "error.status": ("integer", 400),
    "error.retry_after": ("integer", 1),
} | {
    f"task.{moment}_{unit}": (kind, sample)
    for moment in ("created", "started", "finished")
    for unit, kind, sample in (
        ("s", "integer", 1_700_000_000),
        ("ms", "integer", 1_700_000_000_000),
        ("iso", "string", "2023-11-14T22:13:20Z"),
    )
}

# A family is a prefix whose last part is free: a parameter's or a result's name.
FAMILIES: dict[str, tuple[str, Any]] = {
    "request.query": ("json", "1"),
    "request.path": ("string", "task-0001"),
    "request.header": ("string", "text"),
    "task.link": ("string", "https://media.example/output/file?signature=x"),
    "task.links": ("array", ["https://media.example/output/file?signature=x"]),
}

# What an item of a list is called within `$each`; lists of anything else have `$item`.
ITEMS = {
    "tasks": "task",
    "models": "model",
    "completion.choices": "choice",
    "completion.pieces": "piece",
    "completion.tools": "piece",
    "choice.pieces": "piece",
    "choice.tools": "piece",
    "choice.tokens": "token",
    "token.others": "token",
}

# By what the items of a list are told apart, and which sorts there are.
SORTS = {"piece": ("$piece.type", ("thinking", "text", "tool", "image"))}

_FORM = re.compile(r"\$([A-Za-z_]+(?:\.[A-Za-z_][\w-]*)*)(#(?:/[^}\s]*)?)?")
_EMBEDDED = re.compile(r"\{(\$[^{}\s]+)\}")
_TAKES_POINTER = ("request.body", "task.input", "item", "piece.arguments")


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression, e.g. `$task.input#/duration`: name `task.input`, path `("duration",)`."""

    text: str
    name: str
    path: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """`task.link` for `task.link.video`, the name itself for all others."""
        head, _, _ = self.name.rpartition(".")
        return head if head in FAMILIES else self.name

    @property
    def member(self) -> str:
        """The free part of a family's name: `video` in `task.link.video`."""
        return self.name.rpartition(".")[2]

    @property
    def last(self) -> str:
        """What a message calls it: the last step of its pointer, else the last part of its name."""
        return self.path[-1] if self.path else self.member

    @property
    def type(self) -> str:
        """`string`, `integer`, `number`, `boolean`, `money`, `array`, `wire` or `json`."""
        return (FAMILIES.get(self.family) or NAMES[self.name])[0]

    @property
    def sample(self) -> Any:
        """A value of that type."""
        return (FAMILIES.get(self.family) or NAMES[self.name])[1]

    @property
    def item(self) -> str:
        """What an item of this list is called: `piece` in `$completion.pieces`."""
        return ITEMS.get(self.name, "item")

    @property
    def item_type(self) -> str | None:
        """The expression that tells the items of this list apart, if any does."""
        return SORTS[self.item][0] if self.item in SORTS else None

    @property
    def item_types(self) -> tuple[str, ...]:
        """The sorts of items that this list can hold."""
        return SORTS[self.item][1] if self.item in SORTS else ()

    def __str__(self) -> str:
        return self.text


def is_expression(value: object) -> bool:
    """Whether a template leaf is an expression: a text that starts with one `$`."""
    return isinstance(value, str) and value.startswith("$") and not value.startswith("$$")


@cache
def parse(text: str) -> Expression:
    """Parse one expression; raises Misfit with the known names."""
    found = _FORM.fullmatch(text)
    if not found:
        raise Misfit(f"{text!r} is not an expression", "write $name or $name#/json/pointer")
    name, fragment = found.group(1), found.group(2)
    head = name.rpartition(".")[0]
    if name not in NAMES and head not in FAMILIES:
        families = [f"{family}.NAME" for family in FAMILIES]
        raise Misfit(f"unknown name {name!r}", known(name, [*NAMES, *families]))
    if fragment and name not in _TAKES_POINTER:
        raise Misfit(f"{name!r} takes no pointer", "only " + ", ".join(_TAKES_POINTER) + " do")
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in (fragment or "#").split("/")[1:])
    return Expression(text, name, path)


def split(text: str) -> list[str | Expression]:
    """Split a text into literal parts and embedded `{$…}` expressions."""
    parts: list[str | Expression] = []
    at = 0
    for found in _EMBEDDED.finditer(text):
        if found.start() > at:
            parts.append(text[at : found.start()])
        parts.append(parse(found.group(1)))
        at = found.end()
    if at < len(text):
        parts.append(text[at:])
    return parts


def point(value: Any, path: Iterable[str]) -> Any:
    """The member at `path`, or None; a `*` on the way gives the list of all that is there."""
    steps = tuple(path)
    for index, step in enumerate(steps):
        if step == "*":
            rest = steps[index + 1 :]
            found = (point(child, rest) for child in _children(value))
            return [item for item in found if item is not None]
        value = _child(value, step)
        if value is None:
            return None
    return value


@cache
def follower(path: tuple[str, ...]) -> Callable[[Any], Any]:
    """`point` for one path, prepared: the common case of a member of an object is one look-up."""
    if not path:
        return lambda value: value
    first, rest = path[0], path[1:]
    if first == "*":
        return lambda value: point(value, path)
    if not rest:
        return lambda value: value.get(first) if type(value) is dict else _child(value, first)

    def follow(value: Any) -> Any:
        head = value.get(first) if type(value) is dict else _child(value, first)
        return None if head is None else point(head, rest)

    return follow


def _child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
