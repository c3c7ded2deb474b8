"""Checks of what a relay asks of its provider, where that is ours: once, whole and unchanged, as long as it is wanted."""

import re
from collections.abc import Iterator
from typing import Any

from understudy.contracts.checks.pairing import MODEL, differing, model_of, of_pair, shortened, tells
from understudy.contracts.differences import Difference, is_nothing, iter_differences
from understudy.contracts.exchange import CALLBACK
from understudy.contracts.finding import Evidence
from understudy.contracts.history import CHANGED, GOES_ON, VARIED, History
from understudy.contracts.texts import protocol_of
from understudy.contracts.upstream import UPSTREAM, Pair, marker_in, pairs_of

# By whose keys a relay's client is served: any other may be passed on, to be refused by the provider itself.
PAYING = frozenset(("first", "other"))
# What a relay may well choose itself, but not leave out.
FREE = frozenset(("stream_options", "user"))


def judge_once(history: History) -> Iterator[Evidence]:
    """One request here is one request there, whatever goes wrong; and two are two, however alike."""
    for pair in pairs_of(history):
        asked, came, here = 1 + len(pair.again), len(pair.behind), pair.client
        if pair.again:
            if came > asked:
                yield of_pair(pair, f"{asked} requests that are alike became {came} at the provider")
            elif came < asked and all(reading.is_success for reading in (here, *pair.again)):
                yield of_pair(pair, f"of {asked} requests that are alike only {came} came to the provider")
        elif came > 1:
            fault = f", when the provider's answer was: {pair.fault}" if pair.fault else ""
            yield of_pair(pair, f"one request became {came} at the provider{fault}")
        elif came == 0 and here.is_success:
            yield of_pair(pair, "it was answered, and the provider was never asked")
        elif came == 0 and here.is_refusal and here.exchange.probe == CHANGED:
            message = f"a documented value is refused with {here.exchange.status}, and the provider was never asked"
            yield of_pair(pair, message, assumed=True)


def judge_parameters(history: History) -> Iterator[Evidence]:
    """What was asked arrives as it was asked: no member is lost, changed or added."""
    for pair in pairs_of(history):
        if not pair.behind:
            continue
        yield from _lost_headers(history, pair)
        yield from _lost_query(history, pair)
        yield from _swapped_model(history, pair)
        asked, came = pair.client.sent, pair.behind[0].sent
        if isinstance(asked, dict) and isinstance(came, dict):
            for found in iter_differences(asked, came):
                yield from _changed(history, pair, found)


def _swapped_model(history: History, pair: Pair) -> Iterator[Evidence]:
    """A relay may know its provider's models by other names; where both names are the provider's, they are two models."""
    models = history.contract.provider.models
    asked, came = model_of(history, pair.client), model_of(history, pair.behind[0])
    if asked != came and asked in models and came in models:
        yield of_pair(pair, f"the model {asked!r} was asked for, and of the provider {came!r}")


def _changed(history: History, pair: Pair, found: Difference) -> Iterator[Evidence]:
    first, is_whole = found.place[0], len(found.place) == 1
    # A relay may have ids of its own, and addresses to be called at.
    if not found.is_lost and (found.place in _addresses(pair) or pair.client.exchange.probe == GOES_ON):
        return
    if found.name == MODEL or (first in FREE and not (found.is_lost and is_whole)):
        return
    # What was put together of what may stand in a list's items is perhaps none that anybody sends.
    is_odd = pair.client.exchange.probe == VARIED and (
        isinstance(found.before, list) or any(isinstance(step, int) for step in found.place)
    )
    if found.is_lost:
        # Null is what a member is that nobody set.
        if found.before is not None:
            yield of_pair(pair, f"{found.name} is lost on the way: it was {shortened(found.before)}", is_odd)
    elif found.is_added:
        is_idle = is_odd or is_nothing(found.after) or found.after == _default_of(history, pair, found)
        yield of_pair(pair, f"{found.name} is added on the way: {shortened(found.after)}", is_idle)
    else:
        yield of_pair(pair, f"{found.name} is changed on the way {differing(found.before, found.after)}", is_odd)


def _addresses(pair: Pair) -> list[tuple[str | int, ...]]:
    """Where a request says to which address its end is to be told."""
    operation = pair.client.operation
    return [tuple(delivery.url.path) for delivery in operation.deliveries] if operation else []


def _default_of(history: History, pair: Pair, found: Difference) -> Any:
    """What a member is by the document when it is not there; None where nothing tells that."""
    shape = history.contract.body_shape(pair.client.operation) if pair.client.operation else None
    schema = shape.schema if shape else None
    for step in found.place:
        members = schema.get("properties") if isinstance(schema, dict) else None
        schema = members.get(step) if isinstance(members, dict) else None
    return schema.get("default") if isinstance(schema, dict) else None


def _lost_headers(history: History, pair: Pair) -> Iterator[Evidence]:
    """Headers that are documented, or that the protocol knows, are part of what is asked; all others are whose they are.

    All must arrive; what the document demands, says under which key a request may be repeated, or asks for something as it
    is, while a relay may name its requests itself.
    """
    operation = pair.client.operation
    if operation is None:
        return
    sent, came = (each.exchange for each in (pair.client, pair.behind[0]))
    protocol, idempotency = protocol_of(operation), history.contract.provider.idempotency
    own = [parameter for parameter in operation.parameters if parameter.where == "header"]
    names, asking = [p.name for p in own], [p.name for p in own if p.required]
    asking += [name for name, _ in protocol.headers] if protocol else []
    for name in dict.fromkeys((*names, *asking)):
        mine, theirs = sent.sent_header(name), came.sent_header(name)
        if mine and mine != theirs:
            is_asking = name in asking or (idempotency is not None and name.lower() == idempotency.header.lower())
            what = f"changed on the way from {mine!r} to {theirs!r}" if theirs else "lost on the way"
            yield of_pair(pair, f"the header {name} is {what}", bool(theirs) and not is_asking)


def _lost_query(history: History, pair: Pair) -> Iterator[Evidence]:
    """Parameters of the address are part of what is asked, but for those that bring a key."""
    operation = pair.client.operation
    named = {p.name for p in operation.parameters if p.where == "query"} if operation else set()
    mine, theirs = (each.exchange.parameters for each in (pair.client, pair.behind[0]))
    for name in sorted(named & mine.keys()):
        if theirs.get(name) != mine[name]:
            what = (
                f"changed on the way from {mine[name]!r} to {theirs[name]!r}" if name in theirs else "lost on the way"
            )
            yield of_pair(pair, f"the query's {name} is {what}")


# What a provider of ours notes of a client that does not wait for the rest.
_GONE = re.compile("the client left|closed its sending half")


def judge_leaving(history: History) -> Iterator[Evidence]:
    """When the client leaves, the provider is left, too."""
    for pair in pairs_of(history):
        is_left = pair.client.exchange.probe == "leaves" and pair.client.exchange.error == "timeout" and pair.behind
        if is_left and not any(_GONE.search(reading.exchange.probe) for reading in pair.behind):
            yield of_pair(pair, "the client left, and the provider went on for nobody")


def judge_secrets(history: History) -> Iterator[Evidence]:
    """No client sees a key or a host of the provider behind, and no provider the key of a client."""
    yield from _keys_passed_on(history)
    # What a client brought itself it knows.
    secrets = sorted(history.secrets - _brought(history))
    told = {marker_in(pair.client.exchange.request_body) for pair in pairs_of(history) if _tells(history, pair)}
    for exchange in history.exchanges if secrets else ():
        if exchange.where == UPSTREAM:
            continue
        # Of a callback it is the client that is asked.
        is_called = exchange.where == CALLBACK
        body = exchange.request_body if is_called else exchange.response_body
        headers = exchange.request_headers if is_called else exchange.response_headers
        heard = body + " ".join(f"{n}: {v}" for n, v in headers).encode()
        for secret in secrets:
            if tells(heard, secret):
                # Whoever passes on the provider's words as they are has not looked what they tell.
                is_quoted = marker_in(exchange.request_body) in told and not is_called
                what = "in the provider's own words" if is_quoted else f"{secret[:6]}…"
                message = f"what only the relay and its provider know is told to the client: {what}"
                yield Evidence(message, (exchange,), exchange.operation, assumed=is_quoted)


def _brought(history: History) -> frozenset[str]:
    """The keys by which the relay's client is served."""
    asked = (e for e in history.exchanges if e.where == "client" and e.who in PAYING)
    return frozenset(key for exchange in asked for key in history.contract.keys_of(exchange))


def _tells(history: History, pair: Pair) -> bool:
    """Whether the provider's own answer tells a secret."""
    return any(tells(reading.exchange.response_body, s) for s in history.secrets for reading in pair.behind)


def _keys_passed_on(history: History) -> Iterator[Evidence]:
    """Who is served by any of the provider's own keys may well bring it himself."""
    theirs = [exchange for exchange in history.exchanges if exchange.where == UPSTREAM]
    mine = _brought(history) if theirs else frozenset()
    keys = mine - history.secrets - {account.key for account in history.contract.provider.accounts}
    for exchange in theirs:
        places = [(f"the header {name}", value) for name, value in exchange.request_headers]
        places += [(f"the query's {name}", value) for name, value in exchange.parameters.items()]
        places += [("the body", exchange.request_body.decode("utf-8", "replace"))]
        for place, value in places:
            # A word of its own: what is short may stand in anything.
            if any(key in re.split(r"[\s,;=:\"]+", value) for key in keys):
                yield Evidence(f"the client's key is told to the provider, in {place}", (exchange,), exchange.operation)
