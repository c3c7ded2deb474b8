"""What a search has reached: in which state of the task which fault met the client."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from understudy.contracts.client.catalogue import fault_of
from understudy.contracts.client.trial import Seen
from understudy.contracts.client.use import Use

NO_TASK = "no task yet"


@dataclass(slots=True)
class Coverage:
    """Counts by (state before, fault). `states` and `faults` are what can be reached by this client."""

    states: tuple[str, ...]
    faults: tuple[str, ...]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, seen: Sequence[Seen]) -> None:
        """Count what one trial met."""
        state = NO_TASK
        for each in seen:
            if not each.step.is_healthy:
                self.counts[state, fault_of(each.step)] += 1
            phases = each.phases
            if phases:
                state = "/".join(sorted(phases))
            elif each.made:
                state = "queued"

    @property
    def reached(self) -> int:
        """Cells that were met at least once."""
        return len({cell for cell in self.counts if cell[0] in self.states and cell[1] in self.faults})

    @property
    def cells(self) -> int:
        """Cells that there are."""
        return len(self.states) * len(self.faults)

    def rows(self) -> list[tuple[str, list[int]]]:
        """The matrix: for each fault how often it was met in each state."""
        return [(fault, [self.counts[state, fault] for state in self.states]) for fault in self.faults]


def coverage_of(use: Use, faults: Sequence[str]) -> Coverage:
    """An empty matrix for a client: the phases its tasks pass, and the faults that can meet it."""
    states = [NO_TASK]
    if use.polls:
        states += ["queued", "running", "succeeded"]
    return Coverage(tuple(states), tuple(dict.fromkeys(faults)))
