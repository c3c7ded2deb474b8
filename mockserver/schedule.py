"""Who runs when: a first-come schedule over the slots and the money of one account."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain

from msgspec import Struct

from understudy.mockserver.ledger import NOTHING
from understudy.mockserver.lifecycle import Task

NEVER = float("inf")

# So many open tasks are looked at for each new one, whether they have ended: two, so that the open ones
# are at most twice those that have not.
GLANCES = 2


class Run(Struct, gc=False, order=True):
    """A slot taken until `end`, and what is given back then. Those that end together are told apart by nothing."""

    end: float
    given_back: Decimal


class Schedule:
    """Starts tasks in their order: when a slot is free and, if they wait for it, the money covers them.

    Only a task that waits for money is passed, by those that are paid for; they then need a free slot alone.

    A task ties up its price from submit to end, one that waits for money from start to end; what did not
    succeed gives it back. What has started is never moved. All else is placed anew by `replan`, after
    anything that changes slots, money or ends.
    """

    def __init__(self, slots: int | None, free: Decimal) -> None:
        self.slots = slots
        self._free = free
        self._running: list[Run] = []
        self._latest_start = 0.0
        self._latest_waiting = 0.0
        # In their order: the open tasks that were looked at in this turn, and those that were not yet.
        # To look at all of them at once would stall the loop.
        self._seen: deque[Task] = deque()
        self._unseen: deque[Task] = deque()

    def place(self, task: Task, now: float) -> bool:
        """Give the task its start, a moment or infinity; tells whether others must be planned anew for it."""
        self._release_until(now)
        self._forget_finished(now)
        self._unseen.append(task)
        if not (waits := task.waits_for_money):
            self._free -= task.price
        self._place(task, waits)
        return not waits and self._latest_waiting > now

    def replan(self, now: float, remaining: Decimal, moved: Callable[[Task], None]) -> None:
        """Place anew what has not started; `moved` is told each task whose start changed.

        `remaining`: what the ledger has left, after all that is paid or held.
        """
        open_tasks = [task for task in self.open_tasks() if now < task.end]
        self._seen, self._unseen = deque(), deque(open_tasks)
        self._running, self._free = [], remaining
        self._latest_start, self._latest_waiting = now, 0.0
        for task in open_tasks:
            has_started = task.start <= now
            if not task.is_prepaid and (has_started or not task.waits_for_money):
                self._free -= task.price
            if has_started or not self._is_bound(task):
                self._book(task)
        waiting = [task for task in open_tasks if task.start > now and self._is_bound(task)]
        before = [task.start for task in waiting]
        self._place_in_turn(waiting, now)
        for task, start in zip(waiting, before, strict=True):
            if task.start != start:
                moved(task)

    def spend(self, amount: Decimal) -> bool:
        """Something else was paid for; tells whether there are open tasks, to be planned anew for it."""
        self._free -= amount
        return bool(self._seen or self._unseen)

    def owed(self, now: float) -> Decimal:
        """What open tasks will cost though the ledger does not know it yet; a draft that waits for money owes nothing."""
        if not (self._seen or self._unseen):
            return NOTHING
        unpaid = (task for task in self.open_tasks() if not task.is_prepaid and now < task.end)
        return sum((task.price for task in unpaid if task.start <= now or not task.waits_for_money), NOTHING)

    def _is_bound(self, task: Task) -> bool:
        """Whether it has to wait for others."""
        return self.slots is not None or task.waits_for_money

    def _place(self, task: Task, waits: bool) -> None:
        """Place behind all others."""
        if self.slots is None and not waits:
            task.start_at(task.earliest)
            return self._book(task)
        start = max(task.earliest, self._latest_start)
        running = self._running
        self._release_until(start)
        while not self._fits(task, waits):
            if not running:
                start = NEVER
                break
            start = max(start, running[0].end)
            self._release_until(start)
        self._start(task, start, waits)

    def _place_in_turn(self, tasks: list[Task], now: float) -> None:
        """Place tasks in their order; what the money does not carry yet lets what is paid for pass."""
        paid = deque(task for task in tasks if not task.waits_for_money)
        poor = deque(task for task in tasks if task.waits_for_money)
        moment = now
        while paid or poor:
            queues = sorted((queue for queue in (paid, poor) if queue), key=lambda queue: queue[0].serial)
            queue = next((queue for queue in queues if queue is paid or self._free >= queue[0].price), None)
            if queue and queue[0].earliest <= moment and self._has_slot():
                self._start(queue.popleft(), moment, queue is poor)
                continue
            due = [self._running[0].end] if self._running else []
            if queue and queue[0].earliest > moment:
                due.append(queue[0].earliest)
            if not due:
                break
            moment = max(moment, min(due))
            self._release_until(moment)
        for task in poor:
            self._start(task, NEVER, True)

    def _start(self, task: Task, start: float, waits: bool) -> None:
        task.start_at(start)
        self._latest_start = start
        if waits:
            self._latest_waiting = start
        if start != NEVER:
            if waits:
                self._free -= task.price
            self._book(task)

    def _has_slot(self) -> bool:
        return self.slots is None or len(self._running) < self.slots

    def _fits(self, task: Task, waits: bool) -> bool:
        return self._has_slot() and (not waits or self._free >= task.price)

    def _book(self, task: Task) -> None:
        given_back = NOTHING if task.final.phase == "succeeded" else task.price
        heapq.heappush(self._running, Run(task.end, given_back))

    def _release_until(self, moment: float) -> None:
        while self._running and self._running[0].end <= moment:
            self._free += heapq.heappop(self._running).given_back

    def open_tasks(self) -> Iterator[Task]:
        """All that have not ended, and some that have, in no order."""
        return chain(self._seen, self._unseen)

    def _forget_finished(self, now: float) -> None:
        for _ in range(GLANCES):
            if not self._unseen:
                if not self._seen:
                    return
                self._seen, self._unseen = self._unseen, self._seen
            task = self._unseen.popleft()
            if now < task.end:
                self._seen.append(task)
