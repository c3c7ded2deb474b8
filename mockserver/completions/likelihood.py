"""How likely each token of a text was, and what might have stood in its place."""

import math
from collections.abc import Sequence
from hashlib import blake2b

from msgspec import Struct

from understudy.mockserver.completions.tokens import split_tokens

# Natural logarithms: a token that is written is likely, seldom less than one half.
_LEAST = -0.7
# Of what is left beside the token, each further one has so much.
_SHARE = 0.55
# What often stands in the place of something else.
_OTHERS = (
    *(" the", " a", " of", " and", " to", " in", " is", " it", " that", " for", " this", ","),
    *(".", " or", " with", " as", " on", " be", " an", " by", "\n", "的", "是", "在"),
)


class Token(Struct, frozen=True, gc=False):
    """A token with the natural logarithm of its probability; `others` are the likeliest in its place, itself among them."""

    text: str
    logprob: float
    others: tuple["Token", ...] = ()

    @property
    def utf8(self) -> list[int]:
        """Its bytes."""
        return list(self.text.encode())


def tokens_of(text: str, count: int) -> tuple[Token, ...]:
    """The tokens of a text, each with `count` likeliest ones; the same text has the same."""
    return tuple([_token(token, place, count) for place, token in enumerate(split_tokens(text))])


def _token(text: str, place: int, count: int) -> Token:
    drawn = blake2b(f"{place} {text}".encode(), digest_size=8).digest()
    logprob = round(_LEAST * ((drawn[0] + 1) / 256) ** 4, 8)
    return Token(text, logprob, tuple(_iter_likeliest(text, logprob, drawn[1], count)))


def _iter_likeliest(text: str, logprob: float, turn: int, count: int) -> Sequence[Token]:
    """The token, then others, ever less likely; all together are no more than certain."""
    left = 1 - math.exp(logprob)
    candidates = [other for other in _OTHERS[turn % len(_OTHERS) :] + _OTHERS[: turn % len(_OTHERS)] if other != text]
    found = [Token(text, logprob)]
    for other in candidates[: count - 1]:
        part = left * _SHARE
        left -= part
        found.append(Token(other, round(math.log(max(part, 1e-12)), 8)))
    return found[:count]
