"""Generated speech, opened by decoders that share nothing with the makers: FFmpeg and wave."""

import asyncio
import io
import wave
from array import array
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from math import cos, hypot, pi, sin
from types import SimpleNamespace

import av
import pytest
from av.logging import WARNING, Capture, get_level, set_level
from hypothesis import example, given, settings
from hypothesis import strategies as st

from understudy.mockserver.media.mp3 import CODES, HEADER, SILENCE, SIZE, _frame, _info, _quantized, mp3
from understudy.mockserver.media.pcm import pcm
from understudy.mockserver.media.reading import FRAME, LEAST, LONGEST, REST, TONES, Note, score, speech_seconds
from understudy.mockserver.media.speech import FORMATS, pieces, speech, spoken
from understudy.mockserver.media.voices import clear, tones

RATE = 24000
TEXT = "Good morning, and welcome. The weather will be mild; bring a coat anyway!"
HAN = "你好，世界。今天天气很好，我们去公园散步吧！"
LONG = ("The quick brown fox jumps over the lazy dog. " * 100)[:4096]

DELAY = 240
"""Samples: half the length of the filter that an MP3 decoder joins its subbands with."""

Samples = list[float]


@pytest.fixture(autouse=True, scope="module")
def _decoders_speak() -> Iterator[None]:
    before = get_level()
    set_level(WARNING)
    yield
    set_level(before)


def by_ffmpeg(data: bytes, form: str) -> Samples:
    """The samples from -1 to 1, decoded at FFmpeg's strictest; any warning is a failure."""
    heard: Samples = []
    with Capture(local=False) as log:
        with av.open(io.BytesIO(data), mode="r", format=form) as container:
            audio = container.streams.audio[0]
            audio.codec_context.options = {"err_detect": "explode+crccheck+bitstream+buffer"}
            assert audio.duration is not None
            assert audio.time_base is not None
            seconds = audio.duration * audio.time_base
            for frame in container.decode(audio):
                assert (frame.sample_rate, frame.layout.nb_channels) == (RATE, 1)
                kind, full = {"fltp": ("f", 1), "s16": ("h", 32768)}[frame.format.name]
                heard += [level / full for level in array(kind, bytes(frame.planes[0]))[: frame.samples]]
        assert log == []
    assert seconds == Fraction(len(heard), RATE)
    return heard


def by_wave(data: bytes) -> Samples:
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        raw = file.readframes(file.getnframes())
        assert len(raw) == file.getnframes() * 2
    return [level / 32768 for level in memoryview(raw).cast("h")]


def by_nobody(data: bytes) -> Samples:
    return [int.from_bytes(data[at : at + 2], "little", signed=True) / 32768 for at in range(0, len(data), 2)]


HEARD = {
    "mp3": lambda data: by_ffmpeg(data, "mp3"),
    "pcm": by_nobody,
    "wav": by_wave,
}


def rms(samples: Samples) -> float:
    return float((sum(level * level for level in samples) / len(samples)) ** 0.5)


def level_at(samples: Samples, frequency: float) -> float:
    """The amplitude of a sine in samples, under a Hann window."""
    count = len(samples)
    windowed = [level * (1 - cos(2 * pi * at / count)) for at, level in enumerate(samples)]
    turn = 2 * pi * frequency / RATE
    real = sum(level * cos(turn * at) for at, level in enumerate(windowed))
    return 2 * hypot(real, sum(level * sin(turn * at) for at, level in enumerate(windowed))) / count


# --- length --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "speed", "seconds"),
    [
        ("a" * 140, 1, 10),
        ("a" * 140, 2, 5),
        ("a" * 140, Decimal("0.25"), 40),
        ("two words" * 14, 1, 9),
        ("世" * 45, 1, 10),
        ("カ" * 45, 4, 2.5),
        ("世" * 45 + "a" * 140, 1, 20),
        ("a" * 70 + ", " + "a" * 70, 1, 10.2),
        ("a" * 70 + ". " + "a" * 70, 1, 10.4),
        ("a" * 70 + "?! " + "a" * 70, 1, 10.4),
        ("世" * 9 + "，" + "世" * 9 + "。", 1, 4.6),
        ("a" * 69 + "1.5" + "a" * 68, 1, 10),  # no pause inside a number
        (" \n\t a" + " " * 500 + "b" * 138, 1, 10),
        ("Hi", 1, 0.312),
        ("", 1, 0.312),
        ("a" * 140, 1000, 0.312),
        ("a" * 4096, Decimal("0.25"), 4096 * 4 / 14),
        ("世" * 4096, Decimal("0.25"), 1200),
        ("a", 5e-324, 1200),
    ],
)
def test_the_length_follows_the_text(text: str, speed: Decimal | float, seconds: float) -> None:
    assert speech_seconds(text, speed) == pytest.approx(seconds, abs=0.0121)  # half a frame


@settings(deadline=None)
@example(text="a. " * 50, speed=20.0, seed=b"")  # syllables shorter than any that are heard
@example(text="世" * 300, speed=20.0, seed=b"")
@example(text="。 " * 50 + "a", speed=4.0, seed=b"")
@given(
    text=st.text(max_size=300) | st.text("ab世 ,.。", max_size=300),
    speed=st.floats(0.1, 20),
    seed=st.binary(max_size=4),
)
def test_any_text_has_a_rhythm(text: str, speed: float, seed: bytes) -> None:
    notes = score(text, speed, seed)
    assert sum(note.frames for note in notes) * FRAME / RATE == speech_seconds(text, speed)
    assert notes[0].tone != REST
    assert all(note.frames >= (1 if note.tone == REST else LEAST) for note in notes)
    assert all(REST <= note.tone < TONES for note in notes)
    assert not any(a.tone == b.tone == REST for a, b in pairwise(notes))


@pytest.mark.parametrize("speed", [Decimal("0.25"), 1, 4])
def test_a_syllable_is_a_syllable_at_any_speed(speed: Decimal | float) -> None:
    latin = [note for note in score(TEXT, speed, b"") if note.tone != REST]
    assert len(latin) == sum(round(count / 14 / 0.2) for count in (12, 12, 24, 19))
    assert len([note for note in score("世" * 45, speed, b"") if note.tone != REST]) == 50
    assert all(abs(note.frames - 0.2 / 0.024 / float(speed)) < 0.2 / 0.024 / float(speed) / 4 + 1 for note in latin)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("text", "speed"), [(TEXT, 1), (TEXT, 4), (HAN, Decimal("1.5")), ("Hi", 1), ("…", 3.7)])
def test_a_file_lasts_as_long_as_was_said(form: str, text: str, speed: Decimal | float) -> None:
    heard = HEARD[form](speech(form, text, "verse", speed, b"seed"))
    assert len(heard) / RATE == pytest.approx(speech_seconds(text, speed), abs=1e-9)
    assert 0.02 < rms(heard) < 0.4
    assert max(map(abs, heard)) < 1
    assert abs(sum(heard) / len(heard)) < 0.01


@pytest.mark.parametrize("form", FORMATS)
def test_twice_the_speed_is_half_the_length(form: str) -> None:
    slow, fast = (HEARD[form](speech(form, TEXT, "verse", speed, b"")) for speed in (1, 2))
    assert len(slow) / len(fast) == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_made_is_bounded(form: str) -> None:
    size = {"mp3": SIZE, "pcm": FRAME * 2, "wav": FRAME * 2}[form]
    lengths = [len(piece) for piece in pieces(form, LONG * 9, "verse", Decimal("0.25"), b"")]
    assert 0 <= sum(lengths) - LONGEST * size <= SIZE
    assert max(lengths) <= 100 * size
    assert b"".join(pieces(form, TEXT, "verse", 1, b"")) == speech(form, TEXT, "verse", 1, b"")


@pytest.mark.parametrize("form", FORMATS)
def test_an_event_loop_goes_on_while_speech_is_made(form: str) -> None:
    """It has a turn for each piece."""

    async def turns_while_speaking() -> tuple[int, bytes]:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(turn())
        data = await spoken(form, TEXT, "verse", 1, b"")
        other.cancel()
        return turns, data

    turns, data = asyncio.run(turns_while_speaking())
    assert data == speech(form, TEXT, "verse", 1, b"")
    assert turns >= len(score(TEXT, 1, b""))


# --- sound ---------------------------------------------------------------------------------------


def test_wav_is_pcm_with_a_header() -> None:
    wav = speech("wav", TEXT, "verse", 1, b"")
    assert wav[:4] + wav[8:16] == b"RIFFWAVEfmt "
    assert int.from_bytes(wav[4:8], "little") == len(wav) - 8
    assert int.from_bytes(wav[28:32], "little") == RATE * 2
    assert wav[44:] == speech("pcm", TEXT, "verse", 1, b"")
    assert by_ffmpeg(wav, "wav") == by_wave(wav)


def test_mp3_is_frames_of_one_size() -> None:
    data = speech("mp3", TEXT, "verse", 1, b"")
    assert {data[at : at + 4] for at in range(0, len(data), SIZE)} == {HEADER}
    assert rms(by_ffmpeg(_info(20) + SILENCE * 20, "mp3")) == 0


@pytest.mark.parametrize("name", ["alloy", "verse", "任何", ""])
def test_both_ways_to_write_a_tone_sound_alike(name: str) -> None:
    voice = tones(name)
    for nth, tone in enumerate(voice):
        note = [Note(nth, 12), Note(REST, 3)]
        written, coded = by_nobody(b"".join(pcm(note, voice))), by_ffmpeg(b"".join(mp3(note, voice)), "mp3")
        spoken, heard = written[FRAME : 9 * FRAME], coded[FRAME + DELAY : 9 * FRAME + DELAY]
        assert rms(heard) == pytest.approx(rms(spoken), rel=0.12)
        power = 0.0
        for number, amplitude in tone.sines:
            frequency = number * RATE / tone.period
            wanted = level_at(spoken, frequency)
            assert wanted == pytest.approx(amplitude * 0.77, rel=0.1)
            assert level_at(heard, frequency) == pytest.approx(wanted, rel=0.15, abs=0.15 * tone.sines[0][1])
            power += level_at(heard, frequency) ** 2
        windowed = [level * (1 - cos(2 * pi * at / len(heard))) for at, level in enumerate(heard)]
        assert power / 2 * 1.5 > 0.92 * rms(windowed) ** 2  # all else is noise


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_pauses_are_silent_and_syllables_rise_and_fall(form: str) -> None:
    notes = score(TEXT, 1, b"")
    heard = HEARD[form](speech(form, TEXT, "verse", 1, b""))
    delay = DELAY if form == "mp3" else 0
    at = 0
    for note in notes[:-1]:
        whole = heard[FRAME * at + delay :][: FRAME * note.frames]
        frames = [rms(whole[start : start + FRAME]) for start in range(0, len(whole), FRAME)]
        at += note.frames
        if note.tone == REST:
            assert max(frames) < 0.002
        else:
            assert min(frames) > 0.04
            assert rms(whole[: FRAME // 8]) < 0.5 * max(frames)
            assert rms(whole[-FRAME // 8 :]) < 0.5 * max(frames)
    assert sum(note.tone == REST for note in notes) >= 4


def test_every_code_means_its_pair() -> None:
    """The transforms keep energy: what is heard is what the codes of a pair say, each to the power 4/3."""
    assert sum(2.0 ** -len(code) for code in CODES) == 1
    ratios = []
    for x in range(-5, 6):
        for y in range(6):
            lines = [0.0] * 99 + [x * abs(x) ** (1 / 3) / 40, 0, y ** (4 / 3) / 40, 5 ** (4 / 3) / 40]
            one = _frame([*lines[:99], 0.0, *lines[99:]])
            heard = by_ffmpeg(_info(7) + SILENCE * 2 + one + SILENCE * 4, "mp3")
            ratios.append(sum(level * level for level in heard) / sum(line * line for line in lines))
    assert max(ratios) / min(ratios) < 1.02


def test_lines_are_rounded_to_the_nearest_power() -> None:
    assert [_quantized(line) for line in (0, 0.3, 0.5, 1, -1, -2.4, 8.5, 9, 99)] == [0, 0, 1, 1, -1, -2, 5, 5, 5]


def test_sines_stay_inside_a_subband() -> None:
    for nth in range(100):
        voice = tones(f"voice {nth}")
        assert len(voice) == TONES
        for tone in voice:
            assert 85 < RATE / tone.period < 280
            assert tone.sines[0][0] == 1
            assert len(tone.sines) >= 4
            assert all(clear(number * RATE / tone.period) for number, _ in tone.sines)


@pytest.mark.parametrize("form", FORMATS)
def test_same_arguments_same_bytes(form: str) -> None:
    voices = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")
    files = [speech(form, TEXT, voice, 1, seed) for voice in voices for seed in (b"", b"\0", b"seed")]
    assert len({sha256(file).digest() for file in files}) == len(files)
    assert speech(form, TEXT, "alloy", 1, b"") == speech(form, TEXT, "alloy", 1.0, b"") == files[0]
    assert speech(form, TEXT, "alloy", Decimal(1), b"") == files[0]


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), Decimal("NaN")])
def test_a_speed_is_above_zero(speed: Decimal | float) -> None:
    for ask in (lambda: speech_seconds("Hi", speed), lambda: speech("wav", "Hi", "verse", speed, b"")):
        with pytest.raises(ValueError, match="speed of speech must be above 0"):
            ask()


def test_an_unknown_format_is_said() -> None:
    with pytest.raises(ValueError, match="'opus'; known: mp3, pcm, wav"):
        pieces("opus", "Hi", "verse", 1, b"")
    assert {form: known.media_type for form, known in FORMATS.items()} == {
        "mp3": "audio/mpeg",
        "pcm": "audio/pcm",
        "wav": "audio/wav",
    }


def test_every_part_of_a_voice_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitch, mouth and breath are each of their own bytes of the name's digest."""
    module = "understudy.mockserver.media.voices.blake2b"
    voices = []
    for noise in (b"\x80\0\x80\x80", b"\x90\0\x80\x80", b"\x80\0\xff\x80", b"\x80\0\x80\xff"):
        monkeypatch.setattr(module, lambda *_, noise=noise, **__: SimpleNamespace(digest=lambda: noise))
        voices.append(tones.__wrapped__("any"))
    plain, higher, longer, breathy = voices
    assert all(one.period < other.period for one, other in zip(higher, plain, strict=True))
    for other in (longer, breathy):
        assert [tone.period for tone in other] == [tone.period for tone in plain]
    assert len({str(voice) for voice in voices}) == 4
    assert len({str(tone) for tone in plain}) == TONES
    assert len({tone.period for tone in plain}) == TONES // 2  # each pitch with two vowels
