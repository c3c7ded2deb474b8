"""Checks of refusals: the status, code and envelope that the spec gives each condition."""

from collections.abc import Iterator

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import Reading


def judge_words(history: History) -> Iterator[Evidence]:
    """A refusal reads as one of the operation's conditions: its status, its code, its envelope."""
    for reading in history.client:
        if reading.operation is None or not reading.is_refusal:
            continue
        if reading.conditions:
            yield from _judge_silence(history, reading)
            continue
        status = reading.exchange.status
        shown = {name: value for name, value in reading.values.items() if name in ("$error.code", "$error.type")}
        known = sorted({c.status for c in history.contract.conditions(reading.operation).values()})
        words = ", ".join(f"{name} {value!r}" for name, value in shown.items()) or "no documented words"
        message = f"a refusal with status {status} and {words} is none of the documented ones ({known})"
        citation = history.contract.cite_condition(reading.operation, "invalid_request")
        yield Evidence(message, (reading.exchange,), reading.operation.id, citation.facts, citation.assumed)


def _judge_silence(history: History, reading: Reading) -> Iterator[Evidence]:
    """A refusal that has a member for a sentence has a sentence there."""
    assert reading.operation
    told = reading.values.get("$error.message")
    if isinstance(told, str) and not told.strip():
        citation = history.contract.cite_condition(reading.operation, reading.conditions[0])
        clause = f"refusal/{reading.operation.id}/{reading.conditions[0]}"
        message = "a refusal has no words"
        yield Evidence(message, (reading.exchange,), reading.operation.id, citation.facts, citation.assumed, clause)
