"""One clause: something that a spec promises, and how a history shows that it was looked at."""

from collections.abc import Callable
from dataclasses import dataclass

from understudy.contracts.citing import NOTHING, Citation
from understudy.contracts.history import History


@dataclass(frozen=True, slots=True)
class Clause:
    """`id` is `sort/operation or kind/detail`; `reached` tells whether a history shows it; `reason` why it may not."""

    id: str
    text: str
    reached: Callable[[History], bool]
    citation: Citation = NOTHING
    reason: str = "no exchange got there"

    @property
    def family(self) -> str:
        """What sort of clause it is."""
        return self.id.partition("/")[0]
