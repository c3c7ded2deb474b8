"""Faults of the bytes: cut, split, dripping, framed in another way, held open."""

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from understudy.mockserver.faults.calls import Seconds
from understudy.mockserver.faults.fault import BytesFault
from understudy.mockserver.faults.framings import FRAMINGS
from understudy.mockserver.faults.moves import Chunk, Close, Data, Hold, Moves, Reset, Wait

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange

# A body is split into so many pieces at the most; what is left leaves as one.
MOST_PIECES = 8_192

Size = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Way = Literal["crlf", "cr", "no_space", "multi_line", "comments", "ids", "no_final_newline", "bom"]


class Cut(BytesFault, frozen=True):
    """The body ends early: after so many pieces (a stream's events), or after so many bytes; `end` is how the connection ends."""

    events: Size | None = None
    bytes: Size | None = None
    end: Literal["close", "reset", "finish"] = "close"

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        events, left = 0, self.bytes
        limit = self.events if self.events is not None or left is not None else 1
        for move in moves:
            if not isinstance(move, Data):
                yield move
                continue
            if limit is not None and events >= limit:
                break
            events += 1
            if left is not None and len(move.data) > left:
                if left:
                    yield Data(move.data[:left])
                break
            left = None if left is None else left - len(move.data)
            yield move
        if self.end != "finish":
            yield Close() if self.end == "close" else Reset()


class StayOpen(BytesFault, frozen=True):
    """All is told, but the stream is not ended for so many seconds of wall time."""

    seconds: Seconds = 60.0

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        yield from moves
        yield Hold(self.seconds)


class Stall(BytesFault, frozen=True):
    """After so many pieces of the body nothing comes for so many seconds of wall time; then the rest."""

    events: Annotated[int, Meta(ge=1, le=100_000)] = 3
    seconds: Seconds = 5.0

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        count = 0
        for move in moves:
            yield move
            if isinstance(move, Chunk | Data):
                count += 1
                if count == self.events:
                    yield Wait(self.seconds)
        if count < self.events:
            exchange.notes.append(f"the body came in {count} pieces, and was not paused")


class SplitCharacter(BytesFault, frozen=True):
    """Each piece of the body that has a character of several bytes is split within the first of them."""

    pause: Seconds = 0.01

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        found = False
        for move in moves:
            at = next((i for i, byte in enumerate(move.data) if byte >= 0xC0), None) if isinstance(move, Data) else None
            if at is None or not isinstance(move, Data):
                yield move
                continue
            found = True
            yield Data(move.data[: at + 1])
            yield Wait(self.pause)
            yield Data(move.data[at + 1 :])
        if not found:
            exchange.notes.append("no character of the answer has several bytes")


class Drip(BytesFault, frozen=True):
    """The body leaves in pieces of so many bytes, each a segment of its own; after 8,192 of them the rest as it is."""

    size: Annotated[int, Meta(ge=1, le=65_536)] = 1
    pause: Seconds = 0.001

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        count = 0
        for move in moves:
            if not isinstance(move, Data):
                yield move
                continue
            at = 0
            while at < len(move.data) and count < MOST_PIECES:
                yield Data(move.data[at : at + self.size])
                yield Wait(self.pause)
                at, count = at + self.size, count + 1
            if at < len(move.data):
                yield Data(move.data[at:])


class Reframe(BytesFault, frozen=True):
    """The events of a stream are written in another way that readers must understand."""

    way: Way = "crlf"

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        pieces = (move.data if isinstance(move, Data) else move for move in moves)
        for piece in FRAMINGS[self.way](pieces) if exchange.is_streamed else pieces:
            yield Data(piece) if isinstance(piece, bytes) else piece


class Merge(BytesFault, frozen=True):
    """So many events leave as one piece; 0 is all of them."""

    events: Size = 0

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        kept: list[bytes] = []
        for move in moves:
            if isinstance(move, Data):
                kept.append(move.data)
                if len(kept) != self.events:
                    continue
                yield Data(b"".join(kept))
                kept = []
            else:
                yield move
        if kept:
            yield Data(b"".join(kept))


class TruncatedChunk(BytesFault, frozen=True):
    """After so many events comes a chunk that announces more bytes than it has, and the connection is closed."""

    events: Size = 1

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        count = 0
        for move in moves:
            if isinstance(move, Data):
                count += 1
                if count > self.events or not exchange.is_streamed:
                    half = move.data[: len(move.data) // 2]
                    yield Chunk(len(move.data), half) if exchange.is_streamed else Data(half)
                    break
            yield move
        yield Close()
