"""Healthy tasks: one of each kind, followed to its end, then listed."""

import asyncio

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.inputs import find_task_body
from understudy.contracts.requests import ask
from understudy.specs.model import Kind, Operation


async def run_healthy(drive: Drive) -> None:
    """Create a task of each kind and poll it to its end; ask for lists and the balance after it."""
    submits = [(o, kind) for o in drive.contract.serving("task.submit") for kind in drive.contract.kinds_of(o)]
    for operation in drive.contract.serving("account.balance", "models.list"):
        await drive.target.send(ask(operation))
    await asyncio.gather(*(_live(drive, operation, kind) for operation, kind in submits))
    for operation in drive.contract.serving("task.list", "account.balance"):
        await drive.target.send(ask(operation))


async def _live(drive: Drive, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind)
    if body is None:
        drive.reasons[f"lifecycle/{kind.name}/"] = "no documented example makes a task of this kind without an upload"
        return
    created = await drive.target.send(ask(operation, body))
    if created.is_success and await drive.follow(kind, created):
        # Once more after the end: it must stay so.
        await drive.follow(kind, created)
