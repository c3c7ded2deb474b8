"""A whole answer that is given: any status, headers and body, in place of what the provider would say."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from msgspec import UNSET, Meta, Struct

from understudy.mockserver.exchange import Answer
from understudy.mockserver.faults.fault import CallFault
from understudy.mockserver.faults.moves import Close, Moves
from understudy.mockserver.streams import Event

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange

Plain = Annotated[str, Meta(pattern=r"^[\t\x20-\x7e\x80-\xff]*$")]
Name = Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]


_OF_THE_WIRE = frozenset(("content-length", "transfer-encoding", "connection", "date"))


class GivenEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """One event of a stream: `data` is written as JSON unless it is a text."""

    data: Any
    event: Plain = ""

    def made(self) -> Event:
        """The event as streams have it."""
        data = self.data.encode() if isinstance(self.data, str) else orjson.dumps(self.data)
        return Event(self.event, data.replace(b"\n", b"\ndata: "))


class Reply(CallFault, frozen=True):
    """A given answer: `body` as JSON, or `text`, `base64` bytes or `events` of a stream; with `commit` what was asked is done, too."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200
    headers: dict[Name, Plain] = {}  # noqa: RUF012 - a struct has its own
    media_type: Plain | None = None
    body: Any = UNSET
    text: str | None = None
    base64: str | None = None
    events: list[GivenEvent] | None = None
    commit: bool = False

    def __post_init__(self) -> None:
        given = [self.body is not UNSET, self.text is not None, self.base64 is not None, self.events is not None]
        if sum(given) > 1:
            raise ValueError("one of body, text, base64 and events says what is answered")
        try:
            b64decode(self.base64 or "", validate=True)
        except NotBase64:
            raise ValueError("base64 is not Base64") from None

    def touches_wire(self) -> bool:
        """Only if it says how it is framed: our own protocol alone sends that as it is."""
        return not _OF_THE_WIRE.isdisjoint(name.lower() for name in self.headers)

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield from moves
        if self.touches_wire():
            yield Close()

    def instead(self, exchange: "Exchange") -> Answer | None:
        return None if self.commit else self._answer(exchange)

    def alter(self, exchange: "Exchange", answer: Answer) -> Answer:
        return self._answer(exchange) if self.commit else answer

    def _answer(self, exchange: "Exchange") -> Answer:
        named = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        headers = tuple(pair for pair in named if pair[0] != b"content-type")
        called = next((value.decode("latin-1") for name, value in named if name == b"content-type"), self.media_type)
        if self.events is not None:
            exchange.is_streamed = True
            media_type = "text/event-stream; charset=utf-8" if called is None else called
            return Answer(self.status, media_type, b"", headers, events=self._iter_events())
        if self.text is not None:
            body, usual = self.text.encode(), "text/plain; charset=utf-8"
        elif self.base64 is not None:
            body, usual = b64decode(self.base64), "application/octet-stream"
        else:
            body, usual = (b"" if self.body is UNSET else orjson.dumps(self.body)), "application/json"
        return Answer(self.status, (usual if body else "") if called is None else called, body, headers)

    def _iter_events(self) -> Iterator[Event]:
        return (event.made() for event in self.events or ())
