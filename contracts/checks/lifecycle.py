"""Checks of a task's life: the order of its states, and that its end is the end."""

from collections.abc import Iterator
from itertools import pairwise

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Sighting, Story
from understudy.specs.model import TERMINAL, State


def judge_terminal(history: History) -> Iterator[Evidence]:
    """What was once succeeded, failed or cancelled stays so."""
    for story, earlier, later in _pairs(history):
        before, after = story.states(earlier), story.states(later)
        if _is_over(before) and after and not set(before) & set(after):
            yield _evidence(history, story, earlier, later, "left the terminal state", before[0])


def judge_order(history: History) -> Iterator[Evidence]:
    """No state comes before one that precedes it."""
    for story, earlier, later in _pairs(history):
        before, after = story.states(earlier), story.states(later)
        if not before or not after or _is_over(before):
            continue
        assert story.kind
        order = story.kind.states.index
        if max(map(order, after)) < min(map(order, before)):
            yield _evidence(history, story, earlier, later, "went back from", after[0])


def _pairs(history: History) -> Iterator[tuple[Story, Sighting, Sighting]]:
    """Each task's sightings, two and two, as far as the one was over before the other began."""
    for story in history.stories.values():
        told = sorted(story.told, key=lambda sighting: sighting.seen)
        for earlier, later in pairwise(told):
            if earlier.precedes(later):
                yield story, earlier, later


def _is_over(states: tuple[State, ...]) -> bool:
    return bool(states) and all(state.phase in TERMINAL for state in states)


def _evidence(history: History, story: Story, earlier: Sighting, later: Sighting, what: str, broken: State) -> Evidence:
    """`broken`: the state whose promise is broken, that it stays or that it is past."""
    assert story.kind
    before, after = (sighting.values["$task.state"] for sighting in (earlier, later))
    reading = later.reading
    citation = history.contract.cite_kind(story.kind.name, "states", story.kind.states.index(broken))
    return Evidence(
        f"task '{story.id}' {what} {before!r} to {after!r}",
        (earlier.reading.exchange, reading.exchange),
        reading.operation.id if reading.operation else "",
        citation.facts,
        citation.assumed,
        f"lifecycle/{story.kind.name}/order",
    )
