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
    """One callback as it stands. `number`: counts them; `state`: waiting, delivered or given up."""

    number: int
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
    kept = seat.site.callbacks
    return seat.server.run(
        lambda: tuple(_callback(number, each) for number, each in enumerate(kept.deliveries, kept.dropped + 1))
    )


async def redeliver(seat: Seat, number: int) -> None:
    """Try a delivery again, on the server's loop; raises LookupError, or ValueError while it is to be tried anyway."""
    delivery = seat.site.callbacks.find(number)
    if delivery is None:
        raise LookupError(f"{seat.site.slug} has no callback {number}")
    if delivery.again is None or delivery.state == "waiting":
        raise ValueError(f"the callback {number} is {delivery.state}: it is tried when its time comes")
    await delivery.again(seat.world.clock.now())


def _callback(number: int, delivery: Delivery) -> Callback:
    attempts = tuple(Attempt(a.at, a.status, a.reason) for a in delivery.attempts)
    return Callback(number, delivery.task, delivery.url, delivery.state, delivery.body.decode(), attempts)
