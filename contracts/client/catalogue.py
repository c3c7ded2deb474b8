"""What can go wrong with each operation that a client uses: the steps of all scenarios, for scripts to be drawn from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from understudy.contracts.client.scenarios import MUST_SUCCEED, cases
from understudy.contracts.client.script import Step
from understudy.contracts.client.use import Use

# Steps that take longer than a search can wait: the scenarios play them.
_SLOW = ("silent", "hold", "delay")
# A step that never ended would hide what comes after it.
MOST_REPEATS = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of trouble: at which operation, what is done, and whether a client has to bear it once."""

    name: str
    operation: str
    step: Step
    bears: bool


def entries(use: Use, seed: int) -> list[Entry]:
    """All kinds of trouble for this client, the plainest first."""
    found: dict[tuple[str, str], Entry] = {}
    for case in cases(use, seed):
        for replies in case.script.replies:
            for step in replies.steps:
                if step.is_healthy or any(getattr(step, name) for name in _SLOW):
                    continue
                # Waiting as asked is for the scenarios: here it would cost the time of a hundred examples.
                once = replace(step, repeat=1, retry_after="")
                entry = Entry(fault_of(once), replies.operation, once, case.expects == MUST_SUCCEED)
                found.setdefault((replies.operation, repr(once)), entry)
    return list(found.values())


def bears_for_ever(entry: Entry) -> bool:
    """Whether a client has to bear it however often it comes: what only looks otherwise, but is a good answer."""
    return entry.bears and not (entry.step.undone or entry.step.lost or entry.step.cut or entry.step.refuse)


def fault_of(step: Step) -> str:
    """The kind of a step in a word or two, as the matrix of the coverage names it."""
    return next((name for name, holds in _faults(step) if holds), "healthy")


def _faults(step: Step) -> Iterator[tuple[str, bool]]:
    yield "lost", step.lost
    yield "cut", bool(step.cut)
    yield "redirect", step.redirect
    yield f"refused {step.refuse}", bool(step.refuse)
    yield f"ends {step.outcome}", bool(step.outcome)
    yield "page", step.text is not None
    yield "body", step.body is not None
    yield "members", bool(step.edits)
    yield "stream", bool(step.stream)
    yield "pieces", bool(step.pieces)
    yield "stands", step.stand
    yield "status", bool(step.status)
