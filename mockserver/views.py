"""What templates see of a task, a page and a list: values computed at one moment, nothing stored."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from understudy.mockserver.clock import iso
from understudy.mockserver.estimates import Made
from understudy.mockserver.ledger import NOTHING
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.links import Signer


class PageView:
    """`$page.…`: a part of a list. `next` is the last shown task's id when more follow."""

    __slots__ = ("_count", "next", "offset", "size")

    def __init__(self, size: int, offset: int, next_: str | None, count: Callable[[], int]) -> None:
        self.size, self.offset, self.next, self._count = size, offset, next_, count

    @property
    def number(self) -> int:
        return self.offset // self.size + 1 if self.size else 1

    @property
    def next_number(self) -> int | None:
        return None if self.next is None else int(self.next)

    @property
    def total(self) -> int:
        return self._count()

    @property
    def pages(self) -> int:
        return -(-self.total // self.size) if self.size else 0

    @property
    def has_more(self) -> bool:
        return self.next is not None


class TaskView:
    """`$task.…` at a moment."""

    __slots__ = ("_now", "_signer", "_state", "task")

    def __init__(self, task: Task, now: float, signer: Signer) -> None:
        self.task, self._now, self._signer = task, now, signer
        self._state = task.state_at(now)

    @property
    def id(self) -> str:
        return self.task.id

    @property
    def number(self) -> int:
        return int(self.task.id)

    @property
    def kind(self) -> str:
        return self.task.kind.name

    @property
    def state(self) -> Any:
        return self._state.wire

    @property
    def phase(self) -> str:
        """Which template fits; not a name of the vocabulary."""
        return self._state.phase

    @property
    def progress(self) -> int:
        return self.task.progress_at(self._now)

    @property
    def fraction(self) -> Decimal:
        return Decimal(self.progress) / 100

    @property
    def price(self) -> Decimal:
        return self.task.price

    @property
    def cost(self) -> Decimal:
        if self.task.kind.charge.when == "submit":
            return self.task.charged - (self.refunded or NOTHING)
        return self.task.price if self._state.phase == "succeeded" else NOTHING

    @property
    def charged(self) -> Decimal | None:
        if self.task.kind.charge.when == "submit":
            return self.task.charged
        return self.task.price if self._state.phase == "succeeded" else None

    @property
    def refunded(self) -> Decimal | None:
        is_refunded = self.task.kind.charge.when == "submit" and self._state.phase in ("failed", "cancelled")
        return self.task.charged if is_refunded else None

    @property
    def error_code(self) -> str | None:
        return self.task.fails_with()[0] if self._state.phase in ("failed", "cancelled") else None

    @property
    def error_message(self) -> str | None:
        return self.task.fails_with()[1] if self._state.phase in ("failed", "cancelled") else None

    @property
    def created_s(self) -> int:
        return int(self.task.created)

    @property
    def created_ms(self) -> int:
        return int(self.task.created * 1000)

    @property
    def created_iso(self) -> str:
        return iso(self.task.created)

    @property
    def started_s(self) -> int | None:
        return int(self.task.start) if self._started else None

    @property
    def started_ms(self) -> int | None:
        return int(self.task.start * 1000) if self._started else None

    @property
    def started_iso(self) -> str | None:
        return iso(self.task.start) if self._started else None

    @property
    def finished_s(self) -> int | None:
        return int(self.task.end) if self._finished else None

    @property
    def finished_ms(self) -> int | None:
        return int(self.task.end * 1000) if self._finished else None

    @property
    def finished_iso(self) -> str | None:
        return iso(self.task.end) if self._finished else None

    def link(self, name: str) -> str | None:
        """A freshly signed link to the first file of a result; None until it is there, or for a kind without it."""
        made = self._made(name)
        if made is None:
            return None
        return self._signer.link("GET", made.head + self.task.id + made.tail, int(self._now) + made.lifetime)

    def links(self, name: str) -> list[str] | None:
        """Freshly signed links to all files of a result; None until they are there, or for a kind without it."""
        made = self._made(name)
        if made is None:
            return None
        result = self.task.kind.results[name]
        paths = [result.path_of(self.task.id, index) for index in range(made.count)]
        return [self._signer.link("GET", path, int(self._now) + made.lifetime) for path in paths]

    @property
    def _started(self) -> bool:
        return self.task.start <= self._now and self.task.start < self.task.end

    @property
    def _finished(self) -> bool:
        return self.task.end <= self._now

    def _made(self, name: str) -> Made | None:
        if self._state.phase != "succeeded":
            return None
        made: Made
        for made in self.task.materials:
            if made.name == name:
                return made
        return None
