"""Kinds of asynchronous task: states, failures, results, and what is remembered of their input."""

from collections.abc import Mapping
from typing import Any

from understudy.specs import formulas, model
from understudy.specs.builders.options import by_option
from understudy.specs.expressions import parse
from understudy.specs.ids import parse_id
from understudy.specs.problems import Misfit, at, known


def build_kinds(said: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, model.Kind]:
    """The task kinds by name."""
    return {name: at(name, _kind, name, kind, options) for name, kind in said.items()}


def _kind(name: str, said: Mapping[str, Any], options: Mapping[str, str]) -> model.Kind:
    states = tuple(at("states", at, index, _state, state) for index, state in enumerate(said["states"]))
    names = [state.name for state in states]
    failures = {
        code: at("failures", at, code, _failure, code, f, names) for code, f in said.get("failures", {}).items()
    }
    _check_phases(states, bool(failures))
    cancel = said.get("cancel", ())
    charge = said["charge"]
    results = [{k: v for k, v in result.items() if k != "path"} for result in said.get("results", {}).values()]
    return model.Kind(
        name=name,
        id_form=at("id", lambda: parse_id(by_option(said["id"], options))),
        states=states,
        failures=failures,
        foreign=said.get("foreign", "not_found"),
        cancel=frozenset(cancel["phases"] if isinstance(cancel, dict) else cancel),
        charge=model.Charge(charge["when"], charge.get("hold", False), charge["refuse"]),
        price=at("price", formulas.compile_formula, _bare(said["price"])),
        material_seconds=str(said.get("material_seconds", 5)),
        results={r: at("results", at, r, _result, r, result) for r, result in said.get("results", {}).items()},
        magic=parse(said["magic"]) if "magic" in said else None,
        reads=tuple({e.text: e for e in formulas.expressions([said["price"], said["states"], results])}.values()),
    )


def _check_phases(states: tuple[model.State, ...], fails: bool) -> None:
    phases = [state.phase for state in states]
    for phase in ("queued", "succeeded", "failed"):
        if phases.count(phase) != 1 and (phase != "failed" or fails):
            raise Misfit(
                f"{phases.count(phase)} states have phase {phase!r}",
                "exactly one must",
                ("states",),
            )
    if phases != sorted(phases, key=model.PHASES.index):
        raise Misfit(
            "the states are not in order",
            "queued, running, succeeded, failed, cancelled",
            ("states",),
        )


def _state(said: Mapping[str, Any]) -> model.State:
    seconds = said.get("seconds")
    return model.State(
        name=said["name"],
        wire=said.get("wire", said["name"]),
        phase=said["phase"],
        seconds=None if seconds is None else at("seconds", formulas.compile_formula, seconds),
        needs=tuple(parse(text) for text in said.get("needs", ())),
        message=said.get("message", ""),
    )


def _failure(code: str, said: Mapping[str, Any], states: list[str]) -> model.Failure:
    if said["state"] not in states:
        raise Misfit(f"{code} comes from unknown state {said['state']!r}", known(said["state"], states))
    when = {name: tuple(map(parse, texts)) for name, texts in said.get("when", {}).items() if name != "x-source"}
    return model.Failure(code, said["state"], said["message"], **when)


def _result(name: str, said: Mapping[str, Any]) -> model.Result:
    def formula(key: str) -> formulas.Formula | None:
        return at(key, formulas.compile_formula, said[key]) if key in said else None

    return model.Result(
        name=name,
        media_type=at("type", formulas.compile_formula, said["type"]),
        path=at("path", _result_path, said),
        lifetime=said["lifetime"],
        size=at("size", formulas.compile_formula, _bare(said["size"])),
        seconds=formula("seconds"),
        sound=formula("sound"),
        count=formula("count"),
        renewed=bool(said.get("renewed")),
    )


def _result_path(said: Mapping[str, Any]) -> str:
    path = str(said["path"])
    if path.count("{$task.id}") != 1 or path.count("{$index}") != ("count" in said):
        raise Misfit(
            f"{path!r} does not tell one file from another",
            "{$task.id} once, {$index} once with 'count'",
        )
    return path.removeprefix("/")


def _bare(formula: Any) -> Any:
    """A formula without the word that says where it comes from."""
    return {k: v for k, v in formula.items() if k != "x-source"} if isinstance(formula, dict) else formula


def remembering(kind: model.Kind, operations: tuple[model.Operation, ...]) -> model.Kind:
    """The kind with the members of its input that some template reads after the submission."""
    nodes = [case.body for operation in operations for case in operation.reply.cases]
    nodes += [case.body for o in operations for delivery in o.deliveries for case in delivery.cases]
    nodes += [node for o in operations for delivery in o.deliveries for _, node in delivery.headers]
    wanted = {e.text: e for node in nodes for e in node.expressions() if e.name == "task.input"}
    return model.Kind(**{**{f: getattr(kind, f) for f in kind.__slots__}, "remembered": tuple(wanted.values())})
