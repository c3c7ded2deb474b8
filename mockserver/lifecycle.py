"""A task and its future: decided at submit, read at any moment, never changed by reading."""

from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct

from understudy.mockserver.ledger import NOTHING, Entry
from understudy.mockserver.twist import PLAIN, Twist
from understudy.specs.model import Kind, State


class Course(Struct, frozen=True, gc=False):
    """The states that a task passes through after its first, and when each ends, in planned seconds.

    `ends` has one number less than `states`: the last state is terminal. Shared by all tasks alike.
    `lengths`: how long each state was planned to take, where it was bent since.
    """

    first: State
    states: tuple[State, ...]
    ends: tuple[float, ...]
    code: str = ""
    message: str = ""
    lengths: tuple[tuple[str, float], ...] = ()


class Task(Struct, gc=False):
    """One task. Times are seconds since the epoch; `pace` is real seconds for each planned one."""

    id: str
    serial: int
    kind: Kind
    account: Any
    key: str
    created: float
    earliest: float
    pace: float
    course: Course
    price: Decimal
    materials: tuple[Any, ...]
    remembered: tuple[Any, ...]
    url: str | None = None
    twist: Twist = PLAIN
    start: float = 0.0
    end: float = 0.0
    entry: Entry | None = None
    charged: Decimal = NOTHING
    cut: State | None = None
    code: str = ""
    message: str = ""

    @property
    def waits_for_money(self) -> bool:
        """Whether it stays in its first state until the balance carries it."""
        return self.kind.charge.refuse == "empty" and not self.is_prepaid

    @property
    def is_prepaid(self) -> bool:
        """Whether its price is paid or held from submit on."""
        return self.kind.charge.hold or self.kind.charge.when == "submit"

    @property
    def final(self) -> State:
        """The terminal state that it reaches."""
        return self.cut or self.course.states[-1]

    def start_at(self, moment: float) -> None:
        """Start at a moment; the end follows from it."""
        self.start = moment
        self.end = moment + self.course.ends[-1] * self.pace

    def cut_at(self, moment: float, state: State, code: str, message: str) -> None:
        """End now in another terminal state: a cancel."""
        self.cut, self.end, self.code, self.message = state, moment, code, message

    def state_at(self, now: float) -> State:
        """The state at a moment."""
        if now >= self.end:
            return self.final
        if now < self.start:
            return self.course.first
        ends, pace, start = self.course.ends, self.pace, self.start
        return self.course.states[bisect_right(ends, now, key=lambda end: start + end * pace)]

    def progress_at(self, now: float) -> int:
        """Percent of the way, 100 only when succeeded; a failed or cancelled task stays where it was."""
        if now >= self.end:
            if self.final.phase == "succeeded":
                return 100
            now = self.end
        whole = self.course.ends[-1] * self.pace
        if now < self.start or whole <= 0:
            return 0
        return min(99, int(100 * (now - self.start) / whole))

    def next_milestone(self, now: float) -> float | None:
        """The next moment at which its state changes; None when it never will."""
        if now >= self.end:
            return None
        moments = [self.start, *(self.start + end * self.pace for end in self.course.ends)]
        return next((moment for moment in moments if now < moment < float("inf")), None)

    def is_gone(self, now: float) -> bool:
        """Whether nobody finds it, though it goes on."""
        gone = self.twist.gone
        if gone is None:
            return False
        names = [state.name for state in self.kind.states]
        return not gone or names.index(self.state_at(now).name) >= names.index(gone)

    def iter_way(self) -> Iterator[tuple[float, State]]:
        """When it enters which state, from the first to the last that it will reach."""
        at, state = self.created, self.state_at(self.created)
        yield at, state
        while at < self.end:
            upcoming = self.next_milestone(at)
            at = self.end if upcoming is None else min(upcoming, self.end)
            if at == float("inf"):
                return
            before, state = state, self.state_at(at)
            if state is not before:
                yield at, state

    def fails_with(self) -> tuple[str, str]:
        """Code and message of the failure or cancel that it ends in; empty when it succeeds."""
        return (self.code, self.message) if self.cut else (self.course.code, self.course.message)


def plan_course(kind: Kind, seconds: dict[str, float], passed: frozenset[str], failure: str) -> Course:
    """The course of a task: the states it passes, up to success or to a failure.

    `seconds`: state -> planned stay; `passed`: names of the states on its way; `failure`: a code or ''.
    """
    first = kind.states[0]
    way = [state for state in kind.states[1:] if state.phase == "running" and state.name in passed]
    if failure:
        origin = kind.failures[failure].state
        names = [state.name for state in kind.states]
        way = [state for state in way if names.index(state.name) <= names.index(origin)]
    last = _terminal(kind, "failed" if failure else "succeeded")
    ends, at = [], 0.0
    for state in way:
        at += seconds[state.name]
        ends.append(at)
    if not ends:
        ends.append(at)
        way = [last]
        return Course(first, (last, last), tuple(ends), failure, _message(kind, failure))
    return Course(first, (*way, last), tuple(ends), failure, _message(kind, failure))


def bend(course: Course, kind: Kind, twist: Twist) -> Course:
    """The course as a twist has it: stuck for ever in a state, or going back for a while."""
    if twist.stuck is not None:
        return _stuck(course, kind, twist.stuck)
    return course if twist.back is None else _going_back(course, kind, twist.back)


def _stuck(course: Course, kind: Kind, name: str) -> Course:
    """The course that never leaves a state; one that it would not pass is the last before it."""
    last, never = course.states[-1], float("inf")
    names = [state.name for state in kind.states]
    way = [state for state in course.states[:-1] if state.phase == "running"]
    reached = way[:1] if not name else [s for s in way if names.index(s.name) <= names.index(name)]
    if not reached:
        return Course(course.first, (course.first, last), (never,), course.code, course.message)
    ends = (*course.ends[: len(reached) - 1], never)
    return Course(course.first, (*reached, last), ends, course.code, course.message)


def _going_back(course: Course, kind: Kind, name: str) -> Course:
    """The course that, in the middle of its last running state, falls back to an earlier one for a while."""
    *_, late, last = course.states
    if late.phase != "running":
        return course
    earlier = kind.named(name) if name else course.states[0]
    if earlier is late:
        earlier = course.first
    begin, end = (course.ends[-2] if len(course.ends) > 1 else 0.0), course.ends[-1]
    ends = (*course.ends[:-1], begin + (end - begin) / 2, begin + (end - begin) * 3 / 4, end)
    return Course(course.first, (*course.states[:-1], earlier, late, last), ends, course.code, course.message)


def _message(kind: Kind, failure: str) -> str:
    return kind.failures[failure].message if failure else ""


def _terminal(kind: Kind, phase: str) -> State:
    state = kind.state(phase)
    assert state, f"the loader checks that {kind.name} has a {phase} state"
    return state
