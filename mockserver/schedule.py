"""Who runs when: a first-come schedule over the slots and the money of one account."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal

from understudy.mockserver.lifecycle import Task

NEVER = float("inf")


class Schedule:
    """Starts tasks in their order: when a slot is free and, if they wait for it, the balance carries them.

    What has started is never moved. All else is placed anew by `replan`, after anything that changes
    slots, money or ends.
    """

    def __init__(self, slots: int | None) -> None:
        self.slots = slots
        self._running: list[tuple[float, int, Decimal, Decimal]] = []
        self._committed = Decimal(0)
        self._spent = Decimal(0)
        self._latest_start = 0.0
        self._open: deque[Task] = deque()

    def place(self, task: Task, now: float, total: Decimal) -> None:
        """Give the task its start: `task.start` becomes a moment, or infinity."""
        self._forget_finished(now)
        self._open.append(task)
        self._place(task, total)

    def replan(self, now: float, total: Decimal, spent: Decimal, moved: Callable[[Task], None]) -> None:
        """Place anew what has not started; `moved` is told each task whose start changed."""
        open_tasks = [task for task in self._open if now < task.end or now < task.start]
        self._open = deque(open_tasks)
        self._running, self._committed, self._spent = [], Decimal(0), spent
        self._latest_start = now
        for task in open_tasks:
            if task.start <= now:
                self._book(task)
        for task in open_tasks:
            if task.start > now:
                earlier = task.start
                self._place(task, total)
                if task.start != earlier:
                    moved(task)

    def open_tasks(self) -> Iterable[Task]:
        """Tasks that were not finished when last looked at, in order of submission."""
        return self._open

    def _place(self, task: Task, total: Decimal) -> None:
        waits = task.waits_for_money
        if self.slots is None and not waits:
            return task.start_at(task.earliest)
        running = self._running
        slots = len(running) + 1 if self.slots is None else self.slots
        start = max(task.earliest, self._latest_start)
        self._release_until(start)
        while len(running) >= slots or (waits and total - self._spent - self._committed < task.price):
            if not running:
                start = NEVER
                break
            start = max(start, running[0][0])
            self._release_until(start)
        task.start_at(start)
        self._latest_start = start
        if start != NEVER:
            self._book(task)

    def _book(self, task: Task) -> None:
        heapq.heappush(self._running, (task.end, task.serial, task.price, task.charge_at_end))
        self._committed += task.price

    def _release_until(self, moment: float) -> None:
        while self._running and self._running[0][0] <= moment:
            _, _, price, charge = heapq.heappop(self._running)
            self._committed -= price
            self._spent += charge

    def _forget_finished(self, now: float) -> None:
        while self._open and self._open[0].end <= now:
            self._open.popleft()
