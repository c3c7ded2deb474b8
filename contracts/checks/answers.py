"""Checks of one answer by itself: described at all, and of the shape that its schema says."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.negatives import find
from understudy.contracts.reading import NOT_JSON, Reading
from understudy.contracts.requests import COMPRESSED
from understudy.contracts.texts import answer_shape, texts_of
from understudy.specs.nodes import iter_literals
from understudy.specs.problems import Place, pointer

# What a body begins with that is compressed so.
_COMPRESSED = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
            message = _problem_of_bytes(exchange)
        if not message:
            continue
        yield Evidence(message, (exchange,), operation.id, clause=answer_clause(reading))


def judge_shape(history: History) -> Iterator[Evidence]:
    """A JSON body is what its schema says, and what the protocol says that is spoken: that is no assumption."""
    yield from _judge_spoken(history)
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


def _judge_spoken(history: History) -> Iterator[Evidence]:
    """What tells one thing from another in a text answer is as the protocol has it, in what a stream adds up to, too."""
    for text in texts_of(history):
        shape = answer_shape(history.contract, text.operation)
        body = text.told.body if text.told else text.reading.body
        for wrong in shape.misshapes(body) if shape and text.is_whole else ():
            where = wrong.place or "the body"
            message = f"an answer is not as the protocol has it: {where}: {wrong.message}"
            clause = text.clause if text.told else answer_clause(text.reading)
            yield Evidence(
                message, (text.reading.exchange,), text.operation.id, (text.protocol.reference,), clause=clause
            )


def judge_agreement(history: History) -> Iterator[Evidence]:
    """What one answer says in two places it says alike."""
    for reading in history.client:
        for mismatch in reading.mismatches if reading.operation else ():
            if mismatch.is_contradiction and reading.operation:
                message = (
                    f"{pointer(mismatch.place)} is {mismatch.found!r}, elsewhere in the same answer {mismatch.expected}"
                )
                yield Evidence(message, (reading.exchange,), reading.operation.id, clause=answer_clause(reading))


def judge_members(history: History) -> Iterator[Evidence]:
    """What the documented answers always show is shown, and fixed words of theirs stand there: a schema may allow less."""
    for reading in history.client:
        operation = reading.operation
        if operation is None or reading.body in (None, NOT_JSON):
            continue
        messages = [
            f"{_plain(m.place)} is missing, which the documented answers have"
            for m in reading.mismatches
            if m.is_absence
        ]
        messages += _other_words(reading)
        shape = history.contract.answer_shape(operation, reading.exchange.status, reading.exchange.media_type)
        if not messages or shape is None or not shape.is_valid(reading.body):
            continue  # of what the schema demands another check tells
        for message in dict.fromkeys(messages):
            yield Evidence(message, (reading.exchange,), operation.id, assumed=True, clause=answer_clause(reading))


def _other_words(reading: Reading) -> Iterator[str]:
    """Fixed words of an answer about tasks, money or files that are others; a language model's answers vary too much."""
    if reading.case is None or not reading.behavior.startswith(("task.", "account.", "upload.")):
        return
    for place, wanted in iter_literals(reading.case.body):
        told = find(reading.body, place)
        if isinstance(wanted, str) and isinstance(told, str) and told != wanted:
            yield f"{pointer(place)} is {told!r}, the documented answers say {wanted!r}"


def _plain(place: Place) -> str:
    """A place without the numbers of items: what all items of a list lack is told once."""
    return pointer(tuple("*" if isinstance(step, int) else step for step in place))


def _problem_of_bytes(exchange: Exchange) -> str:
    """What the bytes of an answer have against what its headers say of them, '' when nothing."""
    body, encoding = exchange.response_body, exchange.header("content-encoding").strip().lower()
    is_asked = encoding in exchange.sent_header("accept-encoding").lower()
    if exchange.probe == COMPRESSED and body and encoding not in ("", "identity"):
        return f"it says that it is encoded as {encoding}, and cannot be read so" if is_asked else _unasked(encoding)
    # A recording may hold the body as it was decoded: where the client asked for it, nothing is said.
    if encoding in _COMPRESSED and body and not is_asked and not body.startswith(_COMPRESSED[encoding]):
        return f"it says that it is encoded as {encoding}, and is not"
    if "json" not in exchange.media_type or not body:
        return ""
    charset = exchange.header("content-type").lower().partition("charset=")[2].partition(";")[0].strip(' "')
    if charset not in ("", "utf-8", "utf8"):
        return f"JSON is UTF-8, and it says that it is {charset}"
    if body.startswith(_BYTE_ORDER_MARK):
        return "a byte order mark stands before its JSON"
    doubled = _doubled(body)
    return f"its member '{doubled}' stands twice in one object" if doubled else ""


def _unasked(encoding: str) -> str:
    return f"it is encoded as {encoding}, for which nobody asked"


@lru_cache(maxsize=4096)
def _doubled(body: bytes) -> str:
    """A name that stands twice in one object of a JSON text, '' for none."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        times = Counter(name for name, _ in pairs)
        found.extend(name for name in times if times[name] > 1)

    json.loads(body, object_pairs_hook=look)
    return found[0] if found else ""


def answer_clause(reading: Reading) -> str:
    """The clause that an answer falls under."""
    assert reading.operation
    if reading.is_refusal:
        return f"refusal/{reading.operation.id}/{reading.conditions[0] if reading.conditions else 'unknown'}"
    return f"answer/{reading.operation.id}"
