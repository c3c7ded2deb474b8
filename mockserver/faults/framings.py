"""Ways to write server-sent events that all mean the same: what the format allows, and few servers do."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from understudy.mockserver.faults.moves import Move

# Pieces of a body, each an event as it is usually written, among moves of other sorts.
Framing = Callable[[Iterable[bytes | Move]], Iterator[bytes | Move]]

# Where a line break may stand in JSON: after what opens an object or a list, outside of texts.
_BREAKABLE = re.compile(rb"^(data: [{\[])", re.MULTILINE)


def _each(change: Callable[[bytes], bytes]) -> Framing:
    """A framing that rewrites each event by itself."""
    return lambda pieces: (change(piece) if isinstance(piece, bytes) else piece for piece in pieces)


def _marked(pieces: Iterable[bytes | Move]) -> Iterator[bytes | Move]:
    """A byte order mark stands before the first event."""
    is_first = True
    for piece in pieces:
        if is_first and isinstance(piece, bytes):
            is_first = False
            yield b"\xef\xbb\xbf" + piece
        else:
            yield piece


def _unended(pieces: Iterable[bytes | Move]) -> Iterator[bytes | Move]:
    """The last event ends with its line, without the empty one."""
    before: bytes | None = None
    for piece in chain(pieces, (None,)):
        if before is not None:
            yield before.rstrip(b"\n") if piece is None else before
        before = piece if isinstance(piece, bytes) else None
        if piece is not None and not isinstance(piece, bytes):
            yield piece


FRAMINGS: Mapping[str, Framing] = {
    "crlf": _each(lambda event: event.replace(b"\n", b"\r\n")),
    "cr": _each(lambda event: event.replace(b"\n", b"\r")),
    "no_space": _each(lambda event: re.sub(rb"^(\w+): ", rb"\1:", event, flags=re.MULTILINE)),
    "multi_line": _each(lambda event: _BREAKABLE.sub(rb"\1\ndata: ", event)),
    "comments": _each(lambda event: b": a comment\n" + event[:-1] + b":another\n\n"),
    "ids": _each(lambda event: b"id: 7\nretry: 3000\n" + event),
    "no_final_newline": _unended,
    "bom": _marked,
}
