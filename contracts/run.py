"""One run from its settings to its result: drive, judge, count. What was found so far is there even when it is stopped."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal

from understudy.contracts.budget import Budget
from understudy.contracts.checks import CHECKS, Check, judge
from understudy.contracts.clauses import Tally, Verdict, judge_clauses, tally
from understudy.contracts.contract import Contract
from understudy.contracts.control import Control, NoControl
from understudy.contracts.drivers import run_all
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.upstream import run_upstream
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Finding
from understudy.contracts.history import History
from understudy.contracts.limits import NARROW
from understudy.contracts.receiver import Receiver
from understudy.contracts.requests import Request
from understudy.contracts.target import Log, Target
from understudy.contracts.timing import Pace, Turns, Waiting
from understudy.contracts.upstream import Upstream
from understudy.specs.model import Provider


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is to do. `credentials`: `first`, perhaps `other` and `poor`, by which requests say who they are.

    `listen` is where the receiver of callbacks listens (None: nowhere), `callback_url` how the target reaches it;
    `control_url` the control API of a target that is the mock; `scenarios` those to run, empty for all;
    `examples` how many bodies Schemathesis draws for each operation;
    `upstream` the provider behind the target, where that is ours; `headers` go with every request.
    """

    base_url: str
    credentials: Mapping[str, str]
    seed: int = 0
    max_tasks: int | None = None
    max_credits: Decimal | None = None
    provoke: bool = False
    listen: tuple[str, int] | None = None
    callback_url: str = ""
    control_url: str = ""
    pace: Pace = field(default_factory=Pace)
    checks: tuple[Check, ...] = CHECKS
    scenarios: frozenset[str] = frozenset()
    examples: int = 0
    upstream: Upstream | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found. `stopped`: why it ended early, '' when it did not; `reasons`: what its drivers could not check, and why."""

    provider: Provider
    settings: Settings
    history: History
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    spent: Budget
    stopped: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        """Index and score."""
        return tally(self.verdicts)


# Why a run ended early that somebody ended.
INTERRUPTED = "interrupted"
# Credits of the account that is opened to make more tasks than may run.
ENOUGH = "10000"
# Seconds between two polls of tasks that live fast, at first and at most.
BRISK = 0.1, 0.5


class Unreachable(Exception):
    """A target that does not answer at all; says where and how it failed."""


def run(provider: Provider, settings: Settings, told: Callable[[Exchange], None] = lambda exchange: None) -> Result:
    """Drive a target and judge it; raises Unreachable or NoControl. Ctrl-C ends the driving, not the judging."""
    contract = Contract(provider)
    log, budget = Log(told=told), Budget(settings.max_tasks, settings.max_credits)
    reasons: dict[str, str] = {}
    stopped = ""
    try:
        asyncio.run(_drive(contract, settings, log, budget, reasons))
    except KeyboardInterrupt:
        stopped = INTERRUPTED
    except NoControl as error:
        # Before anything was asked there is nothing to judge.
        if not log.exchanges:
            raise
        stopped = f"cut short: {error}"
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
    return Result(contract.provider, settings, history, tuple(findings), tuple(verdicts), budget, stopped, reasons)


async def _drive(contract: Contract, settings: Settings, log: Log, budget: Budget, reasons: dict[str, str]) -> None:
    first = settings.credentials["first"]
    credentials = {**wrong_keys(first), **settings.credentials}
    async with AsyncExitStack() as opened:
        waiting = Waiting(_brisk(settings.pace) if settings.upstream else settings.pace)
        if settings.control_url:
            control = await opened.enter_async_context(Control(settings.control_url, contract.provider.slug))
            if await control.clock() == "virtual":
                waiting, begun = Waiting(settings.pace, control.advance), await control.now()
                log.now = lambda: begun + waiting.now()
            credentials = {"poor": turned_key(first, 5), NARROW: turned_key(first, 7), **credentials}
            for who, credits in (("poor", "0"), (NARROW, ENOUGH)):
                if who not in settings.credentials:
                    await control.open_account(f"understudy-{who}", credentials[who], credits)
        # What is sent to a relay in front of a provider of ours does not wait: nobody moves its clock.
        rate = None if settings.upstream else contract.provider.limits.rate
        turns = Turns(*rate, waiting) if rate else None
        http = Target(contract, settings.base_url, credentials, budget, log=log, headers=settings.headers, turns=turns)
        target = await opened.enter_async_context(http)
        await _greet(contract, target)
        drive = Drive(
            contract,
            target,
            waiting,
            settings.seed,
            # A provider of ours may be made to fail.
            settings.provoke or settings.upstream is not None,
            settings.scenarios,
            reasons,
            examples=settings.examples,
            speed=settings.upstream.speed if settings.upstream else 1.0,
        )
        if settings.listen:
            receiver = Receiver(*settings.listen, settings.callback_url, log.add, log.next_serial)
            drive.receiver = await opened.enter_async_context(receiver)
        await (run_upstream(drive, settings.upstream) if settings.upstream else run_all(drive))


def _brisk(pace: Pace) -> Pace:
    """A pace for tasks that live fast."""
    first, longest = BRISK
    return replace(pace, first=min(pace.first, first), longest=min(pace.longest, longest))


async def _greet(contract: Contract, target: Target) -> None:
    """Ask for something that costs nothing; raises Unreachable when nobody is there."""
    reading = await target.send(Request(None, "GET", "/", who="none", probe="greeting"))
    if reading.exchange.error in ("connect", "timeout"):
        raise Unreachable(f"nobody answers at {target.base_url}")


def wrong_keys(key: str) -> dict[str, str]:
    """Keys that nobody has, by the name of who brings them: each is like the key but for one thing."""
    middle = len(key) // 2
    head, tail = key[:middle], key[middle:]
    found = {
        "wrong": turned_key(key, 3),
        "wrong head": turned_key(head, 3) + tail,
        "wrong case": head + tail.swapcase(),
        "wrong end": key[:-1],
        "wrong tail": f"{key}0",
        "wrong suffix": f"{key}-0",
    }
    return {name: wrong for name, wrong in found.items() if wrong != key}


def turned_key(key: str, turns: int) -> str:
    """A key of the same form that is surely nobody's yet: its second half with other letters and digits."""
    head, tail = key[: len(key) // 2], key[len(key) // 2 :]
    return head + "".join(_turned(character, turns) for character in tail)


def _turned(character: str, turns: int) -> str:
    for alphabet in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        if character in alphabet:
            return alphabet[(alphabet.index(character) + turns) % len(alphabet)]
    return character
