"""Answers of one provider: what is asked decides the words, the order of requests decides the ids."""

from collections.abc import Callable
from decimal import Decimal
from hashlib import blake2b

import msgspec

from understudy.mockserver.completions.compose import compose, with_ids
from understudy.mockserver.completions.model import Ask, Completion
from understudy.mockserver.media import Material, make
from understudy.mockserver.seed import Seed

# Pixels of an image within an answer, both ways.
SIDE = 1024
NO_TIME = Decimal(0)
# So many answers are remembered, none longer than this: clients in tests ask the same again and again.
MOST_REMEMBERED = 1_000
MOST_TOKENS = 1_000


class Composer:
    """Composes answers, and remembers the latest: the same ask has the same words."""

    def __init__(self, seed: Seed, draw: Callable[[str], bytes]) -> None:
        self._seed, self._draw = seed, draw
        self._known: dict[bytes, Completion] = {}

    def complete(self, ask: Ask) -> Completion:
        """The answer, with ids of its own; raises Unsatisfiable as compose does."""
        if ask.likeliest is not None:  # who asks how likely the words are gets the same words
            ask = msgspec.structs.replace(ask, likeliest=None)
        asked = blake2b(msgspec.json.encode(ask), digest_size=16).digest()
        known = self._known.get(asked)
        if known is None:
            known = self._compose(ask, asked.hex())
            if known.output_tokens <= MOST_TOKENS:
                self._remember(asked, known)
        return self.name(known)

    def name(self, completion: Completion) -> Completion:
        """The answer with ids of its own."""
        serial = self._draw("pieces").hex()[:16]
        return with_ids(completion, lambda name: self._seed.draw(f"{name} {serial}"))

    def _compose(self, ask: Ask, asked: str) -> Completion:
        def draw(name: str) -> bytes:
            return self._seed.draw(f"{name} {asked}")

        def picture() -> bytes:
            return make(Material("image/png", SIDE, SIDE, NO_TIME, False, draw("image")))

        return compose(ask, draw, picture if ask.wants_image else None)

    def _remember(self, asked: bytes, completion: Completion) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[asked] = completion
