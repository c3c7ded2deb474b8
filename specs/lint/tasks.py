"""Checks on task kinds: what contradicts itself in states, failures, ids and results."""

from collections.abc import Iterator
from typing import Any

from understudy.specs.ids import parse_id
from understudy.specs.lint.subject import Subject, phases_of_cancel
from understudy.specs.problems import Misfit, Place, known


def check_kinds(subject: Subject) -> Iterator[Misfit]:
    """States that are named twice, failures from nowhere, id forms and formulas that cannot be."""
    for name, kind in subject.kinds.items():
        place = ("x-tasks", name)
        yield from _check_states(kind, place)
        yield from _check_failures(kind, place)
        yield from _check_charge(kind["charge"], (*place, "charge"))
        yield from _check_id(kind["id"], (*place, "id"))
        yield from _check_results(kind, place)
        yield from _check_pixels(kind, kind, place, None)
        if not subject.submitters(name):
            yield Misfit(
                f"no operation submits the kind {name!r}",
                "name it in an x-behavior task.submit",
                place,
            )
    tasked = [s for s in subject.operations if s.behavior.startswith("task.") and not subject.kinds]
    for spot in tasked:
        yield Misfit("there are no kinds of task", "declare x-tasks", (*spot.place, "x-behavior"))


def _check_states(kind: Any, place: Place) -> Iterator[Misfit]:
    names = [state["name"] for state in kind["states"]]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Misfit(f"two states are called {name!r}", "", (*place, "states", index, "name"))


def _check_failures(kind: Any, place: Place) -> Iterator[Misfit]:
    open_states = [s["name"] for s in kind["states"] if s["phase"] in ("queued", "running")]
    for code, failure in kind.get("failures", {}).items():
        if failure["state"] not in open_states:
            message = f"a task cannot fail from {failure['state']!r}"
            yield Misfit(message, known(failure["state"], open_states), (*place, "failures", code, "state"))


def _check_charge(charge: Any, place: Place) -> Iterator[Misfit]:
    if charge["when"] == "submit" and charge.get("hold"):
        yield Misfit("what is paid at submit is not held as well", "leave 'hold' out", (*place, "hold"))
    if charge["refuse"] == "empty" and (charge["when"] == "submit" or charge.get("hold")):
        message = "a task that is paid or held at submit cannot wait for money"
        yield Misfit(message, "write 'refuse: short'", (*place, "refuse"))


def _check_id(said: Any, place: Place) -> Iterator[Misfit]:
    forms = {(): said} if isinstance(said, str) else {("table", v): form for v, form in said["table"].items()}
    for below, form in forms.items():
        try:
            parse_id(form)
        except Misfit as misfit:
            yield misfit.under(*place, *below)


def _check_results(kind: Any, place: Place) -> Iterator[Misfit]:
    paths: dict[str, str] = {}
    for name, result in kind.get("results", {}).items():
        below = (*place, "results", name, "path")
        rest = result["path"].replace("{$task.id}", "").replace("{$index}", "")
        if "{" in rest or "}" in rest:
            yield Misfit(
                f"{result['path']!r} has a place that is not filled in",
                "known: {$task.id}, {$index}",
                below,
            )
        if result["path"] in paths:
            yield Misfit(
                f"{name!r} lies where {paths[result['path']]!r} lies",
                "give each result its own path",
                below,
            )
        paths[result["path"]] = name


def _check_pixels(value: Any, kind: Any, place: Place, sizing: str | None) -> Iterator[Misfit]:
    """`pixels: NAME` of results that are not there, or whose size is just being asked for."""
    if isinstance(value, dict):
        results = kind.get("results", {})
        name = value.get("pixels")
        if "pixels" in value and (not isinstance(name, str) or name not in results):
            yield Misfit(f"there is no result {name!r}", known(name, results), (*place, "pixels"))
        elif "pixels" in value and sizing is not None:
            yield Misfit("a size cannot follow from pixels", "give [width, height]", (*place, "pixels"))
        for key, item in value.items():
            inner = "size" if key == "size" and len(place) >= 2 and place[-2] == "results" else sizing
            yield from _check_pixels(item, kind, (*place, key), inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check_pixels(item, kind, (*place, index), sizing)


def check_cancel(subject: Subject) -> Iterator[Misfit]:
    """Kinds that can be cancelled into no state, and operations that cancel nothing."""
    for name, kind in subject.kinds.items():
        phases = [state["phase"] for state in kind["states"]]
        if phases_of_cancel(kind) and "cancelled" not in phases:
            yield Misfit(
                f"{name!r} can be cancelled, but has no state for it",
                "add a state of phase 'cancelled'",
                ("x-tasks", name, "cancel"),
            )
    for spot in subject.operations:
        if spot.behavior == "task.cancel" and subject.kinds and not subject.kinds_of(spot):
            yield Misfit(
                "no kind can be cancelled",
                "say in x-tasks in which phases: cancel: [queued]",
                (*spot.place, "x-behavior"),
            )
