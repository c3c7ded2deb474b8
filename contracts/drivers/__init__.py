"""The drivers: what a run sends, as scenarios in one literal table. They make a history and judge nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from understudy.contracts.budget import OverBudget, part_of_budget, shared_out
from understudy.contracts.contract import Contract
from understudy.contracts.drivers import (
    callbacks,
    compressed,
    drawn,
    files,
    limits,
    links,
    negatives,
    owners,
    poor,
    provoked,
    refused,
    tasks,
    texts,
    uploads,
)
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.limits import crowd
from understudy.specs.model import Kind, Operation, Provider


@dataclass(frozen=True, slots=True)
class Means:
    """What a run may do to its target: let tasks fail, and move its clock, so that waiting costs nothing; and its seed."""

    provokes: bool = False
    moves: bool = False
    seed: int = 0


Count = Callable[[Contract, Operation, Kind, Means], int]


def _each(count: int, provoked: int = 0) -> Count:
    """So many tasks of each kind, and so many more where they may be made to fail."""
    return lambda contract, operation, kind, means: count + means.provokes * provoked


_NONE = _each(0)


def _varied(contract: Contract, operation: Operation, kind: Kind, means: Means) -> int:
    return len(tasks.variants_of(contract, operation, kind, means.seed))


def _failures(contract: Contract, operation: Operation, kind: Kind, means: Means) -> int:
    return len(kind.failures) if means.provokes else 0


def _unseen(contract: Contract, operation: Operation, kind: Kind, means: Means) -> int:
    return 1 + means.provokes if means.moves else 0


def _queued(contract: Contract, operation: Operation, kind: Kind, means: Means) -> int:
    several = crowd(contract.provider.limits)
    return several + 1 + means.provokes * (several + 1)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that a run does; `clauses` is how the ids of the clauses begin that it is there for.

    Those of one `turn` run at the same time: first those that look at the balance, last those that look back. `tasks`: how
    many of a kind it makes at most; `applies`: to which providers.
    """

    name: str
    run: Callable[[Drive], Awaitable[None]]
    clauses: tuple[str, ...]
    turn: int = 1
    tasks: Count = _NONE
    applies: Callable[[Provider], bool] = lambda provider: True


def _has(behavior: str) -> Callable[[Provider], bool]:
    return lambda provider: any(operation.behavior == behavior for operation in provider.operations)


def _calls_back(provider: Provider) -> bool:
    return any(operation.deliveries for operation in provider.operations)


# How many turns there are.
TURNS = 6
SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "watched",
        tasks.run_watched,
        ("answer/", "state/", "lifecycle/", "price/", "balance/"),
        turn=0,
        tasks=_each(1, 1),
    ),
    Scenario("variants", tasks.run_variants, ("branch/", "price/"), tasks=_varied),
    Scenario("failures", tasks.run_failures, ("refund/", "due/"), tasks=_failures),
    Scenario("foreign", owners.run_foreign, ("ownership/",), tasks=_each(1)),
    Scenario("forms", owners.run_forms, ()),
    Scenario("twins", tasks.run_twins, ("task/",), tasks=_each(3)),
    Scenario("cancels", owners.run_cancels, ("cancel/",), tasks=_each(3), applies=_has("task.cancel")),
    Scenario(
        "repetitions",
        owners.run_repetitions,
        ("idempotency/",),
        tasks=_each(5, 1),
        applies=lambda p: p.idempotency is not None,
    ),
    Scenario("lists", owners.run_lists, ("list/",), turn=2),
    Scenario("callbacks", callbacks.run_callbacks, ("callback/",), tasks=_each(3, 1), applies=_calls_back),
    Scenario("uploads", uploads.run_uploads, ("upload/",), tasks=_each(2), applies=_has("upload.presign")),
    Scenario("poor", poor.run_poor, ("refusal/",)),
    Scenario("provoked", provoked.run_provoked, ("refusal/", "broken/")),
    Scenario("drawn", drawn.run_drawn, ("constraint/",)),
    Scenario("strangers", refused.run_strangers, ("refusal/",)),
    Scenario("compressed", compressed.run_compressed, ("answer/", "refusal/")),
    Scenario("negatives", negatives.run_negatives, ("constraint/", "rule/", "parameter/")),
    Scenario("unknown", refused.run_unknown, ("refusal/",)),
    Scenario("texts", texts.run_texts, ("text/", "stream/")),
    Scenario("files", files.run_files, ("media/",)),
    Scenario("queued", limits.run_queued, ("limits/running",), tasks=_queued, applies=lambda p: bool(p.limits.tiers)),
    Scenario("locked", refused.run_locked, ("refusal/",), turn=2),
    Scenario("recovery", tasks.run_recovery, ("limits/freed",), turn=2, tasks=_each(0, 1)),
    Scenario("unseen", tasks.run_unseen, ("balance/",), turn=3, tasks=_unseen),
    Scenario("last looks", tasks.run_last_looks, ("balance/",), turn=4, tasks=_each(1)),
    Scenario("links", links.run_links, ("links/",), turn=4),
    Scenario("rated", limits.run_rated, ("limits/rate",), turn=5, applies=lambda p: p.limits.rate is not None),
)


def chosen(provider: Provider, only: frozenset[str]) -> list[Scenario]:
    """The scenarios that apply to a provider, of those that are named; of all when none is."""
    return [s for s in SCENARIOS if s.applies(provider) and (not only or s.name in only)]


async def run_all(drive: Drive) -> None:
    """Run the scenarios, turn by turn; what the budget forbids is noted as the reason why it was not checked.

    Where tasks are bounded, each gets a part of them, and none more than it wants.
    """
    every = chosen(drive.contract.provider, drive.only)
    ticker = asyncio.ensure_future(drive.waiting.tick(drive.target.is_quiet))
    try:
        for turn in range(TURNS):
            wanted, later = ([s for s in every if s.turn == turn], [s for s in every if s.turn > turn])
            parts = _parts(drive, wanted, later)
            runs = (_run(scenario, drive, part) for scenario, part in zip(wanted, parts, strict=True))
            await _unless_it_fails(ticker, [asyncio.ensure_future(run) for run in runs])
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)


async def _unless_it_fails(ticker: asyncio.Future[None], runs: list[asyncio.Future[None]]) -> None:
    """Wait for runs; what ends the ticker or one of them ends all: they may wait for a time that nobody moves."""
    left = {*runs}
    try:
        while left:
            if ticker.done():
                ticker.result()
            done, _ = await asyncio.wait(
                left if ticker.done() else {ticker, *left}, return_when=asyncio.FIRST_COMPLETED
            )
            for each in done:
                each.result()
            left -= done
    finally:
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)


def _parts(drive: Drive, scenarios: list[Scenario], later: list[Scenario]) -> list[int | None]:
    """How many tasks each may make, None for any number: some are left for what comes later, and one for what should make none."""
    budget, contract = drive.target.budget, drive.contract
    if budget.max_tasks is None:
        return [None] * len(scenarios)
    means = Means(drive.provoke, drive.waiting.is_free, drive.seed)
    wanted = [sum(count_tasks(contract, scenario, means)) for scenario in (*scenarios, *later)]
    kept = int(budget.max_tasks > 1)
    parts = shared_out(wanted, budget.max_tasks - budget.tasks - kept)
    return [part if want else None for part, want in zip(parts, wanted[: len(scenarios)], strict=False)]


def count_tasks(contract: Contract, scenario: Scenario, means: Means) -> list[int]:
    """How many tasks a scenario makes at most, for each kind that can be submitted."""
    pairs = (
        (operation, kind) for operation in contract.serving("task.submit") for kind in contract.kinds_of(operation)
    )
    return [scenario.tasks(contract, *pair, means) for pair in pairs]


async def _run(scenario: Scenario, drive: Drive, part: int | None) -> None:
    try:
        with part_of_budget(part):
            await scenario.run(drive)
    except OverBudget as bound:
        for prefix in scenario.clauses:
            drive.reasons.setdefault(prefix, str(bound))
