"""Callbacks: tasks whose end is to be told to the suite's own receiver, taken at once and refused once."""

import asyncio
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import submits
from understudy.contracts.drivers.together import all_of
from understudy.contracts.history import id_of
from understudy.contracts.inputs import find_task_body
from understudy.contracts.negatives import edited
from understudy.contracts.requests import ask_for_task
from understudy.contracts.variants import find_failing
from understudy.specs.model import Kind, Operation

NO_RECEIVER = "no receiver: give --callback-listen, and --callback-url where the target is elsewhere"
NOT_TAKEN = "the target does not call the receiver's address: give a public one with --callback-url"
# Seconds that a callback may be late, beside its documented pauses.
LATE = 3.0


async def run_callbacks(drive: Drive) -> None:
    """A task that is told at once, one that is told a second time, one that fails, and one that is cancelled."""
    pairs = [(operation, kind) for operation, kind in submits(drive) if operation.deliveries]
    if drive.receiver is None:
        drive.reasons.update({f"callback/{operation.id}": NO_RECEIVER for operation, _ in pairs})
        return
    await all_of(*(_call_all(drive, *pair) for pair in pairs))


async def _call_all(drive: Drive, operation: Operation, kind: Kind) -> None:
    """First the one that is refused, so that its repetition falls due while the others live."""
    delivery, body = operation.deliveries[0], find_task_body(drive.contract, operation, kind)
    if body is None:
        return
    failing = find_failing(drive.contract, operation, kind, body) if drive.provoke else None
    cancels = drive.cancellers_of(kind) if "cancelled" in delivery.on else []
    refused = await _call(drive, operation, kind, body, failures=1)
    taken = await all_of(
        _call(drive, operation, kind, body),
        *(_call(drive, operation, kind, other) for other in (failing,) if other is not None),
        *(_call(drive, operation, kind, body, cancel) for cancel in cancels[:1]),
    )
    pauses = sum(delivery.delays[:1])
    if not await drive.waiting.move(pauses + 1):
        await all_of(
            _await_calls(drive, refused, 2, pauses + LATE), *(_await_calls(drive, url, 1, LATE) for url in taken)
        )


async def _call(
    drive: Drive, operation: Operation, kind: Kind, body: Any, cancel: Operation | None = None, failures: int = 0
) -> str:
    """Make a task with a callback and follow it to its end; the callback's address, '' where none was made.

    `cancel`: by what it is cancelled at once; `failures`: so many callbacks are refused.
    """
    assert drive.receiver
    url = drive.receiver.url(f"{kind.name}-{drive.dice.getrandbits(32):08x}", failures)
    wanted = edited(body, operation.deliveries[0].url.path, url)
    created = await drive.target.send(drive.ask(operation, wanted, probe="callback"))
    if not created.is_success:
        drive.reasons[f"callback/{operation.id}"] = NOT_TAKEN
        return ""
    if cancel is not None:
        await drive.target.send(ask_for_task(cancel, id_of(created.values)))
    await drive.follow(kind, created)
    # Once more: what a callback tells must be so afterwards, too.
    await drive.poll(kind, created)
    return url


async def _await_calls(drive: Drive, url: str, count: int, patience: float) -> None:
    """Wait until so many deliveries came to an address, and a moment more in which none should."""
    step = 0.05
    for _ in range(int(patience / step) if url else 0):
        if sum(exchange.url == url for exchange in drive.target.log.exchanges) >= count:
            break
        await asyncio.sleep(step)
    await asyncio.sleep(4 * step)
