"""Findings: what a check holds against a target, as values."""

import re
from dataclasses import dataclass

from understudy.contracts.exchange import Exchange

SEVERITIES = ("failure", "warning")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check says of a history, before it is known by which check and at which seed.

    `facts` are ids or lines of the provider's document; `assumed`: all that it rests on is assumed, so that it warns.
    `clause` is the id of the clause that is broken, '' where the check alone tells.
    """

    message: str
    exchanges: tuple[Exchange, ...]
    operation: str = ""
    facts: tuple[str, ...] = ()
    assumed: bool = False
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: by which check, how grave, where, and the fewest exchanges that show it."""

    check: str
    title: str
    severity: str
    facts: tuple[str, ...]
    operation: str
    message: str
    exchanges: tuple[Exchange, ...]
    clause: str = ""
    seed: int = 0

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two findings the same one: by this they are counted once, and accepted by a baseline."""
        return self.check, self.operation, self.clause, stem(self.message)


# What differs from run to run: what stands in quotes (an apostrophe within a word is none), and digits.
_VARYING = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|\d+")


def stem(message: str) -> str:
    """A message without what differs from run to run."""
    return _VARYING.sub("", message)
