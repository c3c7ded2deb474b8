"""The tasks of a provider as the console shows them: a part of a long list, and one alone."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from understudy.mockserver.lifecycle import Task
from understudy.mockserver.site import Site
from understudy.mockserver.views import TaskView
from understudy.specs.asking import ask_for
from understudy.specs.model import Operation, State

MOST_FOUND = 500
NEVER = float("inf")

Row = dict[str, Any]


def window_of_tasks(site: Site, last: int, count: int) -> list[Row]:
    """Rows of `count` tasks whose serial number is `last` or less, newest first."""
    now = site.now()
    return [row_of(site, task, now) for task in islice(site.tasks.store.window(last), count)]


def find_tasks(site: Site, text: str, phase: str) -> list[Row]:
    """Rows of the newest tasks of a phase ('' is any) whose id, kind, account or state has the text."""
    now = site.now()
    return [row_of(site, task, now) for task in islice(_iter_fitting(site, text.lower(), phase, now), MOST_FOUND)]


def _iter_fitting(site: Site, text: str, phase: str, now: float) -> Iterator[Task]:
    for task in site.tasks.store.window(None):
        state = task.state_at(now)
        if phase in ("", state.phase) and text in f"{task.id} {task.kind.name} {task.account.id} {state.name}".lower():
            yield task


def row_of(site: Site, task: Task, now: float) -> Row:
    """A task in a list. `marks` are the states on its way: name, phase, from when, until when (None: for good)."""
    view, state = TaskView(task, now, site.signer), task.state_at(now)
    return {
        "serial": task.serial,
        "id": task.id,
        "kind": task.kind.name,
        "account": task.account.id,
        "state": state.name,
        "wire": state.wire,
        "phase": state.phase,
        "progress": view.progress,
        "created": task.created,
        "end": _finite(task.end),
        "marks": list(_iter_marks(task)),
        "price": task.price,
        "cost": view.cost,
        "code": view.error_code or "",
    }


def _iter_marks(task: Task) -> Iterator[tuple[str, str, float, float | None]]:
    at = task.created
    for state, until in _iter_way(task):
        if until > at:
            yield state.name, state.phase, at, _finite(until)
            at = until
    if task.end != NEVER:
        yield task.final.name, task.final.phase, task.end, None


def _iter_way(task: Task) -> Iterator[tuple[State, float]]:
    """The states before the last with the moments at which they end, none later than the task does."""
    yield task.course.first, min(task.start, task.end)
    if task.start < task.end:
        for state, end in zip(task.course.states, task.course.ends, strict=False):
            yield state, min(task.start + end * task.pace, task.end)


def _finite(moment: float) -> float | None:
    return None if moment == NEVER else moment


def detail_of(site: Site, task: Task) -> Row:
    """One task, with the links to its results, the attempts to call back, and the curl that polls it."""
    now = site.now()
    view = TaskView(task, now, site.signer)
    types = {made.name: made.content_type for made in task.materials}
    return {
        **row_of(site, task, now),
        "message": view.error_message or "",
        "results": [
            {"name": name, "type": types[name], "url": url} for name in types for url in view.links(name) or ()
        ],
        "callback_url": task.url or "",
        "attempts": [
            a for delivery in site.callbacks.list() if delivery["task"] == task.id for a in delivery["attempts"]
        ],
        "can_cancel": view.phase in task.kind.cancel and task.kind.state("cancelled") is not None,
        "curl": _curl_of_poll(site, task),
    }


def _curl_of_poll(site: Site, task: Task) -> str:
    for operation in site.stage.provider.operations:
        if operation.behavior == "task.get" and _answers_for(operation, task):
            name = str(operation.arguments["id"]).rpartition(".")[2]
            ask = ask_for(site.stage.provider, operation, task.key, {name: task.id})
            return ask.as_curl(site.base_url) if ask else ""
    return ""


def _answers_for(operation: Operation, task: Task) -> bool:
    kinds = operation.arguments.get("kinds")
    return not kinds or task.kind.name in kinds
