"""The boxes of an MP4 (ISO/IEC 14496-12): tracks in, a file that starts playing at once out."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from struct import pack

MATRIX = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
LANGUAGE = 0x55C4  # "und", five bits a letter (8.4.2.3)


@dataclass(frozen=True, slots=True)
class Track:
    """Samples of one kind and what is said of them.

    `handler` is vide or soun; `durations` are runs (count, ticks of `timescale`); `keys` are the
    numbers of the sync samples from 1, or none when all are; sizes are pixels, 0 for sound.
    """

    handler: bytes
    entry: bytes
    timescale: int
    samples: list[bytes]
    durations: list[tuple[int, int]]
    keys: list[int]
    per_chunk: int
    width: int = 0
    height: int = 0


def box(kind: bytes, *payload: bytes) -> bytes:
    """A box of 32-bit size (4.2)."""
    data = b"".join(payload)
    return pack(">I", len(data) + 8) + kind + data


def full(kind: bytes, flags: int, *payload: bytes) -> bytes:
    """A FullBox of version 0."""
    return box(kind, pack(">I", flags), *payload)


def movie(tracks: list[Track], *, timescale: int, duration: int, note: bytes) -> bytes:
    """A whole file: ftyp, moov, a free box with the note, then mdat with the chunks interleaved.

    Duration is in ticks of `timescale`, the same for all tracks.
    """
    turns = list(zip_longest(*(_chunks(track) for track in tracks), fillvalue=b""))
    starts = _starts(turns)
    front = box(b"ftyp", b"isom", pack(">I", 0x200), b"isom", b"mp42", b"avc1")
    back = box(b"free", note)
    data = box(b"mdat", *(chunk for turn in turns for chunk in turn))

    def moov(base: int) -> bytes:
        header = _mvhd(timescale, duration, len(tracks) + 1)
        traks = (
            _trak(number, track, duration, [base + at for at in own])
            for number, (track, own) in enumerate(zip(tracks, starts, strict=True), 1)
        )
        return box(b"moov", header, *traks)

    # Offsets count from the start of the file, behind a moov whose length they do not change.
    base = len(front) + len(moov(0)) + len(back) + 8
    return b"".join((front, moov(base), back, data))


def _chunks(track: Track) -> list[bytes]:
    samples, size = track.samples, track.per_chunk
    return [b"".join(samples[at : at + size]) for at in range(0, len(samples), size)]


def _starts(turns: list[tuple[bytes, ...]]) -> list[list[int]]:
    """For every track the offsets of its chunks in the payload of mdat."""
    starts: list[list[int]] = [[] for _ in turns[0]]
    at = 0
    for turn in turns:
        for own, chunk in zip(starts, turn, strict=True):
            if chunk:
                own.append(at)
            at += len(chunk)
    return starts


def _mvhd(timescale: int, duration: int, next_track: int) -> bytes:
    return full(
        b"mvhd",
        0,
        pack(">IIII", 0, 0, timescale, duration),
        pack(">IH10x", 0x10000, 0x100),
        MATRIX,
        bytes(24),
        pack(">I", next_track),
    )


def _trak(number: int, track: Track, duration: int, offsets: list[int]) -> bytes:
    ticks = sum(count * delta for count, delta in track.durations)
    header = full(
        b"tkhd",
        3,  # enabled, and part of the presentation (8.3.2.3)
        pack(">IIIII8x", 0, 0, number, 0, duration),
        pack(">HHHxx", 0, 0, 0x100 if track.handler == b"soun" else 0),
        MATRIX,
        pack(">II", track.width << 16, track.height << 16),
    )
    media = box(
        b"mdia",
        full(b"mdhd", 0, pack(">IIIIHH", 0, 0, track.timescale, ticks, LANGUAGE, 0)),
        full(b"hdlr", 0, bytes(4), track.handler, bytes(12), b"understudy\0"),
        box(b"minf", _media_header(track), _dinf(), _stbl(track, offsets)),
    )
    return box(b"trak", header, media)


def _media_header(track: Track) -> bytes:
    if track.handler == b"soun":
        return full(b"smhd", 0, bytes(4))
    return full(b"vmhd", 1, bytes(8))


def _dinf() -> bytes:
    here = full(b"url ", 1)  # the media are in this file (8.7.2.3)
    return box(b"dinf", full(b"dref", 0, pack(">I", 1), here))


def _stbl(track: Track, offsets: list[int]) -> bytes:
    """The sample table (8.5.1)."""
    tables = [
        full(b"stsd", 0, pack(">I", 1), track.entry),
        _table(b"stts", track.durations),
        _table(b"stsc", _chunk_runs(track, len(offsets))),
        _sizes(track.samples),
        _table(b"stco", ((at,) for at in offsets)),
    ]
    if track.keys:
        tables.append(_table(b"stss", ((key,) for key in track.keys)))
    return box(b"stbl", *tables)


def _table(kind: bytes, rows: Iterable[tuple[int, ...]]) -> bytes:
    """The count of the rows, then their numbers, all of 32 bits."""
    rows = list(rows)
    numbers = [number for row in rows for number in row]
    return full(kind, 0, pack(f">I{len(numbers)}I", len(rows), *numbers))


def _chunk_runs(track: Track, count: int) -> list[tuple[int, ...]]:
    """8.7.4: first chunk, samples in each, sample description; the last chunk may be shorter."""
    last = len(track.samples) - (count - 1) * track.per_chunk
    runs: list[tuple[int, ...]] = [(1, track.per_chunk, 1)]
    if last == track.per_chunk:
        return runs
    return [(1, last, 1)] if count == 1 else [*runs, (count, last, 1)]


def _sizes(samples: list[bytes]) -> bytes:
    sizes = [len(sample) for sample in samples]
    if min(sizes) == max(sizes):
        return full(b"stsz", 0, pack(">II", sizes[0], len(sizes)))
    return full(b"stsz", 0, pack(f">II{len(sizes)}I", 0, len(sizes), *sizes))
