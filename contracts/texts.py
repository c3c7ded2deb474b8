"""Text answers of a history, plain and streamed, in shared names: what was wished, and what each choice says."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.contracts.protocols import PROTOCOLS
from understudy.contracts.protocols.protocol import Protocol, Told, Wish, child, whole
from understudy.contracts.reading import NOT_JSON, Reading
from understudy.contracts.samples import find_sample
from understudy.contracts.shapes import Shape
from understudy.contracts.sse import Event, read_events
from understudy.specs.model import Operation
from understudy.specs.nodes import Object, has_literals
from understudy.specs.templates import read

STREAM, JSON = "text/event-stream", "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; `arguments` is None where they are no JSON object."""

    id: str
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers: its text, its thoughts as (text, signature), its calls, and the protocol's word for why it ended.

    `pictures`: each in base64, and of which media type it is said to be, '' for none.
    """

    text: str
    thoughts: tuple[tuple[str, str], ...]
    calls: tuple[Call, ...]
    stop: Any
    pictures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text answer. `told` is there for a stream, `broken` what its bytes have against them."""

    reading: Reading
    protocol: Protocol
    operation: Operation
    wish: Wish
    values: Mapping[str, Any]
    choices: tuple[Choice, ...]
    told: Told | None = None
    events: tuple[tuple[Event, Any], ...] = field(default=(), repr=False)
    broken: str = ""

    @property
    def clause(self) -> str:
        """The clause that it falls under."""
        return f"{'stream' if self.told else 'text'}/{self.operation.id}"

    @property
    def is_whole(self) -> bool:
        """Whether it says that it is all there."""
        return self.told is None or (self.told.error is None and self.told.ends > 0)


def protocol_of(operation: Operation) -> Protocol | None:
    """The protocol of an operation that answers with text; None for others."""
    return PROTOCOLS.get(str(operation.arguments.get("dialect"))) if operation.behavior == "completion" else None


def refusal_shape(operation: Operation) -> Shape | None:
    """What judges a refusal by the protocol itself; None where the provider has its own envelope, or no protocol is spoken."""
    protocol = protocol_of(operation)
    shape = _refusal_shape(protocol.name) if protocol else None
    return shape if shape and shape.is_valid(find_sample(operation.failures.envelope.schema)) else None


def answer_shape(contract: Contract, operation: Operation) -> Shape | None:
    """What judges a plain answer by the protocol itself; None where the provider's own answers are others."""
    protocol, own = protocol_of(operation), contract.answer_shape(operation, operation.reply.status, JSON)
    if protocol is None or own is None:
        return None
    shape, sample = _answer_shape(protocol.name), find_sample(own.schema)
    return shape if sample is None or shape.is_valid(sample) else None


@lru_cache
def _answer_shape(protocol: str) -> Shape:
    return Shape(PROTOCOLS[protocol].answer)


@lru_cache
def _refusal_shape(protocol: str) -> Shape:
    return Shape(PROTOCOLS[protocol].refusal)


def input_of(text: Text) -> int | None:
    """How many tokens went into an answer, those that were kept from before too; None where it is not told."""
    told = text.values.get("$completion.input_tokens")
    if not isinstance(told, int) or isinstance(told, bool):
        return None
    body = text.told.body if text.told else text.reading.body
    return told + sum(whole(child(body, *place)) or 0 for place in text.protocol.cached)


def model_of(history: History, text: Text) -> Any:
    """The model that an answer was asked of."""
    place = text.operation.arguments["model"]
    return history.contract.value(text.operation, text.reading.exchange, text.reading.sent, place)


def question_of(history: History, text: Text) -> str:
    """What was asked of which model, but for what it is given to read, how long its answer may be and how that comes."""
    said = {name: value for name, value in text.reading.sent.items() if name not in text.protocol.apart}
    return f"{text.protocol.name} {model_of(history, text)} {json.dumps(said, sort_keys=True, default=str)}"


def draws(operation: Operation) -> bool:
    """Whether an operation that answers with text can answer with pictures, too."""
    shown = {expression.name for case in operation.reply.cases for expression in case.body.expressions()}
    return protocol_of(operation) is not None and "piece.base64" in shown


def is_streamed(contract: Contract, reading: Reading) -> bool:
    """Whether a request asks for a stream of events; one that comes as the items of an array is none."""
    operation = reading.operation
    framing = operation.arguments.get("framing") if operation else None
    if (
        operation is not None
        and framing
        and contract.value(operation, reading.exchange, reading.sent, framing) != "sse"
    ):
        return False
    said = operation.arguments.get("stream") if operation else None
    if operation is None or said is None or said is True:
        return said is True
    return contract.value(operation, reading.exchange, reading.sent, said) is True


@lru_cache(maxsize=4)
def texts_of(history: History) -> tuple[Text, ...]:
    """The text answers of a history, in the order of asking."""
    return tuple(iter_texts(history.of("completion")))


def iter_texts(readings: Iterable[Reading]) -> Iterator[Text]:
    """The text answers among readings; what is none, or was refused, is left out."""
    for reading in readings:
        operation = reading.operation
        protocol = protocol_of(operation) if operation else None
        if operation is None or protocol is None or not reading.is_success or not isinstance(reading.sent, dict):
            continue
        wish = protocol.asked(reading.sent)
        if reading.exchange.media_type == STREAM:
            yield _streamed(reading, operation, protocol, wish)
        elif isinstance(reading.body, dict):
            yield Text(reading, protocol, operation, wish, reading.values, _choices(reading.values))


def _streamed(reading: Reading, operation: Operation, protocol: Protocol, wish: Wish) -> Text:
    chunks = reading.exchange.chunks or ((0.0, reading.exchange.response_body),)
    events, reader = read_events(chunks)
    parsed = tuple((event, _json(event.data)) for event in events)
    told = protocol.add_up([(event, _as_error(operation, data)) for event, data in parsed])
    if isinstance(told.error, _Enveloped):
        told.error = told.error["error"]
    values = read(operation.reply.cases[0].body, told.body).values if told.body and operation.reply.cases else {}
    broken = "bytes that are no UTF-8" if reader.broken_text else ""
    if reader.rest:
        broken = broken or f"an event that no empty line ends: {reader.rest[:60]!r}"
    for event, data in parsed:
        if data is NOT_JSON and event.data != "[DONE]":
            broken = broken or f"an event whose data is no JSON: {event.data[:60]!r}"
    return Text(reading, protocol, operation, wish, values, _choices(values), told, parsed, broken)


class _Enveloped(dict[str, Any]):
    """An error as the protocols know it, of one that a provider tells in an envelope of its own."""


def _as_error(operation: Operation, data: Any) -> Any:
    """The data of an event; marked as an error where it is a refusal of the provider in words that no protocol has."""
    is_known = not isinstance(data, dict) or "error" in data or data.get("type") == "error"
    template = operation.failures.envelope.template
    is_refusal = not is_known and isinstance(template, Object) and has_literals(template, data)
    return _Enveloped(type="error", error=data) if is_refusal else data


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return NOT_JSON


def _choices(values: Mapping[str, Any]) -> tuple[Choice, ...]:
    if "$completion.choices" in values:
        found = values["$completion.choices"]
        return (
            tuple(_choice(each, "$choice") for each in found if isinstance(each, Mapping))
            if isinstance(found, list)
            else ()
        )
    return (_choice(values, "$completion"),) if values else ()


def _choice(values: Mapping[str, Any], name: str) -> Choice:
    pieces = [piece for piece in _list(values, f"{name}.pieces") if isinstance(piece, Mapping)]
    kinds = ("text", "thinking", "tool", "image")
    by_type = {kind: [p for p in pieces if p.get("$piece.type") == kind] for kind in kinds}
    text = values.get(f"{name}.text")
    text = text if isinstance(text, str) else "".join(str(p.get("$piece.text") or "") for p in by_type["text"])
    tools = [p for p in _list(values, f"{name}.tools") if isinstance(p, Mapping)] or by_type["tool"]
    thoughts = tuple(
        (str(p.get("$piece.text") or ""), str(p.get("$piece.signature") or "")) for p in by_type["thinking"]
    )
    pictures = tuple(
        (str(p.get("$piece.base64") or ""), str(p.get("$piece.media_type") or "")) for p in by_type["image"]
    )
    return Choice(text, thoughts, tuple(map(_call, tools)), values.get(f"{name}.stop_reason"), pictures)


def _list(values: Mapping[str, Any], name: str) -> list[Any]:
    found = values.get(name)
    return found if isinstance(found, list) else []


def _call(piece: Mapping[str, Any]) -> Call:
    arguments = piece.get("$piece.arguments")
    if arguments is None:
        found = _json(str(piece.get("$piece.arguments_text", "")))
        arguments = found if isinstance(found, dict) else None
    return Call(str(piece.get("$piece.id") or ""), str(piece.get("$piece.name") or ""), arguments)
