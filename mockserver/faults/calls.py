"""Faults of a call as a whole: refused, late, lost before or after it was done, sent elsewhere."""

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from understudy.mockserver.exchange import Answer
from understudy.mockserver.faults.fault import CallFault
from understudy.mockserver.faults.moves import Close, Hold, Moves, Reset, Wait
from understudy.mockserver.refusals import Refusal
from understudy.specs.model import CONDITIONS

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange

Condition = Literal[CONDITIONS]  # type: ignore[valid-type]
RetryAfter = Annotated[str, Meta(pattern=r"^[ -~]*$", description="the value of Retry-After, whatever it is")]
Detail = Annotated[str, Meta(description="what it says is wrong, where its words have a place for that")]
Seconds = Annotated[float, Meta(ge=0, le=3600)]

# What a provider would call a status, where the number alone is asked for.
_BY_STATUS = {
    401: "unauthorized",
    402: "insufficient_credits",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    429: "rate_limited",
}
# Nothing goes out: the moves of the fault say what happens in its place.
_NOTHING = Answer(0, "", b"")


class Refuse(CallFault, frozen=True):
    """The provider refuses, in its own words, and does nothing."""

    condition: Condition
    retry_after: RetryAfter = ""
    detail: Detail = ""

    def instead(self, exchange: "Exchange") -> Answer | None:
        seconds = int(self.retry_after) if self.retry_after.isdecimal() else 1
        answer = exchange.wording.answer(exchange, Refusal(self.condition, self.detail, retry_after=seconds))
        return answer if not self.retry_after else _with_header(answer, b"retry-after", self.retry_after.encode())


class Status(CallFault, frozen=True):
    """An answer of any status, with the body of the provider's nearest refusal; nothing is done."""

    status: Annotated[int, Meta(ge=200, le=599)]
    retry_after: RetryAfter = ""

    def instead(self, exchange: "Exchange") -> Answer | None:
        condition = _BY_STATUS.get(self.status, "invalid_request" if self.status < 500 else "internal_error")
        if self.status in (502, 503, 504, 529):
            condition = "service_busy"
        said = Refuse(condition=condition, retry_after=self.retry_after).instead(exchange)
        assert said, "a refusal has a body"
        return Answer(self.status, said.media_type, said.body, said.headers, said.condition)


class Redirect(CallFault, frozen=True):
    """The client is sent to another address; nothing is done."""

    to: Annotated[str, Meta(pattern=r"^[!-~]+$")]
    status: Literal[301, 302, 303, 307, 308] = 307

    def instead(self, exchange: "Exchange") -> Answer | None:
        return Answer(self.status, "", b"", ((b"location", self.to.encode("ascii", "replace")),))


class Latency(CallFault, frozen=True):
    """The answer comes late, by wall time: what was asked is done at once."""

    seconds: Seconds = 1.0

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield Wait(self.seconds)
        yield from moves


class Hang(CallFault, frozen=True):
    """No answer ever comes, and nothing is done; the connection is closed after so many seconds of wall time."""

    seconds: Seconds = 60.0

    def instead(self, exchange: "Exchange") -> Answer | None:
        return _NOTHING

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield Hold(self.seconds)


class Drop(CallFault, frozen=True):
    """The connection is closed without an answer, and nothing is done."""

    def instead(self, exchange: "Exchange") -> Answer | None:
        return _NOTHING

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield Close()


class CommitDrop(CallFault, frozen=True):
    """What was asked is done, then the connection is closed without an answer."""

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield Close()


class ResetCall(CallFault, frozen=True):
    """The connection is reset (RST) before what was asked is done, or after."""

    when: Literal["before", "after"] = "before"

    def instead(self, exchange: "Exchange") -> Answer | None:
        return _NOTHING if self.when == "before" else None

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield Reset()


def _with_header(answer: Answer, name: bytes, value: bytes) -> Answer:
    headers = tuple(pair for pair in answer.headers if pair[0] != name)
    return Answer(answer.status, answer.media_type, answer.body, (*headers, (name, value)), answer.condition)
