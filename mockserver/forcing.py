"""Forcing a task: another state or another end than its plan has, from now on."""

from collections.abc import Iterator
from decimal import Decimal
from math import inf, nextafter

from msgspec.structs import replace

from understudy.mockserver.ledger import NOTHING
from understudy.mockserver.lifecycle import Course, Task
from understudy.mockserver.tasks import Tasks
from understudy.specs.model import State


class Impossible(ValueError):
    """What a task cannot be forced to; says why."""


def force_end(tasks: Tasks, task: Task, phase: str, code: str, now: float) -> None:
    """End a task now: `succeeded`, `failed` with a code of its kind ('' is the first), or `cancelled`. Raises Impossible."""
    _require_open(task, now)
    kind = task.kind
    state = kind.state(phase)
    if state is None:
        raise Impossible(f"a {kind.name} is never {phase}")
    message = state.message
    if phase == "failed":
        code = code or next(iter(kind.failures), "")
        if code not in kind.failures:
            raise Impossible(f"a {kind.name} has no failure {code!r}; there are {', '.join(kind.failures)}")
        message = kind.failures[code].message
    elif code:
        raise Impossible(f"a code is for what failed, not for what is {phase}")
    if phase == "succeeded":
        _require_money(task, now)
    tasks.end(task, state, code or (phase if phase == "cancelled" else ""), message, now)


def force_state(tasks: Tasks, task: Task, name: str, stays: bool, now: float) -> None:
    """Put a task into a running state now, forth or back; it goes on from there, unless it `stays`. Raises Impossible."""
    _require_open(task, now)
    states = {state.name: state for state in task.kind.states if state.phase == "running"}
    if name not in states:
        raise Impossible(f"a {task.kind.name} does not run in a state {name!r}; there are {', '.join(states)}")
    if task.start > now:
        _require_slot(task, now)
        _require_money(task, now)
        task.start = now
    task.course = _bent(task, states[name], stays, now)
    task.start_at(task.start)
    tasks.rebook(task)
    tasks.replan(task.account, now)


def _bent(task: Task, state: State, stays: bool, now: float) -> Course:
    """The course with this state from now on: what comes before it is over, what comes after it follows."""
    course = task.course
    planned = dict(course.lengths or _lengths(course))
    names = [each.name for each in task.kind.states]
    way = [each for each in task.kind.states if each.phase == "running" and (each.name in planned or each is state)]
    usual = sum(planned.values()) / len(planned)
    ends, at = [], _elapsed(task, now)
    for each in way:
        if names.index(each.name) >= names.index(state.name):
            at += inf if stays and each is state else planned.get(each.name, usual)
        ends.append(at)
    lengths = tuple(planned.items())
    return replace(course, states=(*way, course.states[-1]), ends=tuple(ends), lengths=lengths)


def _lengths(course: Course) -> Iterator[tuple[str, float]]:
    begins = (0.0, *course.ends)
    for state, begin, end in zip(course.states, begins, course.ends, strict=False):
        yield state.name, end - begin


def _elapsed(task: Task, now: float) -> float:
    """Planned seconds since the start, no moment more than have passed."""
    elapsed = (now - task.start) / task.pace
    while task.start + elapsed * task.pace > now:
        elapsed = nextafter(elapsed, -inf)
    return elapsed


def _require_open(task: Task, now: float) -> None:
    if now >= task.end:
        raise Impossible(f"the task has ended: it is {task.state_at(now).name}")


def _require_slot(task: Task, now: float) -> None:
    slots = task.account.slots
    running = sum(1 for each in task.account.schedule.open_tasks() if each.start <= now < each.end)
    if slots is not None and running >= slots:
        raise Impossible(f"the account has {running} tasks running, as many as it may: end one, or raise its tier")


def _require_money(task: Task, now: float) -> None:
    """What waits for money may not run or succeed before the balance carries it."""
    if task.is_prepaid or task.start <= now:
        return
    left: Decimal = task.account.ledger.remaining(now) - task.account.schedule.owed(now)
    if not task.waits_for_money:
        left += task.price  # which it owes itself
    if left < task.price and task.price > NOTHING:
        raise Impossible(f"the task costs {task.price}, and the account has {left} left")
