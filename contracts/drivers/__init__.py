"""The drivers: what a run sends, as scenarios in one literal table. They make a history and judge nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from understudy.contracts.budget import OverBudget
from understudy.contracts.drivers import (
    callbacks,
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
from understudy.specs.model import Kind, Provider


@dataclass(frozen=True, slots=True)
class Means:
    """What a run may do to its target: let tasks fail, and move its clock, so that waiting costs nothing."""

    provokes: bool = False
    moves: bool = False


Count = Callable[[Provider, Kind, Means], int]


def _each(count: int, provoked: int = 0) -> Count:
    """So many tasks of each kind, and so many more where they may be made to fail."""
    return lambda provider, kind, means: count + means.provokes * provoked


_NONE = _each(0)


def _varied(provider: Provider, kind: Kind, means: Means) -> int:
    return tasks.count_variants(means.moves)


def _failures(provider: Provider, kind: Kind, means: Means) -> int:
    return len(kind.failures) if means.provokes else 0


def _queued(provider: Provider, kind: Kind, means: Means) -> int:
    several = crowd(provider.limits)
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
    Scenario("cancels", owners.run_cancels, ("cancel/",), tasks=_each(3)),
    Scenario("repetitions", owners.run_repetitions, ("idempotency/",), tasks=_each(4, 1)),
    Scenario("lists", owners.run_lists, ("list/",), turn=2),
    Scenario("callbacks", callbacks.run_callbacks, ("callback/",), tasks=_each(3, 1)),
    Scenario("uploads", uploads.run_uploads, ("upload/",), tasks=_each(1)),
    Scenario("poor", poor.run_poor, ("refusal/",)),
    Scenario("provoked", provoked.run_provoked, ("refusal/",)),
    Scenario("drawn", drawn.run_drawn, ("constraint/",)),
    Scenario("strangers", refused.run_strangers, ("refusal/",)),
    Scenario("negatives", negatives.run_negatives, ("constraint/", "rule/", "parameter/")),
    Scenario("unknown", refused.run_unknown, ("refusal/",)),
    Scenario("texts", texts.run_texts, ("text/", "stream/")),
    Scenario("files", files.run_files, ("media/",)),
    Scenario("queued", limits.run_queued, ("limits/running",), tasks=_queued, applies=lambda p: bool(p.limits.tiers)),
    Scenario("recovery", tasks.run_recovery, ("limits/freed",), turn=2, tasks=_each(0, 1)),
    Scenario("last looks", tasks.run_last_looks, ("balance/",), turn=3, tasks=_each(1)),
    Scenario("links", links.run_links, ("links/",), turn=3),
    Scenario("rated", limits.run_rated, ("limits/rate",), turn=4, applies=lambda p: p.limits.rate is not None),
)


def chosen(provider: Provider, only: frozenset[str]) -> list[Scenario]:
    """The scenarios that apply to a provider, of those that are named; of all when none is."""
    return [s for s in SCENARIOS if s.applies(provider) and (not only or s.name in only)]


async def run_all(drive: Drive) -> None:
    """Run the scenarios, turn by turn; what the budget forbids is noted as the reason why it was not checked."""
    ticker = asyncio.ensure_future(drive.waiting.tick(drive.target.is_quiet))
    try:
        for turn in range(5):
            wanted = [s for s in chosen(drive.contract.provider, drive.only) if s.turn == turn]
            await asyncio.gather(*(_run(scenario, drive) for scenario in wanted))
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)


async def _run(scenario: Scenario, drive: Drive) -> None:
    try:
        await scenario.run(drive)
    except OverBudget as bound:
        for prefix in scenario.clauses:
            drive.reasons.setdefault(prefix, str(bound))
