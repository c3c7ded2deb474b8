"""Lies about tasks: their states, ids, results and times. Each is told of every provider's kind of task."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import Shape, at, put
from tests.liars.telling import of_task

Make = Callable[[Shape], Lie]
Task = dict[str, Any]


def _ended(shape: Shape, task: Task) -> bool:
    return shape.phase(task) in ("succeeded", "failed")


def _seen(relay: Relay, shape: Shape, task: Task) -> int:
    """How often the end of this task was told before."""
    key = "seen", task[shape.id]
    relay.memory[key] = relay.memory.get(key, -1) + 1
    return int(relay.memory[key])


def leaves_its_end(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if _ended(shape, task) and _seen(relay, shape, task):
            task[shape.state] = shape.words["running"]

    return of_task(shape, change)


def changes_its_end(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "succeeded" and _seen(relay, shape, task):
            task[shape.state] = shape.words["failed"]

    return of_task(shape, change)


def never_ends(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if _ended(shape, task):
            task[shape.state] = shape.words["running"]
            put(task, shape.url, "" if at(task, shape.url) else None)

    return of_task(shape, change)


def unknown_state(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if not _ended(shape, task):
            task[shape.state] = "NOT_START" if isinstance(task[shape.state], str) else 9

    return of_task(shape, change)


def goes_back(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        key = "runs", task[shape.id]
        if shape.phase(task) == "running" and relay.memory.get(key):
            task[shape.state] = shape.words["queued"]
        relay.memory[key] = shape.phase(task) == "running"

    return of_task(shape, change)


def failures_never_end(shape: Shape) -> Lie:
    """A task that fails is told to be running for ever."""

    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "failed":
            task[shape.state] = shape.words["running"]
            if shape.reason:
                put(task, shape.reason, "")

    return of_task(shape, change)


def success_without_result(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "succeeded":
            put(task, shape.url, "")

    return of_task(shape, change)


def error_text_as_result(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "succeeded":
            put(task, shape.url, "upstream returned 502")

    return of_task(shape, change)


def dead_link(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        link = at(task, shape.url)
        if shape.phase(task) == "succeeded" and isinstance(link, str):
            put(task, shape.url, link[:-6] + "000000")

    return of_task(shape, change)


def failure_told_as_success(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "failed":
            task[shape.state] = shape.words["succeeded"]

    return of_task(shape, change)


def success_told_as_failure(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "succeeded":
            task[shape.state] = shape.words["failed"]

    return of_task(shape, change)


def failure_without_reason(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "failed":
            put(task, shape.reason, "")

    return of_task(shape, change)


def other_id_when_polled(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        text = task[shape.id]
        task[shape.id] = text[:-1] + ("a" if text[-1] != "a" else "b")

    return of_task(shape, change)


def id_of_other_form(shape: Shape) -> Lie:
    """The id that a create gives is one of the relay's own; it is taken back when polled."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        inner = replace(ask, path=ask.path.replace("relay-", ""))
        told = await relay.fetch(inner)
        body = told.json()
        identity = at(body, shape.created_id)
        if shape.is_create(ask) and identity:
            put(body, shape.created_id, f"relay-{identity}")
            return told.with_json(body)
        return told

    return lie


def loses_tasks(shape: Shape) -> Lie:
    """A created task is not known for its first poll."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        identity = shape.polled(ask)
        if identity and identity not in relay.memory:
            relay.memory[identity] = True
            return await relay.fetch(replace(ask, path=ask.path.replace(identity, "x" + identity)))
        return await relay.fetch(ask)

    return lie


def state_of_other_type(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        state = task[shape.state]
        task[shape.state] = str(state) if isinstance(state, int) else [state]

    return of_task(shape, change)


def progress_falls(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.progress and shape.phase(task) == "succeeded":
            percent = isinstance(task[shape.progress], str)
            task[shape.progress] = "3%" if percent else 3

    return of_task(shape, change)


def stays_at_99(shape: Shape) -> Lie:
    """What is done is told to be nearly done."""

    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "succeeded":
            task[shape.progress] = 99

    return of_task(shape, change)


def created_time_wanders(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.created and shape.created in task:
            relay.memory["polls"] = relay.memory.get("polls", 0) + 1
            task[shape.created] += relay.memory["polls"]

    return of_task(shape, change)


def times_in_other_unit(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.created and shape.created in task:
            value = task[shape.created]
            task[shape.created] = value // 1000 if value > 10**11 else value * 1000

    return of_task(shape, change)


def result_before_the_end(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        if shape.phase(task) == "succeeded" and _seen(relay, shape, task) == 0:
            task[shape.state] = shape.words["running"]

    return of_task(shape, change)


def leaks_internals(shape: Shape) -> Lie:
    def change(relay: Relay, task: Task) -> None:
        task.update(channel_id=42, upstream_url="http://10.0.0.7/v1", user_id=7)

    return of_task(shape, change)


# name: how it is made, and of which providers it can be told.
ALL = ("juhuo", "storyclaw", "seedance2ai", "clawdrouter", "unigateway")
LIES: Mapping[str, tuple[Make, tuple[str, ...]]] = {
    "leaves its end": (leaves_its_end, ALL),
    "changes its end": (changes_its_end, ALL),
    "never ends": (never_ends, ALL),
    "failures never end": (failures_never_end, ALL),
    "unknown state": (unknown_state, ALL),
    "goes back": (goes_back, ALL),
    "success without result": (success_without_result, ALL),
    "error text as result": (error_text_as_result, ALL),
    "dead link": (dead_link, ALL),
    "failure told as success": (failure_told_as_success, ALL),
    "success told as failure": (success_told_as_failure, ALL),
    "failure without reason": (failure_without_reason, ("juhuo", "storyclaw", "unigateway")),
    "other id when polled": (other_id_when_polled, ALL),
    "id of other form": (id_of_other_form, ALL),
    "loses tasks": (loses_tasks, ALL),
    "state of other type": (state_of_other_type, ALL),
    "progress falls": (progress_falls, ("clawdrouter", "unigateway")),
    "stays at 99": (stays_at_99, ("unigateway",)),
    "created time wanders": (created_time_wanders, ("juhuo", "clawdrouter")),
    "times in other unit": (times_in_other_unit, ("juhuo", "clawdrouter")),
    "result before the end": (result_before_the_end, ("juhuo", "storyclaw", "seedance2ai", "unigateway")),
    "leaks internals": (leaks_internals, ALL),
}
