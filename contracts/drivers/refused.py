"""Requests that must be refused: without a key, with a wrong one, and about tasks that do not exist."""

import asyncio

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.inputs import iter_good_bodies
from understudy.contracts.requests import Request, ask_for_task
from understudy.specs.model import Operation

NO_SUCH_TASK = "no-such-task-0000000000"


async def run_strangers(drive: Drive) -> None:
    """Ask every operation that takes a key without one and with a wrong one."""
    operations = [o for o in drive.contract.provider.operations if o.security and not o.media]
    requests = [
        request.evolve(who=who, probe=who)
        for o in operations
        for request in _plain(drive, o)
        for who in ("none", "wrong")
    ]
    await asyncio.gather(*map(drive.target.send, requests))


async def run_unknown(drive: Drive) -> None:
    """Ask for a task that nobody made."""
    operations = drive.contract.serving("task.get", "task.cancel")
    requests = [ask_for_task(o, NO_SUCH_TASK, probe="unknown_id") for o in operations]
    requests += [Request(None, "GET", f"{prefix}/no/such/path", probe="unknown_path") for prefix in _prefixes(drive)]
    requests += [r.evolve(operation=None, method="DELETE", probe="method_not_allowed") for r in requests if r.operation]
    await asyncio.gather(*map(drive.target.send, requests))


def _prefixes(drive: Drive) -> list[str]:
    """Where a path may begin: each prefix that has words of its own, and the first step of each operation."""
    steps = {f"/{o.path.split('/')[1]}" for o in drive.contract.provider.operations if not o.media}
    return sorted({*steps, *drive.contract.provider.prefixes})


def _plain(drive: Drive, operation: Operation) -> list[Request]:
    """A plain request to an operation, if the document shows one."""
    if operation.behavior in ("task.get", "task.cancel"):
        return [ask_for_task(operation, NO_SUCH_TASK)]
    if operation.body is None:
        return [drive.ask(operation)]
    return [drive.ask(operation, body) for body in iter_good_bodies(drive.contract, operation)][:1]
