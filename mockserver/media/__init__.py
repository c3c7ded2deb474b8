"""Media that players open: one table from content type to generator."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from understudy.mockserver.media import jpeg, mp4, png, webp


@dataclass(frozen=True, slots=True)
class Material:
    """What a file should be: size in pixels, length in seconds, and the seed of its look.

    A generator reads what its format has: a still picture has no seconds and no sound.
    """

    content_type: str
    width: int
    height: int
    seconds: Decimal
    sound: bool
    seed: bytes


Generator = Callable[[Material], bytes]


def _jpeg(spec: Material) -> bytes:
    return jpeg.jpeg(width=spec.width, height=spec.height, seed=spec.seed)


def _mp4(spec: Material) -> bytes:
    return mp4.mp4(
        width=spec.width,
        height=spec.height,
        seconds=spec.seconds,
        seed=spec.seed,
        sound=spec.sound,
    )


def _png(spec: Material) -> bytes:
    return png.png(width=spec.width, height=spec.height, seed=spec.seed)


def _webp(spec: Material) -> bytes:
    return webp.webp(width=spec.width, height=spec.height, seed=spec.seed)


GENERATORS: dict[str, Generator] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "video/mp4": _mp4,
}


def make(material: Material) -> bytes:
    """The whole file; the same material gives the same bytes.

    Raises ValueError for an unknown content type, and for what the format cannot hold.
    """
    generator = GENERATORS.get(material.content_type)
    if generator is None:
        known = ", ".join(sorted(GENERATORS))
        raise ValueError(f"no generator for {material.content_type!r}; known: {known}")
    return generator(material)
