"""Checks of one answer by itself: described at all, and of the shape that its schema says."""

from collections.abc import Iterator

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import NOT_JSON, Reading


def judge_described(history: History) -> Iterator[Evidence]:
    """The document describes an answer of that status, and says that it comes as that media type."""
    for reading in history.client:
        operation, exchange = reading.operation, reading.exchange
        if operation is None:
            continue
        response = history.contract.response(operation, exchange.status)
        wanted = (response or {}).get("content", {})
        if response is None:
            message = f"{exchange.status} is not among the answers that are described"
        elif wanted and exchange.media_type not in wanted and exchange.response_body:
            message = f"it comes as {exchange.media_type or 'nothing'!r}, not as {', '.join(wanted)}"
        elif any("json" in name for name in wanted) and not exchange.response_body:
            message = "its body is empty"
        elif "json" in exchange.media_type and reading.body is NOT_JSON:
            message = "it says that it is JSON, and is none"
        else:
            continue
        yield Evidence(message, (exchange,), operation.id, clause=answer_clause(reading))


def judge_shape(history: History) -> Iterator[Evidence]:
    """A JSON body is what its schema says."""
    for reading in history.client:
        operation, exchange = reading.operation, reading.exchange
        if operation is None or reading.body is NOT_JSON or reading.body is None:
            continue
        shape = history.contract.answer_shape(operation, exchange.status, exchange.media_type)
        if shape is None:
            continue
        for wrong in shape.misshapes(reading.body):
            citation = wrong.citation
            message = f"{wrong.place or 'the body'}: {wrong.message}"
            clause = answer_clause(reading)
            yield Evidence(message, (exchange,), operation.id, citation.facts, citation.assumed, clause)


def answer_clause(reading: Reading) -> str:
    """The clause that an answer falls under."""
    assert reading.operation
    if reading.is_refusal:
        return f"refusal/{reading.operation.id}/{reading.conditions[0] if reading.conditions else 'unknown'}"
    return f"answer/{reading.operation.id}"
