"""Lies about files within answers: pictures that a model of texts draws, and speech."""

from collections.abc import Mapping
from typing import Any

from tests.liars.relay import Ask, Lie, Told
from tests.liars.shapes import at
from tests.liars.telling import asking_json, telling, telling_json

SPEECH = "/v1/audio/speech"
# How base64 of a PNG file begins.
PNG = "iVBORw0KGgo"


def _drawn(change: Any) -> Lie:
    """Each part of a plain answer that is a picture is another part."""

    def alter(ask: Ask, body: Any) -> None:
        for candidate in at(body, ("candidates",)) or []:
            parts = at(candidate, ("content", "parts")) or []
            parts[:] = [change(part) if str(part.get("text", "")).startswith(PNG) else part for part in parts]

    return telling_json(alter, when=lambda ask, told: ask.bare_path.endswith(":generateContent"))


def _in_line(part: Any) -> Any:
    return {"inlineData": {"mimeType": "image/png", "data": part["text"]}}


def _sound(value: bool, *places: str) -> Lie:
    """Whether a video has a sound is always asked for alike."""

    def change(ask: Ask, body: Any) -> None:
        holder = at(body, places[:-1])
        if isinstance(holder, dict) and places[-1] in holder:
            holder[places[-1]] = value

    return asking_json(change)


def _without(name: str, path: str) -> Lie:
    def change(ask: Ask, body: Any) -> None:
        body.pop(name, None)

    return asking_json(change, when=lambda ask: ask.bare_path == path)


SOUND = "generate_audio"


def _half_of_samples(ask: Ask, told: Told) -> Told:
    """A WAV whose head names more samples than come; what says nothing of its length comes whole."""
    is_wav = ask.bare_path == SPEECH and told.body[8:12] == b"WAVE"
    return told.cut(len(told.body) // 4 * 2) if is_wav else told


LIES: Mapping[str, tuple[str, Lie]] = {
    "drawn pictures stand in line": ("unigateway", _drawn(_in_line)),
    "drawn pictures are words": ("unigateway", _drawn(lambda part: {"text": "Here is your picture."})),
    "drawn pictures have a prefix": (
        "unigateway",
        _drawn(lambda part: {"text": f"data:image/png;base64,{part['text']}"}),
    ),
    "drawn pictures are cut": ("unigateway", _drawn(lambda part: {"text": part["text"][: len(part["text"]) // 8 * 4]})),
    "videos always have a sound": ("storyclaw", _sound(True, "input", SOUND)),
    "videos always have a sound, veo": ("clawdrouter", _sound(True, "metadata", "generateAudio")),
    "videos always have a sound, seedance": ("unigateway", _sound(True, SOUND)),
    "videos never have a sound": ("seedance2ai", _sound(False, SOUND)),
    "videos have a sound unless nothing is said": ("seedance2ai", _without(SOUND, "/api/v1/video/seedance")),
    "pictures are made in milliseconds": (
        "clawdrouter",
        telling_json(lambda ask, body: {**body, "created": body["created"] * 1000} if "created" in body else None),
    ),
    "pictures were made long ago": (
        "unigateway",
        telling_json(
            lambda ask, body: {**body, "created": body["created"] - 3 * 86_400} if "created" in body else None
        ),
    ),
    "half of the samples are lost": ("unigateway", telling(_half_of_samples)),
    "speech is never faster": ("unigateway", _without("speed", SPEECH)),
}
