"""Checks of creates that are repeated under one idempotency key, and of cancels."""

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Story, id_of
from understudy.contracts.limits import RATE
from understudy.contracts.reading import Reading
from understudy.specs.model import TERMINAL


def judge_replay(history: History) -> Iterator[Evidence]:
    """The same create under the same key makes one task and gives one answer; of two bodies at a time one is taken."""
    yield from _judge_rivals(history)
    for first, *others in _repetitions(history):
        for other in others:
            operation = other.operation
            assert operation
            clause = f"idempotency/{operation.id}/replay"
            shown = (first.exchange, other.exchange)
            # That the order of members does not matter is JSON's word, not the document's.
            is_other = other.exchange.request_body != first.exchange.request_body
            if other.is_success and id_of(other.values) != id_of(first.values):
                message = f"one key made two tasks: '{id_of(first.values)}' and '{id_of(other.values)}'"
                yield Evidence(message, shown, operation.id, clause=clause)
            elif other.is_success and other.body != first.body:
                yield Evidence(
                    "a repetition is answered otherwise than the first time", shown, operation.id, clause=clause
                )
            elif (
                other.is_refusal and first.exchange.answered <= other.exchange.started and RATE not in other.conditions
            ):
                said = ", ".join(other.conditions) or f"status {other.exchange.status}"
                yield Evidence(f"a repetition is refused as {said}", shown, operation.id, (), is_other, clause)


def _judge_rivals(history: History) -> Iterator[Evidence]:
    """Two bodies that came under one key at the same time: of those that do not overlap another check tells."""
    groups: dict[tuple[str, str, str], list[Reading]] = defaultdict(list)
    for reading in history.of("task.submit"):
        key = history.contract.idempotency_key(reading.exchange)
        if key and reading.is_success and reading.exchange.who in ("first", "other"):
            groups[reading.exchange.who, reading.exchange.path, key].append(reading)
    for readings in groups.values():
        for one, other in pairwise(readings):
            overlap = one.exchange.started < other.exchange.answered and other.exchange.started < one.exchange.answered
            if overlap and one.asked != other.asked and other.operation:
                message = (
                    f"one key was taken for two bodies at a time: '{id_of(one.values)}' and '{id_of(other.values)}'"
                )
                clause = f"refusal/{other.operation.id}/idempotency_conflict"
                yield Evidence(message, (one.exchange, other.exchange), other.operation.id, clause=clause)


def _repetitions(history: History) -> Iterator[list[Reading]]:
    """Creates of one account with one key and one body, the successful ones first; at least one succeeded."""
    groups: dict[tuple[str, str, str, str], list[Reading]] = defaultdict(list)
    for reading in history.of("task.submit"):
        key = history.contract.idempotency_key(reading.exchange)
        if key and reading.asked is not None and reading.exchange.who in ("first", "other"):
            said = json.dumps(reading.asked, sort_keys=True, default=str)
            groups[reading.exchange.who, reading.exchange.path, key, said].append(reading)
    for readings in groups.values():
        readings.sort(key=lambda reading: (not reading.is_success, reading.exchange.serial))
        if len(readings) > 1 and readings[0].is_success:
            yield readings


def judge_cancelled(history: History) -> Iterator[Evidence]:
    """A task that was cancelled is so ever after."""
    for story, cancel in _cancels(history):
        if not cancel.is_success:
            continue
        for sighting in story.told:
            phases = story.phases(sighting)
            if cancel.exchange.answered <= sighting.sent and phases and "cancelled" not in phases:
                state = sighting.values["$task.state"]
                yield _evidence(history, story, cancel, sighting.reading, f"it was cancelled, and then is {state!r}")
                break


def judge_cancellable(history: History) -> Iterator[Evidence]:
    """A task in a phase in which it can be cancelled is."""
    for story, cancel in _cancels(history):
        assert story.kind
        over = story.first_in(*TERMINAL)
        if cancel.is_success or not cancel.is_refusal or (over and over.sent <= cancel.exchange.answered):
            continue
        later = [s for s in story.told if s.sent >= cancel.exchange.answered and story.phases(s) & story.kind.cancel]
        if later and not any(r.is_success and r.exchange.serial != cancel.exchange.serial for r in story.cancels):
            state = later[0].values["$task.state"]
            message = f"its cancel is refused ({cancel.exchange.status}), though it still is {state!r}"
            yield _evidence(history, story, cancel, later[0].reading, message)


def _cancels(history: History) -> Iterator[tuple[Story, Reading]]:
    for story in history.stories.values():
        for cancel in story.cancels if story.kind else ():
            if cancel.exchange.who == story.who:
                yield story, cancel


def _evidence(history: History, story: Story, cancel: Reading, after: Reading, message: str) -> Evidence:
    assert story.kind
    citation = history.contract.cite_kind(story.kind.name, "cancel")
    created = (story.created.exchange,) if story.created else ()
    operation = cancel.operation.id if cancel.operation else ""
    return Evidence(
        f"task '{story.id}': {message}", (*created, cancel.exchange, after.exchange), operation,
        citation.facts, citation.assumed, f"cancel/{story.kind.name}/works",
    )  # fmt: skip
