"""Baseline JPEG pictures (T.81) whose blocks have a DC coefficient and nothing else."""

from itertools import cycle
from struct import pack

from understudy.mockserver.media.bits import packed, u
from understudy.mockserver.media.pattern import Colour, Seed, fingerprint, side, spans, tiles

LARGEST = 65500
"""The format ends at 65535, but libjpeg, and with it nearly every reader, ends here."""
MCU = 16

# Annex C: how many codes there are of each length 1 to 16. Of DC differences, size 0 has one bit,
# sizes 1 to 7 have four, size 8 has five; the only AC symbol is the end of block.
DC_LENGTHS = bytes([1, 0, 0, 7, 1]) + bytes(11)
DC_CODES = ("0", "1000", "1001", "1010", "1011", "1100", "1101", "1110", "11110")
AC_LENGTHS = bytes([1]) + bytes(15)
END_OF_BLOCK = "0"
UNCHANGED = DC_CODES[0] + END_OF_BLOCK

# An 8 x 8 block's DC coefficient is 8 times its mean (A.3.3): quantized by 8 it is the mean.
QUANTIZERS = bytes([8]) + bytes([1] * 63)
# B.2.2: identifier, sampling factors (2 x 2 luma blocks to one of each chroma), table 0.
COMPONENTS = b"\1\x22\0" + b"\2\x11\0" + b"\3\x11\0"
RESTARTS = tuple(bytes([0xFF, 0xD0 + m]) for m in range(8))


def jpeg(*, width: int, height: int, seed: Seed) -> bytes:
    """A baseline JFIF picture, 4:2:0, at most 16 x 16 flat tiles of whole 16-pixel MCUs.

    Raises ValueError unless both sizes are 1 to 65500 pixels.
    """
    for name, size in (("width", width), ("height", height)):
        if not 1 <= size <= LARGEST:
            raise ValueError(f"{name} of a JPEG must be 1 to {LARGEST} pixels: {size}")
    wide, high = -(-width // MCU), -(-height // MCU)
    edge = side(wide, high)
    columns, rows = spans(wide, edge), spans(high, edge)
    picture = tiles(seed, len(columns), len(rows))
    parts = (
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        _segment(0xFE, b"understudy " + fingerprint(seed).hex().encode()),
        _segment(0xDB, b"\0" + QUANTIZERS),
        _segment(0xC0, pack(">BHHB", 8, height, width, 3) + COMPONENTS),
        _segment(0xC4, b"\x00" + DC_LENGTHS + bytes(range(9)) + b"\x10" + AC_LENGTHS + b"\0"),
        _segment(0xDD, pack(">H", wide)),
        _segment(0xDA, b"\3\1\0\2\0\3\0\0\x3f\0"),
        _scan(picture, columns, rows),
        b"\xff\xd9",
    )
    return b"".join(parts)


def _segment(marker: int, data: bytes) -> bytes:
    return pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _scan(picture: list[list[Colour]], columns: list[int], rows: list[int]) -> bytes:
    """All rows of MCUs, each a restart interval: the rows of a tile are then the same bytes."""
    lines: list[bytes] = []
    for colours, height in zip(picture, rows, strict=True):
        lines += [_line(colours, columns)] * height
    restarts = cycle(RESTARTS)
    return lines[0] + b"".join(next(restarts) + line for line in lines[1:])


def _line(colours: list[Colour], columns: list[int]) -> bytes:
    bits: list[str] = []
    before = 128, 128, 128  # F.1.1.5.1: a restart sets the prediction to 0, which is mid-grey
    for colour, width in zip(colours, columns, strict=True):
        y, cb, cr = (new - old for new, old in zip(colour, before, strict=True))
        bits += (_block(y), UNCHANGED * 3, _block(cb), _block(cr), UNCHANGED * 6 * (width - 1))
        before = colour
    # F.1.2.3: intervals are filled with ones, and a zero byte follows every FF.
    return packed("".join(bits), fill="1").replace(b"\xff", b"\xff\0")


def _block(difference: int) -> str:
    """F.1.2.1: the size of the difference, then its bits; a negative one counts down from ones."""
    size = abs(difference).bit_length()
    value = difference if difference > 0 else difference + (1 << size) - 1
    return DC_CODES[size] + (u(size, value) if size else "") + END_OF_BLOCK
