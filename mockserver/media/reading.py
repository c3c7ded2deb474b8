"""How long a text takes to say, and its syllables and pauses: what every format of speech plays."""

import re
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from random import Random
from typing import NamedTuple

RATE = 24000
"""Samples a second."""
FRAME = 576
"""Samples in a frame: what an MP3 frame holds at this rate, 24 ms. All lengths are whole frames."""

LETTERS = 14
"""Characters a second where a character is a sound (Latin and most others)."""
SYLLABLES = 4.5
"""Characters a second where a character is a syllable (Han, kana, Hangul)."""
SHORT_PAUSE, LONG_PAUSE = 0.2, 0.4
SYLLABLE = 0.2
"""Seconds of one syllable, about."""

SHORTEST = 13
"""Frames, 0.312 s."""
LONGEST = 50_000
"""Frames, 20 minutes: what would last longer is spoken faster, so that memory is bounded."""
LEAST = 2
"""Frames of a syllable that is heard: it rises in the first and falls in the last."""

TONES = 8
REST = -1

_PAUSE = re.compile(r"[.!?,;:…]+(?=\s|$)|[。！？、，；：…]+")  # a point inside a number is none
_LONG_MARKS = frozenset(".!?…。！？")
_WIDE = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")


class Note(NamedTuple):
    """A syllable in one of TONES tones, or a REST, and its length in frames."""

    tone: int
    frames: int


class Phrase(NamedTuple):
    """Seconds of sound at speed 1, and of the pause after it."""

    spoken: float
    pause: float


def speech_seconds(text: str, speed: Decimal | float) -> float:
    """How long `text` is spoken at `speed` (1 is normal): exactly the length of what is made of it.

    At least 0.312 s, at most 20 minutes. Raises ValueError unless the speed is above 0.
    """
    return _frames(_phrases(text), speed) * FRAME / RATE


def score(text: str, speed: Decimal | float, seed: bytes) -> list[Note]:
    """The syllables and pauses of `text`, as long as speech_seconds() says; a seed is a melody.

    The first note is always a syllable. Raises ValueError unless the speed is above 0.
    """
    phrases = _phrases(text)
    total = _frames(phrases, speed)
    stretch = total / sum(map(sum, phrases))
    pick = Random(seed).random
    notes: list[Note] = []
    at, due = 0, 0.0
    for spoken, pause in phrases:
        count = round(spoken / SYLLABLE) or 1
        ends = [due + spoken * stretch * nth / count for nth in range(count + 1)]
        for start, end in pairwise(map(round, ends)):
            begin = max(at, start)  # one that had to be longer than its time takes from the next
            stop = min(max(end, begin + LEAST), total)
            if stop - begin >= LEAST:
                notes += (*_rest(begin - at), Note(int(pick() * TONES), stop - begin))
                at = stop
        due = ends[-1] + pause * stretch
    return [*notes, *_rest(total - at)]


def _rest(frames: int) -> list[Note]:
    return [Note(REST, frames)] if frames else []


def _frames(phrases: list[Phrase], speed: Decimal | float) -> int:
    pace = float(speed)
    if not (isfinite(pace) and pace > 0):
        raise ValueError(f"speed of speech must be above 0: {speed}")
    seconds = sum(map(sum, phrases)) / pace
    return max(SHORTEST, round(min(seconds * RATE / FRAME, LONGEST)))


def _phrases(text: str) -> list[Phrase]:
    """At least one, and the first has a sound, even where the text has none."""
    phrases: list[Phrase] = []
    line = " ".join(text.split())
    at = 0
    for mark in _PAUSE.finditer(line):
        pause = SHORT_PAUSE if _LONG_MARKS.isdisjoint(mark[0]) else LONG_PAUSE
        phrases.append(Phrase(_spoken(line[at : mark.start()]), pause))
        at = mark.end()
    rest = _spoken(line[at:])
    if rest or not phrases:
        phrases.append(Phrase(rest or SYLLABLE, 0))
    return phrases


def _spoken(words: str) -> float:
    words = words.strip()
    wide = len(_WIDE.findall(words))
    return wide / SYLLABLES + (len(words) - wide) / LETTERS
