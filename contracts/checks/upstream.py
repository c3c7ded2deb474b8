"""Checks of a relay whose provider is ours: what it passes on, what it gives back, and what it must keep to itself."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import Reading
from understudy.contracts.texts import Text
from understudy.contracts.upstream import UPSTREAM, Pair, file_of, pairs_of

# Faults after which nothing was done behind: to ask again costs nobody anything.
HARMLESS = frozenset(("refuse", "status", "drop"))
# Faults by which a stream ends before its time.
CUTTING = frozenset(("cut", "no_end", "truncated_chunk", "error_event"))
# Faults after which the relay has no answer to give.
SILENT = frozenset(("drop", "commit_drop", "reset"))
# What a relay may well choose itself.
FREE = frozenset(("model", "stream_options", "user"))
# Seconds that a stream must take for its pieces to be told from its whole.
HELD = 0.6
_USAGE = ("input", "output", "thinking", "total")


def judge_once(history: History) -> Iterator[Evidence]:
    """One request here is one request there, whatever goes wrong."""
    for pair in pairs_of(history):
        count = len(pair.behind)
        if count > 1:
            fault = f", when the provider's answer was: {pair.fault}" if pair.fault else ""
            is_harmless = pair.fault in HARMLESS
            yield _evidence(pair, f"one request became {count} at the provider{fault}", assumed=is_harmless)
        elif count == 0 and not pair.client.is_refusal and pair.client.is_answer:
            yield _evidence(pair, "it was answered, and the provider was never asked")


def judge_parameters(history: History) -> Iterator[Evidence]:
    """What was asked arrives as it was asked: no member is lost, changed or added."""
    for pair in pairs_of(history):
        if not pair.behind or not isinstance(pair.client.sent, dict) or not isinstance(pair.behind[0].sent, dict):
            continue
        yield from _lost_headers(pair)
        asked, came = pair.client.sent, pair.behind[0].sent
        for name in asked:
            if name in FREE:
                continue
            if name not in came:
                yield _evidence(pair, f"{name} is lost on the way: it was {_short(asked[name])}")
            elif asked[name] != came[name] or isinstance(asked[name], bool) != isinstance(came[name], bool):
                yield _evidence(pair, f"{name} is changed on the way {_differing(asked[name], came[name])}")
        for name in came:
            if name not in asked and name not in FREE:
                yield _evidence(pair, f"{name} is added on the way: {_short(came[name])}", assumed=True)


def _lost_headers(pair: Pair) -> Iterator[Evidence]:
    """Headers that the provider demands are part of what is asked; all others are the client's and the relay's own."""
    operation, (sent, came) = pair.client.operation, (each.exchange for each in (pair.client, pair.behind[0]))
    for parameter in operation.parameters if operation else ():
        name = parameter.name
        if parameter.where == "header" and parameter.required and sent.sent_header(name) != came.sent_header(name):
            told = f"from {sent.sent_header(name)!r} to {came.sent_header(name)!r}"
            yield _evidence(pair, f"the header {name} is changed on the way {told}", assumed=True)


def judge_answer(history: History) -> Iterator[Evidence]:
    """What the provider said is what the client hears: texts, thoughts, calls and reasons, pictures and speech."""
    yield from _changed_media(history)
    for pair, mine, theirs in _whole(history):
        if len(mine.choices) != len(theirs.choices):
            yield _evidence(pair, f"{len(theirs.choices)} choices became {len(mine.choices)}")
            continue
        for here, there in zip(mine.choices, theirs.choices, strict=True):
            for name in ("text", "thoughts", "calls", "stop"):
                said, heard = getattr(there, name), getattr(here, name)
                if said != heard:
                    yield _evidence(pair, f"an answer's {name}: changed {_differing(said, heard)}")


def _changed_media(history: History) -> Iterator[Evidence]:
    for pair in pairs_of(history):
        if not pair.behind or not pair.client.is_success or not pair.behind[-1].is_success:
            continue
        here, there = pair.client, pair.behind[-1]
        if here.behavior == "speech" and not here.exchange.header("content-encoding"):
            told = file_of(there)
            if told and not told.is_of(here.exchange.response_body):
                yield _evidence(pair, f"the {told.size} bytes of speech are not those that the client hears")
        elif here.behavior == "images":
            mine, theirs = (_pictures(reading) for reading in (here, there))
            if mine and theirs and mine != theirs:
                count = f"{len(theirs)} pictures became {len(mine)}"
                other = "a picture has other bytes than the provider gave it"
                yield _evidence(pair, other if len(mine) == len(theirs) else count)


def _pictures(reading: Reading) -> list[bytes]:
    """The files of the pictures in an answer; what is no base64 as it stands there."""
    pieces = reading.values.get("$completion.pieces")
    texts = [str(piece["$piece.base64"]) for piece in pieces or () if piece.get("$piece.base64")]
    return [_bytes_of(text) for text in texts]


def _bytes_of(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return text.encode()


def judge_usage(history: History) -> Iterator[Evidence]:
    """The tokens used are those that the provider told."""
    for pair, mine, theirs in _whole(history):
        if mine.told is not None and mine.told.usages == 0:
            continue
        for name in _USAGE:
            said, heard = (each.values.get(f"$completion.{name}_tokens") for each in (theirs, mine))
            if said is not None and heard is not None and said != heard:
                yield _evidence(pair, f"{said} {name} tokens are told as {heard}")


def judge_status(history: History) -> Iterator[Evidence]:
    """A refusal of the provider is told as that refusal: its status, its words, and when to come again."""
    for pair in pairs_of(history):
        if not pair.behind or not pair.client.is_answer:
            continue
        there, here = pair.behind[-1], pair.client
        # That the provider is not there is no document's matter, if only it is told as a failure of the server.
        if pair.fault in SILENT and here.is_refusal and not here.conditions and here.exchange.status < 500:
            message = f"the provider gave no answer ({pair.fault}), and it is told with {here.exchange.status} in no documented words"
            yield _evidence(pair, message)
        if there.exchange.status >= 400 and pair.fault in ("refuse", "status"):
            yield from _refused(pair, here, there)
        elif pair.fault in SILENT and here.is_success:
            yield _evidence(pair, f"the provider gave no answer ({pair.fault}), and the client is told a success")
        elif pair.fault in ("html", "error_200") and here.is_success:
            message = f"the provider gave no answer that is one ({pair.fault}), and it is told as a success"
            yield _evidence(pair, message, assumed=True)


def _refused(pair: Pair, here: Reading, there: Reading) -> Iterator[Evidence]:
    if here.exchange.status != there.exchange.status:
        yield _evidence(pair, f"the provider's {there.exchange.status} is told as {here.exchange.status}")
    after = pair.settings.get("retry_after")
    if after and here.exchange.header("retry-after") != after:
        told = here.exchange.header("retry-after") or "nothing"
        yield _evidence(pair, f"the provider's Retry-After of {after} is told as {told}")
    for name in ("$error.code", "$error.type"):
        said, heard = there.values.get(name), here.values.get(name)
        if said is not None and here.is_refusal and heard != said:
            yield _evidence(pair, f"the provider's {name[1:]} {said!r} is told as {heard!r}")


def judge_cut(history: History) -> Iterator[Evidence]:
    """A stream that ended before its time is not told as a whole one."""
    for pair in pairs_of(history):
        if pair.fault not in CUTTING or pair.text is None or not pair.behind:
            continue
        is_streamed = pair.text.told is not None
        # Who ends by a word of its own where the provider gave no reason tells of a whole one, too.
        has_reason = any(choice.stop for choice in pair.text.choices)
        is_ended = has_reason or not any(choice.stop for text in pair.texts for choice in text.choices)
        if is_streamed and pair.text.is_whole and is_ended:
            yield _evidence(
                pair, f"the provider's stream broke off ({pair.fault}), and the client is told that it is whole"
            )


def judge_leaving(history: History) -> Iterator[Evidence]:
    """When the client leaves, the provider is left, too."""
    for pair in pairs_of(history):
        is_left = pair.client.exchange.probe == "leaves" and pair.client.exchange.error == "timeout" and pair.behind
        if is_left and not any("left" in reading.exchange.probe for reading in pair.behind):
            yield _evidence(pair, "the client left, and the provider went on for nobody")


def judge_holding(history: History) -> Iterator[Evidence]:
    """The pieces of a stream are passed on when they come."""
    for pair, mine, _ in _whole(history):
        exchange = mine.reading.exchange
        took = exchange.answered - exchange.started
        if exchange.probe != "held" or mine.told is None or took < HELD or not exchange.chunks:
            continue
        if exchange.answered - exchange.chunks[0][0] < took / 4:
            yield _evidence(pair, f"a stream of {took:.1f} seconds comes all at its end")


def judge_recovery(history: History) -> Iterator[Evidence]:
    """After all that went wrong, the next good request is answered."""
    for pair in pairs_of(history):
        reading = pair.client
        # Whoever has no credits left is refused for that, whatever went wrong before; a status alone does not say so.
        has_words = any(name.startswith("$error.") for name in reading.values)
        is_poor = has_words and "insufficient_credits" in reading.conditions
        if reading.exchange.probe == "again" and not reading.is_success and not is_poor:
            status = reading.exchange.status or reading.exchange.error
            yield _evidence(pair, f"after the provider had failed, a good request is answered with {status}")


def judge_secrets(history: History) -> Iterator[Evidence]:
    """No client sees a key or a host of the provider behind, and no provider the key of a client."""
    yield from _keys_passed_on(history)
    for exchange in history.exchanges if history.secrets else ():
        if exchange.where == UPSTREAM:
            continue
        heard = exchange.response_body + " ".join(f"{n}: {v}" for n, v in exchange.response_headers).encode()
        for secret in history.secrets:
            if secret.encode() in heard:
                message = f"what only the relay and its provider know is told to the client: {secret[:6]}…"
                yield Evidence(message, (exchange,), exchange.operation)


def _keys_passed_on(history: History) -> Iterator[Evidence]:
    """Who is served by any of the provider's own keys may well bring it himself."""
    theirs = [exchange for exchange in history.exchanges if exchange.where == UPSTREAM]
    mine = {key for e in history.exchanges if theirs and e.where == "client" for key in history.contract.keys_of(e)}
    keys = mine - history.secrets - {account.key for account in history.contract.provider.accounts}
    for exchange in theirs:
        places = [(f"the header {name}", value) for name, value in exchange.request_headers]
        places += [(f"the query's {name}", value) for name, value in exchange.parameters.items()]
        for place, value in places:
            # A word of its own: what is short may stand in anything.
            if any(key in re.split(r"[\s,;=:]+", value) for key in keys):
                yield Evidence(f"the client's key is told to the provider, in {place}", (exchange,), exchange.operation)


def _whole(history: History) -> Iterator[tuple[Pair, Text, Text]]:
    """The pairs that are whole on both sides, with both texts."""
    for pair in pairs_of(history):
        if pair.text and pair.texts and pair.fault not in CUTTING and pair.text.is_whole and pair.texts[-1].is_whole:
            yield pair, pair.text, pair.texts[-1]


# Characters of a value that are shown, and how many of them two values have in common before the place where they part.
MOST_SHOWN, BEFORE = 60, 12


def _differing(before: Any, after: Any) -> str:
    """`from … to …`, of long values the part where they first differ."""
    texts = [json.dumps(value, ensure_ascii=False, default=str) for value in (before, after)]
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    start = max(0, alike - BEFORE) if max(map(len, texts)) > MOST_SHOWN else 0
    before, after = (("…" if start else "") + text[start:][:MOST_SHOWN] for text in texts)
    return f"from {before} to {after}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return repr(text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}…")


def _evidence(pair: Pair, message: str, assumed: bool = False) -> Evidence:
    operation = pair.client.operation.id if pair.client.operation else ""
    return Evidence(message, pair.exchanges, operation, pair.citation.facts, assumed, f"upstream/{operation}")
