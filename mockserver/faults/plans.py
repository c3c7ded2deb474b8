"""Faults of a task's future: decided when it is taken on, seen ever after."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from understudy.mockserver.faults.fault import PlanFault
from understudy.mockserver.twist import Twist
from understudy.specs.model import Kind

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange


class Fail(PlanFault, frozen=True):
    """The task fails with a code of its kind; '' is the first that there is."""

    code: str = ""

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        code = self.code or next(iter(kind.failures), "")
        if code not in kind.failures:
            exchange.notes.append(f"there is no failure {code!r}; known: {', '.join(kind.failures)}")
            return twist
        return replace(twist, failure=code)
