"""Tasks driven through their lives: healthy ones of each kind and of other inputs, and failing ones, with looks at the balance."""

import asyncio
import time
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

from understudy.contracts.contract import Contract
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.history import links_of
from understudy.contracts.inputs import find_task_body
from understudy.contracts.limits import AFTER_FAILURES, PATIENT_TRIES
from understudy.contracts.pricing import typical_seconds
from understudy.contracts.reading import Reading, read_exchange
from understudy.contracts.requests import SURELY_SEEN, Request
from understudy.contracts.timing import LONGEST_ADVICE, advice_of
from understudy.contracts.variants import find_failing, iter_variants
from understudy.specs.model import Kind, Operation

# Inputs of each kind beside the plain one that are tried at most.
MOST_VARIANTS = 40
# Seconds until a create is asked for again that was refused for the moment.
A_WHILE = 15.0
# How many looks at a task that is over come at a time.
MANY = 3


def submits(drive: Drive) -> list[tuple[Operation, Kind]]:
    """Every operation that makes tasks, with each kind that it makes."""
    return [(o, kind) for o in drive.contract.serving("task.submit") for kind in drive.contract.kinds_of(o)]


async def run_watched(drive: Drive) -> None:
    """A healthy task of each kind, and a failing one where that can be asked for; the balance is looked at all the time."""
    # Another's balance, too: it must not move by what the first account spends.
    await all_of(*(look_as(drive, who) for who in ("first", "other") if who in drive.target.credentials))
    await all_of(*(_watch(drive, *each) for each in submits(drive)))
    await look(drive)
    await all_of(*(_watch_failure(drive, *each) for each in submits(drive)))
    await look(drive)


async def run_variants(drive: Drive) -> None:
    """Tasks of other inputs: documented ones, each conditional branch, every value and bound, and every member left out."""
    await all_of(*(_vary(drive, *each) for each in submits(drive)))


async def run_failures(drive: Drive) -> None:
    """A task of each kind for each way to fail that can be asked for."""
    await all_of(*(_fail(drive, *each) for each in submits(drive)))


async def _fail(drive: Drive, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind) if drive.provoke else None
    codes = list(kind.failures)[1:] if body is not None else []
    bodies = (find_failing(drive.contract, operation, kind, body, code) for code in codes)
    await all_of(*(live(drive, operation, kind, failing) for failing in bodies if failing is not None))


async def run_recovery(drive: Drive) -> None:
    """When all is over, and much of it failed: one more task of each kind, asked for again as long as it is refused."""
    await all_of(*(_recover(drive, *each) for each in submits(drive) if drive.provoke))


async def _recover(drive: Drive, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind)
    for _ in range(PATIENT_TRIES if body is not None else 0):
        created = await drive.target.send(drive.ask(operation, body, probe=AFTER_FAILURES))
        if not created.is_refusal:
            await drive.follow(kind, created)
            return
        await drive.waiting.sleep(max(A_WHILE, min(advice_of(created.exchange), LONGEST_ADVICE)))


async def run_unseen(drive: Drive) -> None:
    """Tasks that nobody looks at until they are over: what is paid or given back then is so without a look, and once.

    First the lists tell that they are over, then several looks at a time. Only where nobody has to wait for it.
    """
    if not drive.waiting.is_free:
        return
    await look(drive)
    made = await all_of(*(_leave(drive, *each) for each in submits(drive)))
    left = [(kind, created) for each in made for kind, created in each]
    if not left:
        return
    await drive.waiting.sleep(max(drive.due(kind, created, ahead=len(left)) for kind, created in left))
    await all_of(*(drive.target.send(drive.ask(o)) for o in drive.contract.serving("task.list")))
    await look(drive)
    async with drive.target.together(MANY * len(left)):
        await all_of(*(drive.poll(*each) for each in left for _ in range(MANY)))
    await look(drive)


async def _leave(drive: Drive, operation: Operation, kind: Kind) -> list[tuple[Kind, Reading]]:
    """Make a task of a kind, and one that fails where that can be asked for; those that were taken, with their kind."""
    body = find_task_body(drive.contract, operation, kind)
    failing = find_failing(drive.contract, operation, kind, body) if drive.provoke and body is not None else None
    bodies = [each for each in (body, failing) if each is not None]
    created = await all_of(*(drive.target.send(drive.ask(operation, each)) for each in bodies))
    return [(kind, each) for each in created if each.is_success]


async def run_twins(drive: Drive) -> None:
    """Creates of one body at a time, by two accounts: each makes a task of its own."""
    await all_of(*(_twin(drive, *each) for each in submits(drive)))


async def _twin(drive: Drive, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind)
    if body is None:
        return
    idempotency = drive.contract.provider.idempotency
    asked = []
    for who in ("first", "first", "other"):
        headers = ((idempotency.header, f"understudy-{uuid4()}"),) if idempotency else ()
        asked += [drive.ask(operation, body, headers=headers, who=who)] if who in drive.target.credentials else []
    async with drive.target.together(2):
        created = await all_of(*map(drive.target.send, asked))
    await all_of(
        *(drive.follow(kind, c, request.who) for c, request in zip(created, asked, strict=True) if c.is_success)
    )


async def run_last_looks(drive: Drive) -> None:
    """When all else is done, look once more at the balances, for all is paid by then, and at the tasks that were given up."""
    await all_of(*(_look_again(drive, sent, look) for sent, look in drive.given_up))
    await all_of(*(look_as(drive, who) for who in ("first", "other") if who in drive.target.credentials))
    if drive.contract.serving("account.balance"):
        return
    for operation, kind in submits(drive):
        # Where only creates tell the balance, one more of each kind is made when nothing else is under way: their prices
        # differ, and so who tells the balance before the charge is seen, too.
        shown = {expression.text for case in operation.reply.cases for expression in case.body.expressions()}
        body = find_task_body(drive.contract, operation, kind)
        if "$account.remaining" in shown and body is not None:
            created = await drive.target.send(drive.ask(operation, body))
            await (drive.follow(kind, created) if created.is_success else look(drive))


async def _look_again(drive: Drive, sent: float, look: Request) -> None:
    """Look at a task that was given up. Its time is over by a clock that is moved faster than a relay may look at it."""
    if drive.waiting.is_free:
        await asyncio.sleep(max(0.0, sent + SURELY_SEEN - time.time()))
    await drive.target.send(look)


async def look(drive: Drive) -> None:
    """Look at the first account's balance."""
    await look_as(drive, "first")


async def look_as(drive: Drive, who: str) -> None:
    """Look at an account's balance, and at what it may use."""
    for operation in drive.contract.serving("account.balance", "models.list"):
        await drive.target.send(drive.ask(operation, who=who))


async def live(
    drive: Drive, operation: Operation, kind: Kind, body: Any, *, is_brief: bool = False, **more: Any
) -> Reading | None:
    """Create a task and follow it to its end; its results are fetched. The last answer, None when it was refused.

    `is_brief`: only its end is looked at, where waiting for that costs nothing.
    """
    created = await drive.target.send(drive.ask(operation, body, **more))
    if is_brief and created.is_success and created.asked is not None:
        await drive.waiting.rest(typical_seconds(kind, created.asked))
    last = await drive.follow(kind, created) if created.is_success else None
    if last is not None:
        await fetch_results(drive, kind, last)
    return last


async def _watch(drive: Drive, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind)
    if body is None:
        drive.reasons[f"lifecycle/{kind.name}/"] = "no documented example makes a task of this kind without an upload"
        return
    await _watch_body(drive, operation, kind, body)


async def _watch_failure(drive: Drive, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind)
    failing = find_failing(drive.contract, operation, kind, body) if drive.provoke and body is not None else None
    if failing is not None:
        await _watch_body(drive, operation, kind, failing)


async def _watch_body(drive: Drive, operation: Operation, kind: Kind, body: Any) -> None:
    created = await drive.target.send(drive.ask(operation, body))
    if not created.is_success:
        said = ", ".join(created.conditions) or created.exchange.error or f"status {created.exchange.status}"
        drive.reasons[f"lifecycle/{kind.name}/"] = drive.reasons[f"task/{kind.name}/"] = f"a create was refused: {said}"
    await look(drive)
    last = await drive.follow(kind, created) if created.is_success else None
    await look(drive)
    if last is None:
        return
    # Once more, twice at a time: the end stays, and is paid or given back once.
    await all_of(drive.poll(kind, created), drive.poll(kind, created))
    await look(drive)
    await all_of(*(drive.target.send(drive.ask(o)) for o in drive.contract.serving("task.list")))
    await fetch_results(drive, kind, last)


async def _vary(drive: Drive, operation: Operation, kind: Kind) -> None:
    bodies = variants_of(drive.contract, operation, kind, drive.seed)
    if len(bodies) == MOST_VARIANTS:
        drive.reasons[f"taken/{operation.id}/"] = f"more than {MOST_VARIANTS} inputs of a {kind.name} were not tried"
    await all_of(*(live(drive, operation, kind, body, is_brief=True) for body in bodies))


def variants_of(contract: Contract, operation: Operation, kind: Kind, seed: int) -> tuple[Any, ...]:
    """The inputs of a kind that are tried beside its plain one."""
    return tuple(iter_variants(contract, operation, kind, Random(seed), MOST_VARIANTS))


async def fetch_results(drive: Drive, kind: Kind, last: Reading) -> None:
    """Fetch the results of a task without a key, as a player would."""
    await all_of(*(drive.target.send(request) for request in result_requests(drive, kind, last)))


def result_requests(drive: Drive, kind: Kind, last: Reading) -> Iterator[Request]:
    """Requests for the results that an answer about a task links to."""
    # Where one operation answers for several kinds, only who knows the kind can read what is told of it.
    values = read_exchange(drive.contract, last.exchange, kind).values
    for name in kind.results:
        found = links_of(values, name)
        for link in found if isinstance(found, list) else [found]:
            if isinstance(link, str) and link.startswith(("http://", "https://")):
                probe = f"result:{kind.name}:{name}"
                yield Request(None, "GET", "", who="none", probe=probe, url=link)
