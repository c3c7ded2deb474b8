"""The callbacks of a played provider: to whom, what, and what came of each attempt."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from understudy.mockserver.callbacks import Delivery
from understudy.playing.house import Seat


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `at`: the world's time; `status`: of the receiver's answer, 0 with a reason when there was none."""

    at: float
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback as it stands. `state`: waiting, delivered or given up."""

    task: str
    url: str
    state: str
    body: str
    attempts: tuple[Attempt, ...]

    @property
    def sent(self) -> Any:
        """The body as JSON says it, numbers with a point as Decimal."""
        return json.loads(self.body, parse_float=Decimal)


def callbacks_of(seat: Seat) -> tuple[Callback, ...]:
    """All that was and is owed, oldest first."""
    return seat.server.run(lambda: tuple(_callback(delivery) for delivery in seat.site.callbacks.deliveries))


def _callback(delivery: Delivery) -> Callback:
    attempts = tuple(Attempt(a.at, a.status, a.reason) for a in delivery.attempts)
    return Callback(delivery.task, delivery.url, delivery.state, delivery.body.decode(), attempts)
