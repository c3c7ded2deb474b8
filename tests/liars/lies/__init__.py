"""The zoo: a table of lies by subject."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.liars.lies import access, errors, money, streams, tasks
from tests.liars.relay import Lie
from tests.liars.shapes import SHAPES


@dataclass(frozen=True, slots=True)
class Liar:
    """A wrong relay: what it lies about, as which provider, and how."""

    name: str
    provider: str
    lie: Lie


_TOLD_OF_ALL = [Liar(name, slug, make(SHAPES[slug])) for name, (make, slugs) in tasks.LIES.items() for slug in slugs]
_TOLD_OF_ONE = [
    Liar(name, slug, lie) for table in (money, access, streams, errors) for name, (slug, lie) in table.LIES.items()
]
LIARS: Mapping[str, Liar] = {f"{liar.provider}: {liar.name}": liar for liar in (*_TOLD_OF_ALL, *_TOLD_OF_ONE)}
