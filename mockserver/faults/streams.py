"""Faults of a stream's events: what is told, and in which order."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import orjson
from msgspec import Meta

from understudy.mockserver.dialects import SPEAKERS
from understudy.mockserver.faults.calls import Condition
from understudy.mockserver.faults.fault import BytesFault
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.streams import cut_short

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange
    from understudy.mockserver.streams import Event

Count = Annotated[int, Meta(ge=0, le=100_000)]


class ErrorEvent(BytesFault, frozen=True):
    """After so many events comes one that tells an error, and no more."""

    condition: Condition = "internal_error"
    events: Count = 3

    def tell(self, exchange: "Exchange", events: "Iterator[Event]") -> "Iterator[Event]":
        error = orjson.loads(exchange.wording.answer(exchange, Refusal(self.condition)).body)
        last = SPEAKERS[exchange.act.operation.reply.stream].fail(error, self.events)
        return cut_short(events, self.events, last)
