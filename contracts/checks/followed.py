"""A check of tasks behind a relay, where its provider is ours: what is told of them is what the provider told."""

from collections.abc import Iterator
from typing import Any

from understudy.contracts.checks.pairing import differing, shortened
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, links_of
from understudy.contracts.reading import Reading, states_of
from understudy.contracts.upstream import Followed, tasks_of
from understudy.specs.model import TERMINAL, Kind

# As many times as often as the provider a relay is asked that tells what it told before.
STALE = 3


def judge_tasks(history: History) -> Iterator[Evidence]:
    """What is told of a task is what the provider told of it."""
    for followed in tasks_of(history):
        kind = followed.created.kind
        mine, theirs = (_ended(kind, polls) for polls in (followed.here, followed.there)) if kind else (None, None)
        if kind and mine and theirs:
            messages = list(_changes_of_task(kind, mine, theirs))
            for message in messages or _changes_on_the_way(followed):
                yield _of_task(followed, message)
        elif theirs:
            said, heard = _state_of(theirs), _state_of(followed.here[-1])
            yield _of_task(followed, f"the provider said that a task is {said}, and the client is told {heard}")
        elif mine and followed.there:
            said, heard = _state_of(followed.there[-1]), _state_of(mine)
            yield _of_task(
                followed, f"the provider never said more than {said} of a task, and the client is told {heard}"
            )
        elif not mine and len(followed.here) >= STALE * max(1, len(followed.there)):
            message = (
                f"of {len(followed.here)} polls of a task that never ends {len(followed.there)} came to the provider"
            )
            yield _of_task(followed, message)
        elif mine:
            message = f"the client is told that a task is {_state_of(mine)}, and the provider was never asked for it"
            yield _of_task(followed, message, assumed=True)


def _ended(kind: Kind | None, polls: tuple[Reading, ...]) -> Reading | None:
    """The last answer that says that a task is over."""
    for reading in reversed(polls):
        states = states_of(kind, reading.values.get("$task.state")) if kind and reading.is_success else ()
        if states and all(state.phase in TERMINAL for state in states):
            return reading
    return None


def _state_of(reading: Reading) -> str:
    return shortened(reading.values.get("$task.state", f"status {reading.exchange.status}"))


def _changes_of_task(kind: Kind, mine: Reading, theirs: Reading) -> Iterator[str]:
    for name in ("state", "progress", "error_code", "error_message"):
        said, heard = (reading.values.get(f"$task.{name}") for reading in (theirs, mine))
        if said is not None and said != heard:
            yield f"a task's {name}: changed {differing(said, heard)}"
    for name in kind.results:
        said, heard = (_count(links_of(reading.values, name)) for reading in (theirs, mine))
        if said != heard:
            yield f"of {said} links to a task's {name} the client is told {heard}"


def _changes_on_the_way(followed: Followed) -> Iterator[str]:
    """Where each poll here was one there, each told what that told."""
    if len(followed.here) != len(followed.there):
        return
    for mine, theirs in zip(followed.here, followed.there, strict=True):
        for name in ("state", "progress"):
            said, heard = (reading.values.get(f"$task.{name}") for reading in (theirs, mine))
            if mine.is_success and theirs.is_success and said is not None and said != heard:
                yield f"a task's {name} on its way: changed {differing(said, heard)}"
                return


def _count(links: Any) -> int:
    return len(links) if isinstance(links, list) else int(bool(links))


def _of_task(followed: Followed, message: str, assumed: bool = False) -> Evidence:
    created = followed.created
    exchanges = tuple(r.exchange for r in (created, *followed.there[-1:], *followed.here[-1:]))
    operation = followed.here[-1].operation
    name = operation.id if operation else ""
    return Evidence(message, exchanges, name, (), assumed, f"upstream/{name}")
