"""What a voice sounds like: eight tones of its own pitch and colour, as sums of sines."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import pi, sin

from understudy.mockserver.media.reading import RATE, TONES

LOWEST, HIGHEST = 115, 230
"""The pitch of a voice, in Hz."""
STEPS = (0.84, 0.94, 1.06, 1.18)
"""The pitches of its tones, as parts of the voice's own."""
VOWELS = ((700, 1200), (400, 2000))
"""What a mouth makes louder, in Hz: the first two formants, of an a and of an e."""
PEAK = 0.35

BAND = 375
"""Hz of a subband of MP3 at this rate, see clear()."""
TOP = 2600

assert len(STEPS) * len(VOWELS) == TONES, "every tone is a step and a vowel"


@dataclass(frozen=True, slots=True)
class Tone:
    """A periodic sound: samples in a period, and the amplitude of each sine by its number.

    Sine `k` has `k` waves in a period; amplitudes are parts of full scale.
    """

    period: int
    sines: tuple[tuple[int, float], ...]


Voice = tuple[Tone, ...]


@lru_cache(maxsize=64)
def tones(name: str) -> Voice:
    """The tones of a voice: any name is one, and always the same."""
    noise = blake2b(name.encode(errors="surrogatepass"), digest_size=4).digest()
    pitch = LOWEST + (HIGHEST - LOWEST) * int.from_bytes(noise[:2], "big") / 0xFFFF
    mouth = 0.85 + 0.3 * noise[2] / 0xFF  # a longer one has lower formants
    breath = 0.4 + 0.6 * noise[3] / 0xFF
    return tuple(
        _tone(round(RATE / (pitch * step)), [formant * mouth for formant in vowel], breath)
        for step in STEPS
        for vowel in VOWELS
    )


def wave(tone: Tone) -> list[float]:
    """One period, as parts of full scale."""
    turn = 2 * pi / tone.period
    return [sum(level * sin(turn * k * at) for k, level in tone.sines) for at in range(tone.period)]


def levels(frames: int) -> list[float]:
    """The envelope of a syllable at the edges of its frames, from 0 to 0; linear between them."""
    falling = (1 - 0.6 * at / frames for at in range(frames - 1))
    return [0, *falling, 0]


def clear(frequency: float) -> bool:
    """Whether MP3 holds a sine in one subband alone: near an edge it needs two to be clean."""
    return 0.25 <= frequency / BAND % 1 <= 0.75


def _tone(period: int, formants: list[float], breath: float) -> Tone:
    pitch = RATE / period
    numbers = [k for k in range(1, int(TOP / pitch) + 1) if clear(k * pitch)]
    raw = tuple((k, _loudness(k * pitch, formants, breath) / k) for k in numbers)
    peak = max(map(abs, wave(Tone(period, raw))))
    return Tone(period, tuple((k, level * PEAK / peak) for k, level in raw))


def _loudness(frequency: float, formants: list[float], breath: float) -> float:
    return 1 + sum(4 * breath / (1 + ((frequency - formant) / 120) ** 2) for formant in formants)
