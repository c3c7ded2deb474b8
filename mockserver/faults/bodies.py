"""Faults of a whole body: no JSON, nothing at all, under a name or a length that is not its own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from understudy.mockserver.faults.calls import Condition
from understudy.mockserver.faults.fault import AnswerFault
from understudy.mockserver.faults.moves import Close, Moves
from understudy.mockserver.refusals import Refusal

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Answer, Exchange
    from understudy.mockserver.streams import Event

_PAGE = b"""<!DOCTYPE html>
<html><head><title>%d</title></head><body><h1>%d</h1><p>The gateway has something to say, but not in JSON.</p></body></html>
"""


class Error200(AnswerFault, frozen=True):
    """A refusal under status 200; nothing is done."""

    condition: Condition = "internal_error"

    def instead(self, exchange: "Exchange") -> "Answer | None":
        return replace(exchange.wording.answer(exchange, Refusal(self.condition)), status=200)


class Html(AnswerFault, frozen=True):
    """A page of a proxy comes in place of the answer to what was done."""

    status: Annotated[int, Meta(ge=200, le=599)] = 502

    def alter(self, exchange: "Exchange", answer: "Answer") -> "Answer":
        page = _PAGE % (self.status, self.status)
        return replace(answer, status=self.status, media_type="text/html", body=page, headers=(), events=None)


class Empty(AnswerFault, frozen=True):
    """The answer has no body."""

    def alter(self, exchange: "Exchange", answer: "Answer") -> "Answer":
        return replace(answer, body=b"", events=None)


class InvalidJson(AnswerFault, frozen=True):
    """What should be JSON is not: cut in half, with a comma too many, in single quotes, or with NaN before it."""

    how: Literal["cut", "comma", "quotes", "nan"] = "cut"

    def alter(self, exchange: "Exchange", answer: "Answer") -> "Answer":
        return answer if answer.events is not None else replace(answer, body=self._broken(answer.body))

    def tell(self, exchange: "Exchange", events: "Iterator[Event]") -> "Iterator[Event]":
        return (replace(event, data=self._broken(event.data)) for event in events)

    def _broken(self, text: bytes) -> bytes:
        match self.how:
            case "cut":
                return text[: len(text) // 2]
            case "comma":
                return text[:-1] + b"," + text[-1:]
            case "quotes":
                return text.replace(b'"', b"'")
            case "nan":
                return b"NaN" + text


class ContentType(AnswerFault, frozen=True):
    """The answer calls itself something else; '' is no Content-Type at all."""

    type: Annotated[str, Meta(pattern=r"^[ -~]*$")] = "text/plain; charset=utf-8"

    def alter(self, exchange: "Exchange", answer: "Answer") -> "Answer":
        return replace(answer, media_type=self.type)


class ContentLength(AnswerFault, frozen=True):
    """The answer calls itself so many bytes longer than it is, or shorter; then the connection is closed."""

    by: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 10

    def alter(self, exchange: "Exchange", answer: "Answer") -> "Answer":
        if answer.events is not None:
            exchange.notes.append("a stream tells no length")
            return answer
        length = max(0, len(answer.body) + self.by)
        return replace(answer, headers=(*answer.headers, (b"content-length", b"%d" % length)))

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield from moves
        yield Close()
