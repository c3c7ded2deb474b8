"""Answers of one provider: what is asked decides the words, the order of requests decides the ids."""

from decimal import Decimal
from hashlib import blake2b

import msgspec
from msgspec import Struct

from understudy.mockserver.completions.compose import compose, with_ids
from understudy.mockserver.completions.model import Ask, Completion
from understudy.mockserver.media import Material, make
from understudy.mockserver.recent import Recent
from understudy.mockserver.seed import Seed

# Pixels of an image within an answer, both ways.
SIDE = 1024
NO_TIME = Decimal(0)
# So many answers are remembered, none longer than this: clients in tests ask the same again and again.
MOST_REMEMBERED = 1_000
MOST_TOKENS = 1_000


class Asked(Struct, gc=False):
    """An ask, and its digest."""

    ask: Ask
    digest: bytes

    @classmethod
    def from_ask(cls, ask: Ask) -> "Asked":
        """An ask that was not seen before; who asks how likely the words are gets the same words."""
        said = ask if ask.likeliest is None else msgspec.structs.replace(ask, likeliest=None)
        return cls(ask, blake2b(msgspec.json.encode(said), digest_size=16).digest())


class Composer:
    """Composes answers, and remembers the latest: the same ask has the same words."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._known: Recent[bytes, Completion] = Recent(MOST_REMEMBERED)

    def complete(self, asked: Asked, drawn: bytes) -> Completion:
        """The answer, with ids out of the drawn bytes; raises Unsatisfiable as compose does."""
        known = self._known.find(asked.digest)
        if known is None:
            known = self._compose(asked.ask, asked.digest.hex())
            if known.output_tokens <= MOST_TOKENS:
                self._known.keep(asked.digest, known)
        return self.name(known, drawn)

    def name(self, completion: Completion, drawn: bytes) -> Completion:
        """The answer with ids of its own, out of the drawn bytes."""
        return with_ids(completion, drawn, lambda name: self._seed.draw(f"{name} {drawn.hex()}"))

    def _compose(self, ask: Ask, asked: str) -> Completion:
        def draw(name: str) -> bytes:
            return self._seed.draw(f"{name} {asked}")

        def picture() -> bytes:
            return make(Material("image/png", SIDE, SIDE, NO_TIME, False, draw("image")))

        return compose(ask, draw, picture if ask.wants_image else None)
