"""Files that end before their containers say, of each format that the mock makes or an encoder writes; whole ones are let be."""

from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image

from understudy.contracts.containers import shortage
from understudy.contracts.media import probe
from understudy.mockserver.media import GENERATORS, Material, make
from understudy.mockserver.media.speech import FORMATS, speech

# First bytes of boxes: a file type, and media that go to the end of the file, whatever that is.
OPEN_BOXES = b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\0mdat" + b"frames"


def _drawn(form: str) -> bytes:
    file = BytesIO()
    Image.effect_noise((90, 60), 80).convert("RGB").save(file, form)
    return file.getvalue()


FILES = {
    **{kind: make(Material(kind, 320, 240, Decimal(2), True, b"seed")) for kind in GENERATORS},
    **{f"speech as {form}": speech(form, "How are you?", "alloy", 1, b"seed") for form in FORMATS if form != "pcm"},
    **{f"{form} of an encoder": _drawn(form) for form in ("PNG", "JPEG", "WEBP", "GIF")},
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_ends_early_is_broken_and_a_whole_one_is_not(name: str) -> None:
    whole = FILES[name]
    assert probe(whole).broken == ""
    for cut in (len(whole) // 2, len(whole) * 2 // 3, len(whole) * 9 // 10, len(whole) - 1):
        assert probe(whole[:cut]).broken, cut


def test_who_did_not_know_the_size_when_the_file_began_lacks_nothing() -> None:
    sound = FILES["speech as wav"]
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        streamed = sound[:4] + size + sound[8:40] + size + sound[44:]
        assert shortage("audio/wav", streamed) == ""
    assert shortage("video/mp4", OPEN_BOXES) == ""


def test_what_stands_after_a_file_is_not_lacking() -> None:
    music = FILES["speech as mp3"]
    assert shortage("audio/mpeg", music + b"TAG".ljust(128, b"\0")) == ""
    assert shortage("audio/mpeg", b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + music) == ""
    assert shortage("image/png", FILES["image/png"] + b"more") == ""
