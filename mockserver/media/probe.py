"""What an uploaded file is, and how long it plays: read from its bytes, never raising."""

from collections.abc import Iterator
from decimal import Decimal
from struct import Struct, unpack_from

MOST_BOXES = 4096
"""So many boxes are looked at; garbage may consist of millions of small ones."""

# Files that begin like an MP4 but hold pictures or only sound.
NOT_VIDEO = frozenset((b"avif", b"avis", b"crx ", b"heic", b"heim", b"heis", b"heix", b"mif1", b"msf1")) | frozenset(
    (b"M4A ", b"M4B ", b"M4P ")
)
# QuickTime before 2001 has no ftyp and begins with any of these atoms.
OLD_QUICKTIME = frozenset((b"moov", b"mdat", b"wide", b"skip", b"pnot"))
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


def sniff(data: bytes) -> str | None:
    """The content type by magic bytes; None for anything but the six that providers take."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if _is_webm(data) else None
    return _sniff_boxes(data)


def _sniff_boxes(data: bytes) -> str | None:
    kind, brand = data[4:8], data[8:12]
    if kind in OLD_QUICKTIME or (kind == b"ftyp" and brand == b"qt  "):
        return "video/quicktime"
    if kind == b"ftyp" and len(brand) == 4 and brand not in NOT_VIDEO:
        return "video/mp4"
    return None


def _is_webm(data: bytes) -> bool:
    """DocType (RFC 8794, 11.2.4) is element 4282; its size may take one to eight bytes."""
    at = data.find(b"\x42\x82", 4, 64)
    return at >= 0 and b"webm" in data[at + 3 : at + 14]


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
