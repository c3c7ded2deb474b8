"""Lies about files within answers: pictures that a model of texts draws, and speech."""

from collections.abc import Mapping
from typing import Any

from tests.liars.relay import Ask, Lie
from tests.liars.shapes import at
from tests.liars.telling import asking_json, telling_json

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


def _without(name: str, path: str) -> Lie:
    return asking_json(lambda ask, body: body.pop(name, None) and None, when=lambda ask: ask.bare_path == path)


LIES: Mapping[str, tuple[str, Lie]] = {
    "drawn pictures stand in line": ("unigateway", _drawn(_in_line)),
    "drawn pictures are words": ("unigateway", _drawn(lambda part: {"text": "Here is your picture."})),
    "drawn pictures have a prefix": (
        "unigateway",
        _drawn(lambda part: {"text": f"data:image/png;base64,{part['text']}"}),
    ),
    "drawn pictures are cut": ("unigateway", _drawn(lambda part: {"text": part["text"][: len(part["text"]) // 8 * 4]})),
    "speech is never faster": ("unigateway", _without("speed", SPEECH)),
}
