"""Faults of a task's future: decided when it is taken on, seen ever after."""

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from understudy.mockserver.faults.fault import PlanFault
from understudy.mockserver.twist import Twist
from understudy.specs.model import Kind

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange

StateName = Annotated[str, Meta(description="the name of a state of its kind, as the spec has it")]


class Fail(PlanFault, frozen=True):
    """The task fails with a code of its kind; '' is the first that there is."""

    code: str = ""

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        code = self.code or next(iter(kind.failures), "")
        if code not in kind.failures:
            exchange.notes.append(f"there is no failure {code!r}; known: {', '.join(kind.failures)}")
            return twist
        return replace(twist, failure=code)


class Stick(PlanFault, frozen=True):
    """The task never leaves a state; '' is the first that runs."""

    state: StateName = ""

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        return replace(twist, stuck=self.state) if _knows(exchange, kind, self.state) else twist


class Regress(PlanFault, frozen=True):
    """The task falls back to an earlier state for a while before it ends; '' is the first that runs."""

    state: StateName = ""

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        return replace(twist, back=self.state) if _knows(exchange, kind, self.state) else twist


class Vanish(PlanFault, frozen=True):
    """Nobody finds the task once it has reached a state, though it goes on and is paid for; '' is at once."""

    state: StateName = ""

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        return replace(twist, gone=self.state) if _knows(exchange, kind, self.state) else twist


class Slow(PlanFault, frozen=True):
    """The task takes so many times as long as planned."""

    factor: Annotated[float, Meta(gt=0, le=1_000_000)] = 10.0

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        return replace(twist, slower=self.factor)


class Overcharge(PlanFault, frozen=True):
    """The price of the task is taken so often from the balance; the task itself tells of it once."""

    count: Annotated[int, Meta(ge=2, le=100)] = 2

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        return replace(twist, charges=self.count)


class Callback(PlanFault, frozen=True):
    """The callback never comes, comes twice, before the task has ended, late by the world's clock, or a forged one comes first."""

    how: Literal["lost", "doubled", "early", "late", "forged"]
    seconds: Annotated[float, Meta(ge=0, le=31_536_000, description="how late")] = 600.0

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        late = self.seconds if self.how == "late" else twist.late
        return replace(twist, callbacks=(*twist.callbacks, self.how), late=late)


def _knows(exchange: "Exchange", kind: Kind, name: str) -> bool:
    """Whether a kind has a state that is not its end; a note tells when it has not."""
    known = [state.name for state in kind.states if state.phase in ("queued", "running")]
    if not name or name in known:
        return True
    exchange.notes.append(f"there is no state {name!r} to be in; known: {', '.join(known)}")
    return False
