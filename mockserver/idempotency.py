"""Idempotency keys: the same create twice is one create."""

from hashlib import blake2b
from typing import Any

import orjson
from msgspec import Struct

from understudy.mockserver.exchange import Answer

MOST_KEYS = 100_000


class Stored(Struct, gc=False):
    """The answer to the first request with a key; None while that is under way."""

    digest: bytes
    expires: float
    answer: Answer | None


class Conflict(Exception):
    """The key is in use for another body, or its first request is still under way."""


class Idempotency:
    """The keys seen, with their answers; the oldest go first when there are too many."""

    def __init__(self, lifetime: float, most: int = MOST_KEYS) -> None:
        self._lifetime, self._most = lifetime, most
        self._stored: dict[tuple[str, ...], Stored] = {}
        self.dropped = 0

    def begin(self, scope: tuple[str, ...], body: Any, now: float) -> Answer | None:
        """The stored answer of a repeated request, or None for a first one; raises Conflict."""
        digest = _digest(body)
        stored = self._stored.get(scope)
        if stored is not None and stored.expires > now:
            if stored.digest != digest or stored.answer is None:
                raise Conflict
            return stored.answer
        self._stored.pop(scope, None)
        self._stored[scope] = Stored(digest, now + self._lifetime, None)
        if len(self._stored) > self._most:
            del self._stored[next(iter(self._stored))]
            self.dropped += 1
        return None

    def finish(self, scope: tuple[str, ...], answer: Answer) -> None:
        """Keep the answer."""
        if scope in self._stored:
            self._stored[scope].answer = answer

    def forget(self, scope: tuple[str, ...]) -> None:
        """A refused request is as if it never was."""
        self._stored.pop(scope, None)


def _digest(body: Any) -> bytes:
    canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return blake2b(canonical, digest_size=16).digest()
