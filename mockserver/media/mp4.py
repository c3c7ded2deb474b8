"""MP4 videos: tiles that change every second, 24 frames a second, with silence if asked for."""

from decimal import Decimal
from struct import pack

from understudy.mockserver.media import aac, h264
from understudy.mockserver.media.movie import Track, box, full, movie
from understudy.mockserver.media.pattern import Seed, fingerprint, side, spans, tiles

SMALLEST = 16
LONGEST = 3600
LOOKS = 16
"""After so many seconds the looks begin again; even, so that idr_pic_id goes on alternating."""

TICKS = 1000
TIMESCALE = h264.FPS * TICKS


def mp4(*, width: int, height: int, seconds: Decimal | float, seed: Seed, sound: bool) -> bytes:
    """A faststart MP4: H.264 Constrained Baseline, 24 fps, and AAC-LC silence with `sound`.

    Width and height are even pixels, at least 16, at most what level 5.1 holds (3840x2160 in
    either direction). Seconds are rounded to whole frames, at least one, up to an hour.
    Raises ValueError for anything else.
    """
    for name, size in (("width", width), ("height", height)):
        if size < SMALLEST or size % 2:
            raise ValueError(f"{name} of a video must be even and at least {SMALLEST}: {size}")
    frames = _frames(seconds)
    tracks = [_video(width, height, frames, seed)]
    if sound:
        tracks.append(_sound(frames))
    note = b"understudy " + fingerprint(seed).hex().encode()
    return movie(tracks, timescale=TIMESCALE, duration=frames * TICKS, note=note)


def _frames(seconds: Decimal | float) -> int:
    exact = Decimal(seconds)
    if not exact.is_finite() or not 0 < exact <= LONGEST:
        raise ValueError(f"seconds of a video must be above 0, at most {LONGEST}: {seconds}")
    return max(1, round(exact * h264.FPS))


def _video(width: int, height: int, frames: int, seed: Seed) -> Track:
    return Track(
        handler=b"vide",
        entry=_avc1(width, height),
        timescale=TIMESCALE,
        samples=_pictures(width, height, frames, seed),
        durations=[(frames, TICKS)],
        keys=list(range(1, frames + 1, h264.FPS)),
        per_chunk=h264.FPS,
        width=width,
        height=height,
    )


def _pictures(width: int, height: int, frames: int, seed: Seed) -> list[bytes]:
    """One access unit per frame: an IDR picture every second, and repeats of it between."""
    wide, high = h264.macroblocks(width), h264.macroblocks(height)
    edge = side(wide, high)
    columns, rows = spans(wide, edge), spans(high, edge)
    seconds = -(-frames // h264.FPS)
    looks = [
        _sample(h264.idr(tiles(seed, len(columns), len(rows), look), columns, rows, look % 2))
        for look in range(min(seconds, LOOKS))
    ]
    repeats = [_sample(h264.repeat(number, wide * high)) for number in range(1, h264.FPS)]
    samples: list[bytes] = []
    for second in range(seconds):
        samples += (looks[second % LOOKS], *repeats)
    return samples[:frames]


def _sample(nal: bytes) -> bytes:
    return pack(">I", len(nal)) + nal


def _avc1(width: int, height: int) -> bytes:
    """The sample entry of ISO/IEC 14496-15, with the parameter sets in avcC (5.3.3.1)."""
    sps, pps = h264.sps(width, height), h264.pps()
    config = box(
        b"avcC",
        b"\1" + sps[1:4] + b"\xff\xe1",  # lengths of four bytes, one sequence parameter set
        pack(">H", len(sps)) + sps,
        b"\1" + pack(">H", len(pps)) + pps,
    )
    return box(
        b"avc1",
        pack(">6xH16x", 1),
        pack(">HHIIIH", width, height, 72 << 16, 72 << 16, 0, 1),
        bytes(32),  # compressorname
        pack(">Hh", 24, -1),
        config,
    )


def _sound(frames: int) -> Track:
    """Silence of the same length; the last AAC frame ends with the picture."""
    total = frames * aac.RATE // h264.FPS
    count = -(-total // aac.FRAME)
    last = total - (count - 1) * aac.FRAME
    return Track(
        handler=b"soun",
        entry=_mp4a(),
        timescale=aac.RATE,
        samples=[aac.silence()] * count,
        durations=[(count - 1, aac.FRAME), (1, last)] if count > 1 else [(1, last)],
        keys=[],
        per_chunk=-(-aac.RATE // aac.FRAME),
    )


def _mp4a() -> bytes:
    """The sample entry of ISO/IEC 14496-14 (5.6), descriptors of ISO/IEC 14496-1 (7.2.6)."""
    decoder = _descriptor(
        4,
        b"\x40\x15",  # objectTypeIndication: MPEG-4 audio; streamType 5, audio
        pack(">xHII", 0, 2000, 2000),  # bufferSizeDB, then bits a second
        _descriptor(5, aac.config()),
    )
    stream = _descriptor(3, pack(">HB", 0, 0), decoder, _descriptor(6, b"\2"))
    return box(
        b"mp4a",
        pack(">6xH8x", 1),
        pack(">HHIHH", 1, 16, 0, aac.RATE, 0),
        full(b"esds", 0, stream),
    )


def _descriptor(tag: int, *payload: bytes) -> bytes:
    data = b"".join(payload)
    return bytes((tag, len(data))) + data
