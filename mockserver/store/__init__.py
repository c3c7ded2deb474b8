"""Where tasks are kept. Memory is the default; a store is one class with the methods of `Store`."""

from collections.abc import Iterator
from typing import Protocol

from understudy.mockserver.lifecycle import Task


class Store(Protocol):
    """What keeps tasks: a handful of methods."""

    dropped: int

    def add(self, task: Task) -> Task | None:
        """Keep a task; gives the one that was let go for it."""
        ...

    def find(self, task_id: str) -> Task | None:
        """The task of that id."""
        ...

    def page(self, owner: str, kinds: frozenset[str], skip: int, count: int) -> list[Task]:
        """An owner's tasks, newest first; `kinds` empty means all."""
        ...

    def newest(self, owner: str, before: int | None) -> Iterator[Task]:
        """An owner's tasks, newest first; `before`: only those with a lower serial number."""
        ...

    def count(self, owner: str, kinds: frozenset[str]) -> int:
        """How many tasks an owner has."""
        ...
