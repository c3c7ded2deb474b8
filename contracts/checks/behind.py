"""Checks of what a relay tells its client, where its provider is ours: all that the provider said, and nothing else."""

from base64 import b64decode
from collections.abc import Iterator
from http.client import responses
from itertools import groupby, pairwise

from understudy.contracts.checks.pairing import differing, model_of, of_pair, shortened, tells
from understudy.contracts.checks.requests import OF_THE_MOMENT
from understudy.contracts.differences import Difference, is_nothing, is_same, iter_differences
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import GOES_ON, History
from understudy.contracts.limits import RATE
from understudy.contracts.reading import Reading, iter_strings, parse_json
from understudy.contracts.texts import Text, refusal_shape
from understudy.contracts.upstream import OF_THE_ACCOUNT, OWN_NAMES, Pair, file_of, pairs_of

# Faults by which a stream ends before its time.
CUTTING = frozenset(("cut", "no_end", "truncated_chunk", "error_event"))
# Faults after which the relay has no answer to give, and those whose answer is none.
SILENT = frozenset(("drop", "commit_drop", "reset"))
SENSELESS = frozenset(("html", "error_200", "empty", "invalid_json"))
# Names of its own that a relay may have, and that tell a model.
OF_MODELS = frozenset(("model", "modelVersion"))
# Members whose texts are compared as what they mean.
_SAID = ("text", "thoughts", "calls", "stop")
_USAGE = ("input", "output", "thinking", "total")
# Bytes that the provider writes at a time into a stream that is watched; so many times fewer pieces are held back. Seconds
# between two pieces that did not come together.
SIZE, FEW, BREATH = 300, 4, 0.02
# Characters from which on a text is a file.
MOST_WORDY = 2_000
# Seconds that a stream must take for its pieces to be told from its whole.
HELD = 0.6


def judge_answer(history: History) -> Iterator[Evidence]:
    """What the provider said is what the client hears: texts, thoughts, calls and reasons, pictures and speech, and all beside."""
    yield from _changed_media(history)
    yield from _invented(history)
    yield from _misread(history)
    for pair, mine, theirs in _whole(history):
        if len(mine.choices) != len(theirs.choices):
            yield of_pair(pair, f"{len(theirs.choices)} choices became {len(mine.choices)}")
            continue
        said = [
            (name, getattr(there, name), getattr(here, name))
            for here, there in zip(mine.choices, theirs.choices, strict=True)
            for name in _SAID
        ]
        changed = [each for each in said if each[1] != each[2]]
        for name, before, after in changed:
            yield of_pair(pair, f"an answer's {name}: changed {differing(before, after)}")
        if not changed:
            yield from _changed_beside(history, pair, mine, theirs)
            yield from _lost_events(pair, mine, theirs)


def _changed_beside(history: History, pair: Pair, mine: Text, theirs: Text) -> Iterator[Evidence]:
    """Whatever else an answer tells. Numbers of tokens have a check of their own."""
    if pair.fault == "pings":  # which tell nothing
        return
    heard, said = (each.told.body if each.told else each.reading.body for each in (mine, theirs))
    is_counted = any(_recounted(mine, theirs))
    for found in iter_differences(said, heard):
        # A relay may have names of its own for models: then it tells that by which it was asked, or that of the provider.
        is_named = found.place[-1] in OF_MODELS and found.after != model_of(history, pair.client)
        if (found.place[-1] in OWN_NAMES and not is_named) or (is_counted and "token" in str(found.place[-1]).lower()):
            continue
        yield of_pair(pair, _how(found), _is_doubtful(found))


def _how(found: Difference) -> str:
    if found.is_lost:
        return f"{found.name} of an answer is lost: it was {shortened(found.before)}"
    if found.is_added:
        return f"{found.name} is added to an answer: {shortened(found.after)}"
    return f"{found.name} of an answer is changed {differing(found.before, found.after)}"


def _is_doubtful(found: Difference) -> bool:
    """Whether a difference may well mean the same: nothing is left out, something is said beside, or JSON in a text is written anew."""
    if isinstance(found.before, str) and isinstance(found.after, str):
        said, heard = (parse_json(text.encode()) for text in (found.before, found.after))
        return isinstance(said, dict) and is_same(said, heard)
    return found.is_added or (found.is_lost and is_nothing(found.before))


def _lost_events(pair: Pair, mine: Text, theirs: Text) -> Iterator[Evidence]:
    """The sorts of events of a stream are what they were, in their order; how many there are of one sort is free."""
    if mine.told is None or theirs.told is None:
        return
    heard, said = (
        [kind for kind, _ in groupby(t for t in each.told.types if t != "ping")] for each in (mine, theirs) if each.told
    )
    if heard != said:
        lost = [kind for kind in dict.fromkeys(said) if kind not in heard]
        what = f"{', '.join(lost)} never come" if lost else f"they come as {', '.join(heard)}"
        yield of_pair(pair, f"a stream's events are not those of the provider: {what}")


def _changed_media(history: History) -> Iterator[Evidence]:
    for pair in pairs_of(history):
        if not pair.behind or not pair.client.is_success or not pair.behind[-1].is_success or pair.again:
            continue
        here, there = pair.client, pair.behind[-1]
        if here.behavior == "speech" and not here.exchange.header("content-encoding"):
            told = file_of(there)
            if told and not told.is_of(here.exchange.response_body):
                yield of_pair(pair, f"the {told.size} bytes of speech are not those that the client hears")
        elif here.behavior == "images":
            mine, theirs = (_pictures(reading) for reading in (here, there))
            if mine and theirs and mine != theirs:
                count = f"{len(theirs)} pictures became {len(mine)}"
                other = "a picture has other bytes than the provider gave it"
                yield of_pair(pair, other if len(mine) == len(theirs) else count)
                continue
            bodies = isinstance(there.body, dict) and isinstance(here.body, dict)
            for found in iter_differences(there.body, here.body) if bodies else ():
                # Links are the relay's business; of files there is more above.
                if found.place[-1] not in OWN_NAMES and not _is_of_file(found):
                    yield of_pair(pair, _how(found), _is_doubtful(found))


def _is_of_file(found: Difference) -> bool:
    """Whether a file stands there, or a link to one."""
    texts = [text for text in (found.before, found.after) if isinstance(text, str)]
    return any(len(text) > MOST_WORDY or text.startswith(("http://", "https://")) for text in texts)


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


def _misread(history: History) -> Iterator[Evidence]:
    """A stream that the provider told to its end is told to its end, in whatever form it came."""
    for pair in pairs_of(history):
        if pair.again or pair.fault in CUTTING or pair.client.exchange.probe == "leaves" or not pair.texts:
            continue
        theirs, exchange = pair.texts[-1], pair.client.exchange
        if theirs.told is None or not theirs.is_whole or (pair.client.is_refusal and pair.client.is_answer):
            continue
        if exchange.error or (pair.text is not None and not pair.text.is_whole):
            form = f" ({pair.fault})" if pair.fault else ""
            yield of_pair(pair, f"the provider's stream was whole{form}, and the client's is not")


def _invented(history: History) -> Iterator[Evidence]:
    """A text where the provider gave none is the relay's own."""
    for pair in pairs_of(history):
        text = next((choice.text for choice in pair.text.choices if choice.text), "") if pair.text else ""
        if text and pair.fault in (*SILENT, *SENSELESS, "refuse", "status") and pair.behind and not pair.texts:
            yield of_pair(pair, f"the provider gave no text ({pair.fault}), and the client is told {shortened(text)}")


def judge_usage(history: History) -> Iterator[Evidence]:
    """The tokens used are those that the provider told."""
    for pair, mine, theirs in _whole(history):
        if mine.told is not None and mine.told.usages == 0:
            continue
        for message in _recounted(mine, theirs):
            yield of_pair(pair, message)


def _recounted(mine: Text, theirs: Text) -> Iterator[str]:
    for name in _USAGE:
        said, heard = (text.values.get(f"$completion.{name}_tokens") for text in (theirs, mine))
        if said is not None and heard is not None and said != heard:
            yield f"{said} {name} tokens are told as {heard}"


def judge_status(history: History) -> Iterator[Evidence]:
    """A refusal of the provider is told as that refusal: its status, its words, and when to come again."""
    for pair in pairs_of(history):
        if not pair.behind or not pair.client.is_answer or pair.again:
            continue
        there, here = pair.behind[-1], pair.client
        # That the provider is not there is no document's matter, if only it is told as a failure of the server.
        if pair.fault in SILENT and here.is_refusal and _blames_client(here):
            yield of_pair(
                pair, f"the provider gave no answer ({pair.fault}), and it is told with {here.exchange.status}"
            )
        if pair.fault == "latency" and there.is_success and here.is_refusal:
            yield of_pair(pair, f"the provider answered late, and the client is told {here.exchange.status}")
        yield from _own_words(history, pair, here)
        if here.exchange.probe == GOES_ON and here.is_refusal:
            yield of_pair(pair, f"an answer that goes on from one before it is refused with {here.exchange.status}")
            continue
        if there.is_refusal and pair.fault in ("", "refuse", "status"):
            yield from _refused(history, pair, here, there)
        elif pair.fault in SILENT and here.is_success:
            yield of_pair(pair, f"the provider gave no answer ({pair.fault}), and the client is told a success")
        # Whoever passes on what makes no sense has said so.
        elif pair.fault in SENSELESS and here.is_success and _has_reworded(here, there):
            message = f"the provider gave no answer that is one ({pair.fault}), and it is told as a success"
            yield of_pair(pair, message, assumed=True)


def _own_words(history: History, pair: Pair, here: Reading) -> Iterator[Evidence]:
    """Where the provider says nothing that can be passed on, the relay speaks as the provider does when it refuses."""
    operation = here.operation
    is_own = pair.fault in SILENT or (pair.fault in SENSELESS and _has_reworded(here, pair.behind[-1]))
    if operation is None or not is_own or (not here.is_refusal and here.exchange.status < 400):
        return
    if not isinstance(here.body, dict):
        kind = here.exchange.media_type or "nothing"
        yield of_pair(
            pair, f"the provider gave no answer ({pair.fault}), and the client is told {kind} that is no refusal"
        )
        return
    shape = refusal_shape(operation) or history.contract.refusal_shapes[operation.failures.envelope.name]
    for wrong in list(shape.misshapes(here.body))[:1]:
        where = wrong.place or "the body"
        yield of_pair(
            pair,
            f"the provider gave no answer ({pair.fault}), and it is told in another envelope: {where}: {wrong.message}",
        )


def _blames_client(here: Reading) -> bool:
    """Whether a refusal says that the request is at fault, not the moment."""
    if here.conditions:
        return not OF_THE_MOMENT & set(here.conditions)
    return here.exchange.status < 500


def _told(there: Reading) -> str:
    return str(there.exchange.status if there.exchange.status >= 400 else there.values.get("$error.code", "refusal"))


def _has_reworded(here: Reading, there: Reading) -> bool:
    told = there.exchange.response_body
    return bool(told) and here.exchange.response_body != told


def _refused(history: History, pair: Pair, here: Reading, there: Reading) -> Iterator[Evidence]:
    if here.is_success:
        yield of_pair(pair, f"the provider's {_told(there)} is told as a success")
        return
    is_own = bool(there.conditions) and OF_THE_ACCOUNT.issuperset(there.conditions)
    if is_own and here.conditions == (RATE,):
        yield of_pair(pair, f"the provider's {' or '.join(there.conditions)} is told as {RATE}: to be asked again")
        return
    if here.exchange.status != there.exchange.status:
        theirs, mine = _named(there.exchange.status), _named(here.exchange.status)
        yield of_pair(pair, f"the provider's {theirs} is told as {mine}", is_own)
    after = pair.settings.get("retry_after")
    if after and here.exchange.header("retry-after") != after:
        told = here.exchange.header("retry-after") or "nothing"
        yield of_pair(pair, f"the provider's Retry-After of {after} is told as {told}")
    for name in ("$error.code", "$error.type", "$error.field"):
        said, heard = there.values.get(name), here.values.get(name)
        if said is not None and heard != said:
            yield of_pair(pair, f"the provider's {name[1:]} {said!r} is told as {heard!r}", is_own)
    said = str(there.values.get("$error.message") or "")
    # What tells a secret is not to be told on.
    is_secret = any(tells(said.encode(), secret) for secret in history.secrets)
    if said and not is_secret and said not in "\n".join(iter_strings(here.body)):
        # A relay may well keep to itself what went wrong behind it.
        is_kept = is_own or there.exchange.status >= 500
        yield of_pair(pair, f"the provider's message {shortened(said)} is not told", is_kept)


def _named(status: int) -> str:
    """A status with its name: of what differs in digits alone one is told for all."""
    name = responses.get(status, "")
    return f"{status} {name}".strip()


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
            yield of_pair(
                pair, f"the provider's stream broke off ({pair.fault}), and the client is told that it is whole"
            )
        yield from _silent_end(pair)
        yield from _good_end(pair)
        yield from _doubled(pair)


def _silent_end(pair: Pair) -> Iterator[Evidence]:
    """An error within a stream is told, or the stream is broken off: who only stops says that it is well."""
    if pair.fault != "error_event" or pair.text is None or pair.text.told is None or pair.client.exchange.error:
        return
    if pair.text.told.error is None and any(text.told and text.told.error is not None for text in pair.texts):
        yield of_pair(pair, "the provider told an error within its stream, and the client hears none")


def _good_end(pair: Pair) -> Iterator[Evidence]:
    """Where the connection's end is the stream's, one that broke must break."""
    if pair.text is None or pair.text.protocol.has_end or pair.text.told is None or pair.client.exchange.error:
        return
    has_broken = pair.fault == "truncated_chunk" or (pair.fault == "cut" and pair.settings.get("end") != "finish")
    if has_broken and not pair.text.is_whole and pair.text.told.error is None:
        yield of_pair(pair, "the provider's connection broke, and the client's ended in good order")


def _doubled(pair: Pair) -> Iterator[Evidence]:
    """What the client heard is the beginning of what the provider said, not of two answers."""
    said = [choice.text for text in pair.texts for choice in text.choices[:1]]
    heard = [choice.text for choice in pair.text.choices[:1]] if pair.text else []
    if heard and said and not any(text.startswith(heard[0]) for text in said):
        yield of_pair(pair, f"of a stream that broke off the client hears {differing(said[-1], heard[0])}")


def judge_holding(history: History) -> Iterator[Evidence]:
    """The pieces of a stream are passed on when they come."""
    for pair, mine, _ in _whole(history):
        exchange = mine.reading.exchange
        took = exchange.answered - exchange.started
        if exchange.probe != "held" or mine.told is None or took < HELD or not exchange.chunks:
            continue
        if exchange.answered - exchange.chunks[0][0] < took / 4:
            yield of_pair(pair, f"a stream of {took:.1f} seconds comes all at its end")
        elif _pieces(exchange) < len(exchange.response_body) / SIZE / FEW:
            pieces = _pieces(exchange)
            yield of_pair(pair, f"a stream that was written little by little comes in {pieces} pieces")


def _pieces(exchange: Exchange) -> int:
    """How often something came, what follows at once counted as one."""
    times = [moment for moment, _ in exchange.chunks]
    return 1 + sum(later - earlier > BREATH for earlier, later in pairwise(times))


def judge_recovery(history: History) -> Iterator[Evidence]:
    """After all that went wrong, the next good request is answered."""
    for pair in pairs_of(history):
        reading = pair.client
        # Whoever has no credits left is refused for that, whatever went wrong before; a status alone does not say so.
        has_words = any(name.startswith("$error.") for name in reading.values)
        is_poor = has_words and "insufficient_credits" in reading.conditions
        if reading.exchange.probe == "again" and not reading.is_success and not is_poor:
            status = reading.exchange.status or reading.exchange.error
            yield of_pair(pair, f"after the provider had failed, a good request is answered with {status}")


def _whole(history: History) -> Iterator[tuple[Pair, Text, Text]]:
    """The pairs that are whole on both sides, with both texts."""
    for pair in pairs_of(history):
        is_one = pair.text and pair.texts and not pair.again and pair.fault not in CUTTING
        if is_one and pair.text and pair.text.is_whole and pair.texts[-1].is_whole:
            yield pair, pair.text, pair.texts[-1]
