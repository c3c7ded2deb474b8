"""From a healthy answer and a step to what goes over the wire; pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from understudy.contracts.client import edits, frames
from understudy.contracts.client.script import Step
from understudy.specs.model import Operation

# Headers that belong to the body they came with.
_OF_BODY = ("content-type", "content-length", "content-encoding", "etag")


@dataclass(frozen=True, slots=True)
class Plain:
    """An answer as a whole: status, headers in lower case, body. `condition`: which refusal it is, '' for none."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """A header by its name in lower case; '' where there is none."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do on a connection: wait so many seconds, write bytes, or end it: `keep`, `close`, `reset`.

    `mark`: the handler is told when the waiting is over and the client is still there.
    """

    wait: float = 0.0
    data: bytes = b""
    end: str = ""
    mark: Callable[[], None] | None = None


# Seconds between the last bytes of an answer that breaks off and its end.
BEFORE_END = 0.005
# So many bytes of a body leave in small pieces; each costs a turn of the loop.
MOST_IN_PIECES = 1_200
EMPTY = Plain(200, (), b"")


def answer(plain: Plain, step: Step, operation: Operation | None, elsewhere: str) -> Plain:
    """What a step makes of a healthy answer; `elsewhere`: the address at another host that a redirect points to."""
    if step.redirect:
        return Plain(step.status or 302, (("location", elsewhere), ("content-length", "0")), b"")
    body, kind = plain.body, plain.header("content-type")
    if step.text is not None:
        body, kind = step.text.encode(), step.type or "text/html"
    elif step.body is not None:
        body, kind = orjson.dumps(step.body), step.type or "application/json"
    elif step.edits and "json" in kind:
        body = _edited(body, step, operation)
    elif step.stream and "event-stream" in kind:
        body = frames.change(body, step.stream)
    headers = [(name, value) for name, value in plain.headers if name not in _OF_BODY]
    if kind:
        headers.append(("content-type", step.type or kind))
    if step.retry_after:
        headers = [*(pair for pair in headers if pair[0] != "retry-after"), ("retry-after", step.retry_after)]
    headers.extend((name.lower(), value) for name, value in step.headers.items())
    return Plain(step.status or plain.status, tuple(headers), body)


def perform(
    plain: Plain, step: Step, wants_close: bool, is_head: bool, mark: Callable[[], None] | None = None
) -> list[Action]:
    """What to do on the connection, in order; a step that loses or withholds the answer writes nothing.

    `mark` is called when a connection was held to the end, and the client had not left.
    """
    actions = [Action(wait=step.delay)] if step.delay else []
    if step.lost:
        return [*actions, Action(end="reset")]
    if step.silent:
        return [*actions, Action(wait=600.0), Action(end="reset")]
    is_stream = "event-stream" in plain.header("content-type")
    body = b"" if is_head else plain.body
    if step.cut:
        kept = body[: _share(step.cut, len(body))]
        # A reset would overtake what has not left yet.
        ending = Action(wait=BEFORE_END, end=step.end)
        return [*actions, *_write(plain, kept, step, is_stream, len(body), whole=False), ending]
    actions += _write(plain, body, step, is_stream, len(plain.body), whole=not step.hold)
    if step.hold:
        # Whoever waits for the end of the body gets one, so that only the waiting tells.
        last = b"0\r\n\r\n" if is_stream else b""
        return [*actions, Action(wait=step.hold, data=last, mark=mark), Action(end="close")]
    return [*actions, Action(end="close" if wants_close else "keep")]


def _write(plain: Plain, body: bytes, step: Step, is_stream: bool, length: int, whole: bool) -> list[Action]:
    """Head and body; a stream has no length but comes in chunks, and the last, empty one only ends what is `whole`."""
    framing = "transfer-encoding: chunked" if is_stream else f"content-length: {length}"
    lines = [f"HTTP/1.1 {plain.status} {_REASONS.get(plain.status, 'Status')}", framing]
    lines += [
        f"{name}: {value}" for name, value in plain.headers if name not in ("content-length", "transfer-encoding")
    ]
    head = "\r\n".join((*lines, "", "")).encode("latin-1", "replace")
    pieces = _pieces(body, step.pieces)
    wrapped = [_chunk(piece) if is_stream else piece for piece in pieces if piece]
    if is_stream and whole:
        wrapped.append(b"0\r\n\r\n")
    if not step.pieces:
        return [Action(data=head + b"".join(wrapped))]
    # Each piece leaves on its own, after the loop has had a turn.
    rests = [*_rests([piece for piece in pieces if piece]), _BETWEEN]
    return [Action(data=head), *(Action(data=piece, wait=rest) for piece, rest in zip(wrapped, rests, strict=False))]


def _rests(pieces: Sequence[bytes]) -> Iterator[float]:
    """How long to wait before each piece: where a character is torn so long that a client reads its halves one by one."""
    torn = 0
    for index, piece in enumerate(pieces):
        is_torn = index > 0 and piece[0] & 0xC0 == 0x80 and torn < _MOST_TORN
        torn += is_torn
        yield _APART if is_torn else _BETWEEN


_BETWEEN, _APART = 0.000_001, 0.02
# All bytes of a character of two, one of three and one of four bytes.
_MOST_TORN = 6
_REASONS = {
    200: "OK",
    201: "Created",
    302: "Found",
    400: "Bad Request",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


def _pieces(body: bytes, size: int) -> list[bytes]:
    """The body whole, or with a stretch of it in small pieces: around the first character of several bytes."""
    if not size:
        return [body]
    first = next((at for at, byte in enumerate(body) if byte > 127), 0)
    start = max(0, first - MOST_IN_PIECES // 4)
    stretch = body[start : start + MOST_IN_PIECES]
    small = [stretch[at : at + size] for at in range(0, len(stretch), size)]
    return [body[:start], *small, body[start + MOST_IN_PIECES :]]


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _share(cut: float, size: int) -> int:
    return int(cut * size) if cut < 1 else min(int(cut), size)


def _edited(body: bytes, step: Step, operation: Operation | None) -> bytes:
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    names: Mapping[str, Any] = edits.places(operation, value) if operation else {}
    return orjson.dumps(edits.apply(value, step.edits, names))
