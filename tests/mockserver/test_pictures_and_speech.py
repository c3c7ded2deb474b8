"""Pictures, speech and the list of models as the official SDK of OpenAI sees them: files that independent decoders open."""

import base64
import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import av
import openai
import pytest
from openai import OpenAI
from openai.types import ImagesResponse, Model
from PIL import Image

from tests.conftest import Serve, Served
from understudy.mockserver.media.speech import FORMATS
from understudy.specs.model import SPEECH_TYPES

SENTENCE = "Every morning the ferry crosses the river with a few sleepy passengers."
FORMS = {"wav": "pcm_s16le", "mp3": "mp3float"}


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve("unigateway", "clawdrouter")


def client_of(served: Served, slug: str = "unigateway", key: str = "") -> OpenAI:
    provider = served.providers[slug]
    return OpenAI(base_url=f"{provider.base_url}/v1", api_key=key or provider.keys[0], max_retries=0)


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with client_of(served) as made:
        yield made


def strangers(value: Any) -> list[str]:
    """Members that the SDK's own types do not know."""
    if isinstance(value, list):
        return [name for item in value for name in strangers(item)]
    if not hasattr(value, "model_fields_set"):
        return []
    inner = [name for field in value.model_fields_set for name in strangers(getattr(value, field, None))]
    return [*(value.model_extra or {}), *inner]


@pytest.mark.parametrize("slug", ["unigateway", "clawdrouter"])
@pytest.mark.parametrize(
    ("asked", "size", "form"),
    [
        ({}, (1024, 1024), "PNG"),
        ({"size": "auto"}, (1024, 1024), "PNG"),
        ({"size": "1536x1024", "quality": "low"}, (1536, 1024), "PNG"),
        ({"size": "1024x1536", "output_format": "jpeg"}, (1024, 1536), "JPEG"),
        ({"size": "512x512", "output_format": "webp"}, (512, 512), "WEBP"),
        ({"size": "256x256", "n": 3, "response_format": "b64_json"}, (256, 256), "PNG"),
    ],
)
def test_pictures(served: Served, slug: str, asked: dict[str, Any], size: tuple[int, int], form: str) -> None:
    with client_of(served, slug) as client:
        answer = client.images.generate(model="gpt-image-2", prompt="A red apple", **asked)
    ImagesResponse.model_validate(answer.model_dump(exclude_unset=True), strict=True)
    assert not strangers(answer)
    assert answer.data
    assert answer.usage
    assert len({picture.b64_json for picture in answer.data}) == asked.get("n", 1)
    assert answer.usage.output_tokens == len(answer.data) * size[0] * size[1] // 256
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    for picture in answer.data:
        assert picture.b64_json
        assert picture.url is None
        with Image.open(io.BytesIO(base64.b64decode(picture.b64_json, validate=True))) as opened:
            opened.load()
            assert (opened.size, opened.format) == (size, form)


def seconds_of(path: Path) -> float:
    """How long the sound is that a decoder finds in a file."""
    with av.open(path) as media:
        frames = list(media.decode(audio=0))
    return sum(frame.samples for frame in frames) / frames[0].sample_rate


def speak(client: OpenAI, path: Path, **asked: Any) -> float:
    with client.audio.speech.with_streaming_response.create(**asked) as answer:
        answer.stream_to_file(path)
    return seconds_of(path)


@pytest.mark.facts("UG-119", "UG-120", "UG-121", "UG-144", "UG-146")
@pytest.mark.parametrize(
    ("model", "voice"), [("qwen3-tts-flash", "Cherry"), ("MiniMax/speech-2.8-hd", "male-qn-qingse")]
)
@pytest.mark.parametrize("form", FORMS)
def test_speech_lasts_as_its_text_and_speed_say(
    client: OpenAI, tmp_path: Path, form: str, model: str, voice: str
) -> None:
    asked: dict[str, Any] = {"model": model, "voice": voice, "response_format": form}
    spoken: list[dict[str, Any]] = [
        {"input": SENTENCE},
        {"input": SENTENCE * 3},
        {"input": SENTENCE, "speed": 2},
        {"input": SENTENCE, "speed": 0.5},
    ]
    short, long, fast, slow = (
        speak(client, tmp_path / f"{number}.{form}", **asked, **more) for number, more in enumerate(spoken)
    )
    assert 2 < short < 12
    assert long == pytest.approx(3 * short, rel=0.2)
    assert fast == pytest.approx(short / 2, rel=0.1)
    assert slow == pytest.approx(short * 2, rel=0.1)
    with av.open(tmp_path / f"0.{form}") as media:
        assert media.streams.audio[0].codec_context.name == FORMS[form]


@pytest.mark.facts("UG-122", "UG-123", "UG-144", "UG-145")
def test_each_model_has_its_usual_format(client: OpenAI) -> None:
    told = {}
    for model in ("qwen3-tts-flash", "MiniMax/speech-2.8-turbo", "MiniMax/speech-2.8-hd"):
        answer = client.audio.speech.create(model=model, voice="anybody", input="Hello there")
        told[model.partition("/")[0]] = answer.response.headers["content-type"]
    assert told == {"qwen3-tts-flash": "audio/wav", "MiniMax": "audio/mpeg"}


def test_samples_are_those_of_the_wave_file(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "qwen3-tts-flash", "voice": "Cherry", "input": "Hello there"}
    bare = client.audio.speech.create(**asked, response_format="pcm")
    whole = client.audio.speech.create(**asked, response_format="wav").content
    assert bare.response.headers["content-type"] == "audio/pcm"
    with wave.open(io.BytesIO(whole)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24_000, 1, 2)
        assert sound.readframes(sound.getnframes()) == bare.content
    other = client.audio.speech.create(**{**asked, "voice": "Ethan"}, response_format="wav").content
    assert len(other) == len(whole)
    assert other != whole


def test_of_a_file_the_journal_keeps_the_length(served: Served, client: OpenAI) -> None:
    sound = client.audio.speech.create(model="qwen3-tts-flash", voice="Cherry", input="Now").content
    with urlopen(f"{served.control_url}/journal") as answer:
        records = json.load(answer)["records"]
    (noted,) = [record for record in records if f"{len(sound)} bytes of audio/wav" in record["notes"]]
    assert (noted["operation"], noted["response"]) == ("speech.create", "")


@pytest.mark.facts("UG-018", "UG-019", "UG-130")
def test_the_list_of_models(client: OpenAI) -> None:
    page = client.models.list()
    assert [model.id for model in page.data][:2] == ["claude-sonnet-4-6", "claude-opus-4-7"]
    assert len({model.id for model in page.data}) == 19
    assert page.model_extra == {"success": True}
    for model in page.data:
        Model.model_validate(model.model_dump(exclude_unset=True), strict=True)
        assert not strangers(model)
        assert model.owned_by


@pytest.mark.parametrize(
    ("condition", "kind", "code"),
    [
        ("invalid_request", openai.BadRequestError, "invalid_request"),
        ("unauthorized", openai.AuthenticationError, "invalid_api_key"),
        ("insufficient_credits", openai.PermissionDeniedError, "insufficient_user_quota"),
        ("not_found", openai.NotFoundError, "model_not_found"),
        ("rate_limited", openai.RateLimitError, "rate_limit_exceeded"),
        ("service_busy", openai.InternalServerError, "service_unavailable"),
    ],
)
def test_the_sdk_knows_the_errors(client: OpenAI, condition: str, kind: type[openai.APIStatusError], code: str) -> None:
    words = f"[understudy: refuse={condition}]"
    with pytest.raises(kind) as drawn:
        client.images.generate(model="gpt-image-2", prompt=words)
    with pytest.raises(kind) as spoken:
        client.audio.speech.create(model="qwen3-tts-flash", voice="Cherry", input=words)
    assert drawn.value.code == spoken.value.code == code


def test_what_may_be_asked_for_can_be_made() -> None:
    assert {name: form.media_type for name, form in FORMATS.items()} == SPEECH_TYPES
