"""Checks of a task's life: the order of its states, and that its end is the end."""

from collections.abc import Iterator

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Sighting, Story
from understudy.specs.model import TERMINAL, State


def judge_terminal(history: History) -> Iterator[Evidence]:
    """What was once succeeded, failed or cancelled stays so."""
    for story, earlier, later in _pairs(history, is_over=True):
        before, after = story.states(earlier), story.states(later)
        if after and not set(before) & set(after):
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


def _pairs(history: History, *, is_over: bool = False) -> Iterator[tuple[Story, Sighting, Sighting]]:
    """Each task's sightings, each with the latest that was answered before it was asked for, be there others between.

    `is_over`: with the latest that showed the task's end.
    """
    for story in history.stories.values():
        before: list[Sighting] = []
        for later in sorted(story.told, key=lambda sighting: sighting.seen):
            earlier = next((each for each in reversed(before) if each.precedes(later)), None)
            if earlier:
                yield story, earlier, later
            if not is_over or _is_over(story.states(later)):
                before.append(later)


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
