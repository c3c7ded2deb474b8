"""An exchange read through the spec: what was asked, whether it was refused, and what the answer says in shared names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.specs.extraction import Extraction, Mismatch
from understudy.specs.model import Case, Condition, Failures, Kind, Operation, State
from understudy.specs.nodes import has_literals
from understudy.specs.templates import read

NOT_JSON = object()
"""Stands for a body that is not JSON."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an exchange says. `sent` and `body` are the JSON of both sides, `NOT_JSON` where it is none.

    `asked` is the request's body as the spec means it, None unless it is valid; `kind` the kind of task that a create
    asks for. `is_refusal`: the answer is an error; then `conditions` are those that look like it, and `values` hold
    `$error` names. `values` are by expression, e.g. `$task.state`; items of lists are such mappings themselves.
    """

    exchange: Exchange
    operation: Operation | None
    sent: Any = None
    asked: Any = None
    kind: Kind | None = None
    body: Any = None
    is_refusal: bool = False
    conditions: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    case: Case | None = None

    @property
    def is_answer(self) -> bool:
        """Whether there is a whole answer."""
        return not self.exchange.error and self.exchange.status > 0

    @property
    def is_success(self) -> bool:
        """Whether what was asked for was done, by the answer's own word."""
        return self.is_answer and not self.is_refusal and 200 <= self.exchange.status < 300

    @property
    def behavior(self) -> str:
        """What the operation does, '' for no operation."""
        return self.operation.behavior if self.operation else ""


def parse_json(data: bytes) -> Any:
    """The JSON of a body; numbers with a point are Decimal. NOT_JSON when it is none, None when it is empty."""
    if not data:
        return None
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return NOT_JSON


def iter_within(value: Any) -> Iterator[Any]:
    """A value of JSON and all values within it, in their order, however deep; names of members are none."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict | list):
            waiting.extend(reversed(value.values() if isinstance(value, dict) else value))


def iter_strings(value: Any) -> Iterator[str]:
    """All texts within a value of JSON."""
    return (inner for inner in iter_within(value) if isinstance(inner, str))


def _no_constant(word: str) -> Any:
    """`NaN` and `Infinity` are Python's, not JSON's."""
    raise ValueError(word)


def read_exchange(contract: Contract, exchange: Exchange, known: Kind | None = None) -> Reading:
    """Read an exchange; never raises, whatever a stranger answered. `known`: the kind of the task that it asks for."""
    operation = contract.operations.get(exchange.operation)
    sent = parse_json(exchange.request_body) if operation is None or operation.body is not None else None
    asked = _asked(contract, operation, sent)
    kind = contract.kind_of(operation, asked) if operation and operation.behavior == "task.submit" and asked else None
    body = parse_json(exchange.response_body) if "json" in exchange.media_type else NOT_JSON
    failures = operation.failures if operation else failures_at(contract, exchange.path)
    if _is_refusal(contract, operation, failures, exchange.status, body):
        extraction = read(failures.envelope.template, body if body is not NOT_JSON else _text(exchange))
        names = tuple(_conditions(failures, exchange.status, extraction.values))
        return Reading(
            exchange, operation, sent, asked, kind, body, True, names, extraction.values, tuple(extraction.mismatches)
        )
    case, extraction = _read_success(contract, operation, kind or known, body)
    return Reading(
        exchange, operation, sent, asked, kind, body, False, (), extraction.values, tuple(extraction.mismatches), case
    )


def _text(exchange: Exchange) -> str:
    return exchange.response_body.decode("utf-8", "replace")


def _asked(contract: Contract, operation: Operation | None, sent: Any) -> Any:
    shape = contract.body_shape(operation) if operation else None
    if operation is None or shape is None or sent is NOT_JSON:
        return None
    body = {} if sent is None and operation.body and not operation.body.required else sent
    return contract.coerced(operation, body) if shape.is_valid(body) else None


def failures_at(contract: Contract, path: str) -> Failures:
    """The words in which what no operation has is refused at a path."""
    prefixes = contract.provider.prefixes.items()
    return next((failures for prefix, failures in prefixes if path.startswith(prefix)), contract.provider.failures)


def _is_refusal(contract: Contract, operation: Operation | None, failures: Failures, status: int, body: Any) -> bool:
    """Whether an answer is an error: by its status, or by its body where both share a status."""
    if status >= 400 or operation is None:
        return True
    if body is NOT_JSON or not has_literals(failures.envelope.template, body):
        return False
    if not contract.refusal_shapes[failures.envelope.name].is_valid(body):
        return False
    # An envelope without a code of its own takes many bodies: what reads as a success is none.
    return not any(not read(case.body, body).mismatches for case in operation.reply.cases)


def _conditions(failures: Failures, status: int, values: Mapping[str, Any]) -> Iterator[str]:
    """The conditions whose status and words are these."""
    for name, condition in failures.conditions.items():
        if condition.status == status and has_words(condition, values):
            yield name


def has_words(condition: Condition, values: Mapping[str, Any]) -> bool:
    """Whether an error's code and type are the condition's, as far as the envelope shows them."""
    wanted = {"$error.code": condition.code, "$error.type": condition.type or None, "$error.status": condition.status}
    # In an envelope that is a text a number is read as its digits; of which type a member is its schema says.
    told = {name: str(values[name]) for name in wanted if name in values}
    return all(name not in told or told[name] == str(value) for name, value in wanted.items() if value is not None)


def _read_success(
    contract: Contract, operation: Operation | None, kind: Kind | None, body: Any
) -> tuple[Case | None, Extraction]:
    """The case of the template that fits best, and what the body says through it."""
    cases = operation.reply.cases if operation else ()
    if operation is None or body is NOT_JSON or not cases:
        return None, Extraction()
    kinds = (kind,) if kind else contract.kinds_of(operation) if operation.behavior.startswith("task.") else ()
    found = [(case, read(case.body, body)) for case in cases if not case.kinds or {k.name for k in kinds} & case.kinds]
    told = next((e.values["$task.state"] for _, e in found if "$task.state" in e.values), None)
    phases = {state.phase for kind in kinds for state in states_of(kind, told)}
    if phases:
        # As the mock chooses: the first that is for such a task, whatever else is wrong with the body.
        found = [(case, e) for case, e in found if not case.phases or case.phases & phases][:1] or found
    return min(found, key=lambda each: len(each[1].mismatches)) if found else (None, Extraction())


def states_of(kind: Kind, wire: Any) -> tuple[State, ...]:
    """The states that a wire value may stand for; none when it is not one of the kind's."""
    return tuple(s for s in kind.states if s.wire == wire and isinstance(wire, bool) == isinstance(s.wire, bool))
