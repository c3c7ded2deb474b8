"""Callbacks: what is owed to whom, the attempts, and what came of them."""

from collections import deque
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.outbound import Outcome, post
from understudy.mockserver.views import TaskView

if TYPE_CHECKING:
    from understudy.mockserver.site import Site
    from understudy.mockserver.stage import Act, ActDelivery

MOST_DELIVERIES = 4_096


class Attempt(Struct, gc=False):
    """One try: when, and what the receiver answered; status 0 and a reason when it did not."""

    at: float
    status: int
    reason: str


class Delivery(Struct, gc=False):
    """One callback that is owed, with its attempts. `state`: waiting, delivered, given up."""

    task: str
    url: str
    body: bytes
    attempts: list[Attempt]
    state: str = "waiting"


class Callbacks:
    """The callbacks of a provider in a world."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._open: dict[str, tuple[Task, Act]] = {}
        self._entered: dict[str, float] = {}
        self.deliveries: deque[Delivery] = deque(maxlen=MOST_DELIVERIES)
        self.seen = 0

    @property
    def dropped(self) -> int:
        """How many deliveries are no longer kept."""
        return self.seen - len(self.deliveries)

    def promise(self, task: Task, act: "Act", now: float) -> None:
        """Call back when the task has ended."""
        if task.url:
            self._open[task.id] = (task, act)
            self._enter(task)

    def moved(self, now: float) -> None:
        """Look again at the ends of all open tasks, after a cancel or a new plan."""
        for task, _ in self._open.values():
            self._enter(task)

    def _enter(self, task: Task) -> None:
        if task.end == float("inf") or self._entered.get(task.id) == task.end:
            return
        self._entered[task.id] = task.end

        async def finished(moment: float, end: float = task.end) -> None:
            if task.id not in self._open:
                return
            if task.end != end:  # it was planned anew
                self._enter(task)
                return
            _, act = self._open.pop(task.id)
            del self._entered[task.id]
            await self._call(task, act, moment)

        self._site.world.agenda.enter(task.end, finished)

    async def _call(self, task: Task, act: "Act", now: float) -> None:
        for owed in act.deliveries:
            if task.final.phase in owed.delivery.on:
                delivery = self._render(task, act, owed, now)
                self.seen += 1
                self.deliveries.append(delivery)
                await self._attempt(task, act, owed, delivery, now)

    def _render(self, task: Task, act: "Act", owed: "ActDelivery", now: float) -> Delivery:
        scope = self._scope(task, act, now)
        return Delivery(task.id, task.url or "", owed.cases.render(scope), [])

    def _scope(self, task: Task, act: "Act", now: float) -> Exchange:
        scope = Exchange(self._site, act, "POST", "", {}, b"", [], b"", now)
        scope.account, scope.key = task.account, task.key
        scope.task = TaskView(task, now, self._site.signer)
        return scope

    async def _attempt(self, task: Task, act: "Act", owed: "ActDelivery", delivery: Delivery, now: float) -> None:
        rule = owed.delivery
        scope = self._scope(task, act, now)
        headers = {name: str(get(scope)) for name, get in owed.headers}
        outcome: Outcome = await post(
            delivery.url, delivery.body, headers, rule.timeout, self._site.allow_local_callbacks
        )
        delivery.attempts.append(Attempt(now, outcome.status, outcome.reason))
        if 200 <= outcome.status < 300:
            delivery.state = "delivered"
        elif len(delivery.attempts) > rule.retries:
            delivery.state = "given up"
        else:
            tries = len(delivery.attempts) - 1
            delay = rule.delays[min(tries, len(rule.delays) - 1)] if rule.delays else 0.0

            async def again(moment: float) -> None:
                await self._attempt(task, act, owed, delivery, moment)

            # From when it failed: a receiver that hangs has used up time of a clock that moves by itself.
            failed = max(now, self._site.world.clock.now())
            self._site.world.agenda.enter(failed + delay, again)

    def list(self) -> list[dict[str, Any]]:
        """What was and is owed, oldest first."""
        return [
            {
                "task": delivery.task,
                "url": delivery.url,
                "state": delivery.state,
                "body": delivery.body.decode(),
                "attempts": [{"at": a.at, "status": a.status, "reason": a.reason} for a in delivery.attempts],
            }
            for delivery in self.deliveries
        ]
