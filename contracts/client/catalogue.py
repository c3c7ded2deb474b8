"""What can go wrong with each operation that a client uses: the steps of all scenarios, for scripts to be drawn from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from understudy.contracts.client.scenarios import MUST_SUCCEED, cases
from understudy.contracts.client.script import Script, Step
from understudy.contracts.client.trial import Case
from understudy.contracts.client.use import Use
from understudy.specs.model import Operation

# Seconds for which a drawn step holds a connection open, or is late: less than a scenario does.
HELD, LATE = 3.0, 0.4
# What puts a client off for no time. It may come often, but not for ever: a client that obeys it never rests.
AT_ONCE = "0"
# A step that never ended would hide what comes after it.
MOST_REPEATS = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of trouble: at which operation, what is done, and whether a client has to bear it once.

    `is_slow`: it costs the time of many examples.
    """

    name: str
    operation: str
    step: Step
    bears: bool
    is_slow: bool = False


def entries(use: Use, seed: int) -> list[Entry]:
    """All kinds of trouble for this client, the plainest first."""
    found: dict[tuple[str, str], Entry] = {}
    for case in cases(use, seed):
        for replies in case.script.replies:
            for step in replies.steps:
                if step.is_healthy:
                    continue
                once = replace(step, repeat=1, hold=min(step.hold, HELD), delay=min(step.delay, LATE))
                for entry in _kinds(use, replies.operation, once, case.expects == MUST_SUCCEED):
                    found.setdefault((entry.operation, repr(entry.step)), entry)
    late = (Entry("late", operation, Step(delay=LATE), True, is_slow=True) for operation in use.operations if operation)
    return [*found.values(), *late]


def _kinds(use: Use, operation: str, step: Step, bears: bool) -> Iterator[Entry]:
    """A trouble as it is; and, where it puts a client off for a time, one that puts it off for none, of which many can come."""
    waits = bool(step.retry_after) or _puts_off(use.trial.contract.operations.get(operation), step.refuse)
    yield Entry(fault_of(step), operation, step, bears, is_slow(step) or waits)
    if waits:
        at_once = replace(step, retry_after=AT_ONCE)
        yield Entry(fault_of(at_once), operation, at_once, bears=False)


def _puts_off(operation: Operation | None, condition: str) -> bool:
    """Whether the provider's own refusal says when to come again."""
    if operation is None or condition not in operation.failures.conditions:
        return False
    failures = operation.failures
    names = (name for name, _ in (*failures.envelope.headers, *failures.conditions[condition].headers))
    return any(name.lower() == "retry-after" for name in names)


def is_slow(step: Step) -> bool:
    """Whether a step makes a client wait, or wait in vain."""
    return bool(step.silent or step.hold or step.delay or step.retry_after not in ("", AT_ONCE))


def singles(use: Use, seed: int) -> list[Case]:
    """The scenarios one operation at a time, what makes nobody wait first: what a search begins with."""
    found = []
    for case in cases(use, seed):
        parts = [replace(case.script, replies=(replies,)) for replies in case.script.replies] or [case.script]
        found += [replace(case, script=part) for part in parts]
    return sorted(found, key=lambda case: _waits(case.script))


def is_silent(script: Script) -> bool:
    """Whether an answer never comes."""
    return any(step.silent for replies in script.replies for step in replies.steps)


def _waits(script: Script) -> int:
    """How much a script makes a client wait: not at all, for a time, or in vain."""
    return 2 if is_silent(script) else int(any(is_slow(step) for r in script.replies for step in r.steps))


def bears_for_ever(entry: Entry) -> bool:
    """Whether a client has to bear it however often it comes: what only looks otherwise, but is a good answer."""
    step = entry.step
    return entry.bears and not (step.undone or step.lost or step.cut or step.refuse or step.delay)


def fault_of(step: Step) -> str:
    """The kind of a step in a word or two, as the matrix of the coverage names it."""
    return next((name for name, holds in _faults(step) if holds), "healthy")


def _faults(step: Step) -> Iterator[tuple[str, bool]]:
    yield "silent", step.silent
    yield "held", bool(step.hold)
    yield "put off", bool(step.retry_after)
    yield "late", bool(step.delay)
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
