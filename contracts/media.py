"""What a file really is: found by its first bytes, and by decoding it with a player's own libraries. Never raises."""

from dataclasses import dataclass, replace
from io import BytesIO

import av
from av.container import InputContainer
from PIL import Image

from understudy.contracts.containers import shortage

# First bytes of a file, where they stand, and its media type.
_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
)
# Other names of the same thing.
ALIASES = {
    "audio/mp3": "audio/mpeg", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav",
    "image/jpg": "image/jpeg", "video/quicktime": "video/mp4", "audio/opus": "audio/ogg",
}  # fmt: skip
# Types whose bytes say nothing of what they are.
UNMARKED = frozenset(("audio/pcm", "audio/l16", "application/octet-stream", "binary/octet-stream"))


@dataclass(frozen=True, slots=True)
class Media:
    """A file: its type ('' when its bytes are of no known one), pixels, seconds; `broken` why it cannot be played.

    `sound`: whether something is to be heard, None where nobody looked.
    """

    type: str
    width: int = 0
    height: int = 0
    seconds: float | None = None
    broken: str = ""
    sound: bool | None = None


def same_type(first: str, second: str) -> bool:
    """Whether two media types mean the same."""
    return ALIASES.get(first, first) == ALIASES.get(second, second)


def sniff(data: bytes) -> str:
    """The media type that the first bytes show, '' for none that is known."""
    for place, magic, kind in _MAGIC:
        if data[place : place + len(magic)] == magic:
            return kind
    is_frame = len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 in (0xE2, 0xE4, 0xE6)
    return "audio/mpeg" if is_frame else ""


def probe(data: bytes) -> Media:
    """Decode a file: a picture whole, of a video the first picture, of a sound all; and see whether it ends early."""
    kind = sniff(data)
    if not kind:
        return Media("", broken="its bytes are of no known kind")
    found = _picture(kind, data) if kind.startswith("image/") else _played(kind, data)
    return found if found.broken else replace(found, broken=shortage(kind, data))


def _picture(kind: str, data: bytes) -> Media:
    try:
        with Image.open(BytesIO(data)) as image:
            image.load()
            return Media(kind, *image.size)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return Media(kind, broken=f"it cannot be decoded: {error}")


def _played(kind: str, data: bytes) -> Media:
    try:
        with av.open(BytesIO(data), "r") as container:
            return _decoded(kind, container)
    except (av.FFmpegError, ValueError, IndexError) as error:
        return Media(kind, broken=f"it cannot be played: {error}")


def _decoded(kind: str, container: InputContainer) -> Media:
    if container.streams.video:
        frame = next(container.decode(video=0))
        seconds = container.duration / av.time_base if container.duration else None
        return Media(kind, frame.width, frame.height, seconds, sound=bool(container.streams.audio))
    samples, rate = 0, 0
    for heard in container.decode(audio=0):
        samples, rate = samples + heard.samples, heard.sample_rate
    return Media(kind, seconds=samples / rate if rate else None, broken="" if samples else "there is no sound in it")
