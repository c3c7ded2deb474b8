"""A provider that is played: where it is, what it does next, what it saw."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from understudy.environment import environment_of
from understudy.mockserver.chronicle import Due
from understudy.playing.accounts import Account, money
from understudy.playing.deliveries import Callback, callbacks_of, redeliver
from understudy.playing.house import Seat
from understudy.playing.journal import Journal
from understudy.playing.orders import Faults, Order, order
from understudy.playing.scripting import Script
from understudy.playing.tasks import Task
from understudy.playing.violations import Violation, Violations


class SetsEnvironment(Protocol):
    """What sets environment variables and takes them back: pytest's `monkeypatch`."""

    def setenv(self, name: str, value: str) -> None:
        """Set one."""
        ...


class Handle:
    """What a provider's two forms have in common. Nothing here waits for more than the server's next turn."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self.journal = Journal(seat)
        self.faults = Faults(seat)
        self.script = Script(seat)
        self._violations = Violations(seat)

    @property
    def slug(self) -> str:
        """The provider's name in addresses and on the command line."""
        return self._seat.site.slug

    @property
    def base_url(self) -> str:
        """Where it is served, without a slash at the end: what a client takes as the provider's address."""
        return self._seat.site.base_url

    @property
    def api_key(self) -> str:
        """A key of the first account."""
        return self.keys[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """A key of each account that the spec has, in its order."""
        return tuple(account.key for account in self._seat.site.stage.provider.accounts)

    @property
    def media_url(self) -> str:
        """The second origin, where uploads go and results are."""
        return self._seat.world.media_url

    @property
    def control_url(self) -> str:
        """The control API of this provider's world."""
        return f"{self._seat.world.base_url}/_understudy"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which the provider's SDKs find it, with their values."""
        provider, host = self._seat.site.stage.provider, self._seat.world.base_url
        return environment_of(provider, self.base_url, self.api_key, host)

    def set_environment(self, monkeypatch: SetsEnvironment) -> None:
        """Set these variables, until the test ends."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    @property
    def account(self) -> Account:
        """The account behind `api_key`."""
        return next(iter(self.accounts.values()))

    @property
    def accounts(self) -> Mapping[str, Account]:
        """All accounts by their ids."""
        kept = self._seat.server.run(lambda: list(self._seat.site.accounts))
        return {account.id: Account(account.id, self._seat, account) for account in kept}

    def open_account(self, name: str, key: str, credits: Decimal | int | str = 0) -> Account:
        """Open a further account with a key and credits; raises ValueError for an id or key that is taken."""
        site, amount = self._seat.site, money(credits)

        def opened() -> Account:
            if site.accounts.named(name) or site.accounts.owner(key):
                raise ValueError(f"there is an account {name!r}, or one with that key, already")
            return Account(name, self._seat, site.accounts.open(name, key, amount, amount))

        return self._seat.server.run(opened)

    def next(self, operation: str) -> Order:
        """What the next requests of an operation shall meet: `next("video.submit").fails("service_busy", times=2)`.

        `operation`: as in the spec; raises ValueError, with the nearest names, for one that is none.
        """
        return order(self._seat, operation)

    def task(self, task_id: Any) -> Task:
        """The task of that id; raises LookupError when there is none."""
        found = self._seat.server.run(self._seat.site.tasks.store.find, str(task_id))
        if found is None:
            raise LookupError(f"{self.slug} has no task {task_id!r}")
        return Task(found.id, self._seat, found)

    @property
    def tasks(self) -> Sequence[Task]:
        """All tasks that are kept, newest first."""
        kept = self._seat.server.run(lambda: tuple(self._seat.site.tasks.store.window(None)))
        return [Task(task.id, self._seat, task) for task in kept]

    @property
    def violations(self) -> Sequence[Violation]:
        """Requests that broke the contract, the latest that are kept, expected or not."""
        return self._violations.list()

    def expects_violation(
        self, operation: str | None = None, *, rule: str | None = None, field: str | None = None
    ) -> None:
        """A test will break the contract on purpose: let it be, and miss it if it does not come.

        `operation`: '' for a path that none has; `rule` and `field`: as a violation says them; None fits every one.
        """
        self._violations.expect(operation, rule, field)

    def complaints(self) -> Sequence[str]:
        """What an end of a test has to say: violations that nobody expected, expected ones that did not come.

        Each is told once.
        """
        return self._violations.complaints()

    @property
    def callbacks(self) -> Sequence[Callback]:
        """The callbacks that are or were owed, oldest first."""
        return callbacks_of(self._seat)

    @property
    def now(self) -> float:
        """The world's time, seconds since the epoch."""
        return self._seat.server.run(self._seat.world.clock.now)

    async def aredeliver(self, number: int) -> None:
        """`redeliver` for a coroutine: its loop goes on meanwhile."""
        await self._seat.server.acall(redeliver(self._seat, number))

    def reset(self, seed: int | None = None) -> None:
        """Be as at the start, with another seed if one is given; rules, tasks, money and journal are as new."""
        self._seat.server.call(self._seat.world.reset(seed))

    async def aadvance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> Sequence[Due]:
        """`advance` for a coroutine: its loop goes on meanwhile, so that a receiver of callbacks in it may answer."""
        return await self._seat.server.acall(self._seat.world.elapse(_seconds(seconds, minutes, hours)))


class Provider(Handle):
    """A provider that is played, for code that blocks."""

    def redeliver(self, number: int) -> None:
        """Try a callback again, now; raises LookupError for one that is none, ValueError while it is to be tried anyway."""
        if _runs_a_loop():
            raise RuntimeError("this thread's event loop would be blocked: await aredeliver(…)")
        self._seat.server.call(redeliver(self._seat, number))

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> Sequence[Due]:
        """Move the virtual clock; what falls due is done, in order, before this returns it.

        Callbacks are delivered meanwhile. Where this thread runs an event loop that has to answer them,
        it would wait for itself: then this raises RuntimeError, and `await aadvance(…)` is the way.
        """
        far = _seconds(seconds, minutes, hours)
        if _runs_a_loop() and self._seat.server.run(self._owes, far):
            raise RuntimeError("callbacks fall due, and this thread's event loop would be blocked: await aadvance(…)")
        return self._seat.server.call(self._seat.world.elapse(far))

    def _owes(self, seconds: float) -> bool:
        upcoming = self._seat.world.agenda.next()
        return upcoming is not None and upcoming <= self._seat.world.clock.now() + seconds


class AsyncProvider(Handle):
    """A provider that is played, for code that awaits."""

    async def redeliver(self, number: int) -> None:
        """Try a callback again, now; raises LookupError for one that is none, ValueError while it is to be tried anyway."""
        await self.aredeliver(number)

    async def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> Sequence[Due]:
        """Move the virtual clock; what falls due is done, in order, before this returns it."""
        return await self.aadvance(seconds, minutes=minutes, hours=hours)


def _seconds(seconds: float, minutes: float, hours: float) -> float:
    far = seconds + 60 * minutes + 3600 * hours
    if not 0 <= far < float("inf"):
        raise ValueError(f"the clock cannot go {far:g} seconds: it never goes back")
    return far


def _runs_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
