"""Drawn requests: bodies that nobody would think of, from Schemathesis, for each operation that takes one."""

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from understudy.contracts.budget import OverBudget
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.requests import Request
from understudy.specs.model import Operation


async def run_drawn(drive: Drive) -> None:
    """Send so many good and bad bodies to each operation; of those that cost something only what must be refused."""
    operations = [o for o in drive.contract.provider.operations if o.body and not o.body.raw and not o.media]
    if not drive.examples or find_spec("schemathesis") is None:
        return
    for operation in operations:
        bodies = await asyncio.to_thread(_draw, drive, operation)
        try:
            await all_of(*(drive.target.send(request) for request in _requests(drive, operation, bodies)))
        except OverBudget as bound:
            drive.reasons.setdefault(f"constraint/{operation.id}/", str(bound))


def _draw(drive: Drive, operation: Operation) -> list[Any]:
    # Loading Schemathesis takes a second or two: only who wants it pays for it.
    strategies = import_module("understudy.contracts.strategies")
    found: list[Any] = strategies.draw_bodies(drive.contract.provider.document, operation, drive.examples, drive.seed)
    return found


def _requests(drive: Drive, operation: Operation, bodies: list[Any]) -> list[Request]:
    shape = drive.contract.body_shape(operation)
    costs = operation.behavior == "task.submit" or "price" in operation.arguments
    return [drive.ask(operation, body) for body in bodies if not (costs and shape and shape.is_valid(body))]
