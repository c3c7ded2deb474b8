"""Clauses about tasks: the states of each kind, and their order."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.specs.model import TERMINAL, Kind, State


def iter_states(contract: Contract) -> Iterator[Clause]:
    """Each state of a kind is seen as its wire value."""
    for kind in contract.provider.kinds.values():
        for index, state in enumerate(kind.states):
            yield Clause(
                f"state/{kind.name}/{state.name}",
                f"a {kind.name} is shown as {state.wire!r} while {state.name}",
                _seen(kind, state),
                contract.cite_kind(kind.name, "states", index),
                "no answer showed it: it may have passed between two polls",
            )


def iter_orders(contract: Contract) -> Iterator[Clause]:
    """The states of a kind come in order, and the last one stays."""
    for kind in contract.provider.kinds.values():
        yield Clause(
            f"lifecycle/{kind.name}/order",
            f"the states of a {kind.name} come in order, and its end stays",
            _ends(kind),
            contract.cite_kind(kind.name, "states"),
            "no task was followed to its end",
        )


def _seen(kind: Kind, state: State) -> Callable[[History], bool]:
    def reached(history: History) -> bool:
        stories = (story for story in history.stories.values() if story.kind is kind)
        return any(state in story.states(sighting) for story in stories for sighting in story.told)

    return reached


def _ends(kind: Kind) -> Callable[[History], bool]:
    def reached(history: History) -> bool:
        stories = (story for story in history.stories.values() if story.kind is kind)
        return any(story.first_in(*TERMINAL) and len(story.told) > 1 for story in stories)

    return reached
