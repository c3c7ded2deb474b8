"""Seeing what was asked and answered, asserting on it, and what of it is no longer kept."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Self

import orjson
from fastapi import HTTPException, Query, Response
from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, Field, model_validator

from understudy.mockserver import queries
from understudy.mockserver.control.routes import Route, ThisSite, ThisWorld
from understudy.mockserver.har import to_har
from understudy.mockserver.journal import Record, stable
from understudy.mockserver.nearness import near_misses
from understudy.mockserver.redaction import Keys
from understudy.mockserver.world import World

MOST_CLAIMS = 100


class Filter(BaseModel):
    """What a record must be like; what is left out fits every one."""

    model_config = ConfigDict(extra="forbid")

    provider: str = ""
    operation: Annotated[str | None, Field(description="An operation's id, '' for none; * stands for anything.")] = None
    method: str = ""
    path: Annotated[str, Field(max_length=1_000, description="The path within the provider; * for anything.")] = ""
    status: int | None = None
    condition: Annotated[str | None, Field(description="The shared name of a refusal; '' for a success.")] = None
    account: Annotated[str | None, Field(description="An account's id; '' for none.")] = None
    since: Annotated[int, Field(ge=0, description="Only records with a higher serial number.")] = 0
    broken: Annotated[bool | None, Field(description="Whether it broke the contract.")] = None

    def query(self) -> queries.Query:
        """The same, for the journal."""
        return queries.Query(**{name: getattr(self, name) for name in Filter.model_fields})


class Page(Filter):
    """A filter, and how many of the latest to show."""

    limit: Annotated[int, Field(ge=1, le=4_096)] = 100


class Breach(BaseModel):
    """What of the contract a request broke, and where the contract says so: a fact, lines of the document, or why it is assumed."""

    rule: str
    field: str
    message: str
    sources: list[str]


class RecordView(BaseModel):
    """One exchange, keys redacted; `at` in seconds of the world's time."""

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
    breach: Breach | None
    response_type: str
    response_headers: dict[str, str]
    response: str
    notes: list[str]


class RecordList(BaseModel):
    """Records, oldest first; how many were ever seen, and how many of those are no longer kept."""

    records: list[RecordView]
    seen: int
    dropped: int


class Found(BaseModel):
    """How many records fit."""

    count: int


class NearMiss(BaseModel):
    """An operation that a request may have meant, and what it did differently."""

    operation: str
    method: str
    path: str
    why: str


class Unmatched(BaseModel):
    """A request that broke the contract, and what it may have meant where no operation has it."""

    record: RecordView
    near: list[NearMiss]


class UnmatchedList(BaseModel):
    """The latest of them, oldest first."""

    requests: list[Unmatched]
    dropped: int


class Claim(BaseModel):
    """What is claimed of the journal: how many records fit, or that one of each filter came after the other."""

    model_config = ConfigDict(extra="forbid")

    filter: Filter = Filter()
    count: Annotated[int | None, Field(ge=0)] = None
    at_least: Annotated[int | None, Field(ge=0)] = None
    at_most: Annotated[int | None, Field(ge=0)] = None
    never: bool = False
    in_order: Annotated[list[Filter], Field(max_length=MOST_CLAIMS)] = []

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        bounds = self.at_least is not None or self.at_most is not None
        if [self.count is not None, bounds, self.never, bool(self.in_order)].count(True) != 1:
            raise ValueError("say one thing: count, at_least and at_most, never, or in_order")
        return self

    def claim(self) -> queries.Claim:
        """The same, for the journal."""
        most = 0 if self.never else self.at_most if self.count is None else self.count
        least = self.at_least if self.count is None else self.count
        return queries.Claim(self.filter.query(), least or 0, most, [each.query() for each in self.in_order])


class Claims(BaseModel):
    """What shall hold, all of it."""

    model_config = ConfigDict(extra="forbid")

    claims: Annotated[list[Claim], Field(min_length=1, max_length=MOST_CLAIMS)]


class Verdict(BaseModel):
    """Whether all claims hold, and for each the reason why it does not; '' when it does."""

    ok: bool
    failures: list[str]


class Dropped(BaseModel):
    """How much was let go because too much is kept, by what it was; all 0 while nothing was."""

    tasks: int
    uploads: int
    idempotency_keys: int
    conversations: int
    callbacks: int
    refused_accounts: int
    revoked_keys: int
    journal: int


def iter_views(world: World, records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Records as they may be shown."""
    keys = {slug: Keys(site.accounts.every_key) for slug, site in world.sites.items()}
    for record in records:
        yield stable(record, world.sites[record.provider].stage.redactor, keys[record.provider])


def _views(world: World, records: Iterable[Record]) -> list[RecordView]:
    return [RecordView(**said) for said in iter_views(world, records)]


async def dropped(site: ThisSite) -> Dropped:
    """How much was let go because too much is kept, by what it was; all 0 while nothing was."""
    return Dropped(
        tasks=site.tasks.store.dropped,
        uploads=site.uploads.dropped,
        idempotency_keys=site.idempotency.dropped if site.idempotency else 0,
        conversations=site.conversations.dropped,
        callbacks=site.callbacks.dropped,
        refused_accounts=site.accounts.refused,
        revoked_keys=site.accounts.forgotten,
        journal=site.world.journal.dropped,
    )


def _page(world: World, page: Page) -> list[Record]:
    return list(queries.iter_fitting(world.journal, page.query()))[-page.limit :]


async def list_journal(world: ThisWorld, page: Annotated[Page, Query()]) -> RecordList:
    """The latest exchanges that fit, oldest first, keys redacted."""
    records = _views(world, _page(world, page))
    return RecordList(records=records, seen=world.journal.seen, dropped=world.journal.dropped)


async def find_record(world: ThisWorld, serial: int) -> RecordView:
    """The exchange of that serial number."""
    found = next((record for record in world.journal if record.serial == serial), None)
    if found is None:
        gone = "is no longer kept" if 0 < serial <= world.journal.dropped else "was never made"
        raise HTTPException(404, f"the exchange {serial} {gone}")
    return _views(world, [found])[0]


async def count_records(world: ThisWorld, wanted: Annotated[Filter, Query()]) -> Found:
    """How many exchanges fit; refused when some of those that are asked about are no longer kept."""
    try:
        return Found(count=queries.count(world.journal, wanted.query()))
    except queries.Forgotten as error:
        raise HTTPException(409, str(error)) from None


async def list_unmatched(world: ThisWorld, page: Annotated[Page, Query()]) -> UnmatchedList:
    """The latest requests that broke the contract or that no operation has, with the operations that are near."""
    records = _page(world, page.model_copy(update={"broken": True}))
    pairs = zip(records, _views(world, records), strict=True)
    requests = [Unmatched(record=said, near=_near(world, record)) for record, said in pairs]
    return UnmatchedList(requests=requests, dropped=world.journal.dropped)


def _near(world: World, record: Record) -> list[NearMiss]:
    if record.operation:
        return []
    operations = world.sites[record.provider].stage.provider.operations
    return [NearMiss(**to_builtins(each)) for each in near_misses(operations, record.method, record.path)]


async def export_har(world: ThisWorld, page: Annotated[Page, Query()]) -> Response:
    """The latest exchanges that fit as an HTTP Archive (HAR 1.2), keys redacted."""
    said = ((each, world.sites[each["provider"]].base_url) for each in iter_views(world, _page(world, page)))
    archive = orjson.dumps(to_har(said, world.journal.dropped), option=orjson.OPT_INDENT_2)
    return Response(archive, media_type="application/json")


async def clear_journal(world: ThisWorld) -> None:
    """Forget all exchanges, the count of those that were dropped, too."""
    world.journal.clear()


async def verify(world: ThisWorld, wanted: Claims) -> Verdict:
    """Judge claims about the journal; refused when one of them is about exchanges that are no longer kept."""
    try:
        failures = [queries.judge(world.journal, each.claim()) for each in wanted.claims]
    except queries.Forgotten as error:
        raise HTTPException(409, str(error)) from None
    return Verdict(ok=not any(failures), failures=failures)


ROUTES = (
    Route("GET", "/journal", list_journal),
    Route("DELETE", "/journal", clear_journal, 204),
    Route("GET", "/journal/count", count_records),
    Route("GET", "/journal/unmatched", list_unmatched),
    Route("GET", "/journal/har", export_har),
    Route("GET", "/journal/{serial}", find_record),
    Route("POST", "/verify", verify),
    Route("GET", "/{slug}/dropped", dropped),
)
