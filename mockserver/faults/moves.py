"""What is done on the wire, move by move: an answer is a head, data, and an end; faults change the order."""

from collections.abc import Iterator

from msgspec import Struct


class Head(Struct, frozen=True, gc=False):
    """Status line and headers, as bytes."""

    data: bytes


class Data(Struct, frozen=True, gc=False):
    """A piece of the body that leaves on its own: one chunk where the body is chunked."""

    data: bytes


class Chunk(Struct, frozen=True, gc=False):
    """A chunk that announces `size` bytes and holds others."""

    size: int
    data: bytes


class Wait(Struct, frozen=True, gc=False):
    """Nothing for so many seconds of wall time: the network has no other."""

    seconds: float


class Until(Struct, frozen=True, gc=False):
    """Nothing before a moment of the world's clock."""

    moment: float


class Hold(Struct, frozen=True, gc=False):
    """Nothing, with an open connection, for so many seconds of wall time or until the client leaves; then it is closed."""

    seconds: float


class Close(Struct, frozen=True, gc=False):
    """The connection is closed, as if that were the end."""


class Reset(Struct, frozen=True, gc=False):
    """The connection is reset: TCP's RST, no farewell of TLS."""


Move = Head | Data | Chunk | Wait | Until | Hold | Close | Reset
Moves = Iterator[Move]
# After these there is nothing.
ENDS = (Hold, Close, Reset)
