"""Whether a file ends before it should: what its container announces, compared with the bytes that are there. Never raises."""

import struct
from collections.abc import Callable, Iterator, Mapping

# Sizes that say that nobody knew the size when the file was begun: a sound that is sent while it is made.
_UNKNOWN = (0, 0x7FFFFFFF, 0xFFFFFFFF)
# Kilobits a second of layer III by the index in a frame's head, of MPEG 1 and of MPEG 2; samples a second of MPEG 1.
_RATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
# Bytes of tags at the end of a file that its first frame may count and that may be gone.
_TAGS = 256
_SAMPLES = (44_100, 48_000, 32_000)


def shortage(kind: str, data: bytes) -> str:
    """What is missing of a file of that media type, in words; '' when it is whole, as far as its container tells."""
    check = _CHECKS.get(kind)
    try:
        return check(data) if check else ""
    except (struct.error, IndexError):
        return "it ends within a head"


def _lacks(announced: int, there: int) -> str:
    return f"it ends early: {announced} bytes are announced, and {there} are there" if announced > there else ""


def _of_boxes(data: bytes) -> str:
    """ISO media: the boxes of a file follow each other to its end."""
    place = 0
    while place + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        if size == 1:
            size = struct.unpack_from(">Q", data, place + 8)[0]
        # One that says no size goes to the end of the file; and what is no box says nothing of the others.
        if size < 8 or not name.isascii():
            return ""
        place += size
    return _lacks(place, len(data))


def _of_riff(data: bytes) -> str:
    """WAV and WebP: a chunk of chunks."""
    announced = struct.unpack_from("<I", data, 4)[0]
    if announced not in _UNKNOWN and (message := _lacks(announced + 8, len(data))):
        return message
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        if name == b"data" and size in _UNKNOWN:
            return ""
        place += 8 + size
        if place > len(data):
            return _lacks(place, len(data))
        place += size % 2
    return ""


def _of_chunks(data: bytes) -> str:
    """PNG: chunks, of which the last is named IEND."""
    place, name = 8, b""
    while place < len(data) and name != b"IEND":
        size, name = struct.unpack_from(">I4s", data, place)
        place += 12 + size
    return _lacks(place, len(data)) if name == b"IEND" or place > len(data) else "it ends early: it has no last chunk"


def _of_scans(data: bytes) -> str:
    # Some write a few bytes more after the end of the picture.
    return "" if b"\xff\xd9" in data[-1024:] else "it ends early: the end of its picture is not marked"


def _of_blocks(data: bytes) -> str:
    return "" if b"\x3b" in data[-16:] else "it ends early: its end is not marked"


def _of_frames(data: bytes) -> str:
    """MP3: as many bytes as its first frame tells, where that tells of any, and frames that are whole."""
    begin = _after_tag(data)
    end = len(data) - 128 if data[-128:-125] == b"TAG" else len(data)
    at = max(data.find(word, begin, begin + 200) for word in (b"Xing", b"Info"))
    if at > 0 and data[at + 7] & 2:
        told = struct.unpack_from(">I", data, at + (12 if data[at + 7] & 1 else 8))[0]
        if told - (end - begin) > _TAGS:
            return _lacks(begin + told, len(data))
    last = max(_iter_frames(data, begin), default=begin)
    return _lacks(last, end) if last > end else ""


def _after_tag(data: bytes) -> int:
    """Where the first frame is, after a tag of ID3v2."""
    if data[:3] != b"ID3":
        return 0
    return 10 + sum((byte & 127) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))


def _iter_frames(data: bytes, place: int) -> Iterator[int]:
    """Where each frame of layer III ends, the last one perhaps beyond the end; nothing more after what is no frame."""
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] & 0xE6 == 0xE2:
        version, rate, samples = data[place + 1] >> 3 & 3, data[place + 2] >> 4, data[place + 2] >> 2 & 3
        is_first = version == 3
        if rate in (0, 15) or samples == 3:
            return
        hertz = _SAMPLES[samples] >> {3: 0, 2: 1, 0: 2}.get(version, 0)
        place += (144 if is_first else 72) * _RATES[is_first][rate] * 1000 // hertz + (data[place + 2] >> 1 & 1)
        yield place


_CHECKS: Mapping[str, Callable[[bytes], str]] = {
    "video/mp4": _of_boxes,
    "audio/wav": _of_riff,
    "image/webp": _of_riff,
    "image/png": _of_chunks,
    "image/jpeg": _of_scans,
    "image/gif": _of_blocks,
    "audio/mpeg": _of_frames,
}
