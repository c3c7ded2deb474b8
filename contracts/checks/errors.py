"""Checks of refusals: the status, code and envelope that the spec gives each condition."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from understudy.contracts.expected import expectations
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.limits import RATE
from understudy.contracts.reading import NOT_JSON, Reading, failures_at, iter_strings, iter_within, parse_json
from understudy.contracts.requests import PROVOKED
from understudy.contracts.texts import protocol_of, refusal_shape, texts_of
from understudy.specs.model import Operation
from understudy.specs.nodes import has_literals

# How a page begins, and where an object of JSON may.
_PAGE, _OBJECT = re.compile(r"<!doctype html|<html[ >]", re.IGNORECASE), re.compile(r"\{")
_DECODER = json.JSONDecoder()
# How much of what is wrapped up is shown.
MOST_SHOWN = 120
# So many places at which an object may begin are tried: what has more is no sentence, and each may be read to its end.
MOST_TRIED = 1_000
# Refusals that waiting may change.
MOMENTARY = frozenset(("rate_limited", "service_busy", "internal_error", "conflict", "idempotency_conflict"))


def judge_words(history: History) -> Iterator[Evidence]:
    """A refusal reads as one of the operation's conditions: its status, its code, its envelope."""
    yield from _judge_envelope(history)
    yield from _judge_status(history)
    yield from _judge_sentences(history)
    for reading in history.client:
        if reading.operation is None or not reading.is_refusal or _is_told_as_success(history, reading):
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


def _judge_status(history: History) -> Iterator[Evidence]:
    """Where every refusal has a status of an error, none is told with that of a success, plain or as an event."""
    for reading in history.client:
        if reading.operation and _is_told_as_success(history, reading):
            yield _of_success(history, reading, "")
    deserved = {id(reading): wanted[0].condition for reading, wanted in expectations(history) if wanted}
    for text in texts_of(history):
        condition = deserved.get(id(text.reading), "")
        # What goes wrong later can be told in no other way.
        if condition and text.told and text.told.error and _is_marked(history, text.operation):
            yield _of_success(history, text.reading, condition)


def _of_success(history: History, reading: Reading, condition: str) -> Evidence:
    assert reading.operation
    how = "as an event of a stream" if condition else "in a plain body"
    message = (
        f"an error is told {how} with status {reading.exchange.status}: every documented refusal has one of an error"
    )
    clause = f"refusal/{reading.operation.id}/{condition}" if condition else f"answer/{reading.operation.id}"
    return Evidence(message, (reading.exchange,), reading.operation.id, clause=clause)


def _is_marked(history: History, operation: Operation) -> bool:
    """Whether the status of an answer alone tells whether it is a refusal."""
    conditions = history.contract.conditions(operation).values()
    return bool(conditions) and all(condition.status >= 400 for condition in conditions)


def _is_told_as_success(history: History, reading: Reading) -> bool:
    """Whether the body of an answer is a refusal, and its status is none, though all others tell it so."""
    operation, exchange, body = reading.operation, reading.exchange, reading.body
    if operation is None or not reading.is_answer or exchange.status >= 400 or not isinstance(body, dict):
        return False
    success = history.contract.answer_shape(operation, exchange.status, exchange.media_type)
    if not _is_marked(history, operation) or (success and success.is_valid(body) and not reading.is_refusal):
        return False
    if not reading.is_refusal and not any(mismatch.is_absence for mismatch in reading.mismatches):
        return False  # it has all that a success has, be it wrong
    own, spoken = history.contract.refusal_shapes[operation.failures.envelope.name], refusal_shape(operation)
    is_error = spoken is not None and spoken.is_valid(body)
    return (
        is_error
        or reading.is_refusal
        or (own.is_valid(body) and has_literals(operation.failures.envelope.template, body))
    )


def _judge_envelope(history: History) -> Iterator[Evidence]:
    """Where a protocol is spoken, a refusal is as the protocol has it: that is no assumption, its clients can read no other."""
    for reading in history.client:
        operation = _speaker(history, reading) if reading.is_refusal and reading.body is not NOT_JSON else None
        protocol, shape = (protocol_of(operation), refusal_shape(operation)) if operation else (None, None)
        if operation is None or protocol is None or shape is None:
            continue
        for wrong in shape.misshapes(reading.body)[:1]:
            where = wrong.place or "the body"
            message = f"a refusal is not as the protocol has it: {where}: {wrong.message}"
            clause = _clause_of_status(operation, reading)
            yield Evidence(message, (reading.exchange,), operation.id, (protocol.reference,), clause=clause)


def _judge_sentences(history: History) -> Iterator[Evidence]:
    """The sentence of a refusal is one for people: no error of somebody else, and no page, is wrapped up in it."""
    for reading in history.client:
        operation, body = reading.operation, reading.body if reading.is_refusal else None
        wrapped = next((found for told in iter_strings(body) if (found := find_wrapped(told))), "")
        if operation is None or not wrapped or _has_said(reading, wrapped):
            continue
        message = f"the sentence of a refusal holds an error of somebody else: {wrapped[:MOST_SHOWN]}"
        if protocol := protocol_of(operation):
            # What it was refused for stands where no client of the protocol looks.
            clause = _clause_of_status(operation, reading)
            yield Evidence(message, (reading.exchange,), operation.id, (protocol.reference,), clause=clause)
        else:
            yield _of_condition(history, reading, _condition_of(reading), message)


def find_wrapped(sentence: str) -> str:
    """The error as JSON, or the page, that a sentence holds; '' when it holds none."""
    if page := _PAGE.search(sentence):
        return sentence[page.start() :]
    for place in (found.start() for found in islice(_OBJECT.finditer(sentence), MOST_TRIED)):
        try:
            value, end = _DECODER.raw_decode(sentence, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and ("error" in value or ("message" in value and len(value) > 1)):
            return sentence[place:end]
    return ""


def _has_said(reading: Reading, wrapped: str) -> bool:
    """Whether the client said itself what a refusal holds, which then quotes it, perhaps written otherwise."""
    said = (reading.exchange.request_body.decode("utf-8", "replace"), *iter_strings(reading.sent))
    if _PAGE.match(wrapped):
        return any(_PAGE.search(text) for text in said)
    return any(wrapped in text for text in said) or parse_json(wrapped.encode()) in iter_within(reading.sent)


def _condition_of(reading: Reading) -> str:
    """The condition that a refusal is told as; that of any bad request where its words are none of the documented ones."""
    return reading.conditions[0] if reading.conditions else "invalid_request"


def _speaker(history: History, reading: Reading) -> Operation | None:
    """The operation that speaks the protocol in which a request is refused; for one that is none, one at its path or of its words.

    Where paths of that beginning have no words of their own, only an operation at the very path tells the protocol.
    """
    if reading.operation:
        return reading.operation
    contract, path = history.contract, reading.exchange.path
    words = failures_at(contract, path).envelope.name
    is_own = any(path.startswith(prefix) for prefix in contract.provider.prefixes)
    spoken = [o for o in contract.serving("completion") if o.failures.envelope.name == words]
    return next((o for o in spoken if is_own or contract.find(o.method, path) is o), None)


def _clause_of_status(operation: Operation, reading: Reading) -> str:
    """The clause of a refusal that has none of the documented words."""
    if reading.operation is None:
        return f"paths/{reading.exchange.probe}" if reading.exchange.probe else ""
    status = reading.exchange.status
    known = (name for name, condition in operation.failures.conditions.items() if condition.status == status)
    return f"refusal/{operation.id}/{next(known, 'unknown')}"


def judge_kept(history: History) -> Iterator[Evidence]:
    """A refusal comes in the condition in which it was brought about, and with the headers that this one has."""
    for reading in history.client:
        operation, conditions = reading.operation, history.contract.conditions(reading.operation)
        if operation is None or not reading.is_refusal:
            continue
        wanted = reading.exchange.probe.removeprefix(PROVOKED) if reading.exchange.probe.startswith(PROVOKED) else ""
        told = [conditions[name] for name in reading.conditions]
        if wanted in conditions and wanted not in reading.conditions and not _is_too_much(history, reading):
            said = ", ".join(reading.conditions) or f"status {reading.exchange.status}"
            message = f"refused as {said}, where {wanted} ({conditions[wanted].status}) was brought about"
            yield _of_condition(history, reading, wanted, message)
        for name, _ in told[0].headers if told else ():
            is_promised = all(name in dict(condition.headers) for condition in told)
            if is_promised and not reading.exchange.header(name):
                message = f"a refusal as {told[0].name} comes without its header {name}"
                yield _of_condition(history, reading, told[0].name, message)
        if told and not {condition.name for condition in told} & MOMENTARY and reading.exchange.header("retry-after"):
            message = f"a refusal as {told[0].name} says when to come again, and no waiting changes it"
            yield replace(_of_condition(history, reading, told[0].name, message), assumed=True)


def _is_too_much(history: History, reading: Reading) -> bool:
    """Whether it is refused for how much its account asks: others of it are, too, though nobody brought that about."""
    return RATE in reading.conditions and any(
        RATE in other.conditions
        and other.exchange.who == reading.exchange.who
        and not other.exchange.probe.startswith(PROVOKED)
        for other in history.client
    )


def judge_field(history: History) -> Iterator[Evidence]:
    """A refusal that names a member of the body names one that is wrong."""
    for reading in history.client:
        told, operation = reading.values.get("$error.field"), reading.operation
        shape = history.contract.body_shape(operation) if operation and reading.is_refusal else None
        if operation is None or shape is None or not isinstance(told, str) or not isinstance(reading.sent, dict):
            continue
        wrong = [
            each for each in shape.misshapes(reading.sent) if each.keyword not in ("required", "additionalProperties")
        ]
        members = {each.place.strip("/").partition("/")[0] for each in wrong}
        named = re.split(r"[.\[/]", told.lstrip("/$."), maxsplit=1)[0]
        # A member that is good names nothing that is wrong; what the body lacks may be.
        if (
            wrong
            and named in reading.sent
            and named not in members
            and len(wrong) == len(list(shape.misshapes(reading.sent)))
        ):
            message = f"it is refused for its member '{named}', and what is wrong is {', '.join(sorted(members))}"
            yield replace(_of_condition(history, reading, _condition_of(reading), message), assumed=True)


def _of_condition(history: History, reading: Reading, name: str, message: str) -> Evidence:
    assert reading.operation
    citation = history.contract.cite_condition(reading.operation, name)
    clause = f"refusal/{reading.operation.id}/{name}"
    return Evidence(message, (reading.exchange,), reading.operation.id, citation.facts, citation.assumed, clause)


def _judge_silence(history: History, reading: Reading) -> Iterator[Evidence]:
    """A refusal that has a member for a sentence has a sentence there."""
    assert reading.operation
    told = reading.values.get("$error.message")
    if isinstance(told, str) and not told.strip():
        citation = history.contract.cite_condition(reading.operation, reading.conditions[0])
        clause = f"refusal/{reading.operation.id}/{reading.conditions[0]}"
        message = "a refusal has no words"
        yield Evidence(message, (reading.exchange,), reading.operation.id, citation.facts, citation.assumed, clause)
