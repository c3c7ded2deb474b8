"""What a played provider was asked: records to look at, to count and to assert on."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from understudy.mockserver.journal import Record as MockRecord
from understudy.mockserver.journal import stable
from understudy.mockserver.stage import Stage
from understudy.playing.house import Seat
from understudy.specs.problems import known

# What the journal calls the fetching of a result behind a signed link: an operation of no spec.
RESULT = "result.get"


class Dropped(Exception):
    """Asked for a count or an absence over records that are no longer kept: nobody knows."""


@dataclass(frozen=True, slots=True)
class Record:
    """One exchange, keys redacted. `at`: the world's time in seconds; `operation`: '' for a path that none has."""

    serial: int
    at: float
    provider: str
    operation: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    request: str
    account: str
    status: int
    condition: str
    response: str
    notes: tuple[str, ...]

    @property
    def sent(self) -> Any:
        """The request's body as JSON says it, numbers with a point as Decimal; None for anything else."""
        return _json(self.request)

    @property
    def answered(self) -> Any:
        """The same of the answer."""
        return _json(self.response)


Where = Callable[[Record], bool]


class Journal:
    """The exchanges of a provider, oldest first. A count or an absence over dropped records raises Dropped."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def list(self, operation: str | None = None, *, where: Where | None = None, **members: Any) -> list[Record]:
        """The records of an operation, of all when none is named; `members`: what they must have, e.g. `status=200`."""
        _check(self._seat.site.stage, operation, members)
        wanted = members if operation is None else {"operation": operation, **members}
        return [r for r in self if _fits(r, wanted) and (where is None or where(r))]

    def count(self, operation: str | None = None, *, where: Where | None = None, **members: Any) -> int:
        """How many there are; raises Dropped when some are gone."""
        found = len(self.list(operation, where=where, **members))
        self._require_all("a count")
        return found

    def find(self, operation: str | None = None, *, where: Where | None = None, **members: Any) -> Record | None:
        """The latest, None when there is none; raises Dropped when it may be among those that are gone."""
        found = self.list(operation, where=where, **members)
        if not found:
            self._require_all("an absence")
        return found[-1] if found else None

    @property
    def unmatched(self) -> Sequence[Record]:
        """Requests for a path or a method that no operation has."""
        return [record for record in self if record.condition in ("unknown_path", "method_not_allowed")]

    @property
    def dropped(self) -> int:
        """How many records are no longer kept."""
        return self._seat.server.run(lambda: self._seat.world.journal.dropped)

    def clear(self) -> None:
        """Forget everything, what was dropped too."""
        self._seat.server.run(self._seat.world.journal.clear)

    def __iter__(self) -> Iterator[Record]:
        site = self._seat.site
        kept = self._seat.server.run(lambda: tuple(self._seat.world.journal))
        return iter([_record(each, site.stage) for each in kept if each.provider == site.slug])

    def __len__(self) -> int:
        return self.count()

    def _require_all(self, what: str) -> None:
        dropped = self.dropped
        if dropped:
            raise Dropped(f"{what} over {dropped} records that are no longer kept: clear the journal in between")


def check_operation(stage: Stage, name: str) -> None:
    """Raise ValueError, with the nearest names, for an operation that the spec does not have."""
    if name not in stage.acts:
        raise ValueError(f"{stage.provider.slug} has no operation {name!r}; {known(name, stage.acts)}")


def _check(stage: Stage, operation: str | None, members: dict[str, Any]) -> None:
    """A name that is written wrong would be counted as none."""
    if operation and operation != RESULT:
        check_operation(stage, operation)
    for name in members:
        if name not in Record.__slots__:
            raise ValueError(f"a record has no {name!r}; {known(name, Record.__slots__)}")


def _fits(record: Record, wanted: dict[str, Any]) -> bool:
    return all(getattr(record, name) == value for name, value in wanted.items())


def _record(record: MockRecord, stage: Stage) -> Record:
    said = stable(record, stage.redactor)
    return Record(**{name: said[name] for name in Record.__slots__ if name != "notes"}, notes=tuple(said["notes"]))


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None
