"""Refusals that nobody can bring about by asking wrongly, and streams that break off: a mock gives them where a prompt says so."""

from collections.abc import Iterator
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import submits
from understudy.contracts.drivers.together import all_of
from understudy.contracts.inputs import find_task_body, iter_good_bodies
from understudy.contracts.negatives import edited
from understudy.contracts.protocols.protocol import Wish
from understudy.contracts.requests import BREAKS, PROVOKED, Request
from understudy.contracts.texts import protocol_of
from understudy.specs.expressions import parse
from understudy.specs.model import Operation

# What speaks of the moment or of the account, whatever is asked; the other conditions are met by asking for them.
CONDITIONS = ("rate_limited", "service_busy", "internal_error", "insufficient_credits")
# What takes more than a few events to answer.
_TALK = "Tell me in three sentences what a lighthouse is for."
# Where the text stands that a behavior is given.
_TEXTS = {"images": "prompt", "speech": "input"}


async def run_provoked(drive: Drive) -> None:
    """Let each operation that takes a text be refused for each of the conditions, streams too, and break streams off."""
    if drive.provoke:
        requests = (*_iter_requests(drive), *_iter_breaking(drive))
        await all_of(*(drive.target.send(request) for request in requests))


def _iter_breaking(drive: Drive) -> Iterator[Request]:
    """A stream of each operation for each condition, each broken off later than the one before."""
    for operation in drive.contract.serving("completion"):
        protocol, base = protocol_of(operation), next(iter_good_bodies(drive.contract, operation), None)
        if protocol is None or base is None or not operation.reply.stream:
            continue
        known = [name for name in CONDITIONS if name in drive.contract.conditions(operation)]
        for place, name in enumerate(known):
            text = f"{_TALK} [understudy: refuse={name} after={1 + 2 * place}]"
            body = protocol.fill(base, Wish(text, is_streamed=True))
            yield drive.ask(operation, body, probe=f"{BREAKS}{name}")


def _iter_requests(drive: Drive) -> Iterator[Request]:
    for operation in drive.contract.provider.operations:
        known = drive.contract.conditions(operation)
        for name in (name for name in CONDITIONS if name in known):
            for body in _iter_bodies(drive, operation, f"Hello [understudy: refuse={name}]"):
                yield drive.ask(operation, body, probe=f"{PROVOKED}{name}")


def _iter_bodies(drive: Drive, operation: Operation, text: str) -> Iterator[Any]:
    """Bodies of an operation that have a text in their prompt; none where it takes no text."""
    if operation.behavior == "task.submit":
        for submit, kind in submits(drive):
            body = find_task_body(drive.contract, operation, kind) if submit is operation and kind.magic else None
            if body is not None and kind.magic:
                yield edited(body, kind.magic.path, text)
                return
    base = next(iter_good_bodies(drive.contract, operation), None)
    protocol = protocol_of(operation)
    if protocol and base is not None:
        yield protocol.fill(base, Wish(text))
        if operation.reply.stream and "is_streamed" in protocol.can:
            yield protocol.fill(base, Wish(text, is_streamed=True))
    elif operation.behavior in _TEXTS and base is not None:
        yield edited(base, parse(operation.arguments[_TEXTS[operation.behavior]]).path, text)
