"""Speech as samples: 24 kHz, 16 bit, little-endian, one channel, bare or as WAV."""

import sys
from array import array
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from operator import mul
from struct import pack

from understudy.mockserver.media.reading import FRAME, RATE, REST, Note
from understudy.mockserver.media.voices import Tone, Voice, levels, wave

SAMPLE = 2
"""Bytes."""
FULL_SCALE = 32767


def pcm(notes: list[Note], voice: Voice) -> Iterator[bytes]:
    """The samples of each note."""
    for tone, frames in notes:
        yield bytes(frames * FRAME * SAMPLE) if tone == REST else _syllable(voice[tone], frames)


def wav(notes: list[Note], voice: Voice) -> Iterator[bytes]:
    """A RIFF header that says the length, then the samples."""
    size = sum(note.frames for note in notes) * FRAME * SAMPLE
    form = pack("<HHIIHH", 1, 1, RATE, RATE * SAMPLE, SAMPLE, SAMPLE * 8)
    yield b"".join((b"RIFF", pack("<I", 36 + size), b"WAVEfmt ", pack("<I", 16), form, b"data", pack("<I", size)))
    yield from pcm(notes, voice)


@lru_cache(maxsize=256)
def _syllable(tone: Tone, frames: int) -> bytes:
    period = [level * FULL_SCALE for level in wave(tone)]
    count = frames * FRAME
    envelope: list[float] = []
    for start, end in pairwise(levels(frames)):
        step = (end - start) / FRAME
        envelope += [start + step * at for at in range(FRAME)]
    samples = array("h", map(int, map(mul, period * (count // tone.period + 1), envelope)))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
