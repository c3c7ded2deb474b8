"""Directed negatives: for each constraint and rule of a request a body that breaks it, and requests that are none."""

import asyncio
from collections.abc import Iterator

from understudy.contracts.budget import OverBudget
from understudy.contracts.constraints import iter_constraints
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.inputs import iter_good_bodies
from understudy.contracts.negatives import iter_negatives
from understudy.contracts.requests import Request
from understudy.contracts.rulebreaking import iter_rule_breakers
from understudy.contracts.variants import iter_branching
from understudy.specs.model import Operation

# So many are under way at once: each may turn out to be taken, and is paid for in advance.
AT_ONCE = 6


async def run_negatives(drive: Drive) -> None:
    """Send what must be refused, operation by operation."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def send(request: Request) -> None:
        async with gate:
            await drive.target.send(request)

    for operation in drive.contract.provider.operations:
        if operation.media:
            continue
        try:
            await all_of(*map(send, _requests(drive, operation)))
        except OverBudget as bound:
            drive.reasons[f"constraint/{operation.id}/"] = str(bound)


def _requests(drive: Drive, operation: Operation) -> list[Request]:
    bodies = [*_bodies(drive, operation)]
    requests = [drive.ask(operation, body) for body in bodies]
    if operation.body is not None and not operation.body.raw:
        broken = drive.ask(operation, {})
        requests += [broken.evolve(body=b'{"a": 1,'), broken.evolve(body=b"[]"), broken.evolve(body=b"\xff\xfe{}")]
    return requests + list(_queries(drive, operation))


def _bodies(drive: Drive, operation: Operation) -> Iterator[object]:
    shape = drive.contract.body_shape(operation)
    if shape is None:
        return
    documented = list(iter_good_bodies(drive.contract, operation))
    # In a documented body the condition of a branch may never hold: what the branch demands is to be left out there, too.
    branching = (body for base in documented[:1] for body in iter_branching(drive.contract, operation, base))
    bases = [*documented, *(body for body in branching if shape.is_valid(body) and body not in documented)]
    for constraint in iter_constraints(shape.schema):
        if not constraint.is_choice:
            yield from (negative.body for negative in iter_negatives(shape, constraint, bases))
    yield from iter_rule_breakers(drive.contract, operation, documented)


def _queries(drive: Drive, operation: Operation) -> Iterator[Request]:
    """Each query parameter with a value out of its bounds, and of another type."""
    for parameter in operation.parameters:
        if parameter.where != "query" or operation.body is not None:
            continue
        bounds = ((parameter.schema.get("minimum"), -1), (parameter.schema.get("maximum"), 1))
        wrong: list[object] = [bound + step for bound, step in bounds if bound is not None]
        wrong += ["no-number", "1.5"] if parameter.schema.get("type") in ("integer", "number") else []
        wrong += ["no-such-value"] if "enum" in parameter.schema else []
        yield from (drive.ask(operation, query={parameter.name: value}) for value in wrong)
