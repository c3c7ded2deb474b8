"""The drivers: what a run sends, as scenarios in one literal table. They make a history and judge nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from understudy.contracts.budget import OverBudget
from understudy.contracts.drivers import files, refused, tasks, texts
from understudy.contracts.drivers.drive import Drive


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that a run does; `clauses` is how the ids of the clauses begin that it is there for."""

    name: str
    run: Callable[[Drive], Awaitable[None]]
    clauses: tuple[str, ...]


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("healthy", tasks.run_healthy, ("answer/", "state/", "lifecycle/")),
    Scenario("strangers", refused.run_strangers, ("refusal/",)),
    Scenario("unknown", refused.run_unknown, ("refusal/",)),
    Scenario("texts", texts.run_texts, ("text/", "stream/")),
    Scenario("files", files.run_files, ("media/",)),
)


async def run_all(drive: Drive) -> None:
    """Run every scenario at the same time; what the budget forbids is noted as the reason why it was not checked."""
    ticker = asyncio.ensure_future(drive.waiting.tick(drive.target.is_quiet))
    try:
        await asyncio.gather(*(_run(scenario, drive) for scenario in SCENARIOS))
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)


async def _run(scenario: Scenario, drive: Drive) -> None:
    try:
        await scenario.run(drive)
    except OverBudget as bound:
        for prefix in scenario.clauses:
            drive.reasons.setdefault(prefix, str(bound))
