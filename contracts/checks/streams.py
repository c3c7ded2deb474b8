"""Checks of streamed answers: their framing, their order, their one end, and that they add up."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.protocols.protocol import child
from understudy.contracts.reading import NOT_JSON, has_words
from understudy.contracts.requests import BREAKS, PROVOKED
from understudy.contracts.texts import STREAM, Text, is_streamed, refusal_shape, texts_of
from understudy.specs.model import Condition
from understudy.specs.streams import DIALECTS
from understudy.specs.templates import read


def judge_kind(history: History) -> Iterator[Evidence]:
    """Who asks for a stream gets one, and nobody else does."""
    for reading in history.of("completion"):
        operation = reading.operation
        if operation is None or not reading.is_success or operation.reply.stream == "":
            continue
        wanted, came = is_streamed(history.contract, reading), reading.exchange.media_type == STREAM
        if wanted != came:
            wanted_text, came_text = ("a stream of events", f"{reading.exchange.media_type or 'nothing'!r}")
            message = f"{wanted_text if wanted else 'no stream'} was asked for, and {came_text} came"
            yield _evidence(history, reading.exchange, operation.id, message)


def judge_framing(history: History) -> Iterator[Evidence]:
    """The bytes are events of UTF-8 text, each with its data whole, each ended."""
    for text in _streams(history):
        message = text.broken
        if not message and any("\ufffd" in event.data for event, _ in text.events):
            message = "a character was broken on the way: U+FFFD"
        if message:
            yield _told(history, text, message)


def judge_order(history: History) -> Iterator[Evidence]:
    """Events come as the protocol's grammar has them; one of the last sort ends the stream, once, and nothing follows."""
    for text in _streams(history):
        assert text.told
        told, protocol = text.told, text.protocol
        is_over = told.error is not None
        if told.later:
            yield _told(history, text, f"{told.later} events come after the end")
        elif told.ends > 1 and protocol.has_end:
            yield _told(history, text, f"it ends {told.ends} times")
        elif not told.ends and not is_over:
            yield _told(history, text, "it ends without saying that it is over")
        elif not is_over and not DIALECTS[protocol.name].is_complete(told.types):
            yield _told(history, text, f"its events come as no answer does: {_short(told.types)}")


def judge_broken(history: History) -> Iterator[Evidence]:
    """A stream that breaks off says so, in the envelope of a refusal, and of no success; nothing follows."""
    for text in _streams(history):
        assert text.told
        wanted = _brought_about(history, text)
        if text.told.error is None:
            if wanted and text.told.ends:
                yield _broken(history, text, f"it was to break off as {wanted.name}, and is told as a whole one")
            continue
        if any(choice.stop in DIALECTS[text.protocol.name].stops.values() for choice in text.choices):
            yield _broken(history, text, "it tells of an error, and that the answer came to its end")
        elif found := _types_after_error(text):
            yield _broken(history, text, f"events come after its error: {_short(found)}")
        elif text.told.ends and "[DONE]" in {event.data for event, _ in text.events}:
            # Some who speak the protocol close every stream so, and clients do not look at it after an error.
            message = "it tells of an error, and then is closed as a whole one"
            yield replace(_broken(history, text, message), assumed=True)
        yield from _misworded(history, text, wanted)


def _brought_about(history: History, text: Text) -> Condition | None:
    """The condition in which a stream was to break off, where the target does what prompts say: it refused for it, too."""
    name = text.reading.exchange.probe.removeprefix(BREAKS)
    does = any(
        name in r.conditions and r.exchange.probe == f"{PROVOKED}{name}" and r.operation is text.operation
        for r in history.of("completion")
    )
    is_probe = text.reading.exchange.probe.startswith(BREAKS)
    return history.contract.conditions(text.operation).get(name) if is_probe and does else None


def _types_after_error(text: Text) -> list[str]:
    """What comes after the error of a stream, but for what may come anywhere, or says again that it failed."""
    assert text.told
    types = text.told.types
    after = types[types.index("error") + 1 :] if "error" in types else []
    return [name for name in after if name not in {*DIALECTS[text.protocol.name].ignored, "response.failed"}]


def _misworded(history: History, text: Text, wanted: Condition | None) -> Iterator[Evidence]:
    """What the error of a stream has against the provider's envelope, and against the condition that was brought about."""
    assert text.told
    if not text.protocol.own_error and not _is_envelope(history, text, text.told.error):
        by_protocol = refusal_shape(text.operation)
        is_of_protocol = by_protocol is not None and by_protocol.is_valid(text.told.error)
        message = "its error is not told in the envelope of a refusal"
        yield replace(_broken(history, text, message), assumed=is_of_protocol)
        return
    values = read(text.operation.failures.envelope.template, text.told.error).values
    if text.protocol.own_error:
        values = {"$error.code": child(text.told.error, "code")}
    if wanted and not has_words(wanted, values):
        words = ", ".join(
            f"{name} {value!r}" for name, value in values.items() if name in ("$error.code", "$error.type")
        )
        message = f"its error is told with {words or 'no words'}, where {wanted.name} was brought about"
        citation = history.contract.cite_condition(text.operation, wanted.name)
        yield replace(_broken(history, text, message), facts=citation.facts, assumed=citation.assumed)


def _is_envelope(history: History, text: Text, error: Any) -> bool:
    return history.contract.refusal_shapes[text.operation.failures.envelope.name].is_valid(error)


def _broken(history: History, text: Text, message: str) -> Evidence:
    return replace(_told(history, text, message), clause=f"broken/{text.operation.id}")


def judge_sum(history: History) -> Iterator[Evidence]:
    """The pieces of a stream do not contradict each other, and add up to what its last event holds."""
    for text in _streams(history):
        assert text.told
        for message in dict.fromkeys(text.told.wrong):
            yield _told(history, text, message)


def judge_events(history: History) -> Iterator[Evidence]:
    """Each event is what the schema of its media type says."""
    for text in _streams(history):
        whole, inner = history.contract.event_shapes(text.operation, text.reading.exchange.status)
        seen = set[str]()
        for event, data in text.events:
            frame = {"data": event.data, **({"event": event.name} if event.name else {})}
            wrong = list(whole.misshapes(frame)) if whole else []
            is_error = text.told is not None and data is text.told.error and _is_envelope(history, text, data)
            if not wrong and inner and data is not NOT_JSON and not is_error:
                wrong = list(inner.misshapes(data))
            for each in wrong:
                message = f"an event {event.name or 'without a name'}: {each.place or 'its data'}: {each.message}"
                if message not in seen:
                    seen.add(message)
                    citation = each.citation
                    yield Evidence(
                        message, (text.reading.exchange,), text.operation.id, citation.facts, citation.assumed, text.clause
                    )  # fmt: skip


def judge_usage(history: History) -> Iterator[Evidence]:
    """The tokens used are told once where they are asked for, and not where they are not."""
    for text in _streams(history):
        assert text.told
        told = text.told
        if not text.is_whole:
            continue
        if text.wish.wants_usage and not told.usages:
            yield _told(history, text, "the tokens used are not told, though they were asked for")
        elif not text.wish.wants_usage and told.usages:
            yield _told(history, text, "the tokens used are told, though nobody asked for them")
        elif told.usages > 1 and "wants_usage" in text.protocol.can:
            yield _told(history, text, f"the tokens used are told {told.usages} times")


def _streams(history: History) -> Iterator[Text]:
    return (text for text in texts_of(history) if text.told is not None)


def _told(history: History, text: Text, message: str) -> Evidence:
    return _evidence(history, text.reading.exchange, text.operation.id, message)


def _evidence(history: History, exchange: Exchange, operation: str, message: str) -> Evidence:
    citation = history.contract.cite(history.contract.operations[operation])
    return Evidence(message, (exchange,), operation, citation.facts, False, f"stream/{operation}")


def _short(types: list[str]) -> str:
    folded: list[str] = []
    for name in types:
        if not folded or folded[-1] != name:
            folded.append(name)
    return " ".join(folded[:12]) + (" …" if len(folded) > 12 else "")
