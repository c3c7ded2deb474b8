"""Where each constraint comes from: reading `x-source`."""

import re
from collections.abc import Iterator
from typing import Any

from understudy.specs.model import Source
from understudy.specs.problems import Misfit, Place, pointer

_FORM = re.compile(
    r"(?P<assumed>assumed\b)?\s*(?P<fact>[A-Z][A-Z0-9]-\d{3})?\s*"
    r"(?:L(?P<lines>\d+(?:-\d+)?(?:\+\d+(?:-\d+)?)*))?\s*(?::\s*(?P<reason>\S.*))?",
    re.DOTALL,
)


def parse_source(text: str, place: Place = ()) -> Source:
    """Parse one source text; raises Misfit when it names no fact, no line and no assumption."""
    found = _FORM.fullmatch(text)
    if not found or not (found["assumed"] or found["fact"] or found["lines"]):
        raise Misfit(f"{text!r} is not a source", "write 'FACT-001 L12', 'L12-14' or 'assumed: why'")
    if found["assumed"] and not found["reason"]:
        raise Misfit(f"{text!r} does not say why", "write 'assumed: why'")
    return Source(
        pointer(place),
        found["fact"] or "",
        found["lines"] or "",
        bool(found["assumed"]),
        found["reason"] or "",
    )


def parse_sources(value: Any, place: Place = ()) -> list[Source]:
    """Parse the value of an `x-source`: one text or a list of them."""
    texts = [value] if isinstance(value, str) else value
    return [parse_source(text, place) for text in texts]


def source_texts(said: Any) -> tuple[str, ...]:
    """The texts of the `x-source` of what is said, as they stand there."""
    texts = said.get("x-source", ()) if isinstance(said, dict) else ()
    return (texts,) if isinstance(texts, str) else tuple(texts)


def iter_sources(document: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every `x-source` in a document with the place of what it speaks of."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "x-source":
                yield place, value
            else:
                yield from iter_sources(value, (*place, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from iter_sources(value, (*place, index))


def is_assumed(schema: Any) -> bool:
    """Whether all that is said of this schema is assumed."""
    sources = parse_sources(schema["x-source"]) if isinstance(schema, dict) and "x-source" in schema else []
    return bool(sources) and all(source.assumed for source in sources)
