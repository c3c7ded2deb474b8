"""What a played provider was asked: records to look at, to count and to assert on."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypedDict, Unpack

from understudy.mockserver.har import to_har
from understudy.mockserver.journal import Record as MockRecord
from understudy.mockserver.queries import Forgotten, Query, iter_fitting, require_all
from understudy.playing.house import Seat
from understudy.playing.operations import check_pattern
from understudy.playing.records import Record, record_of, shown
from understudy.playing.violations import Violation, violation_of
from understudy.specs.problems import known

# Asked for a count or an absence over records that are no longer kept: nobody knows.
Dropped = Forgotten

Where = Callable[[Record], bool]


class Members(TypedDict, total=False):
    """What a record must be like. `path` may hold `*`; `since`: the serial number of the last that is not looked at;
    `broken`: whether it broke the contract.
    """

    method: str
    path: str
    status: int
    condition: str
    account: str
    since: int
    broken: bool


class Journal:
    """The exchanges of a provider, oldest first. A count or an absence over dropped records raises Dropped."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def list(
        self, operation: str | None = None, *, where: Where | None = None, **members: Unpack[Members]
    ) -> Sequence[Record]:
        """The records of an operation (`video.*` for several), of all when none is named; see `Members`."""
        return self._records(self._query(operation, members), where)

    def count(self, operation: str | None = None, *, where: Where | None = None, **members: Unpack[Members]) -> int:
        """How many there are; raises Dropped when some are gone."""
        query = self._query(operation, members)
        found = len(self._records(query, where)) if where else len(self._fitting(query))
        self._require_all(query)
        return found

    def find(
        self, operation: str | None = None, *, where: Where | None = None, **members: Unpack[Members]
    ) -> Record | None:
        """The latest, None when there is none; raises Dropped when it may be among those that are gone."""
        query = self._query(operation, members)
        found = self._records(query, where)
        if not found:
            self._require_all(query)
        return found[-1] if found else None

    @property
    def unmatched(self) -> Sequence[Violation]:
        """Requests that no operation has, with what they may have meant."""
        broken = self._fitting(Query(operation="", broken=True))
        return [violation_of(record, self._seat) for record in broken]

    def har(self) -> dict[str, Any]:
        """All of it as an HTTP Archive (HAR 1.2), keys redacted."""
        said = ((shown(record, self._seat), self._seat.site.base_url) for record in self._fitting(Query()))
        return to_har(said, self.dropped)

    @property
    def dropped(self) -> int:
        """How many records are no longer kept."""
        return self._seat.server.run(lambda: self._seat.world.journal.dropped)

    def clear(self) -> None:
        """Forget everything, what was dropped too."""
        self._seat.server.run(self._seat.world.journal.clear)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.list())

    def __len__(self) -> int:
        return self.count()

    def _query(self, operation: str | None, members: Members) -> Query:
        """A name that is written wrong would be counted as none: raises ValueError with the nearest."""
        if operation:
            check_pattern(self._seat.site.stage, operation)
        for name in members:
            if name not in Members.__annotations__:
                raise ValueError(f"records are not told apart by {name!r}; {known(name, Members.__annotations__)}")
        return Query(provider=self._seat.site.slug, operation=operation, **members)

    def _fitting(self, query: Query) -> Sequence[MockRecord]:
        return self._seat.server.run(lambda: tuple(iter_fitting(self._seat.world.journal, query)))

    def _records(self, query: Query, where: Where | None) -> Sequence[Record]:
        records = (record_of(each, self._seat) for each in self._fitting(query))
        return [record for record in records if where is None or where(record)]

    def _require_all(self, query: Query) -> None:
        self._seat.server.run(require_all, self._seat.world.journal, query)
