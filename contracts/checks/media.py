"""Checks of files: pictures and speech within answers, and the results of tasks behind their links."""

import base64
import binascii
import copy
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from understudy.contracts.citing import Citation
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Sighting, Story, links_of
from understudy.contracts.media import UNMARKED, Media, probe, same_type
from understudy.contracts.negatives import find
from understudy.contracts.reading import Reading
from understudy.contracts.requests import DRAWS
from understudy.contracts.texts import draws, texts_of
from understudy.contracts.wanted import pixels, value_of_answer, value_of_task
from understudy.specs.formulas import expressions
from understudy.specs.model import SPEECH_TYPES, Operation

# A player rounds, and the last frame may be cut: seconds that a file may be off, and the part of its length.
SLACK, SLACK_PART = 0.5, 0.06
# Characters that nobody speaks in a second.
MOST_SPOKEN = 60
# How much of what it should differ in length speech of two speeds differs at least.
SPEED_PART = 0.25
# How a link is followed late: near the end of its life, and one that was shown after that.
_LIVES = ("kept", "renewed")


def judge_pictures(history: History) -> Iterator[Evidence]:
    """As many pictures come as were asked for, each of the type and size asked for, and each can be decoded."""
    yield from _judge_drawn(history)
    for reading in history.of("images"):
        operation = reading.operation
        if operation is None or not reading.is_success or reading.asked is None:
            continue
        found = reading.values.get("$completion.pieces")
        pieces = [p for p in found if "$piece.base64" in p] if isinstance(found, list) else []
        wanted = value_of_answer(operation, "count", reading.asked)
        if wanted is not None and pieces and len(pieces) != int(wanted):
            yield _of_answer(history, reading, f"{int(wanted)} pictures were asked for, and {len(pieces)} came")
        if not pieces and isinstance(found, list):
            yield _of_answer(history, reading, "no picture came")
        size = pixels(value_of_answer(operation, "size", reading.asked))
        kind = value_of_answer(operation, "type", reading.asked)
        for piece in pieces:
            for message in _misfits(str(piece["$piece.base64"]), kind, size):
                yield _of_answer(history, reading, message)


def _judge_drawn(history: History) -> Iterator[Evidence]:
    """A model that is to draw does, and its pictures are of the type that is told beside them."""
    for text in texts_of(history):
        if not draws(text.operation):
            continue
        pictures = [picture for choice in text.choices for picture in choice.pictures]
        if text.reading.exchange.probe == DRAWS and text.is_whole and not pictures:
            yield _of_answer(history, text.reading, "a picture was asked for as documented, and none came")
        for data, kind in pictures:
            for message in _misfits(data, kind, None):
                yield _of_answer(history, text.reading, message)


def judge_speech(history: History) -> Iterator[Evidence]:
    """Speech is of the format and as fast as was asked for, by its type and by its bytes, and can be heard."""
    for reading in history.of("speech"):
        operation, exchange = reading.operation, reading.exchange
        if operation is None or not reading.is_success or reading.asked is None:
            continue
        name = value_of_answer(operation, "format", reading.asked)
        wanted = SPEECH_TYPES.get(str(name), "")
        if wanted and not same_type(exchange.media_type, wanted):
            yield _of_answer(history, reading, f"{name} was asked for, and it comes as {exchange.media_type!r}")
            continue
        message = _unlike(exchange) or _too_short(history, reading)
        if message:
            yield _of_answer(history, reading, message)
    yield from _judge_speed(history)


def _judge_speed(history: History) -> Iterator[Evidence]:
    """Of two answers that differ in nothing but the speed asked for the faster takes less time."""
    read: dict[str, list[tuple[float, float, Reading]]] = defaultdict(list)
    for reading in history.of("speech"):
        speed = _speed_of(reading)
        length = _length(reading.exchange) if speed else 0.0
        if length:
            read[_asked_but_for_speed(reading)].append((speed, length, reading))
    for told in read.values():
        slow, fast = (choose(told, key=lambda each: each[0]) for choose in (min, max))
        # Pauses may stay as they are, and who reads may not keep to the number: a quarter of the difference is enough.
        if fast[0] > slow[0] and slow[1] < fast[1] * (1 + SPEED_PART * (fast[0] / slow[0] - 1)):
            message = f"a text takes as long at speed {slow[0]:g} as at {fast[0]:g}, or nearly so"
            yield replace(_of_answer(history, fast[2], message), exchanges=(slow[2].exchange, fast[2].exchange))


def _speed_of(reading: Reading) -> float:
    """How fast a text was to be read, 0 where nobody can tell."""
    is_heard = reading.operation is not None and reading.is_success and reading.asked is not None
    speed = value_of_answer(reading.operation, "speed", reading.asked) if is_heard and reading.operation else None
    return float(speed) if isinstance(speed, int | float | Decimal) else 0.0


def _asked_but_for_speed(reading: Reading) -> str:
    """What was asked, without the members that say how fast."""
    assert reading.operation
    asked = copy.deepcopy(reading.asked)
    for expression in expressions(reading.operation.arguments.get("speed")):
        holder = find(asked, expression.path[:-1])
        if isinstance(holder, dict):
            holder.pop(expression.path[-1], None)
    return f"{reading.operation.id} {reading.exchange.path} {json.dumps(asked, sort_keys=True, default=str)}"


def _length(exchange: Exchange) -> float:
    """How long speech plays, in seconds; of bare samples, whose number is as good, in bytes; 0 where it cannot be played."""
    if exchange.media_type in UNMARKED:
        return float(len(exchange.response_body))
    return _probe(exchange.response_body).seconds or 0.0


def _too_short(history: History, reading: Reading) -> str:
    """Whether nobody can have said so much in the time that speech takes; '' where that cannot be told."""
    operation, exchange = reading.operation, reading.exchange
    assert operation
    text = history.contract.value(operation, exchange, reading.sent, operation.arguments["input"])
    speed = value_of_answer(operation, "speed", reading.asked)
    if exchange.media_type in UNMARKED or not isinstance(text, str):
        return ""
    seconds, least = _probe(exchange.response_body).seconds, len(text) / (MOST_SPOKEN * float(speed or 1))
    is_short = seconds is not None and seconds < least
    return f"it plays {seconds:.2f} seconds, in which nobody says {len(text)} characters" if is_short else ""


def judge_results(history: History) -> Iterator[Evidence]:
    """The result of a task is there behind its link, of the type, size and length that the task was to have, and plays."""
    links = _links(history)
    for exchange in history.exchanges:
        found = links.get(exchange.url) if exchange.probe.startswith("result:") else None
        if found is None or exchange.error not in ("", "connect"):
            continue
        story, name = found
        if exchange.error:
            yield _of_result(history, exchange, story, name, f"the link to its {name} leads to nobody")
            continue
        for message in _wrong_result(exchange, story, name):
            yield _of_result(history, exchange, story, name, message)
        yield from _judge_sound(history, exchange, story, name)


def judge_own_links(history: History) -> Iterator[Evidence]:
    """A link leads to the result of one task only, and to one result of it."""
    for story in history.stories.values():
        for sighting in story.sightings:
            for name, link in _links_in(story, sighting):
                owner, result = _links(history)[link]
                if owner is not story or result != name:
                    whose = f"the {result} of it" if owner is story else f"the {result} of task '{owner.id}'"
                    message = f"task '{story.id}': the link to its {name} is the one to {whose}, too"
                    yield _of_sighting(history, story, name, (sighting.reading.exchange,), message)


def judge_lasting_links(history: History) -> Iterator[Evidence]:
    """A link that led to a result leads there as long as is promised, however often it is followed."""
    links, there = _links(history), dict[str, Exchange]()
    for exchange in history.exchanges:
        found = links.get(exchange.url) if exchange.method == "GET" and not exchange.error else None
        if found is None:
            continue
        if 200 <= exchange.status < 300:
            there.setdefault(exchange.url, exchange)
            continue
        story, name = found
        first = there.get(exchange.url)
        lifetime = story.kind.results[name].lifetime if story.kind else 0
        if exchange.probe.startswith("renewed:"):
            message = f"task '{story.id}': asked again when the first had ended, the link to its {name} answers"
            yield _of_sighting(history, story, name, (exchange,), f"{message} {exchange.status}")
            continue
        if first and _seconds_between(first, exchange) < lifetime:
            message = f"task '{story.id}': the link to its {name} led there, and then answers {exchange.status}"
            yield _of_sighting(history, story, name, (first, exchange), f"{message} within its {_span(lifetime)}")


def _seconds_between(first: Exchange, later: Exchange) -> float:
    """How long after one another two were asked, by the target's own clock where both tell it."""
    return later.clock - first.clock if first.is_dated and later.is_dated else later.started - first.started


def _span(seconds: int) -> str:
    return f"{seconds // 86_400} days" if seconds % 86_400 == 0 else f"{seconds} seconds"


def _links_in(story: Story, sighting: Sighting) -> Iterator[tuple[str, str]]:
    """The results whose links a sighting shows, and the links."""
    for name in story.kind.results if story.kind else ():
        found = links_of(sighting.values, name)
        for link in found if isinstance(found, list) else [found]:
            if isinstance(link, str) and link:
                yield name, link


def _of_sighting(history: History, story: Story, name: str, shown: tuple[Exchange, ...], message: str) -> Evidence:
    assert story.kind
    citation = history.contract.cite_kind(story.kind.name, "results", name)
    probe = shown[-1].probe.partition(":")[0]
    return Evidence(
        message,
        shown,
        "",
        citation.facts,
        citation.assumed,
        f"links/{story.kind.name}/{name}/{probe if probe in _LIVES else 'again'}",
    )


@lru_cache(maxsize=4)
def _links(history: History) -> dict[str, tuple[Story, str]]:
    """Every link to a result that an answer showed: whose it is."""
    links: dict[str, tuple[Story, str]] = {}
    for story in history.stories.values():
        for sighting in story.sightings:
            for name, link in _links_in(story, sighting):
                links.setdefault(link, (story, name))
    return links


def _wrong_result(exchange: Exchange, story: Story, name: str) -> Iterator[str]:
    if not 200 <= exchange.status < 300:
        yield f"the link to its {name} answers {exchange.status}"
        return
    message = _unlike(exchange)
    if message:
        yield f"its {name}: {message}"
        return
    assert story.kind
    result, media = story.kind.results[name], _probe(exchange.response_body)
    asked = story.created.asked if story.created else None
    if asked is None:
        return
    kind = value_of_task(story.kind, result.media_type, asked)
    if kind and not same_type(str(kind), media.type):
        yield f"its {name} is {media.type}, not {kind}"
    size = pixels(value_of_task(story.kind, result.size, asked))
    if size and media.width and (media.width, media.height) != size:
        yield f"its {name} is of {media.width}x{media.height} pixels, not {size[0]}x{size[1]}"
    seconds = value_of_task(story.kind, result.seconds, asked) if result.seconds else None
    if seconds is not None and media.seconds is not None:
        slack = SLACK + SLACK_PART * float(seconds)
        if abs(media.seconds - float(seconds)) > slack:
            yield f"its {name} plays {media.seconds:.1f} seconds, not {float(seconds):g}"


def _judge_sound(history: History, exchange: Exchange, story: Story, name: str) -> Iterator[Evidence]:
    """A result has a sound if one was asked for, and none if none was; of what nobody asked for it is not sure."""
    is_there = 200 <= exchange.status < 300 and bool(exchange.response_body)
    wanted, has = _wants_sound(story, name), _probe(exchange.response_body).sound if is_there else None
    if wanted is None or has is None or wanted == has:
        return
    message = f"its {name} has {'a' if has else 'no'} sound, and was asked for {'with one' if wanted else 'without'}"
    yield replace(
        _of_result(history, exchange, story, name, message), assumed=not _is_asked_for_sound(history, story, name)
    )


def _is_asked_for_sound(history: History, story: Story, name: str) -> bool:
    """Whether the create itself says whether there is to be a sound, by members that the document names."""
    created, contract = story.created, history.contract
    said = contract.provider.document["x-tasks"][story.kind.name]["results"][name] if story.kind else {}
    places = [expression.path for expression in expressions(said.get("sound"))]
    if created is None or created.operation is None or not places:
        return False
    return all(_says(contract, created, created.operation, place) for place in places)


def _says(contract: Contract, created: Reading, operation: Operation, place: tuple[str, ...]) -> bool:
    """Whether a create has a documented member, or the document alone says what it means to leave it out."""
    if find(created.sent, place) is None:
        return contract.is_certain_member(operation, place)
    return contract.cite_member(operation, place).is_documented


def _wants_sound(story: Story, name: str) -> bool | None:
    """Whether a result is to have a sound; None when its document does not say."""
    asked = story.created.asked if story.created else None
    formula = story.kind.results[name].sound if story.kind else None
    wanted = value_of_task(story.kind, formula, asked) if story.kind and formula and asked is not None else None
    return wanted if isinstance(wanted, bool) else None


def _unlike(exchange: Exchange) -> str:
    """What the bytes of an answer have against its media type, '' when nothing."""
    if not exchange.response_body:
        return "there is nothing in it"
    if exchange.media_type in UNMARKED and exchange.media_type.startswith("audio/"):
        return ""
    media = _probe(exchange.response_body)
    if media.broken:
        return media.broken
    if exchange.media_type in UNMARKED or same_type(media.type, exchange.media_type):
        return ""
    return f"it is {media.type}, and comes as {exchange.media_type or 'nothing'!r}"


def _misfits(text: str, kind: Any, size: tuple[int, int] | None) -> Iterator[str]:
    """What one picture of an answer has against what was asked for."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        yield f"a picture is no base64: it begins {text[:24]!r}"
        return
    media = _probe(data)
    if media.broken:
        yield f"a picture: {media.broken}"
        return
    if not media.type.startswith("image/"):
        yield f"a picture is {media.type}"
        return
    if kind and not same_type(media.type, str(kind)):
        yield f"a picture is {media.type}, not {kind}"
    if size and (media.width, media.height) != size:
        yield f"a picture is of {media.width}x{media.height} pixels, not {size[0]}x{size[1]}"


@lru_cache(maxsize=64)
def _probe(data: bytes) -> Media:
    return probe(data)


def _of_answer(history: History, reading: Reading, message: str) -> Evidence:
    operation: Operation | None = reading.operation
    assert operation
    citation = history.contract.cite(operation)
    clause = f"media/{operation.id}"
    return Evidence(message, (reading.exchange,), operation.id, citation.facts, citation.assumed, clause)


def _of_result(history: History, exchange: Exchange, story: Story, name: str, message: str) -> Evidence:
    assert story.kind
    citation: Citation = history.contract.cite_kind(story.kind.name, "results", name)
    shown = story.first_in("succeeded")
    before = (shown.reading.exchange,) if shown else ()
    operation = shown.reading.operation.id if shown and shown.reading.operation else ""
    clause = f"media/{story.kind.name}/{name}"
    return Evidence(message, (*before, exchange), operation, citation.facts, False, clause)
