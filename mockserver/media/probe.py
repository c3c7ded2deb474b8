"""How long an uploaded video plays: read from its bytes, never raising."""

from collections.abc import Iterator
from decimal import Decimal
from struct import Struct, unpack_from

MOST_BOXES = 4096
"""So many boxes are looked at; garbage may consist of millions of small ones."""

# By version: flags, creation and modification time, then timescale and duration.
MVHD = {b"\0": Struct(">12xII"), b"\1": Struct(">20xIQ")}


def mp4_seconds(data: bytes) -> Decimal | None:
    """How long an MP4 or MOV plays, from its mvhd (ISO/IEC 14496-12, 8.2.2).

    None when there is none, when it says "unknown", and when it says 0 (as fragmented files do).
    """
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"moov":
            return _moov_seconds(data, start, end)
    return None


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Boxes side by side: type, then where the payload starts and ends (4.2)."""
    for _ in range(MOST_BOXES):
        if end - start < 8:
            return
        size, kind = unpack_from(">I4s", data, start)
        header = 8
        if size == 1 and end - start >= 16:
            size, header = unpack_from(">Q", data, start + 8)[0], 16
        elif size == 0:
            size = end - start
        if size < header:
            return
        yield kind, start + header, min(start + size, end)
        start += size


def _moov_seconds(data: bytes, start: int, end: int) -> Decimal | None:
    for kind, inner, inner_end in _boxes(data, start, end):
        if kind == b"mvhd":
            return _mvhd_seconds(data[inner : min(inner + 32, inner_end)])
    return None


def _mvhd_seconds(mvhd: bytes) -> Decimal | None:
    form = MVHD.get(mvhd[:1])
    if form is None or len(mvhd) < form.size:
        return None
    timescale: int
    duration: int
    timescale, duration = form.unpack_from(mvhd)
    unknown = duration == (2**64 - 1 if mvhd[0] else 2**32 - 1)
    return None if unknown or not (timescale and duration) else Decimal(duration) / timescale
