"""Callbacks of a history: which create asked for them, and what they say in shared names."""

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.contracts.contract import Contract
from understudy.contracts.exchange import CALLBACK, Exchange
from understudy.contracts.reading import NOT_JSON, Reading, parse_json
from understudy.specs.extraction import Extraction
from understudy.specs.model import Delivery, Operation
from understudy.specs.templates import read


@dataclass(frozen=True, slots=True)
class Call:
    """One delivery. `created`: the create whose address it went to."""

    created: Reading
    operation: Operation
    delivery: Delivery
    reading: Reading

    @property
    def exchange(self) -> Exchange:
        """The delivery on the wire."""
        return self.reading.exchange


def callback_url(contract: Contract, created: Reading, delivery: Delivery) -> str:
    """Where a create wants its callbacks, '' when it wants none."""
    operation = created.operation
    found = contract.value(operation, created.exchange, created.asked, delivery.url.text) if operation else None
    return found if isinstance(found, str) else ""


def iter_calls(contract: Contract, creates: list[Reading], exchanges: tuple[Exchange, ...]) -> Iterator[Call]:
    """Every delivery with its create, in order."""
    wanted: dict[str, tuple[Reading, Delivery]] = {}
    for created in creates:
        for delivery in created.operation.deliveries if created.operation else ():
            url = callback_url(contract, created, delivery)
            if url:
                wanted[url] = (created, delivery)
    for exchange in exchanges:
        found = wanted.get(exchange.url) if exchange.where == CALLBACK else None
        if found and found[0].operation:
            created, delivery = found
            yield Call(created, found[0].operation, delivery, _read(exchange, created, delivery))


def _read(exchange: Exchange, created: Reading, delivery: Delivery) -> Reading:
    body = parse_json(exchange.request_body)
    found = [(case, read(case.body, body)) for case in delivery.cases] if body is not NOT_JSON else []
    kind = created.kind
    state = next((e.values["$task.state"] for _, e in found if "$task.state" in e.values), None)
    phases = {s.phase for s in kind.states if s.wire == state} if kind else set()
    fitting = [each for each in found if not each[0].phases or each[0].phases & phases] or found
    case, extraction = fitting[0] if fitting else (None, Extraction())
    return Reading(
        exchange, created.operation, created.sent, created.asked, kind, body, False, (), extraction.values,
        tuple(extraction.mismatches), case,
    )  # fmt: skip
