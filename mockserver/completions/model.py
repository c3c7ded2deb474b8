"""What was asked and what is answered, in the words that all protocols of text answers share."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
from msgspec import Struct


class Tool(Struct, frozen=True, gc=False):
    """A function that may be called; `schema` is the JSON Schema of its arguments, {} for any object."""

    name: str
    schema: Any
    description: str = ""


class Ask(Struct, frozen=True, gc=False):
    """A request for a completion. Budgets are in tokens."""

    model: str
    prompt: str  # the text of the last turn of the user
    context: str = ""  # everything said before it, the system's text too
    tools: tuple[Tool, ...] = ()
    choice: str = "auto"  # auto, none, required, or the name of a tool
    parallel: bool = True  # several tools may be called at once
    is_answered: bool = False  # the last turn is a tool's result
    most_tokens: int | None = None
    stops: tuple[str, ...] = ()
    count: int = 1  # of choices
    thinking: int | None = None  # None is off
    shape: Any = None  # a JSON Schema that the text satisfies as JSON, {} for any object
    images: int = 0  # in the input
    wants_image: bool = False
    captions: bool = True  # a sentence stands before a picture
    likeliest: int | None = None  # tokens told for the place of each, with how likely they are; None tells nothing


class Piece(Struct, frozen=True, gc=False):
    """A part of an answer. Which members it fills depends on its type.

    thinking: text, signature. text: text. tool: name, arguments. image: media_type, and `make` for its file. All have an
    id when they are given out.
    """

    type: str
    text: str = ""
    signature: str = ""
    id: str = ""
    name: str = ""
    arguments: Any = None
    make: Callable[[], bytes] | None = None
    media_type: str = ""

    @property
    def arguments_text(self) -> str:
        """The arguments as compact JSON."""
        return orjson.dumps(self.arguments).decode()

    @property
    def base64(self) -> str:
        """The file of an image as text; it takes a while."""
        return b64encode(self.make()).decode() if self.make else ""


class Choice(Struct, frozen=True, gc=False):
    """One answer of those asked for. `stop` is end, length, stop_sequence or tool."""

    index: int
    pieces: tuple[Piece, ...]
    stop: str
    stop_sequence: str | None = None

    @property
    def text(self) -> str | None:
        """All text, None when there is none."""
        return _joined(self.pieces, "text")

    @property
    def thinking(self) -> str | None:
        """All thinking, None when there is none."""
        return _joined(self.pieces, "thinking")

    @property
    def tools(self) -> tuple[Piece, ...] | None:
        """The tool calls, None when there is none."""
        return tuple([piece for piece in self.pieces if piece.type == "tool"]) or None


class Completion(Struct, frozen=True, gc=False):
    """The whole answer. `output_tokens` counts all choices and includes `thinking_tokens`."""

    choices: tuple[Choice, ...]
    input_tokens: int
    output_tokens: int
    thinking_tokens: int

    @property
    def total_tokens(self) -> int:
        """Tokens of the input and of the output."""
        return self.input_tokens + self.output_tokens


def _joined(pieces: tuple[Piece, ...], wanted: str) -> str | None:
    if len(pieces) == 1:  # most answers
        return pieces[0].text if pieces[0].type == wanted else None
    texts = [piece.text for piece in pieces if piece.type == wanted]
    return "".join(texts) if texts else None
