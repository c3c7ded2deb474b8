"""The picture that a seed stands for: square tiles on a gradient between four colours."""

from hashlib import blake2b

Seed = bytes | int
Colour = tuple[int, int, int]
"""Y, Cb and Cr, multiples of 4 from 52 to 204: what 8-bit video holds without any loss."""

MOST_TILES = 16
CHECKER = 12


def fingerprint(seed: Seed) -> bytes:
    """16 bytes that differ when seeds do; every file carries them, even one of a single pixel."""
    return blake2b(repr(seed).encode(), digest_size=16).digest()


def side(width: int, height: int) -> int:
    """The side of a tile, so that the longer edge has at most MOST_TILES of them."""
    return -(-max(width, height) // MOST_TILES)


def spans(length: int, side: int) -> list[int]:
    """The lengths of the tiles along an edge; only the last may be shorter."""
    whole, rest = divmod(length, side)
    return [side] * whole + [rest] * bool(rest)


def tiles(seed: Seed, columns: int, rows: int, turn: int = 0) -> list[list[Colour]]:
    """The colours of a grid, row by row; each `turn` gives the same seed another look."""
    northwest, northeast, southwest, southeast = _corners(seed, turn)
    picture = []
    for row in range(rows):
        west = _mix(northwest, southwest, row, rows)
        east = _mix(northeast, southeast, row, rows)
        picture.append([_tile(_mix(west, east, c, columns), c + row + turn) for c in range(columns)])
    return picture


def rgb(colour: Colour) -> bytes:
    """Red, green and blue, as JFIF has them."""
    y, cb, cr = colour[0], colour[1] - 128, colour[2] - 128
    red, green, blue = y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb
    return bytes(min(255, max(0, round(level))) for level in (red, green, blue))


def _corners(seed: Seed, turn: int) -> list[Colour]:
    noise = blake2b(fingerprint(seed) + turn.to_bytes(4, "big"), digest_size=12).digest()
    # Luma 64..191 and chroma 80..175 stay inside the RGB cube, or so near that none clips to flat.
    return [(64 + noise[at] // 2, 80 + noise[at + 1] * 3 // 8, 80 + noise[at + 2] * 3 // 8) for at in range(0, 12, 3)]


def _mix(start: Colour, end: Colour, step: int, steps: int) -> Colour:
    last = steps - 1 or 1
    return (
        start[0] + (end[0] - start[0]) * step // last,
        start[1] + (end[1] - start[1]) * step // last,
        start[2] + (end[2] - start[2]) * step // last,
    )


def _tile(colour: Colour, place: int) -> Colour:
    y, cb, cr = colour
    return (y + (CHECKER if place % 2 else -CHECKER)) & ~3, cb & ~3, cr & ~3
