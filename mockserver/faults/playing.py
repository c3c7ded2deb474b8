"""Playing an answer on the wire, move by move, as the faults of its exchange have it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from typing import TypeVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from understudy.mockserver.cycle import Cycle, finish, reset, wait_for_leave, write_now
from understudy.mockserver.exchange import Answer, Exchange
from understudy.mockserver.faults.moves import ENDS, Chunk, Close, Data, Head, Hold, Move, Moves, Reset, Until, Wait
from understudy.mockserver.streams import MOST_KEPT, as_array, wait_until

T = TypeVar("T")

BODILESS = (204, 304)
# Who says these says how the body ends.
FRAMING = (b"content-length", b"transfer-encoding")
# What was sent before a reset shall have arrived before it.
BREATH = 0.01
# Larger pieces of a body are no faster.
MOST_AT_ONCE = 65_536


class Player:
    """One answer under way. `remember` is told the answer as far as it was sent, before the client can see its end."""

    def __init__(self, exchange: Exchange, cycle: Cycle, remember: Callable[[Answer], None]) -> None:
        self._exchange, self._cycle, self._remember = exchange, cycle, remember
        self._world = exchange.site.world
        self._kept = bytearray()
        self._sent = 0
        self._has_head = False
        self._is_chunked = False
        self._is_noted = False

    async def play(self, answer: Answer, date: bytes) -> None:
        """Send an answer; one without a status has nothing to send but what the faults do in its place."""
        moves = self._moves(answer, date)
        for fault in self._exchange.wire_faults:
            moves = fault.send(self._exchange, moves)
        last: Move | None = None
        for last, following in _with_next(moves):
            self._keep(last)
            if following is None or isinstance(last, ENDS) or isinstance(following, ENDS):
                self._note(answer)
            if self._cycle.disconnected or isinstance(last, ENDS):
                break
            await self._do(last)
        self._note(answer)
        await self._end(last)

    def _moves(self, answer: Answer, date: bytes) -> Moves:
        """What is sent when nothing goes wrong."""
        if not answer.status:
            return
        names = {name for name, _ in answer.headers}
        has_body = self._exchange.method != "HEAD" and answer.status not in BODILESS
        lines = list(answer.headers) if b"date" in names else [(b"date", date), *answer.headers]
        is_framed = not names.isdisjoint(FRAMING)
        if answer.media_type and b"content-type" not in names:
            lines.append((b"content-type", answer.media_type.encode()))
        if answer.events is not None and has_body and not is_framed:
            lines.append((b"transfer-encoding", b"chunked"))
            self._is_chunked = True
        elif answer.status not in BODILESS and not is_framed:
            lines.append((b"content-length", b"%d" % len(answer.body)))
        if not self._cycle.keep_alive and b"connection" not in names:
            lines.append((b"connection", b"close"))
        head = [STATUS_LINE.get(answer.status) or b"HTTP/1.1 %d \r\n" % answer.status]
        head += [b"%b: %b\r\n" % line for line in lines]
        yield Head(b"".join((*head, b"\r\n")))
        if has_body:
            yield from self._body(answer)

    def _body(self, answer: Answer) -> Moves:
        if answer.events is None:
            starts = range(0, len(answer.body), MOST_AT_ONCE)
            yield from (Data(answer.body[start : start + MOST_AT_ONCE]) for start in starts)
            return
        pace, started, tokens = self._world.settings.pace, self._world.clock.now(), 0
        for event in as_array(answer.events) if self._exchange.in_array else answer.events:
            tokens += event.tokens
            if not pace.is_immediate:
                yield Until(started + pace.due(tokens))
            yield Data(event.wire())

    async def _do(self, move: Move) -> None:
        match move:
            case Head(data):
                await write_now(self._cycle, data)
            case Data(data) if self._is_chunked:
                await write_now(self._cycle, b"%x\r\n%b\r\n" % (len(data), data) if data else b"")
            case Data(data):
                await write_now(self._cycle, data)
            case Chunk(size, data):
                await write_now(self._cycle, b"%x\r\n%b" % (size, data))
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Until(moment):
                await wait_until(self._world.clock, moment, lambda: self._cycle.disconnected)
            case Hold() | Close() | Reset():
                raise AssertionError("an end is done at the end")

    async def _end(self, last: Move | None) -> None:
        """End the answer, and the connection where the last move says so."""
        cycle, goes_on = self._cycle, False
        match last:
            case Reset():
                await asyncio.sleep(BREATH if self._has_head else 0)
                return reset(cycle)
            case Hold(seconds):
                await wait_for_leave(cycle, seconds)
            case None | Close():
                pass
            case _:
                goes_on = not cycle.disconnected
                if self._is_chunked:
                    await write_now(cycle, b"0\r\n\r\n")
        finish(cycle, stays_open=goes_on)

    def _keep(self, move: Move) -> None:
        if isinstance(move, Head):
            self._has_head = True
        elif isinstance(move, Data | Chunk):
            self._sent += len(move.data)
            self._kept += move.data[: MOST_KEPT - len(self._kept)]

    def _note(self, answer: Answer) -> None:
        """Tell what was sent; once."""
        if self._is_noted:
            return
        self._is_noted = True
        if self._cycle.disconnected:
            self._exchange.notes.append(f"the client left after {self._sent} bytes")
        elif self._cycle.has_heard_all:
            self._exchange.notes.append("the client had closed its sending half")
        if self._sent > len(self._kept):
            self._exchange.notes.append(f"only the first {len(self._kept)} of {self._sent} bytes are kept")
        if self._has_head:
            self._remember(
                Answer(answer.status, answer.media_type, bytes(self._kept), answer.headers, answer.condition)
            )
        else:
            would = f"; it would have been {answer.status}" if answer.status else ""
            self._exchange.notes.append(f"no answer was sent{would}")
            self._remember(Answer(0, "", b""))


def _with_next(items: Iterable[T]) -> Iterator[tuple[T, T | None]]:
    """Each item with the one after it, the last with None."""
    return pairwise(chain(items, (None,)))  # type: ignore[arg-type]
