"""One client, one script: what was asked and answered, what our side did to it, and what the client said of it."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from understudy.contracts.client.courier import Sent
from understudy.contracts.client.script import HEALTHY, Script, Step
from understudy.contracts.client.word import Word
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.reading import NOT_JSON, Reading, parse_json, read_exchange
from understudy.specs.templates import read

# What the second origin serves by signed link is no operation of the spec.
RESULT = "result.get"


@dataclass(frozen=True, slots=True)
class Made:
    """A task that the provider has taken on, and what it costs if it succeeds."""

    id: str
    price: Decimal
    exchange: int


class Seen:
    """One exchange, with the step that was played and what the provider did behind it.

    `resource` counts the operation's resources from 1; `made`: tasks that it created, whatever was answered.
    """

    __slots__ = ("__dict__", "contract", "exchange", "made", "resource", "step")

    def __init__(
        self,
        contract: Contract,
        exchange: Exchange,
        step: Step = HEALTHY,
        resource: int = 0,
        made: tuple[Made, ...] = (),
    ) -> None:
        self.contract, self.exchange, self.step = contract, exchange, step
        self.resource, self.made = resource, made

    @cached_property
    def reading(self) -> Reading:
        """The exchange in shared names."""
        return read_exchange(self.contract, self.exchange)

    @property
    def behavior(self) -> str:
        """What the operation does, '' for none."""
        operation = self.contract.operations.get(self.exchange.operation)
        return operation.behavior if operation else ""

    @property
    def is_whole(self) -> bool:
        """Whether the client could read a whole answer."""
        return not self.exchange.error

    @cached_property
    def phases(self) -> frozenset[str]:
        """The phases that the task's state on the wire may mean; empty when none is known or shown."""
        state = self.reading.values.get("$task.state") if self.reading.is_success else None
        if state is None:
            return frozenset()
        kinds = self.contract.provider.kinds.values()
        operation = self.contract.operations[self.exchange.operation]
        of_operation = self.contract.kinds_of(operation) or tuple(kinds)
        return frozenset(s.phase for kind in of_operation for s in kind.states if _same(s.wire, state))

    @property
    def is_terminal(self) -> bool:
        """Whether the answer shows a task that has ended, without doubt."""
        return bool(self.phases) and self.phases <= {"succeeded", "failed", "cancelled"} and self.is_whole

    @property
    def has_failed(self) -> bool:
        """Whether the answer shows a task that has ended without a result."""
        return self.is_terminal and "succeeded" not in self.phases

    @property
    def has_succeeded(self) -> bool:
        """Whether the answer shows a task that has succeeded, with what it made."""
        return self.is_terminal and self.phases == {"succeeded"} and bool(self.links)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The addresses of results that the answer shows, through the template of whatever kind shows some."""
        operation = self.contract.operations.get(self.exchange.operation)
        if operation is None or not self.reading.is_success:
            return ()
        found: list[str] = []
        for case in operation.reply.cases:
            for name, value in read(case.body, self.reading.body).values.items():
                if name.startswith(("$task.link.", "$task.links.")):
                    found += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
        return tuple(dict.fromkeys(each for each in found if "://" in each))

    @cached_property
    def body(self) -> Any:
        """The request's JSON; None where it is none."""
        sent = parse_json(self.exchange.request_body)
        return None if sent is NOT_JSON else sent


def _same(wire: Any, state: Any) -> bool:
    return bool(wire == state) and isinstance(wire, bool) == isinstance(state, bool)


@dataclass(frozen=True, slots=True)
class Case:
    """What was tried: the scenario's id, what it shows in words, and the script."""

    scenario: str
    title: str
    script: Script
    expects: frozenset[str] = frozenset()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """A whole trial. `seen`: all exchanges in order of arrival; `ended`: when, in seconds since the epoch.

    `held`: serials of answers after which the connection stayed open, and the client stayed to the end of that;
    `stock`: ids of the tasks that were there before it came."""

    case: Case
    contract: Contract
    key: str
    seen: tuple[Seen, ...]
    word: Word
    callbacks: tuple[Sent, ...] = ()
    ended: float = 0.0
    held: tuple[int, ...] = ()
    stock: tuple[str, ...] = ()

    def of(self, *behaviors: str) -> list[Seen]:
        """The exchanges whose operations do such a thing."""
        return [seen for seen in self.seen if seen.behavior in behaviors]

    @property
    def made(self) -> list[Made]:
        """All tasks that were created."""
        return [made for seen in self.seen for made in seen.made]
