"""Heads of requests that were parsed before: a client that asks the same again pays for that once."""

from typing import Any, Generic, TypeVar

from msgspec import Struct

from understudy.mockserver.recent import Recent

T = TypeVar("T")

MOST_HEADS = 1_024
# Longer ones are parsed each time. What is made of one takes some twenty times its bytes at most, of many tiny headers.
LONGEST_HEAD = 2_048

_END = b"\r\n\r\n"


class Known(Struct, Generic[T], gc=False):
    """A head that stays on its connection and has a body of so many bytes, and what an application read from it.

    `scope`: as ASGI has it. It is that of whoever asked first, and nobody may write to it.
    """

    length: int
    scope: Any
    request: T


class Heads(Generic[T]):
    """What is known by heads, byte for byte."""

    def __init__(self) -> None:
        self._known: Recent[bytes, Known[T]] = Recent(MOST_HEADS)
        self._find = self._known.find

    def find(self, data: bytes) -> Known[T] | None:
        """What a request is that begins and ends with `data`; None where its head is new, or there is less or more."""
        end = data.find(_END) + len(_END)
        known = self._find(data[:end])
        return known if known is not None and end + known.length == len(data) else None

    def keep(self, data: bytes, length: int, scope: Any, request: T) -> None:
        """Know the head of a request that was parsed; `data` begins with it, and its body has so many bytes.

        It is not kept where more came than those, be it of the same request: a body in chunks.
        """
        end = data.find(_END) + len(_END)
        if end <= LONGEST_HEAD and end + length == len(data):
            self._known.keep(data[:end], Known(length, scope, request))
