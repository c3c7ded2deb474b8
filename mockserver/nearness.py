"""Near misses: which operations a request may have meant that none of them has, and what is different."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from msgspec import Struct

from understudy.specs.model import Operation

MOST_SHOWN = 3
# A path that has less in common with a request's than this is not near.
LEAST = 0.4
MOST_SEGMENTS = 32


class NearMiss(Struct, frozen=True, gc=False):
    """An operation that a request may have meant, and what it did differently."""

    operation: str
    method: str
    path: str
    why: str


def near_misses(operations: Iterable[Operation], method: str, path: str) -> list[NearMiss]:
    """The nearest operations to a method and a path, the nearest first."""
    asked = path.strip("/").split("/")[:MOST_SEGMENTS]
    scored = [(_score(operation, method, asked), operation) for operation in operations]
    near = sorted((pair for pair in scored if pair[0] >= LEAST), key=lambda pair: -pair[0])[:MOST_SHOWN]
    return [NearMiss(o.id, o.method, o.path, _why(o, method, asked)) for _, o in near]


def _score(operation: Operation, method: str, asked: Sequence[str]) -> float:
    """How near, up to 1; another method counts a little."""
    wanted = operation.path.strip("/").split("/")
    matcher = SequenceMatcher(None, _filled(wanted, asked), asked, autojunk=False)
    whole = SequenceMatcher(None, operation.path, "/" + "/".join(asked), autojunk=False)
    nearness = 0.7 * matcher.ratio() + 0.3 * whole.ratio()
    return nearness - (0 if operation.method == method else 0.05)


def _filled(wanted: Sequence[str], asked: Sequence[str]) -> list[str]:
    """The path with its places filled by what stands there in the request, counted from its begin or its end."""
    ways = [_filled_from(offset, wanted, asked) for offset in (0, len(asked) - len(wanted))]
    return max(ways, key=lambda way: SequenceMatcher(None, way, asked, autojunk=False).ratio())


def _filled_from(offset: int, wanted: Sequence[str], asked: Sequence[str]) -> list[str]:
    places = range(len(asked))
    return [
        asked[index + offset] if segment.startswith("{") and index + offset in places else segment
        for index, segment in enumerate(wanted)
    ]


def _why(operation: Operation, method: str, asked: Sequence[str]) -> str:
    wanted = operation.path.strip("/").split("/")
    filled = _filled(wanted, asked)
    reasons = []
    for tag, begin, end, first, last in SequenceMatcher(None, filled, asked, autojunk=False).get_opcodes():
        meant, given = "/".join(wanted[begin:end]), "/".join(asked[first:last])
        if tag == "replace":
            reasons.append(f"{given!r} stands where {meant!r} is meant")
        elif tag == "insert":
            reasons.append(f"{given!r} is too much")
        elif tag == "delete":
            reasons.append(f"{meant!r} is missing")
    if operation.method != method:
        reasons.append(f"it takes {operation.method}, not {method}")
    return "; ".join(reasons) or "its path differs in slashes"
