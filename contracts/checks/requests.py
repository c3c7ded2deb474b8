"""Checks of what is taken and what is refused, judged from what was asked."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from understudy.contracts.citing import NOTHING, Citation, cite
from understudy.contracts.exchange import Exchange
from understudy.contracts.expected import Expected, expectations
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.limits import RATE
from understudy.contracts.protocols.protocol import Protocol
from understudy.contracts.reading import Reading
from understudy.contracts.requests import SENT, UPLOADED
from understudy.contracts.rules import may_break
from understudy.contracts.texts import protocol_of, refusal_shape
from understudy.specs.model import Operation

# Refusals that a good request may meet: they speak of the moment, not of the request.
OF_THE_MOMENT = frozenset(("insufficient_credits", "rate_limited", "service_busy", "internal_error"))

# From here on a status says that the server failed.
BROKEN = 500

# Refusals that speak of the key alone.
_OF_KEYS = frozenset(("unauthorized", "forbidden"))

# Seconds for which an address to upload to is surely good, where nothing says for how long it is.
SOON = 60
_SMALL = "bearer "


def judge_refused(history: History) -> Iterator[Evidence]:
    """What must be refused is."""
    for reading, wanted in expectations(history):
        if wanted and reading.is_success:
            first = _surest(wanted)
            yield _evidence(reading, first, f"it is accepted, though {first.why}", first.citation.assumed)


def judge_condition(history: History) -> Iterator[Evidence]:
    """What is refused is refused for what is wrong with it; what the protocol spoken tells by a status is no assumption."""
    broken = _as_broken(history)
    for reading, wanted in expectations(history):
        names = {each.condition for each in wanted}
        if not wanted or reading.is_success or names & set(reading.conditions) or _is_too_often(history, reading):
            continue
        first = _surest(wanted)
        condition = history.contract.conditions(reading.operation)[first.condition]
        said = ", ".join(reading.conditions) or f"status {reading.exchange.status}"
        message = f"refused as {said} instead of {first.condition} ({condition.status} {condition.code}): {first.why}"
        citation = history.contract.cite_condition(reading.operation, first.condition)
        protocol = broken.get((_name(reading), first.condition))
        if protocol and reading.exchange.status >= BROKEN:
            citation = Citation((protocol.reference,), False)
        yield Evidence(
            message, (reading.exchange,), _name(reading), citation.facts, citation.assumed or first.citation.assumed,
            first.clause,
        )  # fmt: skip


def _as_broken(history: History) -> Mapping[tuple[str, str], Protocol]:
    """Operations that speak a protocol, each with a condition that is its client's fault and always told as the server's own."""
    told: dict[tuple[str, str], list[bool]] = defaultdict(list)
    protocols: dict[str, Protocol] = {}
    for reading, wanted in expectations(history):
        operation = reading.operation
        protocol = protocol_of(operation) if operation and refusal_shape(operation) else None
        if operation is None or protocol is None or not wanted or not reading.is_refusal:
            continue
        condition, protocols[operation.id] = _surest(wanted).condition, protocol
        is_busy = bool(set(reading.conditions) & (OF_THE_MOMENT - {"internal_error"}))
        is_fault = history.contract.conditions(operation)[condition].status < BROKEN
        told[operation.id, condition].append(is_fault and not is_busy and reading.exchange.status >= BROKEN)
    return {key: protocols[key[0]] for key, found in told.items() if len(found) > 1 and all(found)}


def judge_accepted(history: History) -> Iterator[Evidence]:
    """What the document takes is not refused."""
    for reading, wanted in expectations(history):
        operation = reading.operation
        if operation is None or wanted or not reading.is_refusal or not _is_sure(history, reading):
            continue
        # Where one error stands for many, the one that speaks of the request is believed.
        if reading.conditions and set(reading.conditions) <= OF_THE_MOMENT - {"internal_error"}:
            continue
        said = ", ".join(reading.conditions) or f"status {reading.exchange.status}"
        message, clause = f"a request that the document takes is refused as {said}", f"answer/{operation.id}"
        if reading.exchange.sent_header("authorization").startswith(_SMALL):
            # The document shows one spelling: that others are good only HTTP says.
            message = f"a key after {_SMALL.strip()!r} is refused as {said}: the name of a scheme may be in any letters"
            yield Evidence(message, (reading.exchange,), operation.id, ("RFC 9110",), assumed=True, clause=clause)
        elif operation.behavior == "upload.put":
            message = f"a file is refused as {said} at the address that was given for it"
            citation = history.contract.cite(operation)
            yield Evidence(message, (reading.exchange,), operation.id, citation.facts, citation.assumed, clause)
        elif "idempotency_conflict" in reading.conditions and history.contract.idempotency_key(reading.exchange):
            if _is_rival(history, reading):
                continue
            # What a key remembers of a refusal, and whether it compares bytes, the documents leave open.
            message = f"a request is refused as {said}, whose key no other body made a task with"
            yield Evidence(message, (reading.exchange,), operation.id, assumed=True, clause=clause)
        elif set(reading.conditions) <= _OF_KEYS and reading.conditions:
            citation = _cite_key(history, operation, reading.exchange)
            message = f"a good key is refused as {said}"
            yield Evidence(message, (reading.exchange,), operation.id, citation.facts, citation.assumed, clause=clause)
        elif not history.contract.is_documented(operation, reading.sent or {}):
            message = f"a request with what only the protocol has is refused as {said}: the document does not name it"
            yield Evidence(message, (reading.exchange,), operation.id, assumed=True, clause=clause)
        else:
            yield Evidence(message, (reading.exchange,), operation.id, clause=clause)


def _is_too_often(history: History, reading: Reading) -> bool:
    """Whether a request was refused for coming too soon, before anything else was looked at."""
    is_limited = history.contract.provider.limits.rate is not None or reading.exchange.header("retry-after")
    return RATE in reading.conditions and bool(is_limited)


def _is_sure(history: History, reading: Reading) -> bool:
    """Whether all is known that a good request needs: its key, its body, its task."""
    operation, exchange = reading.operation, reading.exchange
    assert operation
    if operation.behavior == "upload.put":
        return _is_signed(history, reading)
    if exchange.who not in ("first", "other") or exchange.probe not in ("", UPLOADED) or operation.media:
        return False
    if history.contract.body_shape(operation) and reading.asked is None:
        return False
    if operation.behavior in ("task.get", "task.cancel"):
        story = history.stories.get(history.asked_id(reading))
        is_own = bool(story and story.created and story.who == exchange.who)
        return is_own and operation.behavior == "task.get"
    own = frozenset[str]()
    if operation.behavior == "task.submit":
        signed = (r for r in history.of("upload.presign") if r.exchange.who == exchange.who)
        own = frozenset(str(r.values["$upload.key"]) for r in signed if "$upload.key" in r.values)
    return not may_break(operation, reading.asked, own)


def _is_rival(history: History, reading: Reading) -> bool:
    """Whether another request of its account brought the same key while this one was under way: one of them may be refused."""
    exchange, key_of = reading.exchange, history.contract.idempotency_key
    return any(
        other is not reading
        and other.exchange.who == exchange.who
        and key_of(other.exchange) == key_of(exchange)
        and other.exchange.started < exchange.answered
        and exchange.started < other.exchange.answered
        for other in history.of("task.submit")
    )


def _is_signed(history: History, reading: Reading) -> bool:
    """Whether a file is sent where it was to be sent, as what it was said to be, and in time."""
    exchange = reading.exchange
    for signed in history.of("upload.presign"):
        operation = signed.operation
        if operation is None or not signed.is_success or signed.values.get("$upload.url") != exchange.url:
            continue
        arguments = operation.arguments
        place = arguments.get("type")
        said = history.contract.value(operation, signed.exchange, signed.asked, place) if place else None
        is_alike = said in (None, exchange.sent_header("content-type"))
        is_small = len(exchange.request_body) <= int(arguments.get("max_bytes", len(exchange.request_body)))
        is_early = exchange.clock - signed.exchange.clock < float(arguments.get("lifetime", SOON)) / 2
        return exchange.probe in ("", SENT) and is_alike and is_small and is_early
    return False


def _cite_key(history: History, operation: Operation, exchange: Exchange) -> Citation:
    """What it rests on that a key may stand where a request has it."""
    said = history.contract.provider.document.get("components", {}).get("securitySchemes", {})
    used = (
        scheme
        for schemes in operation.security
        for scheme in schemes
        if exchange.sent_header("authorization" if scheme.bearer else scheme.parameter)
    )
    return next((cite(said.get(scheme.name)) for scheme in used), NOTHING)


def _surest(wanted: list[Expected]) -> Expected:
    """What is documented counts before what is assumed."""
    return min(wanted, key=lambda each: each.citation.assumed)


def _evidence(reading: Reading, wanted: Expected, message: str, assumed: bool) -> Evidence:
    return Evidence(message, (reading.exchange,), _name(reading), wanted.citation.facts, assumed, wanted.clause)


def _name(reading: Reading) -> str:
    return reading.operation.id if reading.operation else ""
