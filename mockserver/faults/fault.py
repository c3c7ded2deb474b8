"""What every fault is: a few validated parameters, and the moments of an exchange at which it may act."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from understudy.mockserver.faults.moves import Moves
from understudy.mockserver.twist import Twist
from understudy.specs.model import Kind

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Answer, Exchange
    from understudy.mockserver.streams import Event

LAYERS = ("plan", "call", "answer", "bytes")


class Fault(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One thing that goes wrong. Each layer overrides the moments at which it acts; the others change nothing."""

    layer: ClassVar[str]

    def instead(self, exchange: "Exchange") -> "Answer | None":
        """Before anything is done: an answer in its place, or None; may raise Refusal."""
        return None

    def twist(self, exchange: "Exchange", kind: Kind, twist: Twist) -> Twist:
        """When a task is taken on: how its future shall differ."""
        return twist

    def alter(self, exchange: "Exchange", answer: "Answer") -> "Answer":
        """When everything is done: another answer. The given one may be kept elsewhere: leave it as it is."""
        return answer

    def tell(self, exchange: "Exchange", events: "Iterator[Event]") -> "Iterator[Event]":
        """When an answer is streamed: other events."""
        return events

    def send(self, exchange: "Exchange", moves: Moves) -> Moves:
        """When it is sent: other moves on the wire."""
        return moves

    def touches_wire(self) -> bool:
        """Whether only our own protocol can play it: ASGI neither resets a connection nor chooses its chunks."""
        return type(self).send is not Fault.send


class PlanFault(Fault, frozen=True):
    """What a task that is taken on suffers later."""

    layer = "plan"


class CallFault(Fault, frozen=True):
    """What happens to the call as a whole."""

    layer = "call"


class AnswerFault(Fault, frozen=True):
    """What is wrong with the answer as a value."""

    layer = "answer"


class BytesFault(Fault, frozen=True):
    """What is wrong with the bytes and the connection that carries them."""

    layer = "bytes"
