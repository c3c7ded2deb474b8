"""Speech that players open: syllables of tones in the rhythm of a text, one table from format to maker.

All makers are generators of a piece a note, mostly out of a cache: a server may send pieces as they
come, or await spoken(); speech() alone would hold up an event loop when the text is long.
"""

from asyncio import sleep, to_thread
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from understudy.mockserver.media.mp3 import mp3
from understudy.mockserver.media.pcm import pcm, wav
from understudy.mockserver.media.reading import Note, score
from understudy.mockserver.media.voices import Voice, tones

Maker = Callable[[list[Note], Voice], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its media type and maker."""

    media_type: str
    maker: Maker


FORMATS: dict[str, Format] = {
    "mp3": Format("audio/mpeg", mp3),
    "pcm": Format("audio/pcm", pcm),
    "wav": Format("audio/wav", wav),
}


def speech(form: str, text: str, voice: str, speed: Decimal | float, seed: bytes) -> bytes:
    """The whole file: 24 kHz, one channel; the same arguments give the same bytes.

    It lasts exactly reading.speech_seconds(text, speed). Its size is bounded by that: 4 kB a second
    of MP3, 48 kB of samples. Raises ValueError for an unknown format and a speed that is not above 0.
    """
    return b"".join(pieces(form, text, voice, speed, seed))


def pieces(form: str, text: str, voice: str, speed: Decimal | float, seed: bytes) -> Iterator[bytes]:
    """What speech() joins, one syllable or pause at a time; raises as it does, at once."""
    known = FORMATS.get(form)
    if known is None:
        raise ValueError(f"no maker for speech as {form!r}; known: {', '.join(sorted(FORMATS))}")
    return known.maker(score(text, speed, seed), tones(voice))


async def spoken(form: str, text: str, voice: str, speed: Decimal | float, seed: bytes) -> bytes:
    """The same bytes as speech(), made between other work: a piece takes at most some milliseconds."""
    made: list[bytes] = []
    for piece in pieces(form, text, voice, speed, seed):
        made.append(piece)
        await sleep(0)
    return await to_thread(b"".join, made)  # which lets other threads run while it copies
