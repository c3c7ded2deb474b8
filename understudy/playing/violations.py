"""Requests that broke the contract: what was asked, what was wrong, and where the document says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from understudy.mockserver.journal import Record as MockRecord
from understudy.mockserver.nearness import NearMiss, near_misses
from understudy.playing.house import Seat
from understudy.playing.operations import check_operation
from understudy.playing.records import Record, record_of

# What is shown of a body.
MOST_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Violation:
    """A request that broke the contract; its `str` is for people.

    `rule`: a keyword of JSON Schema, a rule of the spec, or `path`, `method`, `json`, `header` and the like;
    `field`: the member, header or parameter; `message`: the provider's own words; `sources`: facts and lines of
    the `document`, or why it is assumed; `near`: what a path or method that no operation has may have meant.
    """

    record: Record
    rule: str
    field: str
    message: str
    sources: tuple[str, ...]
    near: tuple[NearMiss, ...]
    document: str

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        record = self.record
        query = f"?{record.query}" if record.query else ""
        yield f"{record.provider} {record.operation or '(no operation)'}: {record.method} {record.path}{query}"
        if record.request:
            yield f"  asked     {_cut(record.request)}"
        named = f"{self.field}: " if self.field and self.field not in self.message else ""
        yield f"  wrong     {named}{self.message} ({self.rule})"
        for source in self.sources:
            yield f"  says so   {source}" + ("" if source.startswith("assumed") else f" of {self.document}")
        for miss in self.near:
            yield f"  nearest   {miss.operation}: {miss.method} {miss.path}: {miss.why}"
        yield f"  answered  {record.status} {_cut(record.response)}"


def violation_of(record: MockRecord, seat: Seat) -> Violation:
    """What a record that broke the contract says."""
    provider, said = seat.site.stage.provider, record_of(record, seat)
    assert said.breach, "only records that broke the contract are asked about"
    near = () if record.operation else near_misses(provider.operations, record.method, record.path)
    breach = said.breach
    return Violation(
        said,
        breach["rule"],
        breach["field"],
        breach["message"],
        tuple(breach["sources"]),
        tuple(near),
        str(provider.document["x-provider"].get("document", "the document")),
    )


@dataclass(slots=True)
class Expectation:
    """A violation that a test provokes on purpose; what is None fits every one."""

    operation: str | None
    rule: str | None
    field: str | None
    met: bool = False

    def fits(self, violation: Violation) -> bool:
        """Whether it is the one that is expected."""
        wanted = (self.operation, self.rule, self.field)
        given = (violation.record.operation, violation.rule, violation.field)
        return all(want in (None, got) for want, got in zip(wanted, given, strict=True))

    def __str__(self) -> str:
        said = {"operation": self.operation, "rule": self.rule, "field": self.field}
        named = ", ".join(f"{name}={value!r}" for name, value in said.items() if value is not None)
        return f"a violation of the contract was expected ({named or 'any'}), and none came"


@dataclass(slots=True)
class Violations:
    """The violations in a provider's world, and those that are expected."""

    _seat: Seat
    _expected: list[Expectation] = field(default_factory=list)
    _told: int = 0

    def expect(self, operation: str | None, rule: str | None, member: str | None) -> None:
        """Let a violation be, and miss it if it does not come. Raises ValueError for an operation that is none."""
        if operation:
            check_operation(self._seat.site.stage, operation)
        self._expected.append(Expectation(operation, rule, member))

    def list(self) -> Sequence[Violation]:
        """All that are kept, oldest first, expected or not."""
        kept, _ = self._seen()
        return [violation_of(record, self._seat) for record in kept]

    def complaints(self) -> Sequence[str]:
        """What was not expected, and what was expected and did not come; each is told once."""
        kept, seen = self._seen()
        new = kept[max(0, len(kept) - (seen - self._told)) :]
        gone, self._told = seen - self._told - len(new), seen
        said = [f"{gone} requests broke the contract that are no longer kept"] if gone else []
        for violation in (violation_of(record, self._seat) for record in new):
            fitting = [each for each in self._expected if each.fits(violation)]
            for each in fitting:
                each.met = True
            if not fitting:
                said.append(str(violation))
        missing = [each for each in self._expected if not each.met]
        self._expected = [each for each in self._expected if each.met]
        return [*said, *map(str, missing)]

    def _seen(self) -> tuple[Sequence[MockRecord], int]:
        """What is kept, and how many there ever were."""
        journal = self._seat.world.journal
        return self._seat.server.run(lambda: (tuple(journal.broken), journal.broken_seen))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN]}…"
