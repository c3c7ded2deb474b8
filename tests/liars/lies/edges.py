"""Lies at the edges of what a document takes: a value, a length or a number that is refused, and defaults that are others."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.liars.relay import Ask, Lie
from tests.liars.shapes import JUHUO, SEEDANCE2AI, STORYCLAW, Shape
from tests.liars.telling import asking_json

Change = Callable[[Ask, Any], None]
PRESIGN, IMAGES = "/open-api/v1/upload/presign", "/v1/images/generations"


def _refusing(holds: Callable[[Ask, Any], bool], spoilt: str) -> Change:
    """Where that holds, a member becomes one that the provider refuses, so that it is refused in the provider's words."""

    def change(ask: Ask, body: Any) -> None:
        if holds(ask, body):
            body[spoilt] = {"no": "such"}

    return change


def _of_create(shape: Shape, holds: Callable[[Any], bool]) -> Callable[[Ask, Any], bool]:
    return lambda ask, body: shape.is_create(ask) and holds(body)


def _at(path: str, holds: Callable[[Any], bool]) -> Callable[[Ask, Any], bool]:
    return lambda ask, body: ask.bare_path == path and holds(body)


def _defaults(shape: Shape, holds: Callable[[Any], bool], within: str = "", **values: Any) -> Change:
    """What is left out is set otherwise than the provider would."""

    def change(ask: Ask, body: Any) -> None:
        inside = body.get(within) if within else body
        if shape.is_create(ask) and isinstance(inside, dict) and holds(body):
            for name, value in values.items():
                inside.setdefault(name, value)

    return change


def _any(body: Any) -> bool:
    return True


def _flat_though_upright(ask: Ask, body: Any) -> None:
    """Of one kind only, what is asked for upright is made flat."""
    if body.get("task") == "Img2Video" and isinstance(body.get("input"), dict):
        inside = body["input"]
        inside["aspect_ratio"] = "16:9" if inside.get("aspect_ratio") == "9:16" else inside.get("aspect_ratio")


def _square_though_wide(ask: Ask, body: Any) -> None:
    if ask.bare_path == SEEDANCE2AI.creates[2] and body.get("image_size") == "21:9":
        body["image_size"] = "1:1"


# What is changed in what is asked, by provider: each is a lie of its own, and all of one provider can be told at once.
CHANGES: Mapping[str, tuple[str, Change]] = {
    "one ratio is refused": (
        "juhuo",
        _refusing(_of_create(JUHUO, lambda b: b.get("aspectRatio") == "21:9"), "aspectRatio"),
    ),
    "the shortest is refused": ("juhuo", _refusing(_of_create(JUHUO, lambda b: b.get("duration") == 4), "duration")),
    "half a prompt is enough": (
        "juhuo",
        _refusing(_of_create(JUHUO, lambda b: len(str(b.get("prompt"))) > 5_000), "prompt"),
    ),
    "long names are refused": (
        "juhuo",
        _refusing(_at(PRESIGN, lambda b: len(str(b.get("fileName"))) > 64), "fileName"),
    ),
    "one type of file is refused": (
        "juhuo",
        _refusing(_at(PRESIGN, lambda b: b.get("contentType") == "video/quicktime"), "contentType"),
    ),
    "eight references are enough": (
        "juhuo",
        _refusing(_of_create(JUHUO, lambda b: len(b.get("inputImages") or ()) > 8), "inputImages"),
    ),
    "nine materials are enough": (
        "seedance2ai",
        _refusing(_of_create(SEEDANCE2AI, lambda b: len(b.get("media_urls") or ()) > 9), "media_urls"),
    ),
    "one size of picture is refused": (
        "clawdrouter",
        _refusing(_at(IMAGES, lambda b: b.get("size") == "864x1536"), "size"),
    ),
    "few pictures are enough": ("clawdrouter", _refusing(_at(IMAGES, lambda b: (b.get("n") or 0) > 4), "n")),
    "flat unless said": ("juhuo", _defaults(JUHUO, _any, aspectRatio="16:9")),
    "five seconds unless said": ("juhuo", _defaults(JUHUO, _any, duration=5)),
    "silent unless said": ("juhuo", _defaults(JUHUO, _any, sound="off")),
    "loud unless said": ("storyclaw", _defaults(STORYCLAW, _any, "input", generate_audio=True)),
    "fine unless said": (
        "storyclaw",
        _defaults(STORYCLAW, lambda b: b.get("task") == "Img2Video", "input", resolution="1080p"),
    ),
    "flat though upright": ("storyclaw", _flat_though_upright),
    "square though wide": ("seedance2ai", _square_though_wide),
}

LIES: Mapping[str, tuple[str, Lie]] = {name: (slug, asking_json(change)) for name, (slug, change) in CHANGES.items()}
