"""Pictures and speech: each operation is asked as its document shows, and in every form that its schema lists."""

import asyncio
from collections.abc import Iterator
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.inputs import find_places, iter_good_bodies, iter_members
from understudy.contracts.requests import Request, ask
from understudy.contracts.rules import broken_rules
from understudy.specs.model import Operation

# So many values of one member are tried.
MOST_VALUES = 4


async def run_files(drive: Drive) -> None:
    """Ask for pictures and for speech, a few at a time."""
    gate = asyncio.Semaphore(4)

    async def send(request: Request) -> None:
        async with gate:
            await drive.target.send(request)

    operations = drive.contract.serving("images", "speech")
    await all_of(*(send(request) for o in operations for request in _iter_requests(drive, o)))


def _iter_requests(drive: Drive, operation: Operation) -> Iterator[Request]:
    places = find_places(drive.contract, operation)
    bodies = list(iter_good_bodies(drive.contract, operation))
    if places is None or not bodies:
        drive.reasons[f"media/{operation.id}"] = "no documented example shows how it is asked"
        return
    for body in (bodies[0], *_iter_variants(drive, operation, bodies[0])):
        yield ask(operation, body, path=places.path, query=places.query, headers=places.headers)


def _iter_variants(drive: Drive, operation: Operation, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with one member after the other in each of its listed values, and a number of pictures."""
    shape = drive.contract.body_shape(operation)
    for name, schema in iter_members(shape.schema if shape else {}):
        values = schema.get("enum", [2] if schema.get("type") == "integer" else [])
        for value in [v for v in values if v not in (None, body.get(name))][:MOST_VALUES]:
            varied = {**body, name: value}
            asked = drive.contract.coerced(operation, varied)
            if shape and shape.is_valid(varied) and not any(broken_rules(drive.contract.provider, operation, asked)):
                yield varied
