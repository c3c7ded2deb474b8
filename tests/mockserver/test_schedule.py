"""The schedule and the ledger by themselves: pure parts, held against a plain sum over all tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.door import stage_of
from understudy.mockserver.ledger import NOTHING, Entry, Ledger
from understudy.mockserver.lifecycle import Course, Task
from understudy.mockserver.schedule import NEVER, Schedule

KINDS = stage_of("lumen").provider.kinds
PREPAID, WAITING = KINDS["film"], KINDS["draft"]


@dataclass(frozen=True, slots=True)
class Step:
    """After a pause: a task is submitted, or, with `cancels`, an earlier one is cancelled."""

    pause: int
    queue: int
    seconds: int
    price: int
    succeeds: bool
    waits: bool
    cancels: int | None


STEPS = st.lists(
    st.builds(
        Step,
        pause=st.integers(0, 6),
        queue=st.integers(0, 3),
        seconds=st.integers(0, 9),
        price=st.integers(1, 6),
        succeeds=st.booleans(),
        waits=st.booleans(),
        cancels=st.none() | st.integers(0, 20),
    ),
    max_size=25,
)


@dataclass(slots=True)
class Book:
    """An account's tasks with what they cost, by plain sums over all of them."""

    schedule: Schedule
    total: int
    tasks: list[Task] = field(default_factory=list)

    def spent(self, now: float) -> Decimal:
        """What is paid or held at a moment."""
        return sum((task.price for task in self.tasks if is_spent(task, now)), NOTHING)

    def tied(self, now: float) -> Decimal:
        """What running tasks will cost, beside."""
        running = (t for t in self.tasks if t.waits_for_money and t.start <= now < t.end)
        return sum((task.price for task in running), NOTHING)

    def submit(self, step: Step, now: float) -> None:
        task = make_task(step, len(self.tasks), now)
        if not step.waits and self.total - self.spent(now) - self.tied(now) < task.price:
            return
        self.tasks.append(task)
        if self.schedule.place(task, now):
            self.replan(now)

    def cancel(self, number: int, now: float) -> None:
        task = self.tasks[number % len(self.tasks)]
        if now < task.end:
            task.cut_at(now, task.kind.named("stopped"), "cancelled", "")
            self.replan(now)

    def replan(self, now: float) -> list[Task]:
        moved: list[Task] = []
        self.schedule.replan(now, self.total - self.spent(now), moved.append)
        return moved


def is_spent(task: Task, now: float) -> bool:
    if task.end <= now:
        return task.final.phase == "succeeded"
    return not task.waits_for_money and task.created <= now


def is_reserved(task: Task, now: float) -> bool:
    """Whether a task that is paid for, or has succeeded, keeps its price from others."""
    if task.end <= now:
        return task.final.phase == "succeeded"
    return not task.waits_for_money


def make_task(step: Step, serial: int, now: float) -> Task:
    kind = WAITING if step.waits else PREPAID
    end = kind.named("done" if step.succeeds else "broken")
    course = Course(kind.states[0], (kind.named("rendering"), end), (float(step.seconds),))
    return Task(
        id=f"task-{serial}",
        serial=serial,
        kind=kind,
        account=None,
        key="",
        created=now,
        earliest=now + step.queue,
        pace=1.0,
        course=course,
        price=Decimal(step.price),
        materials=(),
        remembered=(),
    )


def play(steps: Sequence[Step], slots: int | None, total: int) -> tuple[Book, float]:
    book = Book(Schedule(slots, Decimal(total)), total)
    now = 0.0
    for step in steps:
        now += step.pause
        if step.cancels is not None and book.tasks:
            book.cancel(step.cancels, now)
        else:
            book.submit(step, now)
    return book, now


def started(book: Book) -> list[Task]:
    return [task for task in book.tasks if task.start < task.end]


@settings(deadline=None, max_examples=300)
@given(steps=STEPS, slots=st.integers(1, 3), total=st.integers(1, 40))
def test_never_more_than_slots_and_first_come(steps: list[Step], slots: int, total: int) -> None:
    book, _ = play(steps, slots, total)
    for moment in {task.start for task in started(book)} - {NEVER}:
        assert sum(task.start <= moment < task.end for task in book.tasks) <= slots
    for waits in (False, True):
        starts = [task.start for task in book.tasks if not task.cut and task.waits_for_money == waits]
        assert starts == sorted(starts)


@settings(deadline=None, max_examples=300)
@given(steps=STEPS, slots=st.integers(1, 3), total=st.integers(1, 40))
def test_only_want_of_money_lets_others_pass(steps: list[Step], slots: int, total: int) -> None:
    """Who starts before an earlier task does so when the money did not carry that one, or one that it waits behind."""
    book, now = play(steps, slots, total)
    waiting = [task for task in book.tasks if not task.cut and task.start > now]
    for earlier, later in combinations(waiting, 2):
        if later.start < earlier.start:
            assert earlier.waits_for_money
            assert not later.waits_for_money
            tied_up = book.tied(later.start) + sum(t.price for t in book.tasks if is_reserved(t, later.start))
            drafts = (t for t in waiting if t.waits_for_money and t.start > later.start)
            first = min(drafts, key=lambda t: t.serial)
            assert first.earliest > later.start or book.total - tied_up < first.price


@settings(deadline=None, max_examples=300)
@given(steps=STEPS, slots=st.integers(1, 3), total=st.integers(1, 40))
def test_what_is_paid_for_starts_whatever_drafts_wait(steps: list[Step], slots: int, total: int) -> None:
    book, _ = play(steps, slots, total)
    assert NEVER not in {task.start for task in book.tasks if not task.waits_for_money}


@settings(deadline=None, max_examples=300)
@given(steps=STEPS, slots=st.none() | st.integers(1, 3), total=st.integers(1, 40))
def test_never_overdrawn(steps: list[Step], slots: int | None, total: int) -> None:
    book, _ = play(steps, slots, total)
    moments = {moment for task in book.tasks for moment in (task.created, task.start, task.end)}
    for moment in moments - {NEVER}:
        assert book.spent(moment) + book.tied(moment) <= total


@settings(deadline=None, max_examples=300)
@given(steps=STEPS, slots=st.none() | st.integers(1, 3), total=st.integers(1, 40))
def test_a_plan_follows_from_the_facts(steps: list[Step], slots: int | None, total: int) -> None:
    """Planned one by one or all anew, once or twice: the starts are the same."""
    book, now = play(steps, slots, total)
    assert book.replan(now) == []
    assert book.replan(now) == []


@settings(deadline=None, max_examples=300)
@given(steps=STEPS, slots=st.none() | st.integers(1, 3), total=st.integers(1, 40))
def test_money_starts_what_waited(steps: list[Step], slots: int | None, total: int) -> None:
    book, now = play(steps, slots, total)
    book.total += 1000
    book.replan(now)
    assert NEVER not in {task.start for task in book.tasks if not task.cut}


ENTRIES = st.lists(st.tuples(st.integers(0, 50), st.integers(-9, 9), st.integers(0, 9), st.booleans()), max_size=40)


@settings(deadline=None)
@given(entries=ENTRIES, moments=st.lists(st.integers(0, 60), max_size=6))
def test_a_balance_is_a_sum_up_to_now(entries: list[tuple[int, int, int, bool]], moments: list[int]) -> None:
    ledger = Ledger(Decimal(100))
    kept = []
    for at, charge, held, is_void in entries:
        ledger.hold(Decimal(held))
        entry = ledger.enter(Entry(at, Decimal(charge), Decimal(held)))
        if is_void:
            ledger.void(entry)
        else:
            kept.append((at, charge, held))
    in_all = sum(held for _, _, held, _ in entries)
    for now in sorted(moments):
        used = sum(charge for at, charge, _ in kept if at <= now)
        held = in_all - sum(held for at, _, held in kept if at <= now)
        assert ledger.used(now) == used
        assert ledger.held(now) == held
        assert ledger.remaining(now) == 100 - used - held
