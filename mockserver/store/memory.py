"""Tasks in memory: bounded, the oldest finished ones go first."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import dropwhile, islice

from understudy.mockserver.lifecycle import Task

MOST_TASKS = 200_000

# So far a finished task is looked for among the oldest; then the oldest goes, finished or not.
MOST_LOOKED_AT = 100
# So many more go unseen when none of those had finished: to look each time costs more than all else of a submit.
UNSEEN = 20

# A dictionary that grows moves all that it holds, which would stall the loop: many small ones grow in turn.
SHELVES = 64


class Owned:
    """An owner's tasks in the order in which they came, and how many of each kind."""

    def __init__(self) -> None:
        self.tasks: deque[Task] = deque()
        self.counts: Counter[str] = Counter()


class MemoryStore:
    """Tasks by id, and by owner in the order in which they came."""

    def __init__(self, now: Callable[[], float], most: int = MOST_TASKS) -> None:
        self._now = now
        self._most = most
        self._shelves: list[dict[str, Task]] = [{} for _ in range(SHELVES)]
        self._in_order: deque[Task] = deque()
        self._by_owner: dict[str, Owned] = {}
        self.dropped = 0
        self._unseen = 0

    def add(self, task: Task) -> Task | None:
        """Keep a task; gives the one that was let go for it."""
        self._shelves[hash(task.id) % SHELVES][task.id] = task
        self._in_order.append(task)
        owned = self._by_owner.get(task.account.id)
        if owned is None:
            owned = self._by_owner[task.account.id] = Owned()
        owned.tasks.append(task)
        owned.counts[task.kind.name] += 1
        return self._drop_oldest() if len(self._in_order) > self._most else None

    def find(self, task_id: str) -> Task | None:
        """The task of that id."""
        return self._shelves[hash(task_id) % SHELVES].get(task_id)

    def page(self, owner: str, kinds: frozenset[str], skip: int, count: int) -> list[Task]:
        """An owner's tasks, newest first; `kinds` empty means all."""
        owned = self._by_owner.get(owner)
        if owned is None:
            return []
        newest = reversed(owned.tasks)
        fitting = (task for task in newest if task.kind.name in kinds) if kinds else newest
        return list(islice(fitting, skip, skip + count))

    def newest(self, owner: str, before: int | None) -> Iterator[Task]:
        """An owner's tasks, newest first; `before`: only those with a lower serial number."""
        owned = self._by_owner.get(owner)
        if owned is None:
            return iter(())
        newest = reversed(owned.tasks)
        return newest if before is None else dropwhile(lambda task: task.serial >= before, newest)

    def window(self, last: int | None) -> Iterator[Task]:
        """All tasks, newest first, from the serial number `last` on down; None: from the newest."""
        skipped = 0 if last is None else max(0, self.newest_serial - last)
        return islice(reversed(self._in_order), skipped, None)

    @property
    def newest_serial(self) -> int:
        """The serial number of the newest task, 0 when there is none."""
        return self._in_order[-1].serial if self._in_order else 0

    def count(self, owner: str, kinds: frozenset[str]) -> int:
        """How many tasks an owner has."""
        owned = self._by_owner.get(owner)
        if owned is None:
            return 0
        return sum(owned.counts[kind] for kind in kinds) if kinds else len(owned.tasks)

    def __len__(self) -> int:
        return len(self._in_order)

    def _drop_oldest(self) -> Task:
        """Let one go, from near the left end of its rows: that takes the same time however many there are."""
        index = self._choose()
        task = self._in_order[index]
        del self._in_order[index]
        self._shelves[hash(task.id) % SHELVES].pop(task.id, None)  # short ids may have been alike
        owned = self._by_owner[task.account.id]
        owned.tasks.remove(task)
        owned.counts[task.kind.name] -= 1
        self.dropped += 1
        return task

    def _choose(self) -> int:
        """The place of the oldest finished task, or of the oldest of all."""
        if self._unseen:
            self._unseen -= 1
            return 0
        now = self._now()
        oldest = islice(self._in_order, MOST_LOOKED_AT)
        found = next((index for index, task in enumerate(oldest) if task.end <= now), None)
        if found is None:
            self._unseen = UNSEEN
        return found or 0
