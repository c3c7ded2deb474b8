"""Callbacks: what is owed to whom, the attempts, and what came of them."""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from understudy.mockserver.exchange import Exchange, Request
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.outbound import Outcome, post
from understudy.mockserver.views import TaskView

if TYPE_CHECKING:
    from understudy.mockserver.site import Site
    from understudy.mockserver.stage import Act, ActDelivery

# What may become of them (mockserver/twist.py); what is forged has this word for every secret.
LOST, DOUBLED, EARLY, FORGED = "lost", "doubled", "early", "forged"
MOST_DELIVERIES = 4_096


class Attempt(Struct, gc=False):
    """One try: when, and what the receiver answered; status 0 and a reason when it did not."""

    at: float
    status: int
    reason: str


class Delivery(Struct, gc=False):
    """One callback that is owed, with its attempts. `state`: waiting, delivered, given up, lost."""

    task: str
    url: str
    body: bytes
    attempts: list[Attempt]
    state: str = "waiting"
    is_forged: bool = False
    # Tries once more, at a moment; None while it was never tried.
    again: Callable[[float], Awaitable[None]] | None = None


class Callbacks:
    """The callbacks of a provider in a world."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._open: dict[str, tuple[Task, Act]] = {}
        self._entered: dict[str, float] = {}
        self.deliveries: deque[Delivery] = deque(maxlen=MOST_DELIVERIES)
        self.seen = 0
        # Attempts that are made while somebody wants to know; None while nobody does.
        self.fresh: list[tuple[Task, Attempt]] | None = None

    @property
    def dropped(self) -> int:
        """How many deliveries are no longer kept."""
        return self.seen - len(self.deliveries)

    def promise(self, task: Task, act: "Act", now: float) -> None:
        """Call back when the task has ended."""
        if task.url:
            self._open[task.id] = (task, act)
            self._enter(task)
            if FORGED in task.twist.callbacks:
                self._forge(task, act)

    def moved(self, now: float) -> None:
        """Look again at the ends of all open tasks, after a cancel or a new plan."""
        for task, _ in self._open.values():
            self._enter(task)

    def _enter(self, task: Task) -> None:
        if task.end == float("inf") or self._entered.get(task.id) == task.end:
            return
        self._entered[task.id] = task.end
        twist = task.twist
        moment = task.created if EARLY in twist.callbacks else task.end + twist.late

        async def finished(moment: float, end: float = task.end) -> None:
            if task.id not in self._open:
                return
            if task.end != end:  # it was planned anew
                self._enter(task)
                return
            _, act = self._open.pop(task.id)
            del self._entered[task.id]
            await self._call(task, act, moment)

        self._site.world.agenda.enter(moment, finished)

    def _forge(self, task: Task, act: "Act") -> None:
        """Tell of the end at once, as somebody would who does not know the secret."""

        async def forged(moment: float) -> None:
            for owed in act.deliveries:
                await self._attempt(task, act, owed, self._note(task, act, owed, moment, is_forged=True), moment)

        self._site.world.agenda.enter(task.created, forged)

    async def _call(self, task: Task, act: "Act", now: float) -> None:
        for owed in act.deliveries:
            if task.final.phase in owed.delivery.on:
                for _ in range(1 + (DOUBLED in task.twist.callbacks)):
                    delivery = self._note(task, act, owed, now)
                    if LOST in task.twist.callbacks:
                        delivery.state = LOST
                    else:
                        await self._attempt(task, act, owed, delivery, now)

    def _note(self, task: Task, act: "Act", owed: "ActDelivery", now: float, *, is_forged: bool = False) -> Delivery:
        """A delivery that is owed from now on; what it tells is the end, also before that has come."""
        scope = self._scope(task, act, max(now, task.end) if task.end != float("inf") else now)
        delivery = Delivery(task.id, task.url or "", owed.cases.render(scope), [], is_forged=is_forged)
        self.seen += 1
        self.deliveries.append(delivery)
        return delivery

    def _scope(self, task: Task, act: "Act", now: float) -> Exchange:
        scope = Exchange(Request.read(self._site, act, "POST", "", {}, b"", []), b"", now)
        scope.account, scope.key = task.account, task.key
        scope.task = TaskView(task, now, self._site.signer)
        return scope

    async def _attempt(self, task: Task, act: "Act", owed: "ActDelivery", delivery: Delivery, now: float) -> None:
        rule = owed.delivery
        delivery.again = partial(self._attempt, task, act, owed, delivery)
        scope = self._scope(task, act, now)
        headers = {name: FORGED if delivery.is_forged else str(get(scope)) for name, get in owed.headers}
        outcome: Outcome = await post(
            delivery.url, delivery.body, headers, rule.timeout, self._site.allow_local_callbacks
        )
        attempt = Attempt(now, outcome.status, outcome.reason)
        delivery.attempts.append(attempt)
        if self.fresh is not None:
            self.fresh.append((task, attempt))
        if 200 <= outcome.status < 300:
            delivery.state = "delivered"
        elif len(delivery.attempts) > rule.retries:
            delivery.state = "given up"
        else:
            tries = len(delivery.attempts) - 1
            delay = rule.delays[min(tries, len(rule.delays) - 1)] if rule.delays else 0.0

            # From when it failed: a receiver that hangs has used up time of a clock that moves by itself.
            failed = max(now, self._site.world.clock.now())
            delivery.state = "waiting"
            self._site.world.agenda.enter(failed + delay, delivery.again)

    def find(self, number: int) -> Delivery | None:
        """The delivery of that number, as `list` gives it."""
        index = number - self.dropped - 1
        return self.deliveries[index] if 0 <= index < len(self.deliveries) else None

    def list(self) -> list[dict[str, Any]]:
        """What was and is owed, oldest first."""
        return [
            {
                "number": number,
                "task": delivery.task,
                "url": delivery.url,
                "state": delivery.state,
                "body": delivery.body.decode(),
                "attempts": [{"at": a.at, "status": a.status, "reason": a.reason} for a in delivery.attempts],
            }
            for number, delivery in enumerate(self.deliveries, self.dropped + 1)
        ]
