"""The zoo: a table of lies by subject."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.liars.lies import (
    access,
    broken,
    edges,
    errors,
    files,
    limits,
    links,
    models,
    money,
    rarely,
    seldom,
    spoken,
    streams,
    tasks,
    wires,
)
from tests.liars.relay import Lie
from tests.liars.shapes import SHAPES


@dataclass(frozen=True, slots=True)
class Liar:
    """A wrong relay: what it lies about, as which provider, and how; `options` of the provider without which it cannot."""

    name: str
    provider: str
    lie: Lie
    options: Mapping[str, str] = field(default_factory=dict)


TABLES = (edges, money, access, streams, models, spoken, broken, errors, files, links, limits, wires, rarely, seldom)
_TOLD_OF_ALL = [Liar(name, slug, make(SHAPES[slug])) for name, (make, slugs) in tasks.LIES.items() for slug in slugs]
_TOLD_OF_ONE = [Liar(name, slug, lie) for table in TABLES for name, (slug, lie) in table.LIES.items()]
_RATED = [
    Liar(name, slug, lie, {"rate_limit": "on"})
    for table in (limits, seldom)
    for name, (slug, lie) in table.RATED.items()
]
LIARS: Mapping[str, Liar] = {f"{liar.provider}: {liar.name}": liar for liar in (*_TOLD_OF_ALL, *_TOLD_OF_ONE, *_RATED)}

_SAID: Mapping[str, list[str]] = yaml.load(
    (Path(__file__).parents[1] / "expected.yaml").read_text("utf-8"), yaml.CSafeLoader
)
# Liar -> the checks any one of which convicts it for what it does.
EXPECTED: Mapping[str, frozenset[str]] = {
    name: frozenset(_SAID.get(name) or _SAID[liar.name]) for name, liar in LIARS.items()
}
