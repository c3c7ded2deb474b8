"""Generated media, opened by decoders that share nothing with the generators: FFmpeg and Pillow."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from operator import ne
from pathlib import Path
from random import Random
from struct import pack
from typing import Literal, cast

import av
import pytest
from av.container import InputContainer
from av.logging import INFO, WARNING, Capture, get_level, set_level
from av.video.plane import VideoPlane
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from understudy.mockserver.media import GENERATORS, Material, h264, make, pattern
from understudy.mockserver.media.jpeg import jpeg
from understudy.mockserver.media.mp4 import LOOKS, mp4
from understudy.mockserver.media.pattern import Colour
from understudy.mockserver.media.png import png
from understudy.mockserver.media.probe import mp4_seconds, sniff
from understudy.mockserver.media.webp import webp

FPS = 24
SIZES = [
    (864, 496),
    (496, 864),
    (640, 640),
    (752, 560),
    (560, 752),
    (992, 432),
    (1280, 720),
    (960, 960),
    (1112, 834),
    (834, 1112),
    (1470, 630),
    (1920, 1080),
    (2206, 946),
]
FILMS = [(size, 4 + at % 12, bool(at % 2)) for at, size in enumerate(SIZES)]
STILLS = [(1, 1), (2, 1), (1, 9), (15, 17), (16, 16), (33, 31), (643, 401), (1920, 1080)]
FILM = Material("video/mp4", 160, 96, Decimal(4), True, b"seed")

Plane = list[bytes]
Planes = tuple[Plane, Plane, Plane]


@dataclass(frozen=True, slots=True)
class Film:
    """What a decoder saw: pictures as lines of Y, Cb and Cr, the first and last of each second."""

    size: tuple[int, int]
    seconds: Fraction
    rate: Fraction | None
    profile: str | None
    frames: int
    keys: list[int]
    pictures: dict[int, Planes]


@dataclass(frozen=True, slots=True)
class Sound:
    """What a decoder heard: samples of one channel, and any that are not silent."""

    seconds: Fraction
    rate: int
    samples: int
    loud: int


@pytest.fixture(autouse=True, scope="module")
def _decoders_speak() -> Iterator[None]:
    before = get_level()
    set_level(WARNING)
    yield
    set_level(before)


@contextmanager
def opened(data: bytes, form: str | None = None) -> Iterator[InputContainer]:
    """The file in FFmpeg, at its strictest; any warning of demuxer or decoder is a failure."""
    with Capture(local=False) as log:
        with av.open(io.BytesIO(data), mode="r", format=form) as container:
            for stream in container.streams:
                stream.codec_context.options = {"err_detect": "explode+crccheck+bitstream+buffer"}
                stream.codec_context.thread_count = 1
            yield container
        assert log == []


def lines(plane: VideoPlane) -> Plane:
    raw, stride = bytes(plane), plane.line_size
    return [raw[at : at + plane.width] for at in range(0, stride * plane.height, stride)]


def watched(data: bytes) -> Film:
    """Every frame decoded and its time checked."""
    with opened(data) as container:
        video = container.streams.video[0]
        keys: list[int] = []
        pictures: dict[int, Planes] = {}
        frames = 0
        for frame in container.decode(video):
            assert not frame.is_corrupt
            assert frame.format.name == "yuv420p"
            assert frame.time == pytest.approx(frames / FPS)
            if frame.key_frame:
                keys.append(frames)
            if frames % FPS in {0, FPS - 1}:
                y, cb, cr = (lines(plane) for plane in frame.planes)
                pictures[frames] = y, cb, cr
            frames += 1
        seconds = Fraction((video.duration or 0) * (video.time_base or 0))
        assert container.duration == pytest.approx(seconds * av.time_base, abs=1)
        return Film(
            size=(video.width, video.height),
            seconds=seconds,
            rate=video.average_rate,
            profile=video.codec_context.profile,
            frames=frames,
            keys=keys,
            pictures=pictures,
        )


def heard(data: bytes) -> Sound | None:
    """The sound track decoded, if there is one."""
    with opened(data) as container:
        if not container.streams.audio:
            return None
        audio = container.streams.audio[0]
        frames = list(container.decode(audio))
        assert audio.codec_context.profile == "LC"
        return Sound(
            seconds=Fraction((audio.duration or 0) * (audio.time_base or 0)),
            rate=audio.rate,
            samples=sum(frame.samples for frame in frames),
            loud=sum(any(bytes(plane)) for frame in frames for plane in frame.planes),
        )


def painted(colours: list[list[Colour]], width: int, height: int, tile: int) -> Planes:
    """The planes of a 4:2:0 picture of these tiles, cut at its size."""

    def plane(component: int, wide: int, high: int, edge: int) -> Plane:
        rows = [b"".join(bytes([colour[component]]) * edge for colour in row)[:wide] for row in colours]
        return [rows[y // edge] for y in range(high)]

    half = width // 2, height // 2, tile // 2
    return plane(0, width, height, tile), plane(1, *half), plane(2, *half)


def intended(seed: bytes | int, width: int, height: int, turn: int) -> Planes:
    """The picture of a second of video: at most 16 square tiles along the longer edge."""
    wide, high = -(-width // 16), -(-height // 16)
    edge = -(-max(wide, high) // 16)
    colours = pattern.tiles(seed, -(-wide // edge), -(-high // edge), turn)
    return painted(colours, width, height, edge * 16)


def boxes(data: bytes) -> list[bytes]:
    kinds, at = [], 0
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    assert at == len(data)
    return kinds


def recorded(path: Path, codec: Literal["libx264", "mpeg4", "libvpx-vp9"], *, sound: bool = False, fast: bool) -> bytes:
    """Three seconds of video that FFmpeg wrote, as users upload it."""
    options = {"movflags": "faststart"} if fast else {}
    with av.open(str(path), mode="w", options=options) as container:
        stream = container.add_stream(codec, rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        tones = container.add_stream("aac", rate=48000) if sound else None
        for _ in range(3 * FPS):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
        if tones:
            for at in range(0, 3 * 48000, 1024):
                frame = av.AudioFrame("fltp", "stereo", 1024)
                for plane in frame.planes:
                    plane.update(bytes(plane.buffer_size))
                frame.sample_rate, frame.pts = 48000, at
                container.mux(tones.encode(frame))
            container.mux(tones.encode(None))
    return path.read_bytes()


# --- video ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "seconds", "sound"), FILMS)
def test_a_video_is_what_was_asked_for(size: tuple[int, int], seconds: int, sound: bool) -> None:
    width, height = size
    data = mp4(width=width, height=height, seconds=seconds, seed=b"film", sound=sound)
    film = watched(data)
    assert film.size == size
    assert film.profile == "Constrained Baseline"
    assert film.rate == FPS
    assert film.frames == seconds * FPS
    assert film.seconds == seconds
    assert film.keys == list(range(0, seconds * FPS, FPS))
    assert (heard(data) is not None) == sound
    assert mp4_seconds(data) == seconds
    for frame, planes in film.pictures.items():
        assert planes == intended(b"film", width, height, frame // FPS), f"frame {frame}"


def test_the_picture_is_colourful_and_changes() -> None:
    film = watched(make(replace(FILM, width=864, height=496)))
    seen = [film.pictures[second * FPS] for second in range(4)]
    for planes in seen:
        luma, *chroma = ({level for line in plane for level in line} for plane in planes)
        assert len(luma) > 10
        assert max(luma) - min(luma) > 30
        assert all(len(levels) > 5 for levels in chroma)
    for before, after in pairwise(seen):
        changed = sum(map(ne, b"".join(before[0]), b"".join(after[0])))
        assert changed > 864 * 496 // 2


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(8, 150).map(lambda half: half * 2),
    height=st.integers(8, 150).map(lambda half: half * 2),
    frames=st.integers(1, 60),
    seed=st.binary(max_size=4) | st.integers(),
    sound=st.booleans(),
)
def test_any_even_size(width: int, height: int, frames: int, seed: bytes | int, sound: bool) -> None:
    seconds = Decimal(frames) / FPS
    film = watched(mp4(width=width, height=height, seconds=seconds, seed=seed, sound=sound))
    assert (film.size, film.frames) == ((width, height), frames)
    for frame, planes in film.pictures.items():
        assert planes == intended(seed, width, height, frame // FPS)


@pytest.mark.parametrize("seconds", [*range(4, 16), Decimal("4.5"), 0.25, Decimal(1) / 24])
def test_sound_lasts_as_long_as_the_picture(seconds: Decimal | float) -> None:
    data = mp4(width=16, height=16, seconds=seconds, seed=1, sound=True)
    film, sound = watched(data), heard(data)
    assert sound is not None
    assert sound.seconds == film.seconds == Fraction(film.frames, FPS)
    assert film.frames == round(seconds * FPS)
    assert 0 <= sound.samples - sound.seconds * 48000 < 1024
    assert (sound.rate, sound.loud) == (48000, 0)


def fields(data: bytes) -> dict[str, list[int]]:
    """Every header field by name, as FFmpeg's bitstream reader finds it, in order."""
    values: dict[str, list[int]] = {}
    set_level(INFO)
    try:
        with Capture(local=False) as log, av.open(io.BytesIO(data), mode="r") as container:
            trace = av.BitStreamFilterContext("trace_headers", container.streams.video[0])
            for packet in container.demux(video=0):
                trace.filter(packet)
    finally:
        set_level(WARNING)
    for level, _, line in log:
        assert level >= INFO, line
        found = re.fullmatch(r"\d+ +(\w+) +[01]+ = (-?\d+)\n", line)
        if found:
            values.setdefault(found[1], []).append(int(found[2]))
    return values


def test_decoders_that_never_forgive_find_every_header_right() -> None:
    header = fields(mp4(width=1112, height=834, seconds=3, seed=b"", sound=False))
    assert header["max_num_ref_frames"] == [1]
    assert header["max_num_reorder_frames"] == [0]
    assert header["frame_crop_right_offset"] == [4]
    assert header["frame_crop_bottom_offset"] == [7]
    assert Fraction(header["time_scale"][0], 2 * header["num_units_in_tick"][0]) == FPS
    assert header["slice_type"] == [7, *[5] * 23] * 3
    assert header["frame_num"] == [*range(FPS)] * 3
    assert header["idr_pic_id"] == [0, 1, 0]
    assert header["disable_deblocking_filter_idc"] == [1] * 72


@pytest.mark.parametrize(
    ("size", "level"),
    [
        ((16, 16), 10),
        ((176, 144), 11),  # 99 macroblocks fit level 1, but not 24 times a second
        ((640, 640), 30),
        ((864, 496), 31),
        ((1280, 720), 31),
        ((1112, 834), 32),
        ((1920, 1080), 40),
        ((2206, 946), 42),
        ((2560, 1440), 50),
        ((3840, 2160), 51),
        ((2160, 3840), 51),
        ((1600, 16), 22),  # few macroblocks, but 100 in a line
    ],
)
def test_the_level_is_the_lowest_that_fits(size: tuple[int, int], level: int) -> None:
    assert h264.sps(*size)[1:4] == bytes((66, 0b11000000, level))


def test_the_largest_video_decodes() -> None:
    film = watched(mp4(width=3840, height=2160, seconds=Decimal("0.125"), seed=3, sound=False))
    assert film.pictures[0] == intended(3, 3840, 2160, 0)


def test_a_long_video_begins_its_looks_again() -> None:
    film = watched(mp4(width=32, height=32, seconds=LOOKS + 2, seed=b"", sound=False))
    assert film.pictures[LOOKS * FPS] == film.pictures[0]
    assert len({str(film.pictures[second * FPS]) for second in range(LOOKS)}) == LOOKS


def test_sound_with_fewer_chunks_than_the_picture() -> None:
    data = mp4(width=16, height=16, seconds=400, seed=b"", sound=True)
    film, sound = watched(data), heard(data)
    assert sound is not None
    assert film.seconds == sound.seconds == 400
    assert sound.samples == sound.seconds * 48000


def test_a_video_starts_before_it_is_loaded() -> None:
    data = make(FILM)
    assert boxes(data) == [b"ftyp", b"moov", b"free", b"mdat"]
    assert data[8:12] == b"isom"
    assert data[16:28] == b"isommp42avc1"
    with opened(data) as container:
        places = [packet.pos for packet in container.demux() if packet.pos is not None]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"width": 161}, "width .*: 161"),
        ({"height": 14}, "height .*: 14"),
        ({"height": -2}, "height .*: -2"),
        ({"width": 8704, "height": 8704}, "no level holds 8704x8704"),
        ({"width": 16384}, "no level holds 16384x96"),
        ({"seconds": Decimal(0)}, "seconds .*: 0"),
        ({"seconds": Decimal("NaN")}, "seconds .*: NaN"),
        ({"seconds": Decimal(3601)}, "seconds .*: 3601"),
        ({"content_type": "video/webm"}, "'video/webm'; known: image/jpeg, image/png, image/webp, video/mp4"),
        ({"content_type": "image/png", "width": 8193}, "width .*: 8193"),
        ({"content_type": "image/jpeg", "height": 0}, "height .*: 0"),
        ({"content_type": "image/webp", "width": 16384}, "width .*: 16384"),
        ({"content_type": "image/webp", "height": 0}, "height .*: 0"),
    ],
)
def test_what_cannot_be_made_is_said(change: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make(replace(FILM, **change))  # type: ignore[arg-type]


# --- every kind ----------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", GENERATORS)
@pytest.mark.parametrize("size", [(16, 16), (864, 496)])
def test_same_seed_same_bytes(content_type: str, size: tuple[int, int]) -> None:
    spec = replace(FILM, content_type=content_type, width=size[0], height=size[1])
    seeds = [b"", b"\0", b"0", b"seed", b"seee", *(bytes([n]) for n in range(1, 40))]
    files = {make(replace(spec, seed=seed)) for seed in seeds}
    assert len(files) == len(seeds)
    assert make(spec) == make(spec)
    assert {sniff(file) for file in files} == {content_type}


@pytest.mark.parametrize("content_type", sorted(kind for kind in GENERATORS if kind.startswith("image/")))
def test_a_single_pixel_tells_its_seed(content_type: str) -> None:
    spec = replace(FILM, content_type=content_type, width=1, height=1)
    assert len({make(replace(spec, seed=n.to_bytes(2))) for n in range(2000)}) == 2000


@pytest.mark.parametrize("turn", range(3))
def test_neighbouring_tiles_are_told_apart(turn: int) -> None:
    for seed in range(50):
        colours = pattern.tiles(seed, 16, 9, turn)
        assert all(52 <= y <= 204 and y % 4 == 0 for row in colours for y, _, _ in row)
        assert len({colour for row in colours for colour in row}) > 72
        beside = [abs(a[0] - b[0]) for row in colours for a, b in pairwise(row)]
        below = [abs(a[0] - b[0]) for pair in pairwise(colours) for a, b in zip(*pair, strict=True)]
        assert sum(step >= 12 for step in beside + below) > len(beside + below) * 0.8


# --- pictures ------------------------------------------------------------------------------------


def decoded_without_a_word(data: bytes, form: str) -> av.VideoFrame:
    with opened(data, form) as container:
        (frame,) = container.decode(video=0)
        return frame


def as_rgb(colours: list[list[Colour]]) -> Image.Image:
    """One pixel per tile, converted by Pillow."""
    image = Image.new("YCbCr", (len(colours[0]), len(colours)))
    image.putdata([colour for row in colours for colour in row])
    return image.convert("RGB")


def flat(image: Image.Image, tile: tuple[int, int, int, int]) -> tuple[int, ...]:
    colours = image.crop(tile).getcolors()
    assert colours is not None
    assert len(colours) == 1, f"tile {tile} is not flat"
    colour = colours[0][1]
    assert isinstance(colour, tuple)
    return colour


def tiling(width: int, height: int, edge: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    for row, top in enumerate(range(0, height, edge)):
        for column, left in enumerate(range(0, width, edge)):
            right, bottom = min(left + edge, width), min(top + edge, height)
            yield column, row, (left, top, right, bottom)


def assert_tiles(image: Image.Image, seed: bytes) -> None:
    """Square tiles, at most 16 along the longer edge, each of one colour and that the one intended."""
    width, height = image.size
    edge = -(-max(width, height) // 16)
    wanted = as_rgb(pattern.tiles(seed, -(-width // edge), -(-height // edge)))
    seen = set()
    for column, row, tile in tiling(width, height, edge):
        colour = flat(image, cast("tuple[int, int, int, int]", tile))
        expected = cast("tuple[int, ...]", wanted.getpixel((column, row)))
        assert all(abs(got - want) <= 1 for got, want in zip(colour, expected, strict=True))
        seen.add(colour)
    assert len(seen) > wanted.width * wanted.height // 2


@pytest.mark.parametrize(("width", "height"), [*STILLS, (4096, 4096), (8192, 3)])
def test_png(width: int, height: int) -> None:
    data = png(width=width, height=height, seed=b"still")
    image = Image.open(io.BytesIO(data))
    image.verify()
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.mode, image.size) == ("PNG", "P", (width, height))
    assert_tiles(image.convert("RGB"), b"still")
    frame = decoded_without_a_word(data, "png_pipe")
    assert (frame.width, frame.height) == (width, height)


@pytest.mark.parametrize(("width", "height"), [*STILLS, (4096, 4096), (16383, 3), (2, 16383)])
def test_webp(width: int, height: int) -> None:
    data = webp(width=width, height=height, seed=b"still")
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.mode, image.size) == ("WEBP", "RGB", (width, height))
    assert_tiles(image, b"still")
    frame = decoded_without_a_word(data, "webp_pipe")
    assert (frame.width, frame.height) == (width, height)
    assert frame.to_image().tobytes() == image.tobytes()  # type: ignore[no-untyped-call]


def test_a_webp_has_room_for_every_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above 231, green has longer codes."""
    greys = [[(16 * row + column, 128, 128) for column in range(16)] for row in range(16)]
    monkeypatch.setattr("understudy.mockserver.media.webp.tiles", lambda *_: greys)
    image = Image.open(io.BytesIO(webp(width=16, height=16, seed=0)))
    assert image.tobytes() == bytes(grey for level in range(256) for grey in (level,) * 3)


def test_webp_chunks_are_whole() -> None:
    data = webp(width=33, height=31, seed=b"still")
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    at, kinds = 12, []
    while at < len(data):
        kinds.append(data[at : at + 4])
        at += 8 + (int.from_bytes(data[at + 4 : at + 8], "little") + 1) // 2 * 2
    assert (at, kinds) == (len(data), [b"VP8X", b"VP8L", b"NOTE"])


@pytest.mark.parametrize("content_type", sorted(kind for kind in GENERATORS if kind.startswith("image/")))
@pytest.mark.parametrize("size", [(256, 256), (1024, 1024), (1536, 1024), (1024, 1792)])
def test_a_picture_travels_light(content_type: str, size: tuple[int, int]) -> None:
    width, height = size
    files = [make(Material(content_type, width, height, Decimal(0), False, seed)) for seed in (b"a", b"b", b"c")]
    assert max(map(len, files)) < 16_000
    seen = [Image.open(io.BytesIO(file)).convert("RGB") for file in files]
    assert all(image.size == size for image in seen)
    for one, other in pairwise(image.tobytes() for image in seen):
        assert sum(map(ne, one, other)) > len(one) // 2


@pytest.mark.parametrize(("width", "height"), [*STILLS, (4096, 4096), (3, 65500)])
def test_jpeg(width: int, height: int) -> None:
    data = jpeg(width=width, height=height, seed=b"still")
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (width, height))
    image.load()
    frame = decoded_without_a_word(data, "jpeg_pipe")
    assert frame.format.name == "yuvj420p"
    wide, high = -(-width // 16), -(-height // 16)
    edge = -(-max(wide, high) // 16)
    colours = pattern.tiles(b"still", -(-wide // edge), -(-high // edge))
    luma, *chroma = painted(colours, width, height, edge * 16)
    shown, *shown_chroma = (lines(plane) for plane in frame.planes)
    assert shown == luma
    for got, want in zip(shown_chroma, chroma, strict=True):  # an odd edge has half a sample more
        assert [line[: width // 2] for line in got[: height // 2]] == want
    assert len({*b"".join(shown)}) > min(len(colours) * len(colours[0]) // 2, 10)


def test_a_jpeg_escapes_the_bytes_that_look_like_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    pick = Random(0).choice
    levels = (0, 2, 128, 252, 255)  # differences of every size, some of eight ones
    harsh = [[(pick(levels), pick(levels), pick(levels)) for _ in range(16)] for _ in range(16)]
    monkeypatch.setattr("understudy.mockserver.media.jpeg.tiles", lambda *_: harsh)
    data = jpeg(width=256, height=256, seed=0)
    assert b"\xff\0" in data
    frame = decoded_without_a_word(data, "jpeg_pipe")
    assert tuple(lines(plane) for plane in frame.planes) == painted(harsh, 256, 256, 16)


def test_pillow_sees_the_same_jpeg() -> None:
    image = Image.open(io.BytesIO(jpeg(width=800, height=600, seed=5))).convert("RGB")
    wanted = as_rgb(pattern.tiles(5, 13, 10))
    for column, row, (left, top, *_) in tiling(800, 600, 64):
        shown = cast("tuple[int, ...]", image.getpixel((left + 12, top + 12)))
        expected = cast("tuple[int, ...]", wanted.getpixel((column, row)))
        assert all(abs(got - want) <= 2 for got, want in zip(shown, expected, strict=True))


# --- probe ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("fast", [False, True])
def test_uploads_are_measured(
    suffix: str, codec: Literal["libx264", "mpeg4"], sound: bool, fast: bool, tmp_path: Path
) -> None:
    data = recorded(tmp_path / f"upload.{suffix}", codec, sound=sound, fast=fast)
    with opened(data) as container:
        assert mp4_seconds(data) == Decimal(container.duration or 0) / av.time_base
    assert sniff(data) == {"mp4": "video/mp4", "mov": "video/quicktime"}[suffix]
    assert boxes(data)[-1] == (b"mdat" if fast else b"moov")


@pytest.mark.parametrize(("suffix", "content_type"), [("webm", "video/webm"), ("mkv", None)])
def test_matroska_has_two_names(suffix: str, content_type: str | None, tmp_path: Path) -> None:
    assert sniff(recorded(tmp_path / f"a.{suffix}", "libvpx-vp9", fast=False)) == content_type


def box(kind: bytes, payload: bytes) -> bytes:
    return pack(">I", len(payload) + 8) + kind + payload


def large(kind: bytes, payload: bytes) -> bytes:
    return pack(">I4sQ", 1, kind, len(payload) + 16) + payload


MVHD_0 = box(b"mvhd", pack(">12xII80x", 1000, 5250))
MVHD_1 = box(b"mvhd", pack(">B19xIQ80x", 1, 600, 2**33))


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (box(b"moov", MVHD_0), Decimal("5.25")),
        (box(b"moov", MVHD_1), Decimal(2**33) / 600),
        (
            large(b"mdat", b"moov" * 99) + large(b"moov", box(b"udta", b"") + MVHD_0),
            Decimal("5.25"),
        ),
        (box(b"free", b"") + pack(">I", 0) + b"moov" + MVHD_0, Decimal("5.25")),
        (box(b"moov", MVHD_0 + bytes(500))[:200], Decimal("5.25")),
        (box(b"moov", box(b"mvhd", pack(">12xII", 0, 5250))), None),
        (box(b"moov", box(b"mvhd", pack(">12xII", 1000, 0))), None),
        (box(b"moov", box(b"mvhd", pack(">12xII", 1000, 2**32 - 1))), None),
        (box(b"moov", box(b"mvhd", pack(">B19xIQ", 1, 1000, 2**64 - 1))), None),
        (box(b"moov", box(b"mvhd", pack(">B19xIQ", 2, 1000, 5000))), None),
        (box(b"moov", MVHD_0[:27]), None),
        (box(b"mdat", box(b"moov", MVHD_0)), None),
        (pack(">I4s", 4, b"free") + box(b"moov", MVHD_0), None),
        (pack(">I4sQ", 1, b"free", 3) + box(b"moov", MVHD_0), None),
        (box(b"free", b"") * 5000 + box(b"moov", MVHD_0), None),
        (b"", None),
    ],
)
def test_mvhd(data: bytes, seconds: Decimal | None) -> None:
    assert mp4_seconds(data) == seconds


@settings(deadline=None)
@given(at=st.integers(0, 400), noise=st.binary(max_size=40), end=st.integers(0, 3000))
def test_garbage_has_no_length(at: int, noise: bytes, end: int) -> None:
    data = make(FILM)
    for garbage in (noise, data[:at] + noise + data[at + len(noise) :], data[:end]):
        assert mp4_seconds(garbage) is None or mp4_seconds(garbage) >= 0  # type: ignore[operator]
        sniff(garbage)


def saved(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (saved("PNG"), "image/png"),
        (saved("JPEG"), "image/jpeg"),
        (saved("WEBP"), "image/webp"),
        (saved("AVIF"), None),
        (saved("GIF"), None),
        (box(b"moov", MVHD_0), "video/quicktime"),
        (box(b"ftyp", b"M4A \0\0\0\0"), None),
        (b"\0\0\0\x08ftyp", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"", None),
    ],
)
def test_sniff(data: bytes, content_type: str | None) -> None:
    assert sniff(data) == content_type
