"""PNG pictures: a tile is an entry of the palette, so that a pixel is one byte."""

from struct import pack
from zlib import Z_BEST_SPEED, Z_FULL_FLUSH, adler32, compressobj, crc32

from understudy.mockserver.media.pattern import Seed, fingerprint, rgb, side, spans, tiles

LARGEST = 8192
NO_FILTER, UP_FILTER = b"\0", b"\2"
EMPTY_LAST_BLOCK = b"\3\0"


def png(*, width: int, height: int, seed: Seed) -> bytes:
    """A PNG with a palette of 8 bits a pixel, at most 16 x 16 tiles.

    Raises ValueError unless both sizes are 1 to 8192 pixels.
    """
    for name, size in (("width", width), ("height", height)):
        if not 1 <= size <= LARGEST:
            raise ValueError(f"{name} of a PNG must be 1 to {LARGEST} pixels: {size}")
    edge = side(width, height)
    columns, rows = spans(width, edge), spans(height, edge)
    palette = b"".join(rgb(c) for row in tiles(seed, len(columns), len(rows)) for c in row)
    parts = (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        _chunk(b"tEXt", b"Comment\0understudy " + fingerprint(seed).hex().encode()),
        _chunk(b"PLTE", palette),
        _chunk(b"IDAT", _image(columns, rows)),
        _chunk(b"IEND", b""),
    )
    return b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join((pack(">I", len(data)), kind, data, pack(">I", crc32(data, crc32(kind)))))


def _image(columns: list[int], rows: list[int]) -> bytes:
    """The zlib stream of all scanlines.

    The lines below the first of a tile say "as above", the same for every tile: they are
    compressed once per height, in a block that stands alone, and repeated.
    """
    width = sum(columns)
    stream = [b"\x78\x01"]
    checksum = 1
    below: dict[int, tuple[bytes, bytes]] = {}
    for row, height in enumerate(rows):
        if height not in below:
            lines = (UP_FILTER + bytes(width)) * (height - 1)
            below[height] = lines, _block(lines)
        lines, block = below[height]
        first = NO_FILTER + _scanline(columns, row)
        stream += (_block(first), block)
        checksum = adler32(lines, adler32(first, checksum))
    return b"".join((*stream, EMPTY_LAST_BLOCK, pack(">I", checksum)))


def _scanline(columns: list[int], row: int) -> bytes:
    first = row * len(columns)
    return b"".join(bytes([first + column]) * width for column, width in enumerate(columns))


def _block(data: bytes) -> bytes:
    """Deflated data that ends on a byte and refers to nothing before it (RFC 1951, 3.2.3)."""
    deflate = compressobj(Z_BEST_SPEED, wbits=-15)
    return deflate.compress(data) + deflate.flush(Z_FULL_FLUSH)
