"""Checks of the headers of an answer: those that are described are there, and say what they may."""

from collections.abc import Iterator

from understudy.contracts.checks.answers import answer_clause
from understudy.contracts.citing import cite
from understudy.contracts.contract import read_text_as
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import Reading
from understudy.contracts.shapes import Shape
from understudy.specs.nodes import Node, Value

REQUEST_ID = "request.id"


def judge_headers(history: History) -> Iterator[Evidence]:
    """A header that is described is there, unless it may be missing, and its value fits its schema."""
    for reading in history.client:
        operation, exchange = reading.operation, reading.exchange
        response = history.contract.response(operation, exchange.status) if operation else None
        for name, said in (response or {}).get("headers", {}).items():
            text, schema = exchange.header(name), said.get("schema", {})
            problem = ""
            if not text:
                problem = "" if said.get("required") is False else f"the header {name} is missing"
            elif wrong := Shape(schema).misshapes(read_text_as(schema.get("type"), text)):
                problem = f"the header {name}: {wrong[0].message}"
            if problem and operation:
                citation = cite(said)
                clause = f"header/{operation.id}/{name.lower()}"
                yield Evidence(problem, (exchange,), operation.id, citation.facts, citation.assumed, clause)


def judge_echoes(history: History) -> Iterator[Evidence]:
    """A header that is sent back comes back as it was sent, and nobody gets what another request sent."""
    others: set[str] = set()
    for reading in history.client:
        for name, node in _described(reading):
            if not isinstance(node, Value) or node.expression.family != "request.header":
                continue
            sent, told = reading.exchange.sent_header(node.expression.member), reading.exchange.header(name)
            # Who sent none may be given one: a relay may call the request by a name of its own.
            if sent != told and (sent or told in others):
                yield _of_echo(history, reading, name, f"was sent as {sent!r}, and comes back as {told!r}")
            if sent:
                others.add(sent)


def judge_request_ids(history: History) -> Iterator[Evidence]:
    """Each request has an id of its own, one and the same wherever its answer shows it."""
    seen: dict[str, Reading] = {}
    for reading in history.client:
        ids = dict.fromkeys(_request_ids(reading))
        if len(ids) > 1:
            yield _of_id(reading, f"its answer gives two ids to one request: {', '.join(map(repr, ids))}")
        for told in ids:
            earlier = seen.setdefault(told, reading)
            # Under one key the stored answer of an earlier request may come.
            if earlier is not reading and not history.contract.idempotency_key(reading.exchange):
                yield _of_id(reading, f"two requests have the id {told!r}", earlier)


def _request_ids(reading: Reading) -> Iterator[str]:
    """The ids of its request that an answer shows, in headers and in its body."""
    operation = reading.operation
    if operation is None:
        return
    names = [
        name for name, node in _described(reading) if isinstance(node, Value) and node.expression.name == REQUEST_ID
    ]
    for told in (*map(reading.exchange.header, names), reading.values.get(f"${REQUEST_ID}")):
        if isinstance(told, str) and told:
            yield told


def _described(reading: Reading) -> tuple[tuple[str, Node], ...]:
    """The headers that an answer has by its template."""
    if reading.operation is None or not reading.is_answer:
        return ()
    return reading.operation.failures.envelope.headers if reading.is_refusal else reading.operation.reply.headers


def _of_id(reading: Reading, message: str, *earlier: Reading) -> Evidence:
    assert reading.operation
    shown = (*(other.exchange for other in earlier), reading.exchange)
    return Evidence(message, shown, reading.operation.id, clause=answer_clause(reading))


def _of_echo(history: History, reading: Reading, name: str, what: str) -> Evidence:
    operation = reading.operation
    assert operation
    said = (history.contract.response(operation, reading.exchange.status) or {}).get("headers", {}).get(name, {})
    citation = cite(said)
    message = f"the header {name} {what}"
    return Evidence(
        message, (reading.exchange,), operation.id, citation.facts, citation.assumed, answer_clause(reading)
    )
