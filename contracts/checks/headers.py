"""Checks of the headers of an answer: those that are described are there, and say what they may."""

from collections.abc import Iterator

from understudy.contracts.citing import cite
from understudy.contracts.contract import read_text_as
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.shapes import Shape


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
