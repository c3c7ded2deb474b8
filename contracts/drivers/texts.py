"""Text answers: each operation is asked plain and streamed, for all that its protocol can say, as documented, and of each model."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.history import models_of
from understudy.contracts.inputs import Places, find_places, iter_documented, iter_good_bodies, iter_models
from understudy.contracts.negatives import edited, find
from understudy.contracts.protocols.protocol import Protocol, Tool, Wish
from understudy.contracts.requests import DRAWS, Request, ask
from understudy.contracts.texts import protocol_of
from understudy.specs.expressions import Expression, parse
from understudy.specs.model import Operation

_WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
_TIME = Tool("get_time", {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]})
_TALK = "Tell me in two sentences what a lighthouse is for."

# So few tokens never are a whole answer to what is asked here.
TOO_SHORT = 8

# Without a member for any of these an answer cannot tell of a tool's call.
SHOW_CALLS = frozenset(("completion.tools", "choice.tools", "completion.pieces", "choice.pieces"))

# What is asked; each is left out where the protocol cannot say it, and asked plain and streamed where it can.
WISHES: tuple[Wish, ...] = (
    Wish(_TALK, wants_usage=True),
    Wish(_TALK, most_tokens=20),
    Wish("用中文写两句话,介绍一座灯塔和一只猫 🐈。", wants_usage=True),
    Wish("Describe the sea in five sentences.", most_tokens=6, wants_usage=True),
    Wish("Describe a market in three sentences.", stops=(".", "。"), wants_usage=True),
    Wish(
        "What is the weather in Paris, and what time is it there? Look both up.",
        tools=(_WEATHER, _TIME),
        must_call=True,
        wants_usage=True,
    ),
    Wish("What is the weather in Paris? Look it up.", tools=(_WEATHER,), may_not_call=True, most_tokens=40),
    Wish("Name a colour.", choices=3, most_tokens=30, wants_usage=True),
    Wish("Which is larger, 9.11 or 9.8?", thinks=True, most_tokens=3_000),
    Wish("Give me a JSON object with the members name and age.", wants_json=True, wants_usage=True),
)


async def run_texts(drive: Drive) -> None:
    """Ask everything of every operation that answers with text, a few at a time."""
    gate = asyncio.Semaphore(8)

    async def send(request: Request) -> None:
        async with gate:
            await drive.target.send(request)

    listed = [await drive.target.send(drive.ask(operation)) for operation in drive.contract.serving("models.list")]
    models = frozenset(name for reading in listed for name in models_of(reading))
    operations = drive.contract.serving("completion")
    await all_of(*(send(r) for o in operations for r in _iter_requests(drive, o, models)))


def _iter_requests(drive: Drive, operation: Operation, models: frozenset[str]) -> Iterator[Request]:
    protocol = protocol_of(operation)
    bases = list(iter_good_bodies(drive.contract, operation))
    places = find_places(drive.contract, operation)
    if protocol is None or not bases or places is None:
        drive.reasons[f"text/{operation.id}"] = "no documented example shows how it is asked"
        return
    shape = drive.contract.body_shape(operation)
    for wish in iter_wishes(protocol, operation):
        body = protocol.fill(bases[0], wish)
        if shape and shape.is_valid(body):
            yield _at(places, operation, body, _probe(wish))
    for example, its_places in iter_documented(drive.contract, operation):
        probe = DRAWS if protocol.asked(example).wants_picture else ""
        for body in _iter_ways(operation, example):
            if shape and shape.is_valid(body):
                yield _at(its_places, operation, body, probe)
    for place, model in iter_models(drive.contract, operation):
        if model in models:
            yield _naming(operation, places, parse(place), model, protocol.fill(bases[0], Wish(_TALK)))


def _at(places: Places, operation: Operation, body: Any, probe: str = "") -> Request:
    return ask(operation, body, path=places.path, query=places.query, headers=places.headers, probe=probe)


def _naming(operation: Operation, places: Places, place: Expression, model: str, body: Any) -> Request:
    """A request to one model, which it names in its body or in its path."""
    if place.family == "request.path":
        return _at(replace(places, path={**places.path, place.member: model}), operation, body)
    return _at(places, operation, edited(body, place.path, model))


def _iter_ways(operation: Operation, body: Any) -> Iterator[Any]:
    """A body as it stands, and the other way: streamed where it is plain, plain where it is streamed."""
    yield body
    place = operation.arguments.get("stream")
    if isinstance(place, str) and operation.reply.stream:
        path = parse(place).path
        yield edited(body, path, find(body, path) is not True)


def iter_wishes(protocol: Protocol, operation: Operation) -> Iterator[Wish]:
    """What the protocol can say of all that is wished, plain and streamed."""
    shown = {expression.name for case in operation.reply.cases for expression in case.body.expressions()}
    for wish in WISHES:
        if not _needed(wish) <= protocol.can or (wish.tools and not shown & SHOW_CALLS):
            continue
        yield wish
        if "is_streamed" in protocol.can and operation.reply.stream:
            yield replace(wish, is_streamed=True)


def _needed(wish: Wish) -> set[str]:
    """The members of a wish that a protocol must be able to say for it to make sense."""
    plain: Any = Wish()
    needed = {name for name in Wish.__slots__ if getattr(wish, name) != getattr(plain, name)}
    return needed - {"text", "wants_usage", "is_streamed"}


def _probe(wish: Wish) -> str:
    """What a driver knows beside the request: that so few tokens, or what comes before a full stop, are no whole answer."""
    if wish.stops:
        return "must_stop"
    return "too_short" if wish.most_tokens and wish.most_tokens <= TOO_SHORT else ""
