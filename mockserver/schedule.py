"""Who runs when: a first-come schedule over the slots and the money of one account."""

import heapq
from collections import deque
from collections.abc import Callable
from decimal import Decimal

from understudy.mockserver.ledger import NOTHING
from understudy.mockserver.lifecycle import Task

NEVER = float("inf")

# So many open tasks are kept before those that have ended are looked for.
CROWD = 1_000


class Schedule:
    """Starts tasks in their order: when a slot is free and, if they wait for it, the money covers them.

    A task ties up its price from submit to end, one that waits for money from start to end; what did not
    succeed gives it back. What has started is never moved. All else is placed anew by `replan`, after
    anything that changes slots, money or ends.
    """

    def __init__(self, slots: int | None, free: Decimal) -> None:
        self.slots = slots
        self._free = free
        self._running: list[tuple[float, int, Decimal]] = []
        self._latest_start = 0.0
        self._latest_waiting = 0.0
        self._open: deque[Task] = deque()
        self._crowd = CROWD

    def place(self, task: Task, now: float) -> bool:
        """Give the task its start, a moment or infinity; tells whether others must be planned anew for it."""
        self._forget_finished(now)
        self._open.append(task)
        if not task.waits_for_money:
            self._free -= task.price
        self._place(task)
        return not task.waits_for_money and self._latest_waiting > now

    def replan(self, now: float, remaining: Decimal, moved: Callable[[Task], None]) -> None:
        """Place anew what has not started; `moved` is told each task whose start changed.

        `remaining`: what the ledger has left, after all that is paid or held.
        """
        open_tasks = [task for task in self._open if now < task.end]
        self._open = deque(open_tasks)
        self._running, self._free = [], remaining
        self._latest_start, self._latest_waiting = now, 0.0
        for task in open_tasks:
            has_started = task.start <= now
            if not task.is_prepaid and (has_started or not task.waits_for_money):
                self._free -= task.price
            if has_started or not self._is_bound(task):
                self._book(task)
        for task in open_tasks:
            if task.start > now and self._is_bound(task):
                earlier = task.start
                self._place(task)
                if task.start != earlier:
                    moved(task)

    def owed(self, now: float) -> Decimal:
        """What open tasks will cost though the ledger does not know it yet; a draft that waits for money owes nothing."""
        unpaid = (task for task in self._open if not task.is_prepaid and now < task.end)
        return sum((task.price for task in unpaid if task.start <= now or not task.waits_for_money), NOTHING)

    def _is_bound(self, task: Task) -> bool:
        """Whether it has to wait for others."""
        return self.slots is not None or task.waits_for_money

    def _place(self, task: Task) -> None:
        if not self._is_bound(task):
            task.start_at(task.earliest)
            return self._book(task)
        start = max(task.earliest, self._latest_start)
        self._release_until(start)
        while self._running and not self._fits(task):
            start = max(start, self._running[0][0])
            self._release_until(start)
        if not self._fits(task):
            start = NEVER
        task.start_at(start)
        self._latest_start = start
        if task.waits_for_money:
            self._latest_waiting = start
        if start != NEVER:
            self._free -= task.price if task.waits_for_money else NOTHING
            self._book(task)

    def _fits(self, task: Task) -> bool:
        if self.slots is not None and len(self._running) >= self.slots:
            return False
        return not task.waits_for_money or self._free >= task.price

    def _book(self, task: Task) -> None:
        given_back = NOTHING if task.final.phase == "succeeded" else task.price
        heapq.heappush(self._running, (task.end, task.serial, given_back))

    def _release_until(self, moment: float) -> None:
        while self._running and self._running[0][0] <= moment:
            self._free += heapq.heappop(self._running)[2]

    def _forget_finished(self, now: float) -> None:
        self._release_until(now)
        while self._open and self._open[0].end <= now:
            self._open.popleft()
        if len(self._open) > self._crowd:  # finished ones behind one that waits
            self._open = deque(task for task in self._open if now < task.end)
            self._crowd = 2 * len(self._open) + CROWD
