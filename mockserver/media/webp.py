"""Lossless WebP pictures (RFC 9649): a tile is one pixel written out and copies of it."""

from struct import pack

from understudy.mockserver.media.bits import u
from understudy.mockserver.media.pattern import Seed, fingerprint, rgb, side, spans, tiles

LARGEST = 16383
"""The format ends at 16384, but libwebp's own writer, and with it what others expect, ends here."""
LONGEST_COPY = 4096

# 5.2.2: the first two of the distances that are told by neighbour; each is a code of one bit.
ABOVE, LEFT = "0", "1"

LITERALS, LENGTHS = 256, 24
# 6.2.1: of the green symbols the first have codes of 8 bits and the last of 9, and no code is left over.
LONG_CODES = 2 * LENGTHS
SHORT_CODES = LITERALS + LENGTHS - LONG_CODES


def webp(*, width: int, height: int, seed: Seed) -> bytes:
    """A lossless WebP, at most 16 x 16 tiles.

    Raises ValueError unless both sizes are 1 to 16383 pixels.
    """
    for name, size in (("width", width), ("height", height)):
        if not 1 <= size <= LARGEST:
            raise ValueError(f"{name} of a WebP must be 1 to {LARGEST} pixels: {size}")
    edge = side(width, height)
    columns, rows = spans(width, edge), spans(height, edge)
    # 2.7: the extended form, since only that has room for a chunk of our own.
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = (
        _chunk(b"VP8X", canvas),
        _chunk(b"VP8L", _bitstream(columns, rows, seed)),
        _chunk(b"NOTE", b"understudy " + fingerprint(seed).hex().encode()),
    )
    return _chunk(b"RIFF", b"WEBP" + b"".join(chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + pack("<I", len(data)) + data + bytes(len(data) % 2)


def _bitstream(columns: list[int], rows: list[int], seed: Seed) -> bytes:
    """The signature, then bits that fill each byte from its lowest one."""
    width, height = sum(columns), sum(rows)
    parts = [
        _low(14, width - 1) + _low(14, height - 1) + _low(1 + 3, 0),  # no alpha, version 0
        "000",  # no transform, no colour cache, one set of prefix codes
        _green_lengths(),
        _byte_lengths() * 2,  # red and blue
        "101" + _low(8, 0xFF),  # alpha: one symbol, which takes no bits
        "1100" + _low(8, 1),  # distances: symbols 0 and 1
    ]
    for colours, tall in zip(tiles(seed, len(columns), len(rows)), rows, strict=True):
        for colour, wide in zip(colours, columns, strict=True):
            parts += (_pixel(rgb(colour)), _copy(wide - 1, LEFT))
        parts.append(_copy((tall - 1) * width, ABOVE))
    bits = "".join(parts)
    return b"\x2f" + int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")


def _low(width: int, value: int) -> str:
    """A number from its lowest bit; prefix codes alone go from their highest."""
    return u(width, value)[::-1]


def _green_lengths() -> str:
    """A code of 8 and 9 bits (6.2.1): of code lengths, 8 is the twelfth in their order, 9 the next."""
    return "0" + _low(4, 13 - 4) + "000" * 11 + _low(3, 1) * 2 + "0" + "0" * SHORT_CODES + "1" * LONG_CODES


def _byte_lengths() -> str:
    """A code of 8 bits for each byte: with no other length in it, telling it takes no bits."""
    return "0" + _low(4, 12 - 4) + "000" * 11 + _low(3, 1) + "0"


def _green(symbol: int) -> str:
    return u(8, symbol) if symbol < SHORT_CODES else u(9, symbol + SHORT_CODES)


def _pixel(colour: bytes) -> str:
    red, green, blue = colour
    return _green(green) + u(8, red) + u(8, blue)


def _copy(count: int, distance: str) -> str:
    whole, rest = divmod(count, LONGEST_COPY)
    return (_length(LONGEST_COPY) + distance) * whole + ((_length(rest) + distance) if rest else "")


def _length(count: int) -> str:
    """5.2.2: a symbol for the two highest bits of the number, then the others."""
    number = count - 1
    if number < 4:
        return _green(LITERALS + number)
    others = number.bit_length() - 2
    return _green(LITERALS + 2 * others + (number >> others)) + _low(others, number & ((1 << others) - 1))
