"""One run against one target: what its scenarios share."""

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Headers
from understudy.contracts.history import History, id_of
from understudy.contracts.inputs import sample_places
from understudy.contracts.pricing import typical_seconds
from understudy.contracts.reading import Reading, states_of
from understudy.contracts.receiver import Receiver
from understudy.contracts.requests import STILL, Request, ask, ask_for_task
from understudy.contracts.target import Target
from understudy.contracts.timing import Waiting, advice_of
from understudy.specs.model import TERMINAL, Kind, Operation
from understudy.specs.nodes import Value

# How many times as long as is typical a task may take, and how long, in seconds, one is waited for whose like got stuck.
SLACK = 2.5
MOMENT = 5.0
# What part of the time that a task has run too long may pass until it is looked at again, where time costs nothing.
SELDOM = 0.05
# How long one is waited for where tasks live fast, however many are before it.
LONGEST_FAST = 30.0


@dataclass(slots=True)
class Drive:
    """A run. `only`: the scenarios to run, empty for all; `reasons`: why clauses whose ids begin so could not be checked.

    `given_up` are last looks at tasks that did not end in their time, each with when its create was sent.
    `speed`: how many times as fast as usual the target's tasks live.
    """

    contract: Contract
    target: Target
    waiting: Waiting
    seed: int = 0
    provoke: bool = False
    only: frozenset[str] = frozenset()
    reasons: dict[str, str] = field(default_factory=dict)
    serial: int = 0
    receiver: Receiver | None = None
    examples: int = 0
    speed: float = 1.0
    stuck: frozenset[str] = frozenset()
    given_up: list[tuple[float, Request]] = field(default_factory=list)
    dice: random.Random = field(init=False)
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.dice, self.begun = random.Random(self.seed), self.waiting.now()

    def history(self) -> History:
        """All that was exchanged so far."""
        return History(self.contract, self.target.log.exchanges)

    def getter_of(self, kind: Kind) -> Operation | None:
        """The operation that shows one task of a kind."""
        operations = self.contract.serving("task.get")
        return next((o for o in operations if kind in self.contract.kinds_of(o)), None)

    def cancellers_of(self, kind: Kind) -> list[Operation]:
        """The operations that cancel a task of a kind; none where it cannot be cancelled."""
        operations = self.contract.serving("task.cancel") if kind.cancel else []
        return [o for o in operations if kind in self.contract.kinds_of(o)]

    def ask(self, operation: Operation, body: Any = None, **more: Any) -> Request:
        """A request with the places of its path, and the parameters and headers that it demands, filled in."""
        places = sample_places(self.contract, operation)
        headers = (*places.headers, *self._echoed(operation), *more.pop("headers", ()))
        query = {**places.query, **(more.pop("query", None) or {})}
        return ask(operation, body, path=places.path, query=query, headers=headers, **more)

    def _echoed(self, operation: Operation) -> Headers:
        """Headers that the operation sends back, each with a value of its own."""
        nodes = [node for _, node in operation.reply.headers if isinstance(node, Value)]
        names = [node.expression.member for node in nodes if node.expression.family == "request.header"]
        return tuple((name, f"understudy-{uuid4()}") for name in names)

    async def poll(self, kind: Kind, created: Reading, who: str = "first") -> Reading | None:
        """Look at a task once; None when there is no way."""
        getter, task_id = self.getter_of(kind), id_of(created.values)
        return await self.target.send(ask_for_task(getter, task_id, who)) if getter and task_id else None

    async def follow(self, kind: Kind, created: Reading, who: str = "first", probe: str = "") -> Reading | None:
        """Poll a task until it is over, at the pace that the target advises; the last answer, None when there is none.

        A task that does not end in its time is given up, and said so by the probe of the last poll; after that others of
        its kind are waited for a moment only.
        """
        getter, task_id = self.getter_of(kind), id_of(created.values)
        if getter is None or not task_id:
            return None
        pause, patience, started = self.waiting.pace.first, self.patience_for(kind, created), self.waiting.now()
        # As many as were made until now may run before it: those that come later do not lengthen its time.
        is_fair = patience >= self.due(kind, created)
        while True:
            reading = await self.target.send(ask_for_task(getter, task_id, who, probe))
            states = states_of(kind, reading.values.get("$task.state")) if reading.is_success else ()
            if (states and all(state.phase in TERMINAL for state in states)) or not (
                reading.is_success or _may_pass(reading)
            ):
                return reading
            waited = self.waiting.now() - started
            if waited > patience:
                is_first, self.stuck = kind.name not in self.stuck, self.stuck | {kind.name}
                probe = "given_up" if is_first and is_fair else ""
                if probe:
                    last = ask_for_task(getter, task_id, who, STILL)
                    self.given_up.append((created.exchange.started, last))
                return await self.target.send(ask_for_task(getter, task_id, who, probe))
            if waited > self.due(kind, created, ahead=1) and states and all(s.phase != "queued" for s in states):
                # What runs for so long will hardly end between two looks, however far apart they are.
                await self.waiting.rest(waited * SELDOM)
            await self.waiting.pause(pause, advice_of(reading.exchange))
            pause = min(pause * self.waiting.pace.growth, self.waiting.pace.longest)

    def due(self, kind: Kind, created: Reading, ahead: int = 0) -> float:
        """Seconds in which a task should surely be over, by the times that are typical of its states.

        `ahead`: how many run one after the other until it is over, itself among them; 0 for as many as were made.
        """
        # Where few may run at once, those that were made before may all have to run first.
        ahead = ahead or (self.target.budget.tasks if self.contract.provider.limits.tiers else 1)
        due = SLACK * typical_seconds(kind, created.asked) * max(1, ahead) + 15
        return due if self.speed == 1 else min(due, LONGEST_FAST)

    def patience_for(self, kind: Kind, created: Reading) -> float:
        """Seconds to wait for a task."""
        if kind.name in self.stuck:
            return MOMENT
        return self.waiting.pace.patience or self.due(kind, created)


def _may_pass(reading: Reading) -> bool:
    """Whether a poll that went wrong is worth another one."""
    return bool(reading.exchange.error) or reading.exchange.status in (429, 500, 502, 503, 504, 529)
