"""Text answers: each operation is asked plain and streamed, for all that its protocol can say, as documented, and of each model.

What only some models take is asked with a probe, so that nobody fails for refusing it.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.history import models_of
from understudy.contracts.inputs import Places, find_places, iter_documented, iter_good_bodies, iter_models, models_for
from understudy.contracts.negatives import edited, find
from understudy.contracts.protocols.protocol import Protocol, Tool, Wish
from understudy.contracts.requests import DRAWS, LISTED, MISUSED, NOT_FOR_ALL, Request, ask
from understudy.contracts.texts import protocol_of
from understudy.specs.expressions import Expression, parse
from understudy.specs.model import Operation

_WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
_TIME = Tool("get_time", {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]})
TOOLS = (_WEATHER, _TIME)
_TALK = "Tell me in two sentences what a lighthouse is for."
_SEA = "Describe the sea in five sentences."
_RIDDLE = "Which is larger, 9.11 or 9.8?"
# What a question may come after: long enough to be missed in any count of tokens.
_ASIDE = (
    "You are the keeper of a lighthouse on a small island far from the coast. Every evening you light the lamp, wind the "
    "clockwork, write the weather into a large green book, and look out for ships until the morning. You answer letters "
    "of children who ask about your work, in plain words and without haste, and you never speak of anything else."
)

# More than who reads line by line may take for one: readers of 64 KiB are common.
_LONG = f"{_ASIDE} " * (70_000 // len(_ASIDE))

# So few tokens never are a whole answer to what is asked here.
TOO_SHORT, TOO_SHORT_PROBE = 8, "too_short"

# Without a member for any of these an answer cannot tell of a tool's call.
SHOW_CALLS = frozenset(("completion.tools", "choice.tools", "completion.pieces", "choice.pieces"))

# What is asked; each is left out where the protocol cannot say it, and asked plain and streamed where it can.
WISHES: tuple[Wish, ...] = (
    Wish(_TALK, wants_usage=True),
    Wish(_TALK, most_tokens=20),
    Wish("用中文写两句话,介绍一座灯塔和一只猫 🐈。", wants_usage=True),
    Wish(_SEA, most_tokens=6, wants_usage=True),
    Wish("Describe a market in three sentences.", stops=(".", "。"), wants_usage=True),
    Wish(
        "What is the weather in Paris, and what time is it there? Look both up.",
        tools=(_WEATHER, _TIME),
        must_call=True,
        wants_usage=True,
    ),
    Wish("What is the weather in Paris? Look it up.", tools=(_WEATHER,), may_not_call=True, most_tokens=40),
    Wish("Name a colour.", choices=3, most_tokens=30, wants_usage=True),
    Wish(_RIDDLE, thinks=True, most_tokens=3_000),
    Wish("Give me a JSON object with the members name and age.", wants_json=True, wants_usage=True),
)

# What was asked above, after something else: how to answer, and an earlier turn.
CONTEXTS: tuple[Wish, ...] = (
    Wish(_TALK, system=_ASIDE, most_tokens=20, wants_usage=True),
    Wish(_TALK, earlier=(_ASIDE, "I see."), most_tokens=20, wants_usage=True),
)

# What each model is asked that a relay may have a way of its own for.
OF_MODELS: tuple[Wish, ...] = (
    Wish(_SEA, most_tokens=6, wants_usage=True),
    Wish(_SEA, system=_ASIDE, most_tokens=6, wants_usage=True),
    Wish(_RIDDLE, thinks=True, most_tokens=3_000, wants_usage=True),
)
NO_MODEL = "no-such-model"
# How many models of an operation are asked so.
MOST_MODELS = 6
# How many that only the target's list names, and how many letters of a name tell a family of models.
MOST_UNNAMED, FAMILY = 4, 3


async def run_texts(drive: Drive) -> None:
    """Ask everything of every operation that answers with text, a few at a time."""
    gate = asyncio.Semaphore(8)

    async def send(request: Request) -> None:
        async with gate:
            await drive.target.send(request)

    listed = [await drive.target.send(drive.ask(operation)) for operation in drive.contract.serving("models.list")]
    models = frozenset(name for reading in listed for name in models_of(reading))
    operations = drive.contract.serving("completion")
    await all_of(
        *(send(r) for o in operations for r in _iter_requests(drive, o, models)),
        *(_continue(drive, operation) for operation in operations),
    )


async def _continue(drive: Drive, operation: Operation) -> None:
    """Ask for an answer, and go on from it, plain and streamed."""
    protocol, place = protocol_of(operation), operation.arguments.get("continues")
    base, places = next(iter_good_bodies(drive.contract, operation), None), find_places(drive.contract, operation)
    if protocol is None or base is None or places is None or not place:
        return
    first = await drive.target.send(_at(places, operation, protocol.fill(base, Wish(_ASIDE, most_tokens=20))))
    given = first.values.get("$completion.id")
    if isinstance(given, str):
        wish = Wish(_TALK, continues=given, most_tokens=20)
        for each in iter_wishes(protocol, operation, (wish,)):
            await drive.target.send(_at(places, operation, protocol.fill(base, each)))


def _iter_requests(drive: Drive, operation: Operation, models: frozenset[str]) -> Iterator[Request]:
    protocol = protocol_of(operation)
    bases = list(iter_good_bodies(drive.contract, operation))
    places = find_places(drive.contract, operation)
    if protocol is None or not bases or places is None:
        drive.reasons[f"text/{operation.id}"] = "no documented example shows how it is asked"
        return
    shape = drive.contract.body_shape(operation)
    asked = (_iter_bodies, _iter_forms, _iter_long)
    for body, probe in (each for bodies in asked for each in bodies(protocol, operation, bases[0])):
        if shape and shape.is_valid(body):
            yield _at(places, operation, body, probe)
    for example, its_places in iter_documented(drive.contract, operation):
        probe = DRAWS if protocol.asked(example).wants_picture else ""
        for body in _iter_ways(operation, example):
            if shape and shape.is_valid(body):
                yield _at(its_places, operation, body, probe)
    if operation.reply.stream and "is_streamed" in protocol.can:
        yield from _iter_refused(operation, protocol, bases[0], places)
    yield from _iter_of_models(drive, operation, protocol, bases[0], places, models)


def _iter_of_models(
    drive: Drive, operation: Operation, protocol: Protocol, base: Any, places: Places, listed: frozenset[str]
) -> Iterator[Request]:
    """Each listed model is asked something, and some of them a little more."""
    for where, model in iter_models(drive.contract, operation):
        if model in listed:
            yield _naming(operation, places, parse(where), model, protocol.fill(base, Wish(_TALK)))
    shape, place = drive.contract.body_shape(operation), parse(operation.arguments["model"])
    unnamed, question = _unnamed(drive, operation, listed), protocol.fill(base, Wish(_TALK, most_tokens=20))
    for model in unnamed:
        yield _naming(operation, places, place, model, question).evolve(probe=LISTED)
    for model in _of_other_use(drive, operation) if unnamed else ():
        yield _naming(operation, places, place, model, question).evolve(probe=MISUSED)
    for wish in iter_wishes(protocol, operation, OF_MODELS):
        body = protocol.fill(base, wish)
        for model in _chosen(drive, operation, listed) if shape and shape.is_valid(body) else ():
            yield _naming(operation, places, place, model, body).evolve(probe=_probe(wish) or NOT_FOR_ALL)


def _iter_refused(operation: Operation, protocol: Protocol, base: Any, places: Places) -> Iterator[Request]:
    """Streams that must be refused: of a model that nobody has where that is a rule, and of nothing to answer."""
    body, place = protocol.fill(base, Wish(_TALK, is_streamed=True)), parse(operation.arguments["model"])
    if any(rule.name == "model" for rule in operation.rules):
        yield _naming(operation, places, place, NO_MODEL, body)
    kept = {name: value for name, value in body.items() if name not in protocol.apart or name == "stream"}
    yield _at(places, operation, kept)


def _iter_bodies(protocol: Protocol, operation: Operation, base: Any) -> Iterator[tuple[Any, str]]:
    """All that is wished, and what was said before, each body with its probe; a limit under each of its names."""
    for wish in iter_wishes(protocol, operation, (*WISHES, *CONTEXTS)):
        body, probe = protocol.fill(base, wish), _probe(wish)
        yield body, probe
        if probe == TOO_SHORT_PROBE:
            old, *others = protocol.limits or ("",)
            for name in others:
                yield {(name if member == old else member): value for member, value in body.items()}, probe


def _iter_forms(protocol: Protocol, operation: Operation, base: Any) -> Iterator[tuple[Any, str]]:
    """A question in each other form that the protocol has for it, plain and streamed."""
    for wish in iter_wishes(protocol, operation, (Wish(_TALK, most_tokens=20, wants_usage=True),)):
        for form in protocol.forms:
            yield form(protocol.fill(base, wish)), "" if form in protocol.plain_forms else NOT_FOR_ALL


def _iter_long(protocol: Protocol, operation: Operation, base: Any) -> Iterator[tuple[Any, str]]:
    """What is said before a question is very long, where an answer repeats it: in a stream it stands in one line."""
    shown = {expression.text for case in operation.reply.cases for expression in case.body.expressions()}
    for wish in iter_wishes(protocol, operation, (Wish(_TALK, system=_LONG, most_tokens=20),)):
        body = protocol.fill(base, wish)
        if any(value == _LONG and f"$request.body#/{name}" in shown for name, value in body.items()):
            yield body, ""


def _unnamed(drive: Drive, operation: Operation, listed: frozenset[str]) -> list[str]:
    """Models that are listed and not documented, a few, whose nearest documented ones by name are good for an operation.

    Of others nobody knows what they are good for.
    """
    known, good = drive.contract.provider.models, set(models_for(drive.contract, operation))
    unnamed = sorted(listed - set(known) - good)
    return [model for model in unnamed if _nearest(model, {*known, *good}) & good][:MOST_UNNAMED]


def _of_other_use(drive: Drive, operation: Operation) -> list[str]:
    """A documented model that is not good for an operation: how that is refused tells what is not there from what is not for this."""
    good = models_for(drive.contract, operation)
    return [model for model in drive.contract.provider.models if model not in good][:1]


def _nearest(name: str, known: Iterable[str]) -> set[str]:
    """The names that have the longest beginning in common with one, if that is long enough to tell a family."""
    common = {other: _common(name, other) for other in known}
    longest = max(common.values(), default=0)
    return {other for other, length in common.items() if length == longest >= FAMILY}


def _common(one: str, other: str) -> int:
    """With how many characters two names begin alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _chosen(drive: Drive, operation: Operation, listed: frozenset[str]) -> list[str]:
    """The documented models of an operation, of those that are listed where any is; of too many the first."""
    known = models_for(drive.contract, operation)
    models = [model for model in known if model in listed or not listed]
    for model in known:
        if model not in models:
            drive.reasons[_of_model(operation, model)] = "the target does not list it"
    for model in models[MOST_MODELS:]:
        drive.reasons[_of_model(operation, model)] = f"at most {MOST_MODELS} models of an operation are asked"
    return models[:MOST_MODELS]


def _of_model(operation: Operation, model: str) -> str:
    return f"model/{operation.id}/{model}"


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


def iter_wishes(protocol: Protocol, operation: Operation, wishes: Iterable[Wish] = WISHES) -> Iterator[Wish]:
    """What the protocol can say of all that is wished, plain and streamed."""
    for wish in wishes:
        if not can_say(wish, protocol, operation):
            continue
        yield wish
        if "is_streamed" in protocol.can and operation.reply.stream:
            yield replace(wish, is_streamed=True)


def can_say(wish: Wish, protocol: Protocol, operation: Operation) -> bool:
    """Whether a protocol can say what is wished, and an operation's answer tell of it."""
    shown = {expression.name for case in operation.reply.cases for expression in case.body.expressions()}
    return _needed(wish) <= protocol.can and (not wish.tools or bool(shown & SHOW_CALLS))


def _needed(wish: Wish) -> set[str]:
    """The members of a wish that a protocol must be able to say for it to make sense."""
    plain: Any = Wish()
    needed = {name for name in Wish.__slots__ if getattr(wish, name) != getattr(plain, name)}
    return needed - {"text", "wants_usage", "is_streamed"}


def _probe(wish: Wish) -> str:
    """What a driver knows beside the request: that so few tokens, or what comes before a full stop, are no whole answer."""
    if wish.stops:
        return "must_stop"
    return TOO_SHORT_PROBE if wish.most_tokens and wish.most_tokens <= TOO_SHORT else ""
