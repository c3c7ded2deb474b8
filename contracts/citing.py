"""What a place of a spec rests on: the facts of the document that are cited nearest to it, or that it is assumed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from understudy.specs.model import Source
from understudy.specs.sources import parse_sources

# How a text begins that cites nothing.
ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Citation:
    """What something rests on: texts like `JH-045 L111+123` or `assumed: why`; `assumed` when nothing else does."""

    facts: tuple[str, ...] = ()
    assumed: bool = False

    @property
    def is_documented(self) -> bool:
        """Whether some of it is documented."""
        return bool(self.facts) and not self.assumed

    @property
    def is_certain(self) -> bool:
        """Whether all of it is documented, and nothing of it assumed."""
        return bool(self.facts) and not any(fact.startswith(ASSUMED) for fact in self.facts)

    def joined(self, other: "Citation") -> "Citation":
        """Of two things that both must hold: assumed when either is."""
        return Citation(tuple(dict.fromkeys((*self.facts, *other.facts))), self.assumed or other.assumed)


NOTHING = Citation()


def cite(said: Any) -> Citation:
    """What an object with an `x-source` rests on; nothing for one without."""
    if not isinstance(said, dict) or "x-source" not in said:
        return NOTHING
    sources = parse_sources(said["x-source"])
    return Citation(tuple(map(_text, sources)), bool(sources) and all(source.assumed for source in sources))


def cite_along(said: Any, path: Iterable[Any]) -> Citation:
    """What the nearest `x-source` on the way to a place says."""
    found = cite(said)
    for step in path:
        said = _child(said, step)
        if said is None:
            break
        found = cite(said) if isinstance(said, dict) and "x-source" in said else found
    return found


def _text(source: Source) -> str:
    words = (ASSUMED if source.assumed else "", source.fact, f"L{source.lines}" if source.lines else "")
    where = " ".join(word for word in words if word)
    return f"{where}: {source.reason}" if source.reason else where


def _child(value: Any, step: Any) -> Any:
    if isinstance(value, dict):
        return value.get(step, value.get(str(step)))
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None
