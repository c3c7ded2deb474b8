"""What a protocol of text answers is to a judge: how it is asked, and how its events add up to a plain answer."""

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
    """What is asked of a model, in no protocol's words. `text`: the prompt; None and empty: not asked for."""

    text: str = ""
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
class Protocol:
    """`fill` makes a request's body from a good one and a wish, `asked` reads a body back, `add_up` reads a stream.

    `can`: the members of Wish that the protocol can say. `has_end`: whether its streams end in an event of their own.
    `must_think`: whether who asks for thoughts is sure to get some, and signed.
    `forms`: what makes of a filled body one that says the same or more in another form of the protocol.
    `refusal` is the schema of a refusal's body, in short, as `reference` publishes it.
    `own_error`: whether the error of a stream is an event of a shape of its own, with the code of a refusal in it, and
    not the envelope of one.
    `headers`: such as may be left out, each with a value that asks for something.
    `sums`: numbers of tokens that are the sum of others, `parts`: such that are no more than others.
    """

    name: str
    fill: Callable[[dict[str, Any], Wish], dict[str, Any]]
    asked: Callable[[Mapping[str, Any]], Wish]
    add_up: Callable[[Sequence[tuple[Event, Any]]], Told]
    can: frozenset[str]
    has_end: bool = True
    must_think: bool = True
    forms: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    sums: tuple[Sum, ...] = ()
    parts: tuple[Sum, ...] = ()
    own_error: bool = False
    refusal: Mapping[str, Any] = field(default_factory=dict)
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


def text_of(value: Any) -> str:
    """A text, '' for what is none."""
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """A whole number, None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# The smallest picture: one pixel, as PNG in base64.
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
