"""Pictures and speech: each operation is asked as its document shows, and for all that its schema lets be chosen."""

import asyncio
import copy
from collections.abc import Iterator
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.inputs import iter_documented, iter_members
from understudy.contracts.negatives import find
from understudy.contracts.requests import Request, ask, put_at
from understudy.contracts.rules import broken_rules
from understudy.specs.model import Operation

# So many values of one member are tried; and so deep within the body members are looked for.
MOST_VALUES, MOST_DEPTH = 4, 3


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
    body, places = documented[0]
    varied = ((each, places) for each in _iter_variants(drive, operation, body))
    for each, its_places in (*documented, *varied):
        yield ask(operation, each, path=its_places.path, query=its_places.query, headers=its_places.headers)


def _iter_variants(drive: Drive, operation: Operation, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with one member after the other in each of its listed values, another number, or the other of true and false."""
    shape = drive.contract.body_shape(operation)
    for place, schema in _iter_places(shape.schema if shape else {}):
        for value in [v for v in _values(schema) if v not in (None, find(body, place))][:MOST_VALUES]:
            varied = copy.deepcopy(body)
            put_at(varied, place, value)
            asked = drive.contract.coerced(operation, varied)
            if shape and shape.is_valid(varied) and not any(broken_rules(drive.contract.provider, operation, asked)):
                yield varied


def _iter_places(schema: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The members that a schema names, and those of the objects among them."""
    for name, child in iter_members(schema):
        yield (*place, name), child
        if child.get("type") == "object" and len(place) < MOST_DEPTH:
            yield from _iter_places(child, (*place, name))


def _values(schema: dict[str, Any]) -> list[Any]:
    """Values of a member from which an answer may be told: slower and faster, more of them, with and without."""
    if "enum" in schema:
        return [*schema["enum"]]
    match schema.get("type"):
        case "integer":
            return [2]
        case "number":
            usual = schema.get("default") or 1
            return [usual / 2, usual * 2]
        case "boolean":
            return [not schema.get("default", False)]
        case _:
            return []
