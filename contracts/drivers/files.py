"""Pictures and speech: each operation is asked as its document shows, at every edge of its schema, and for other numbers."""

import asyncio
import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.edges import iter_shown
from understudy.contracts.inputs import is_taken, iter_documented, iter_members
from understudy.contracts.requests import Request, ask, put_at
from understudy.specs.model import Operation

# So deep within the body members are looked for.
MOST_DEPTH = 3


async def run_files(drive: Drive) -> None:
    """Ask for pictures and for speech, a few at a time."""
    gate = asyncio.Semaphore(4)

    async def send(request: Request) -> None:
        async with gate:
            await drive.target.send(request)

    operations = drive.contract.serving("images", "speech")
    await all_of(*(send(request) for o in operations for request in _iter_requests(drive, o)))


def _iter_requests(drive: Drive, operation: Operation) -> Iterator[Request]:
    documented = list(iter_documented(drive.contract, operation))
    if not documented:
        drive.reasons[f"media/{operation.id}"] = "no documented example shows how it is asked"
        return
    is_good = partial(is_taken, drive.contract, operation)
    at_edges = iter_shown(drive.contract, operation, [body for body, _ in documented], is_good)
    body, usual = documented[0]
    varied = [(each, usual) for each in _iter_numbers(drive, operation, body)]
    for each, places in (*documented, *((each, documented[number][1]) for number, each in at_edges), *varied):
        yield ask(operation, each, path=places.path, query=places.query, headers=places.headers)


def _iter_numbers(drive: Drive, operation: Operation, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with one number after the other as another that is neither its least nor its most."""
    shape = drive.contract.body_shape(operation)
    for place, schema in _iter_places(shape.schema if shape else {}):
        for value in _values(schema):
            varied = copy.deepcopy(body)
            put_at(varied, place, value)
            if varied != body and is_taken(drive.contract, operation, varied):
                yield varied


def _iter_places(schema: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The members that a schema names, and those of the objects among them."""
    for name, child in iter_members(schema):
        yield (*place, name), child
        if child.get("type") == "object" and len(place) < MOST_DEPTH:
            yield from _iter_places(child, (*place, name))


def _values(schema: dict[str, Any]) -> list[Any]:
    """Values of a number from which an answer may be told: slower and faster, more of them."""
    match schema.get("type"):
        case "integer":
            return [2]
        case "number":
            usual = schema.get("default") or 1
            return [usual / 2, usual * 2]
        case _:
            return []
