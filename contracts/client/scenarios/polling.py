"""Scenarios about waiting for a task: what ends, what does not, what is unknown, and polls that fail."""

from collections.abc import Iterator

from understudy.contracts.client.scenarios.parts import (
    ADVISED,
    ERRORS_AT_200,
    EVER,
    Script,
    Step,
    Use,
    after,
    delays,
    only,
    operations,
    page,
    refusals,
    says,
)
from understudy.specs.model import Kind

# Words that no state has.
_UNKNOWN_WORD, _UNKNOWN_NUMBER = "reviewing", 9


def failing(use: Use) -> Iterator[tuple[str, Script]]:
    """Each way in which a task of this kind ends without a result."""
    if not (use.polls or use.lists or use.calls_back):
        return
    for operation in operations(use, "task.submit"):
        for kind in use.kinds:
            for code in kind.failures:
                yield code, only(operation, Step(outcome=code))
            if kind.state("cancelled") and kind.cancel:
                yield "cancelled", only(operation, Step(outcome="cancelled"))


def stuck(use: Use) -> Iterator[tuple[str, Script]]:
    """The task stands still, from the beginning or later."""
    for operation in operations(use, "task.get"):
        yield "running", only(operation, *after(1, Step(stand=True, repeat=EVER)))


def unknown(use: Use) -> Iterator[tuple[str, Script]]:
    """A new state between those that are known."""
    for operation in operations(use, "task.get"):
        for name, value in _unknown(use):
            yield name, only(operation, *after(1, Step(edits=({"at": "$task.state", "to": value},), stand=True)))


def unknown_for_ever(use: Use) -> Iterator[tuple[str, Script]]:
    """A new state that stays."""
    for operation in operations(use, "task.get"):
        for name, value in _unknown(use):
            yield (
                name,
                only(operation, *after(1, Step(edits=({"at": "$task.state", "to": value},), stand=True, repeat=EVER))),
            )


def regressing(use: Use) -> Iterator[tuple[str, Script]]:
    """The first state again, after a later one."""
    for operation in operations(use, "task.get"):
        for kind in use.kinds[:1]:
            first = {"at": "$task.state", "to": kind.states[0].wire}
            yield "once", only(operation, *after(1, Step(edits=(first,), stand=True)))


def no_link(use: Use) -> Iterator[tuple[str, Script]]:
    """The state of success, and the result missing, null, or an empty text."""
    for operation in operations(use, "task.get"):
        for kind in use.kinds[:1]:
            names = [f"$task.{family}.{name}" for family in ("link", "links") for name in kind.results]
            for how, change in (("absent", {}), ("null", {"to": None}), ("empty", {"to": ""})):
                yield how, only(operation, Step(edits=tuple({"at": name, **change} for name in names), repeat=EVER))


def failing_once(use: Use) -> Iterator[tuple[str, Script]]:
    """A reset, an answer that breaks off, and errors of servers on the way and of the provider."""
    for operation in use.using("task.get"):
        trouble = {
            "reset": Step(lost=True, undone=True),
            "cut": Step(cut=0.5, stand=True),
            "500": page(500),
            "502": page(502),
            "503": page(503),
        }
        for name in delays(operation):
            trouble[name] = Step(refuse=name, stand=True)
        for name, step in trouble.items():
            yield name, only(operation.id, *after(1, step))


def failing_for_ever(use: Use) -> Iterator[tuple[str, Script]]:
    """The provider is gone."""
    for operation in operations(use, "task.get"):
        yield "500", only(operation, *after(1, page(500, EVER)))
        yield "reset", only(operation, *after(1, Step(lost=True, undone=True, repeat=EVER)))


def busy(use: Use) -> Iterator[tuple[str, Script]]:
    """The provider puts off, and says for how long."""
    for operation in use.using("task.get"):
        yield (
            "429",
            only(
                operation.id,
                *after(1, Step(status=429, body={"message": "too many requests"}, retry_after=ADVISED, undone=True)),
            ),
        )


def refused(use: Use) -> Iterator[tuple[str, Script]]:
    """The task is not there any more, or the key is not good any more."""
    for operation in use.using("task.get"):
        for name in refusals(operation, "not_found", "unauthorized"):
            yield name, only(operation.id, *after(1, Step(refuse=name, repeat=EVER)))


def odd(use: Use) -> Iterator[tuple[str, Script]]:
    """What is answered at 200 is an error, a page, or an empty object, for ever."""
    for operation in operations(use, "task.get"):
        for name, body in ERRORS_AT_200:
            yield name, only(operation, *after(1, says(body, EVER)))
        yield "page", only(operation, *after(1, page(200, EVER)))
        yield "empty", only(operation, *after(1, says({}, EVER)))


def race(use: Use) -> Iterator[tuple[str, Script]]:
    """Made once it is known when the client gives up: see `race_at`."""
    return iter(())


def race_at(use: Use, polls: int, interval: float) -> Iterator[tuple[str, Script]]:
    """The task stands until the client's last polls, which are answered late: by then its time is up."""
    for operation in operations(use, "task.get"):
        for early in (0, 1):
            waits = max(1, polls - 1 - early)
            late = Step(repeat=EVER, finish=True, delay=round(min(3.0, 1.5 * interval + 0.05), 2))
            yield f"poll-{waits + 1}", only(operation, Step(stand=True, repeat=waits), late)


def _unknown(use: Use) -> Iterator[tuple[str, object]]:
    """Values of the wire's own type that no state has."""
    for kind in use.kinds[:1]:
        yield ("number", _UNKNOWN_NUMBER) if _counts(kind) else ("word", _UNKNOWN_WORD)


def _counts(kind: Kind) -> bool:
    return all(isinstance(state.wire, int) for state in kind.states)
