"""Scenarios about any operation: what its answers may have more, less, or in another form; and what is no answer."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from understudy.contracts.client.edits import apply, escaped, places, pointer_to
from understudy.contracts.client.endings import dialect_of, is_stream
from understudy.contracts.client.scenarios import streams
from understudy.contracts.client.scenarios.parts import (
    ADVISED,
    ERRORS_AT_200,
    EVER,
    FINAL,
    Replies,
    Script,
    Step,
    Use,
    only,
    page,
    put_off,
    refusals,
    says,
)
from understudy.contracts.client.trial import Seen
from understudy.contracts.client.use import PAID
from understudy.specs.problems import Place

Edit = Mapping[str, Any]

# Operations with scenarios of their own.
_OF_TASKS = ("task.submit", "task.get")
# What a client cannot do without: these names are left as they are.
_NEEDED = (
    "$task.id",
    "$task.number",
    "$task.state",
    "$task.link",
    "$completion",
    "$upload",
    "$error",
    "$model.id",
    "$tasks",
)
_ADDED = {"understudy_added": {"nested": [1, "two", None]}}


def unknown_members(use: Use) -> Iterator[tuple[str, Script]]:
    """More members than the spec knows, in every object of every answer."""
    replies = []
    for operation, body in _bodies(use):
        edits = [{"at": f"{place}/understudy_added", "to": _ADDED} for place in _objects(body)]
        replies.append(Replies(operation, (Step(edits=tuple(edits), repeat=EVER),)))
    if replies:
        yield "everywhere", Script("", tuple(replies))


def absent_members(use: Use) -> Iterator[tuple[str, Script]]:
    """Without each member that the spec does not require, or with null where it allows that."""
    for how in ("absent", "null"):
        replies = tuple(_changed(use, partial(_droppable, how=how)))
        if replies:
            yield how, Script("", replies)


def numbers(use: Use) -> Iterator[tuple[str, Script]]:
    """Whole numbers with a fraction where the spec allows that, and numbers as texts."""
    for how in ("fraction", "text"):
        replies = tuple(_changed(use, partial(_renumbered, how=how)))
        if replies:
            yield how, Script("", replies)


def cut(use: Use) -> Iterator[tuple[str, Script]]:
    """The connection ends in the middle of an answer: by a reset, or in good order."""
    for operation, _ in _others(use):
        yield operation.id, only(operation.id, Step(cut=0.5, repeat=EVER))
        yield f"{operation.id}-closed", only(operation.id, Step(cut=0.5, end="close", repeat=EVER))


def refused(use: Use) -> Iterator[tuple[str, Script]]:
    """Each operation in each condition that it can be refused in for good."""
    for operation, _ in _others(use):
        for name in refusals(operation, *FINAL, "not_found"):
            yield f"{operation.id}-{name}", only(operation.id, Step(refuse=name, repeat=EVER))


def busy(use: Use) -> Iterator[tuple[str, Script]]:
    """Put off, with the time for how long."""
    for operation, _ in _others(use):
        for name in put_off(operation):
            yield f"{operation.id}-{name}", only(operation.id, Step(refuse=name, retry_after=ADVISED))


def odd(use: Use) -> Iterator[tuple[str, Script]]:
    """An error or a page at 200, and errors of servers on the way."""
    for operation, _ in _others(use):
        for name, body in ERRORS_AT_200:
            yield f"{operation.id}-{name}", only(operation.id, says(body, EVER))
        yield f"{operation.id}-page", only(operation.id, page(200, EVER))
        yield f"{operation.id}-500", only(operation.id, page(500, EVER))


def reasons(use: Use) -> Iterator[tuple[str, Script]]:
    """A text has ended for a reason that nobody knows."""
    for operation, seen in _others(use):
        place = _REASONS.get(dialect_of(seen))
        if place and not is_stream(seen):
            edit = {"at": place, "to": "understudy_reason"}
            yield operation.id, only(operation.id, Step(edits=(edit,), repeat=EVER))
    yield from streams.reasons(use)


def purchases(use: Use) -> Iterator[tuple[str, Script]]:
    """What is paid for at once is made, but its answer is lost, or a server on the way fails."""
    for operation, _ in _others(use):
        if operation.behavior in PAID:
            yield f"{operation.id}-reset", only(operation.id, Step(lost=True))
            yield f"{operation.id}-502", only(operation.id, page(502, done=True))


# Where a whole text says why it ended, by protocol.
_REASONS = {
    "openai-chat": "/choices/0/finish_reason",
    "anthropic-messages": "/stop_reason",
    "gemini": "/candidates/0/finishReason",
}


def _others(use: Use) -> Iterator[tuple[Any, Seen]]:
    known = use.trial.contract.operations
    seen_by = {seen.exchange.operation: seen for seen in use.trial.seen}
    for name in use.operations:
        if name in known and known[name].behavior not in _OF_TASKS and not known[name].media:
            yield known[name], seen_by[name]


def _answers(use: Use) -> list[Seen]:
    """The answers in JSON, the last of each operation in each shape."""
    found = [
        s
        for s in use.trial.seen
        if s.exchange.media_type == "application/json" and s.reading.is_success and not is_stream(s)
    ]
    return list({(s.exchange.operation, s.phases): s for s in found}.values())


def _bodies(use: Use) -> Iterator[tuple[str, Any]]:
    """Of each operation the richest answer."""
    last = {seen.exchange.operation: _plain(seen) for seen in _answers(use)}
    yield from last.items()


def _changed(use: Use, change: Callable[[Seen], Iterator[Edit]]) -> Iterator[Replies]:
    """The edits of each operation that are fine in every answer of it that was seen."""
    answers: dict[str, list[Seen]] = {}
    for seen in _answers(use):
        answers.setdefault(seen.exchange.operation, []).append(seen)
    for operation, shapes in answers.items():
        edits = [{edit["at"]: edit for edit in change(seen)} for seen in shapes]
        places = {pointer_to(place) for seen in shapes for place, _ in _leaves(_plain(seen))}
        having = {place: [index for index, seen in enumerate(shapes) if _has(seen, place)] for place in places}
        fine = {
            at: edit for some in edits for at, edit in some.items() if all(at in edits[i] for i in having.get(at, ()))
        }
        if fine:
            yield Replies(operation, (Step(edits=tuple(fine.values()), repeat=EVER),))


def _has(seen: Seen, pointer: str) -> bool:
    return any(pointer_to(place) == pointer for place, _ in _leaves(_plain(seen)))


def _plain(seen: Seen) -> Any:
    return json.loads(seen.exchange.response_body)


def _objects(value: Any, place: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        yield place
        for name, child in value.items():
            yield from _objects(child, f"{place}/{escaped(name)}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _objects(child, f"{place}/{index}")


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _leaves(child, (*place, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _leaves(child, (*place, index))
    else:
        yield place, value


def _free(seen: Seen) -> Iterator[tuple[Place, Any]]:
    """Members of an answer that no client needs."""
    operation = seen.contract.operations[seen.exchange.operation]
    body = _plain(seen)
    needed = [place for name, place in places(operation, body).items() if name.startswith(_NEEDED)]
    for place, value in _leaves(body):
        if place and not any(place[: len(other)] == other or other[: len(place)] == place for other in needed):
            yield place, value


def _droppable(seen: Seen, how: str) -> Iterator[Edit]:
    shape = seen.contract.answer_shape(
        seen.contract.operations[seen.exchange.operation], seen.exchange.status, "application/json"
    )
    body = _plain(seen)
    for place, value in _free(seen):
        edit: dict[str, Any] = {"at": pointer_to(place)}
        if how == "null":
            edit["to"] = None
        changed = apply(body, (edit,), {})
        if (
            value is not None
            and shape
            and not isinstance(place[-1], int)
            and shape.is_valid(changed)
            and _means_the_same(seen, changed)
        ):
            yield edit


def _means_the_same(seen: Seen, changed: Any) -> bool:
    """Whether a changed answer is still no refusal and shows the same state."""
    operation = seen.contract.operations[seen.exchange.operation]
    was, now = places(operation, _plain(seen)), places(operation, changed)
    return all(name in now for name in was if name.startswith(_NEEDED))


def _renumbered(seen: Seen, how: str) -> Iterator[Edit]:
    shape = seen.contract.answer_shape(
        seen.contract.operations[seen.exchange.operation], seen.exchange.status, "application/json"
    )
    body = _plain(seen)
    for place, value in _free(seen):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        edit = {"at": pointer_to(place), "to": value + 0.5 if how == "fraction" else str(value)}
        if how == "text" and _is_const(seen, place):
            continue
        if how == "text" or (shape and shape.is_valid(apply(body, (edit,), {}))):
            yield edit


def _is_const(seen: Seen, place: Place) -> bool:
    """Whether a number is no quantity, but a word: a code that the schema fixes."""
    shape = seen.contract.answer_shape(
        seen.contract.operations[seen.exchange.operation], seen.exchange.status, "application/json"
    )
    changed = apply(_plain(seen), ({"at": pointer_to(place), "to": -12345},), {})
    return bool(
        shape
        and not shape.is_valid(changed)
        and any(m.keyword in ("const", "enum", "oneOf") for m in shape.misshapes(changed))
    )
