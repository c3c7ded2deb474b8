"""Healthy tasks: one of each kind, followed to its end, then listed."""

import asyncio
from collections.abc import Iterator

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.inputs import find_task_body
from understudy.contracts.reading import Reading
from understudy.contracts.requests import Request, ask
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
    last = await drive.follow(kind, created) if created.is_success else None
    if last is not None:
        # Once more after the end: it must stay so.
        await drive.follow(kind, created)
        await fetch_results(drive, kind, last)


async def fetch_results(drive: Drive, kind: Kind, last: Reading) -> None:
    """Fetch the results of a task without a key, as a player would."""
    await asyncio.gather(*(drive.target.send(request) for request in _result_requests(kind, last)))


def _result_requests(kind: Kind, last: Reading) -> Iterator[Request]:
    for name in kind.results:
        found = last.values.get(f"$task.link.{name}"), *(last.values.get(f"$task.links.{name}") or ())
        for link in found:
            if isinstance(link, str) and link.startswith(("http://", "https://")):
                probe = f"result:{kind.name}:{name}"
                yield Request(None, "GET", "", who="none", probe=probe, url=link)
