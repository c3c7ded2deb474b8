"""One run from its settings to its result: drive, judge, count. What was found so far is there even when it is stopped."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from understudy.contracts.budget import Budget
from understudy.contracts.checks import CHECKS, Check, judge
from understudy.contracts.clauses import Tally, Verdict, judge_clauses, tally
from understudy.contracts.contract import Contract
from understudy.contracts.drivers import run_all
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.upstream import run_upstream
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Finding
from understudy.contracts.history import History
from understudy.contracts.target import Log, Target
from understudy.contracts.timing import Advance, Pace, Waiting
from understudy.contracts.upstream import Upstream
from understudy.specs.model import Provider


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is to do. `credentials`: `first`, perhaps `other`, by which requests say who they are.

    `upstream`: the provider behind the target, where that is ours; `headers` go with every request."""

    base_url: str
    credentials: Mapping[str, str]
    seed: int = 0
    max_tasks: int | None = None
    max_credits: Decimal | None = None
    provoke: bool = False
    pace: Pace = field(default_factory=Pace)
    checks: tuple[Check, ...] = CHECKS
    scenarios: frozenset[str] = frozenset()
    upstream: Upstream | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found. `stopped`: why it ended early, '' when it did not."""

    provider: Provider
    settings: Settings
    history: History
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    spent: Budget
    stopped: str = ""

    @property
    def tally(self) -> Tally:
        """Index and score."""
        return tally(self.verdicts)


class Unreachable(Exception):
    """A target that does not answer at all; says where and how it failed."""


def run(
    provider: Provider,
    settings: Settings,
    told: Callable[[Exchange], None] = lambda exchange: None,
    advance: Advance | None = None,
) -> Result:
    """Drive a target and judge it; raises Unreachable when nobody is there. Ctrl-C ends the driving, not the judging."""
    contract = Contract(provider)
    log, budget = Log(told=told), Budget(settings.max_tasks, settings.max_credits)
    reasons: dict[str, str] = {}
    stopped = ""
    try:
        asyncio.run(_drive(contract, settings, log, budget, reasons, advance))
    except KeyboardInterrupt:
        stopped = "interrupted"
    if log.exchanges and all(exchange.error == "connect" for exchange in log.exchanges):
        raise Unreachable(f"nobody answers at {settings.base_url}")
    return conclude(contract, settings, log.exchanges, budget, reasons, stopped)


def conclude(
    contract: Contract,
    settings: Settings,
    exchanges: list[Exchange],
    budget: Budget,
    reasons: Mapping[str, str],
    stopped: str = "",
) -> Result:
    """Judge a history, wherever it comes from."""
    secrets = settings.upstream.secrets if settings.upstream else frozenset[str]()
    history = History(contract, exchanges, secrets)
    findings = judge(history, settings.checks, settings.seed)
    verdicts = judge_clauses(history, findings, reasons)
    return Result(contract.provider, settings, history, tuple(findings), tuple(verdicts), budget, stopped)


async def _drive(
    contract: Contract,
    settings: Settings,
    log: Log,
    budget: Budget,
    reasons: dict[str, str],
    advance: Advance | None,
) -> None:
    credentials = {"wrong": wrong_key(settings.credentials["first"]), **settings.credentials}
    waiting = Waiting(settings.pace, advance)
    async with Target(contract, settings.base_url, credentials, budget, log=log, headers=settings.headers) as target:
        drive = Drive(contract, target, waiting, settings.seed, settings.provoke, settings.scenarios, reasons)
        if settings.upstream:
            await run_upstream(drive, settings.upstream)
        else:
            await run_all(drive)


def wrong_key(key: str) -> str:
    """A key of the same form that is surely nobody's."""
    head, tail = key[: len(key) // 2], key[len(key) // 2 :]
    return head + "".join(_other(character) for character in tail)


def _other(character: str) -> str:
    for alphabet in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        if character in alphabet:
            return alphabet[(alphabet.index(character) * 7 + 3) % len(alphabet)]
    return character
