"""The drivers: what a run sends, as scenarios in one literal table. They make a history and judge nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from understudy.contracts.budget import OverBudget
from understudy.contracts.drivers import (
    callbacks,
    drawn,
    files,
    negatives,
    owners,
    poor,
    refused,
    tasks,
    texts,
    uploads,
)
from understudy.contracts.drivers.drive import Drive


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that a run does; `clauses` is how the ids of the clauses begin that it is there for.

    Those of one `turn` run at the same time: first those that look at the balance, last those that look back. `tasks`: how
    many of each kind it makes at most.
    """

    name: str
    run: Callable[[Drive], Awaitable[None]]
    clauses: tuple[str, ...]
    turn: int = 1
    tasks: int = 0


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("watched", tasks.run_watched, ("answer/", "state/", "lifecycle/", "price/", "balance/"), turn=0, tasks=2),
    Scenario("variants", tasks.run_variants, ("branch/", "price/"), tasks=3),
    Scenario("foreign", owners.run_foreign, ("ownership/",), tasks=1),
    Scenario("forms", owners.run_forms, ()),
    Scenario("cancels", owners.run_cancels, ("cancel/",), tasks=3),
    Scenario("repetitions", owners.run_repetitions, ("idempotency/",), tasks=3),
    Scenario("lists", owners.run_lists, ("list/",), turn=2),
    Scenario("callbacks", callbacks.run_callbacks, ("callback/",), tasks=3),
    Scenario("uploads", uploads.run_uploads, ("upload/",), tasks=1),
    Scenario("poor", poor.run_poor, ("refusal/",)),
    Scenario("drawn", drawn.run_drawn, ("constraint/",)),
    Scenario("strangers", refused.run_strangers, ("refusal/",)),
    Scenario("negatives", negatives.run_negatives, ("constraint/", "rule/", "parameter/")),
    Scenario("unknown", refused.run_unknown, ("refusal/",)),
    Scenario("texts", texts.run_texts, ("text/", "stream/")),
    Scenario("files", files.run_files, ("media/",)),
)


async def run_all(drive: Drive) -> None:
    """Run the scenarios, turn by turn; what the budget forbids is noted as the reason why it was not checked."""
    ticker = asyncio.ensure_future(drive.waiting.tick(drive.target.is_quiet))
    try:
        for turn in range(3):
            wanted = [s for s in SCENARIOS if s.turn == turn and (not drive.only or s.name in drive.only)]
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
