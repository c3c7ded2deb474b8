"""Speech as MP3 (ISO/IEC 13818-3, Layer III at 24 kHz): sines written straight into the spectrum.

No samples are analysed: the spectrum of a steady sine inside one subband is known, so that a frame
costs microseconds. Every frame has 96 bytes and needs none before it.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil, cos, log2, pi, sin
from struct import pack

from understudy.mockserver.media.bits import packed, u
from understudy.mockserver.media.reading import FRAME, RATE, REST, Note
from understudy.mockserver.media.voices import BAND, Tone, Voice, levels

SIZE = 96
"""Bytes of a frame at 32 kbit/s."""
# ISO/IEC 11172-3, 2.4.1.3: sync, MPEG-2, Layer III, no CRC; 32 kbit/s, 24 kHz; one channel, original.
HEADER = b"\xff\xf3\x44\xc4"

SIDE_ENDS = 4 + 9
"""Where the lines of the spectrum begin, or what stands in their place."""

LINES = 18
"""Lines of the spectrum in a subband."""
WINDOW = 2 * LINES
REACH = 1
"""Lines on either side of a sine's own that are written: more of them would be rounded to nothing."""

# Table B.7, number 7: the code of a pair of lines (x, y) of 0 to 5, at 6 x + y.
TABLE = 7
LARGEST = 5
# fmt: off
_VALUES = (
    1, 2, 10, 19, 16, 10,
    3, 3, 7, 10, 5, 3,
    11, 4, 13, 17, 8, 4,
    12, 11, 18, 15, 11, 2,
    7, 6, 9, 14, 3, 1,
    6, 4, 5, 3, 2, 0,
)
_LENGTHS = (
    1, 3, 6, 8, 8, 9,
    3, 4, 6, 7, 7, 8,
    6, 5, 7, 8, 8, 9,
    7, 7, 8, 9, 9, 9,
    7, 7, 8, 9, 9, 10,
    8, 8, 9, 10, 10, 10,
)
# fmt: on
CODES = tuple(u(length, value) for length, value in zip(_LENGTHS, _VALUES, strict=True))

UNIT_GAIN = 210
"""The global_gain at which a line of 1 has the amplitude 1; a step is a fourth of a factor of 2."""


def mp3(notes: list[Note], voice: Voice) -> Iterator[bytes]:
    """A frame that says the length, then the frames of each note."""
    yield _info(sum(note.frames for note in notes))
    for tone, frames in notes:
        yield SILENCE * frames if tone == REST else _syllable(voice[tone], frames)


def _info(frames: int) -> bytes:
    """What players read the length from: a silent frame with the number of the others and all bytes."""
    return SILENCE[:SIDE_ENDS] + pack(">4sIII", b"Info", 3, frames, (frames + 1) * SIZE).ljust(SIZE - SIDE_ENDS, b"\0")


@lru_cache(maxsize=256)
def _syllable(tone: Tone, frames: int) -> bytes:
    # A frame's window has its middle where its sound meets the next one's: that is the level it has.
    return b"".join(_frame(_spectrum(tone, at, level)) for at, level in enumerate(levels(frames)[1:]))


def _spectrum(tone: Tone, at: int, level: float) -> list[float]:
    """The lines of the tone in its frame number `at`, up to the last that is not 0."""
    spectrum = [0.0] * FRAME
    if level:
        for number, amplitude in tone.sines:
            frequency = number * RATE / tone.period
            phase = 2 * pi * at * LINES * _turns(frequency)
            straight, turned = level * amplitude * cos(phase), level * amplitude * sin(phase)
            for line, cosine, sine in _sine(frequency):
                spectrum[line] += straight * cosine - turned * sine
    while spectrum and not spectrum[-1]:
        spectrum.pop()
    return spectrum


def _turns(frequency: float) -> float:
    """Of a sine, between two samples of its subband, which has 2 * BAND samples a second."""
    return frequency % BAND / (2 * BAND)


@lru_cache(maxsize=1024)
def _sine(frequency: float) -> tuple[tuple[int, float, float], ...]:
    """The lines near a sine: number, then the transform (2.4.3.4.10.2) of a cosine and of a sine."""
    first = int(frequency // BAND) * LINES
    middle = int(frequency % BAND / BAND * LINES)
    step = 2 * pi * _turns(frequency)
    window = [sin(pi / WINDOW * (n + 0.5)) / LINES * 2 for n in range(WINDOW)]
    lines = []
    for line in range(max(0, middle - REACH), min(LINES, middle + REACH + 1)):
        kernel = [w * cos(pi / (2 * WINDOW) * (2 * n + 1 + LINES) * (2 * line + 1)) for n, w in enumerate(window)]
        cosine = sum(level * cos(step * n) for n, level in enumerate(kernel))
        sine = sum(level * sin(step * n) for n, level in enumerate(kernel))
        lines.append((first + line, cosine, sine))
    return tuple(lines)


def _frame(spectrum: list[float]) -> bytes:
    """Header, side information (13818-3, 2.4.1.7), and the lines as pairs of Huffman codes."""
    largest = max(map(abs, spectrum), default=0)
    gain = ceil(UNIT_GAIN + 4 * log2(largest / LARGEST ** (4 / 3))) if largest else 0
    unit = 2 ** ((gain - UNIT_GAIN) / 4)
    values = [_quantized(line / unit) for line in spectrum] + [0] * (len(spectrum) % 2)
    bits = "".join(map(_pair, values[::2], values[1::2]))
    side = (
        u(8 + 1, 0),  # main_data_begin: nothing of it lies in frames before
        u(12, len(bits)) + u(9, len(values) // 2) + u(8, gain),
        u(9 + 1, 0),  # no scale factors, a long window
        u(5, TABLE) * 3 + u(4 + 3, 0),  # the same table in all three regions, wherever they part
        u(1 + 1, 0),
    )
    return (HEADER + packed("".join(side) + bits)).ljust(SIZE, b"\0")


def _quantized(line: float) -> int:
    size = min(LARGEST, round(float(abs(line) ** 0.75)))
    return size if line > 0 else -size


def _pair(x: int, y: int) -> str:
    code = CODES[abs(x) * (LARGEST + 1) + abs(y)]
    return code + (str(int(x < 0)) if x else "") + (str(int(y < 0)) if y else "")


SILENCE = _frame([])
