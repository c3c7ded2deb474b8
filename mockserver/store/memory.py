"""Tasks in memory: bounded, the oldest finished ones go first."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice

from understudy.mockserver.lifecycle import Task

MOST_TASKS = 200_000

# So far a finished task is looked for among the oldest; then the oldest goes, finished or not.
MOST_LOOKED_AT = 100


class MemoryStore:
    """Tasks by id, and by owner in the order in which they came."""

    def __init__(self, now: Callable[[], float], most: int = MOST_TASKS) -> None:
        self._now = now
        self._most = most
        self._by_id: dict[str, Task] = {}
        self._by_owner: defaultdict[str, list[Task]] = defaultdict(list)
        self.dropped = 0

    def add(self, task: Task) -> None:
        """Keep a task."""
        self._by_id[task.id] = task
        self._by_owner[task.account.id].append(task)
        if len(self._by_id) > self._most:
            self._drop_oldest()

    def find(self, task_id: str) -> Task | None:
        """The task of that id."""
        return self._by_id.get(task_id)

    def page(self, owner: str, kinds: frozenset[str], skip: int, count: int) -> list[Task]:
        """An owner's tasks, newest first; `kinds` empty means all."""
        owned = self._by_owner.get(owner, [])
        if not kinds:
            end = max(0, len(owned) - skip)
            return owned[max(0, end - count) : end][::-1]
        fitting = (task for task in reversed(owned) if task.kind.name in kinds)
        return list(islice(fitting, skip, skip + count))

    def newest(self, owner: str, before: int | None) -> Iterator[Task]:
        """An owner's tasks, newest first; `before`: only those with a lower serial number."""
        owned = self._by_owner.get(owner, [])
        end = len(owned) if before is None else bisect_left(owned, before, key=lambda task: task.serial)
        return (owned[index] for index in range(end - 1, -1, -1))

    def count(self, owner: str, kinds: frozenset[str]) -> int:
        """How many tasks an owner has."""
        owned = self._by_owner.get(owner, [])
        return sum(task.kind.name in kinds for task in owned) if kinds else len(owned)

    def _drop_oldest(self) -> None:
        now = self._now()
        oldest = islice(self._by_id.values(), MOST_LOOKED_AT)
        finished = next((task for task in oldest if task.end <= now), None)
        task = finished or next(iter(self._by_id.values()))
        del self._by_id[task.id]
        owned = self._by_owner[task.account.id]
        del owned[bisect_left(owned, task.serial, key=lambda other: other.serial)]
        self.dropped += 1
