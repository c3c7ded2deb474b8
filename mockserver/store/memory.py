"""Tasks in memory: bounded, the oldest finished ones go first."""

from collections import defaultdict
from collections.abc import Callable

from understudy.mockserver.lifecycle import Task

MOST_TASKS = 200_000


class MemoryStore:
    """Tasks by id, and by owner in the order in which they came."""

    def __init__(self, now: Callable[[], float], most: int = MOST_TASKS) -> None:
        self._now = now
        self._most = most
        self._by_id: dict[str, Task] = {}
        self._by_owner: defaultdict[str, dict[str, Task]] = defaultdict(dict)
        self._counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.dropped = 0

    def add(self, task: Task) -> None:
        """Keep a task."""
        self._by_id[task.id] = task
        self._by_owner[task.account.id][task.id] = task
        self._counts[task.account.id, task.kind.name] += 1
        if len(self._by_id) > self._most:
            self._drop_oldest()

    def find(self, task_id: str) -> Task | None:
        """The task of that id."""
        return self._by_id.get(task_id)

    def page(self, owner: str, kinds: frozenset[str], skip: int, count: int) -> list[Task]:
        """An owner's tasks, newest first; `kinds` empty means all."""
        found: list[Task] = []
        if owner not in self._by_owner:
            return found
        for task in reversed(self._by_owner[owner].values()):
            if kinds and task.kind.name not in kinds:
                continue
            if skip > 0:
                skip -= 1
                continue
            found.append(task)
            if len(found) >= count:
                break
        return found

    def count(self, owner: str, kinds: frozenset[str]) -> int:
        """How many tasks an owner has."""
        if not kinds:
            return len(self._by_owner[owner]) if owner in self._by_owner else 0
        return sum(self._counts[owner, kind] for kind in kinds)

    def _drop_oldest(self) -> None:
        now = self._now()
        finished = next((task for task in self._by_id.values() if task.end <= now), None)
        task = finished or next(iter(self._by_id.values()))
        del self._by_id[task.id]
        del self._by_owner[task.account.id][task.id]
        self._counts[task.account.id, task.kind.name] -= 1
        self.dropped += 1
