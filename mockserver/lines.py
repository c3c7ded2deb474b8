"""Scripted completions: what a language model shall say, and when."""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from understudy.mockserver.completions.compose import input_tokens, tokens_of
from understudy.mockserver.completions.model import Ask, Choice, Completion, Piece
from understudy.mockserver.faults.calls import Condition
from understudy.mockserver.faults.rule import FaultError, convert, join

Positive = Annotated[int, Meta(ge=1)]
Tokens = Annotated[int, Meta(ge=0, le=10**12)]


class When(Struct, frozen=True, forbid_unknown_fields=True):
    """Which questions are meant: those that fit all that is given."""

    provider: str = ""
    operation: str = ""
    model: Annotated[str, Meta(description="its name; `*` and `?` as in file names")] = ""
    last: Annotated[str, Meta(description="a regular expression, found in the user's last message")] = ""
    tool: Annotated[str, Meta(description="the name of a tool that may be called")] = ""
    answered: Annotated[bool | None, Meta(description="whether the last message is a tool's result")] = None
    turn: Annotated[Positive | None, Meta(description="how many messages the user has sent")] = None

    def fits(self, ask: Ask, provider: str, operation: str, turn: int) -> bool:
        """Whether a question is one of those that are meant."""
        return (
            self.provider in ("", provider)
            and self.operation in ("", operation)
            and (not self.model or fnmatchcase(ask.model, self.model))
            and (not self.last or re.search(self.last, ask.prompt) is not None)
            and (not self.tool or any(tool.name == self.tool for tool in ask.tools))
            and self.answered in (None, ask.is_answered)
            and self.turn in (None, turn)
        )


class ToolCall(Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a tool, whether the client offered it or not."""

    name: str
    arguments: dict[str, Any] = {}


class Usage(Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens that are told and charged; what is left out is counted."""

    input: Tokens | None = None
    output: Tokens | None = None
    thinking: Tokens | None = None


class Failure(Struct, frozen=True, forbid_unknown_fields=True):
    """A refusal in place of an answer."""

    condition: Condition
    detail: str = ""


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """One scripted answer. Without `when` it answers once, so that a list of them is a sequence; with it, always."""

    when: When | None = None
    times: Positive | None = None
    text: str | None = None
    thinking: str | None = None
    tools: list[ToolCall] = []
    stop: Literal["end", "length", "stop_sequence", "tool"] | None = None
    stop_sequence: str | None = None
    usage: Usage = Usage()
    error: Failure | None = None

    @classmethod
    def parse(cls, said: Any, place: str) -> "Line":
        """One item of `completions`. Raises FaultError."""
        line: Line = convert(said, cls, place)
        try:
            re.compile(line.when.last if line.when else "")
        except re.error as error:
            raise FaultError(join(place, "when.last"), f"no regular expression: {error}") from None
        if line.error is None and line.text is None and line.thinking is None and not line.tools:
            raise FaultError(place, "says nothing: give text, thinking, tools or error")
        return line

    @property
    def most(self) -> int | None:
        """How often it answers; None is always."""
        return self.times if self.times or self.when else 1

    def complete(self, ask: Ask) -> Completion:
        """The answer as a value; its pieces have no ids yet."""
        thought = [Piece("thinking", text=self.thinking)] if self.thinking is not None else []
        said = [Piece("text", text=self.text or "")] if self.text is not None or not self.tools else []
        calls = [Piece("tool", name=call.name, arguments=call.arguments) for call in self.tools]
        pieces = (*thought, *said, *calls)
        stop = self.stop or ("tool" if calls else "stop_sequence" if self.stop_sequence else "end")
        usage, thinking = self.usage, sum(map(tokens_of, thought))
        return Completion(
            (Choice(0, pieces, stop, self.stop_sequence),),
            input_tokens(ask) if usage.input is None else usage.input,
            sum(map(tokens_of, pieces)) if usage.output is None else usage.output,
            thinking if usage.thinking is None else usage.thinking,
        )
