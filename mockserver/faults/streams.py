"""Faults of a stream's events: what is told, and in which order."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from msgspec import Meta

from understudy.mockserver.dialects import SPEAKERS, Speaker
from understudy.mockserver.faults.calls import Condition
from understudy.mockserver.faults.fault import BytesFault
from understudy.mockserver.faults.members import read_json
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.streams import Event, cut_short

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange

Events = Iterator[Event]
Count = Annotated[int, Meta(ge=0, le=100_000)]


class Comment(Event):
    """A line that is no event: readers skip it."""

    def wire(self) -> bytes:
        """The comment as it is sent."""
        return b": %b\n\n" % self.data


def speaker_of(exchange: "Exchange") -> Speaker:
    """The protocol of a streamed answer."""
    return SPEAKERS[exchange.act.operation.reply.stream]


class ErrorEvent(BytesFault, frozen=True):
    """After so many events comes one that tells an error, and no more."""

    condition: Condition = "internal_error"
    events: Count = 3

    def tell(self, exchange: "Exchange", events: Events) -> Events:
        error = orjson.loads(exchange.wording.answer(exchange, Refusal(self.condition)).body)
        return cut_short(events, self.events, speaker_of(exchange).fail(error, self.events))


class NoEnd(BytesFault, frozen=True):
    """The last events of a stream do not come, though it ends in good order."""

    events: Annotated[int, Meta(ge=1, le=100)] = 1

    def tell(self, exchange: "Exchange", events: Events) -> Events:
        late: deque[Event] = deque()
        for event in events:
            late.append(event)
            if len(late) > self.events:
                yield late.popleft()


class Pings(BytesFault, frozen=True):
    """Before each event comes one that means nothing: a comment, or an event named `ping`."""

    kind: Literal["comment", "event"] = "comment"

    def tell(self, exchange: "Exchange", events: Events) -> Events:
        ping = Comment("", b"ping") if self.kind == "comment" else Event("ping", b'{"type": "ping"}')
        for event in events:
            yield ping
            yield event


class UsageChunk(BytesFault, frozen=True):
    """Before the last event comes one that tells the usage alone, though nobody asked for it."""

    def tell(self, exchange: "Exchange", events: Events) -> Events:
        tell_usage, view, head = speaker_of(exchange).usage, exchange.completion, None
        if tell_usage is None:
            exchange.notes.append("this protocol tells usage with its last event alone")
            yield from events
            return
        before: Event | None = None
        for event in events:
            if before is not None:
                yield before
            head = head or read_json(event.data)
            before = event
        yield tell_usage(head, view.input_tokens, view.output_tokens)
        if before is not None:
            yield before


class Duplicate(BytesFault, frozen=True):
    """One event comes twice; the first is number 0."""

    event: Count = 1

    def tell(self, exchange: "Exchange", events: Events) -> Events:
        for number, event in enumerate(events):
            yield event
            if number == self.event:
                yield event


class Reorder(BytesFault, frozen=True):
    """One event comes after the next one; the first is number 0."""

    event: Count = 1

    def tell(self, exchange: "Exchange", events: Events) -> Events:
        late: Event | None = None
        for number, event in enumerate(events):
            if number == self.event:
                late = event
                continue
            yield event
            if late is not None:
                yield late
                late = None
        if late is not None:
            yield late
