"""What a protocol of text answers is to a judge: how it is asked, and how its events add up to a plain answer."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.contracts.sse import Event


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that an answer may call; `schema` is that of its arguments."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a model, in no protocol's words. `text`: the prompt; None and empty: not asked for.

    `system`: how it is to answer; `earlier`: what the user and the model said before, in turn; `continues`: the id of the
    answer that this goes on from.
    """

    text: str = ""
    system: str = ""
    earlier: tuple[str, ...] = ()
    continues: str = ""
    is_streamed: bool = False
    most_tokens: int | None = None
    stops: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    may_not_call: bool = False
    choices: int = 1
    thinks: bool = False
    wants_usage: bool = False
    wants_json: bool = False
    wants_picture: bool = False


@dataclass(slots=True)
class Told:
    """What a stream told. `body`: the plain answer that it adds up to; `types`: of its events, in order.

    `wrong`: contradictions within it, as sentences; `ends`: how often it said that it is over; `later`: events after
    that; `error`: the error in which it ended, None for none; `usages`: how often it told the tokens used.
    """

    body: dict[str, Any] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ends: int = 0
    later: int = 0
    error: Any = None
    usages: int = 0


Form = Callable[[dict[str, Any]], dict[str, Any]]

Sum = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Where a number of tokens stands in an answer, and where the numbers stand that it is made of."""


# A refusal as OpenAI tells it, and as most who speak one of its protocols do, who leave out what is null.
OPENAI_REFUSAL: Mapping[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "type": False,
        "error": {
            "type": "object",
            "required": ["message", "type"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "code": {"type": ["string", "null"]},
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Talk:
    """What a request gives a model to read: how it is to answer, and the turns so far, each as a text; what is no text as JSON."""

    system: str = ""
    turns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Protocol:
    """`fill` makes a request's body from a good one and a wish, `asked` reads a body back, `add_up` reads a stream.

    `can`: the members of Wish that the protocol can say. `has_end`: whether its streams end in an event of their own.
    `must_think`: whether who asks for thoughts is sure to get some, and signed.
    `forms`: what makes of a filled body one that says the same or more in another form of the protocol; `plain_forms`
    are those that every model takes.
    `refusal` is the schema of a refusal's body, in short, as `reference` publishes it.
    `answer` is that of a plain answer: what tells one thing from another, and the types without which no client can read it.
    `own_error`: whether the error of a stream is an event of a shape of its own, with the code of a refusal in it, and
    not the envelope of one.
    `talk` reads what a body gives to read, and `apart` are the members in which it stands, or that change nothing of it:
    the limits of tokens and how the answer comes. `limits`: the members that bound the tokens, each as good as the others.
    `cached`: where tokens are counted that went in and are not in the number of those that did.
    `headers`: such as may be left out, each with a value that asks for something.
    `sums`: numbers of tokens that are the sum of others, `parts`: such that are no more than others.
    """

    name: str
    fill: Callable[[dict[str, Any], Wish], dict[str, Any]]
    asked: Callable[[Mapping[str, Any]], Wish]
    add_up: Callable[[Sequence[tuple[Event, Any]]], Told]
    talk: Callable[[Mapping[str, Any]], Talk]
    can: frozenset[str]
    apart: frozenset[str]
    limits: tuple[str, ...] = ()
    cached: tuple[tuple[str, ...], ...] = ()
    has_end: bool = True
    must_think: bool = True
    forms: tuple[Form, ...] = ()
    plain_forms: frozenset[Form] = frozenset()
    headers: tuple[tuple[str, str], ...] = ()
    sums: tuple[Sum, ...] = ()
    parts: tuple[Sum, ...] = ()
    own_error: bool = False
    refusal: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""


def child(value: Any, *path: Any) -> Any:
    """What stands at a place of a stranger's JSON; None where nothing does."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def children(value: Any, *path: Any) -> list[Any]:
    """The items of a list at a place; empty where there is none."""
    found = child(value, *path)
    return found if isinstance(found, list) else []


def words_of(content: Any) -> str:
    """The text of a turn, whole or in parts; what is none as JSON."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(_words(part) for part in parts if part is not None)


def _words(part: Any) -> str:
    text = part if isinstance(part, str) else child(part, "text")
    return text if isinstance(text, str) else json.dumps(part, sort_keys=True, default=str)


def text_of(value: Any) -> str:
    """A text, '' for what is none."""
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """A whole number, None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# The smallest picture: one pixel, as PNG in base64.
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# What a tool takes, said with what is easily lost of a schema.
TAKEN: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "place": {"$ref": "#/$defs/place"},
        "days": {"type": ["integer", "null"], "minimum": 0, "default": 0, "description": ""},
        "unit": {"type": "string", "enum": ["C", "F"]},
    },
    "required": ["place"],
    "additionalProperties": False,
    "$defs": {"place": {"type": "string", "minLength": 1, "examples": ["Oslo"]}},
}
