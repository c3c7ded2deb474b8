"""Seeded randomness: every draw is a digest of the seed and what the draw is for."""

import string
from hashlib import blake2b

_ALNUM = (string.ascii_lowercase + string.digits).encode()
_ALNUM_BOTH = (string.ascii_letters + string.digits).encode()
_TO_ALNUM = bytes(_ALNUM[byte % len(_ALNUM)] for byte in range(256))
_TO_ALNUM_BOTH = bytes(_ALNUM_BOTH[byte % len(_ALNUM_BOTH)] for byte in range(256))
_TO_DIGITS = bytes(ord("0") + byte % 10 for byte in range(256))


class Seed:
    """Draws bytes by name: the same seed and the same names give the same bytes."""

    def __init__(self, seed: int, realm: str) -> None:
        self._keyed = blake2b(key=blake2b(f"{seed}/{realm}".encode()).digest())

    def draw(self, name: str) -> bytes:
        """64 bytes for this name."""
        digest = self._keyed.copy()
        digest.update(name.encode())
        return digest.digest()


def fraction(drawn: bytes) -> float:
    """A number from 0 up to 1, from the first four bytes."""
    return int.from_bytes(drawn[:4], "big") / 2**32


def alnum(drawn: bytes) -> str:
    """Lower-case letters and digits, one for each byte."""
    return drawn.translate(_TO_ALNUM).decode()


def alnum_both(drawn: bytes) -> str:
    """Letters of both cases and digits, one for each byte."""
    return drawn.translate(_TO_ALNUM_BOTH).decode()


def digits(drawn: bytes) -> str:
    """A number without a leading zero, one digit for each byte."""
    return str(drawn[0] % 9 + 1) + drawn[1:].translate(_TO_DIGITS).decode()


def uuid(drawn: bytes) -> str:
    """A version 4 UUID (RFC 9562) from the first 16 bytes."""
    number = int.from_bytes(drawn[:16], "big")
    number = number & ~(0xF000 << 64) | (0x4000 << 64)
    number = number & ~(0xC000 << 48) | (0x8000 << 48)
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
