"""Checks of streamed answers: their framing, their order, their one end, and that they add up."""

from collections.abc import Iterator

from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import NOT_JSON
from understudy.contracts.texts import STREAM, Text, is_streamed, texts_of
from understudy.specs.streams import DIALECTS


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
            if not wrong and inner and data is not NOT_JSON:
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
