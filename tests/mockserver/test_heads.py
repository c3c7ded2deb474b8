"""A head that came before is not parsed again, and nobody sees a difference."""

import asyncio
from collections.abc import Awaitable, Sequence
from itertools import pairwise
from typing import Any, cast

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct
from uvicorn.server import ServerState

from understudy.mockserver.app import Receive, Scope, Send
from understudy.mockserver.cycle import Cycle, cycle_of, send_whole, take_arrived
from understudy.mockserver.heads import LONGEST_HEAD, MOST_HEADS, Heads
from understudy.mockserver.server import server_config
from understudy.mockserver.wire import WireProtocol


class Said(Struct):
    """What an echo reads from a head."""

    text: bytes
    is_lasting: bool


class Forgetting(Heads[Said]):
    """Knows no head ever."""

    def find(self, data: bytes) -> None:
        return None


class Echo:
    """Answers with all that it was asked, as what `route` gave and the body have it; `/early` waits for no body."""

    def __init__(self, heads: Heads[Said]) -> None:
        self.heads = heads
        self.routed = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        _echo(cast(Cycle, cycle_of(send)), _text(scope), body)

    def route(self, scope: Scope) -> Said:
        self.routed += 1
        return Said(_text(scope), scope["path"] != "/passing")

    def answer(self, request: Said, scope: Scope, receive: Receive, send: Send) -> Awaitable[None] | None:
        if scope["path"] == "/late":
            return self(scope, receive, send)
        cycle = cycle_of(send)
        assert cycle is not None
        body = take_arrived(cycle)
        assert body is not None
        assert _text(scope) == request.text
        _echo(cycle, request.text, body)
        return None


def _text(scope: Scope) -> bytes:
    return repr([scope[name] for name in ("method", "raw_path", "query_string", "headers")]).encode()


def _echo(cycle: Cycle, text: bytes, body: bytes) -> None:
    said = text + b" " + body
    send_whole(cycle, 200, b"content-length: %d\r\n" % len(said), said)


class Wire(asyncio.Transport):
    """What a connection has sent, and whether it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.is_closed = b"", False

    def write(self, data: Any) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        """Nothing: who feeds us does not ask."""

    resume_reading = pause_reading

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)


def play(application: Echo, *connections: Sequence[bytes]) -> list[tuple[bytes, bool]]:
    """Feed pieces to connections, one after the other; gives what each has sent, and whether it is closed."""

    async def run() -> list[tuple[bytes, bool]]:
        config, state = server_config(application), ServerState()
        config.load()
        seen = []
        for pieces in connections:
            protocol, wire = WireProtocol(config, state, {}), Wire()
            protocol.connection_made(wire)
            for piece in pieces:
                if not wire.is_closed:
                    protocol.data_received(piece)
                for _ in range(8):
                    await asyncio.sleep(0)
            seen.append((wire.sent, wire.is_closed))
            protocol.connection_lost(None)
        return seen

    return asyncio.run(run())


GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
TWO = POST % (2, b"ab")
OTHER = POST % (2, b"cd")
LATE = b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
# A body that is a request itself, which some have sent before.
WITHIN = POST % (len(GET), GET)
EARLY = b"GET /early HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(GET)
EARLY_UPGRADE = EARLY[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

REQUESTS = (
    GET,
    TWO,
    OTHER,
    WITHIN,
    b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n",
    LATE,
    b"GET /passing HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n%b"
    % (len(GET), GET),
    b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /a HTTP/1.0\r\nHost: x\r\n\r\n",
    b"\r\n" + GET,
    b"\r\n\r\n" + GET,
    b"no HTTP\r\n\r\n",
    EARLY + GET,
    EARLY_UPGRADE + GET,
)


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """Requests, most of them in one piece each, some together, some in several."""
    asked = draw(st.lists(st.sampled_from(REQUESTS), min_size=2, max_size=6))
    stream, ends = b"".join(asked), [0]
    for request in asked:
        ends.append(ends[-1] + len(request))
    kept = set(draw(st.lists(st.sampled_from(ends), max_size=len(ends)))) | set(ends[:: draw(st.integers(1, 2))])
    cuts = sorted(kept | set(draw(st.lists(st.integers(0, len(stream)), max_size=2))) | {0, len(stream)})
    return [stream[a:b] for a, b in pairwise(cuts) if a < b]


@given(st.lists(conversations(), min_size=1, max_size=3))
@example([[GET, WITHIN[: -len(GET)], GET, TWO]])
@example([[REQUESTS[10] + GET, GET]])
@example([[GET, REQUESTS[11][: -len(GET)], GET, TWO]])
@example([[GET, EARLY_UPGRADE, GET, TWO]])
def test_nobody_sees_a_difference(said: list[list[bytes]]) -> None:
    assert play(Echo(Heads()), *said) == play(Echo(Forgetting()), *said)


def routed(*connections: Sequence[bytes]) -> int:
    """How often an application is asked what a request is for."""
    application = Echo(Heads())
    assert play(application, *connections) == play(Echo(Forgetting()), *connections)
    return application.routed


def test_a_head_that_came_before_is_not_read_again() -> None:
    assert routed([GET, GET, TWO, OTHER, GET], [TWO, GET]) == 2


def test_nothing_is_left_of_what_came_before() -> None:
    assert routed([LATE, REQUESTS[9], LATE]) == 2


def test_what_lasts_not_or_came_otherwise_is_read_each_time() -> None:
    passing, chunked, expecting, closing = (REQUESTS[number] for number in (6, 8, 9, 12))
    assert routed([passing, passing]) == 2
    # Two together: the second is called, and none of them is known by what came with it.
    assert routed([TWO + TWO, TWO, TWO]) == 2
    assert routed([chunked, chunked]) == routed([expecting, expecting]) == routed([closing], [closing]) == 2


def test_what_is_known_is_bounded() -> None:
    long = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * LONGEST_HEAD)
    assert routed([long, long]) == 2
    first, *others = (b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(MOST_HEADS + 1))
    assert routed([first, *others[:-1], first]) == MOST_HEADS
    assert routed([first, *others, first]) == MOST_HEADS + 2
