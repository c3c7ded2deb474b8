"""Decisions that all follow from one draw."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """The same bytes make the same decisions; `Random.random` is the same in every version of Python."""

    def __init__(self, drawn: bytes) -> None:
        self._fraction = Random(drawn).random

    def one(self, items: Sequence[Item]) -> Item:
        """Any of them."""
        return items[int(self._fraction() * len(items))]

    def between(self, least: int, most: int) -> int:
        """A whole number; both bounds are in."""
        return least + int(self._fraction() * (most - least + 1))

    def chance(self, share: float) -> bool:
        """True in this share of the throws."""
        return self._fraction() < share

    def fraction(self) -> float:
        """A number from 0 up to 1."""
        return self._fraction()

    def mixed(self, items: Sequence[Item]) -> list[Item]:
        """All of them in another order."""
        return [items[place] for _, place in sorted((self._fraction(), place) for place in range(len(items)))]
