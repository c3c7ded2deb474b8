"""Where two values of JSON differ, place by place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ABSENT = object()
"""Stands for a member that is not there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A place in both values, with what stands there in each, ABSENT for nothing."""

    place: tuple[str | int, ...]
    before: Any
    after: Any

    @property
    def name(self) -> str:
        """The place, with dots."""
        return ".".join(map(str, self.place))

    @property
    def is_lost(self) -> bool:
        """Whether the second value has nothing there."""
        return self.after is ABSENT

    @property
    def is_added(self) -> bool:
        """Whether the first value has nothing there."""
        return self.before is ABSENT


def iter_differences(before: Any, after: Any, place: tuple[str | int, ...] = ()) -> Iterator[Difference]:
    """The smallest places in which two values differ; lists of unlike lengths differ as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from iter_differences(before.get(name, ABSENT), after.get(name, ABSENT), (*place, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from iter_differences(one, other, (*place, index))
    elif not is_same(before, after):
        yield Difference(place, before, after)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)


def is_nothing(value: Any) -> bool:
    """Whether a value says no more than its absence does to most readers: null, false, or what is empty."""
    return value is None or value is False or value in ("", [], {})
