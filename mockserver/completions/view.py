"""What templates see of a completion: the protocol's words for why it ended, and when it was made."""

from typing import Any

from msgspec import Struct

from understudy.mockserver.completions.likelihood import Token, tokens_of
from understudy.mockserver.completions.model import Choice, Completion, Piece


class ChoiceView(Struct, gc=False):
    """`$choice.…`."""

    choice: Choice
    stop_reason: str
    likeliest: int | None = None

    @property
    def index(self) -> int:
        return self.choice.index

    @property
    def text(self) -> str | None:
        return self.choice.text

    @property
    def thinking(self) -> str | None:
        return self.choice.thinking

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return self.choice.pieces

    @property
    def tools(self) -> tuple[Piece, ...] | None:
        return self.choice.tools

    @property
    def stop_sequence(self) -> str | None:
        return self.choice.stop_sequence

    @property
    def cut_by(self) -> str | None:
        return "tokens" if self.choice.stop == "length" else None

    @property
    def tokens(self) -> tuple[Token, ...] | None:
        text = None if self.likeliest is None else self.choice.text
        return None if text is None else tokens_of(text, self.likeliest or 0)


class CompletionView(Struct, gc=False):
    """`$completion.…`: the answer with its id; without a number of its own it speaks of the first choice."""

    id: str
    model: str
    created_s: int
    completion: Completion
    choices: tuple[ChoiceView, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.choices[0], name)

    @property
    def input_tokens(self) -> int:
        return self.completion.input_tokens

    @property
    def output_tokens(self) -> int:
        return self.completion.output_tokens

    @property
    def thinking_tokens(self) -> int:
        return self.completion.thinking_tokens

    @property
    def answer_tokens(self) -> int:
        return self.completion.output_tokens - self.completion.thinking_tokens

    @property
    def total_tokens(self) -> int:
        return self.completion.total_tokens
