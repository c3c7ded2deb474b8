"""Questions about a journal: which records fit, how many, in which order; asked about what is gone, no answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from understudy.mockserver.journal import Journal, Record


class Forgotten(Exception):
    """What was asked for may be among the records that are no longer kept: nobody knows."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a record must be like; None and '' fit every one.

    `operation` and `path` may hold `*`; `account` is an id; `since` is the serial number of the last record that
    is not looked at; `broken`: whether it broke the contract.
    """

    provider: str = ""
    operation: str | None = None
    method: str = ""
    path: str = ""
    status: int | None = None
    condition: str | None = None
    account: str | None = None
    since: int = 0
    broken: bool | None = None

    def fits(self, record: Record) -> bool:
        """Whether a record is like that."""
        return (
            record.serial > self.since
            and self.provider in ("", record.provider)
            and (self.operation is None or fnmatchcase(record.operation, self.operation))
            and self.method in ("", record.method)
            and (not self.path or fnmatchcase(record.path, self.path))
            and self.status in (None, record.status)
            and self.condition in (None, record.condition)
            and self.account in (None, record.account)
            and self.broken in (None, record.breach is not None)
        )


ALL = Query()


def iter_fitting(journal: Journal, query: Query) -> Iterator[Record]:
    """The records that fit, oldest first, as far as they are kept."""
    return (record for record in journal if query.fits(record))


def count(journal: Journal, query: Query) -> int:
    """How many fit; raises Forgotten when some of those that are asked about are gone."""
    require_all(journal, query)
    return sum(1 for _ in iter_fitting(journal, query))


def require_all(journal: Journal, query: Query) -> None:
    """Raise Forgotten when records that may fit are no longer kept."""
    gone = journal.dropped - query.since
    if gone > 0:
        raise Forgotten(
            f"{gone} of the records that this asks about are no longer kept: ask only since {journal.dropped}, "
            "or look more often"
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of a journal: so many records fit, or one of each query came after the other."""

    query: Query = ALL
    least: int = 0
    most: int | None = None
    order: Sequence[Query] = ()


def judge(journal: Journal, claim: Claim) -> str:
    """Why a claim does not hold, '' when it does; raises Forgotten when nobody knows any more."""
    return _judge_order(journal, claim.order) if claim.order else _judge_count(journal, claim)


def _judge_count(journal: Journal, claim: Claim) -> str:
    found = sum(1 for _ in iter_fitting(journal, claim.query))
    # What is kept may be enough to know: those that are gone make it only more.
    if claim.most is not None and found > claim.most:
        return f"at most {claim.most} were to fit, and {found} do"
    if claim.most is not None or found < claim.least:
        require_all(journal, claim.query)
    return f"at least {claim.least} were to fit, and {found} do" if found < claim.least else ""


def _judge_order(journal: Journal, order: Sequence[Query]) -> str:
    records = iter(journal)
    for number, query in enumerate(order, 1):
        if not any(query.fits(record) for record in records):
            for each in order[:number]:
                require_all(journal, each)
            return f"of {len(order)} in order, number {number} did not come after the one before it"
    return ""
