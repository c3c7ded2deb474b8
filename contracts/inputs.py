"""Bodies that a spec takes: its own documented examples, chosen by kind of task and by price."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Headers
from understudy.contracts.pricing import price_of_task
from understudy.contracts.rules import broken_rules
from understudy.contracts.samples import find_sample
from understudy.specs.expressions import parse, point
from understudy.specs.ids import Drawn
from understudy.specs.model import Kind, Operation, Parameter


def iter_good_bodies(contract: Contract, operation: Operation) -> Iterator[Any]:
    """Copies of the operation's documented bodies that its schema takes and no rule refuses."""
    return (body for _, body in _iter_named(contract, operation))


def _iter_named(contract: Contract, operation: Operation) -> Iterator[tuple[str, Any]]:
    """The same, each with the name of its example."""
    for name, body in operation.body.examples.items() if operation.body else ():
        if is_taken(contract, operation, body):
            yield name, copy.deepcopy(body)


def is_taken(contract: Contract, operation: Operation, body: Any) -> bool:
    """Whether the operation's schema takes a body and no rule surely refuses it."""
    shape = contract.body_shape(operation)
    if shape is None or not shape.is_valid(body):
        return False
    return not any(broken_rules(contract.provider, operation, contract.coerced(operation, body)))


def find_task_body(contract: Contract, operation: Operation, kind: Kind) -> Any:
    """The cheapest documented body that makes a task of a kind and needs nothing uploaded; None when there is none."""
    found: list[tuple[Decimal, int, Any]] = []
    for body in iter_good_bodies(contract, operation):
        asked = contract.coerced(operation, body)
        if contract.kind_of(operation, asked) is kind and not needs_upload(kind, asked):
            found.append((price_of_task(kind, asked) or Decimal(0), len(found), body))
    return min(found)[2] if found else None


def unknown_id(contract: Contract, operation: Operation) -> str:
    """An id of the form of the first kind that an operation answers for, which no task has."""
    kinds = contract.kinds_of(operation)
    parts = kinds[0].id_form if kinds else ("no-such-task",)
    return "".join(part if isinstance(part, str) else part.sample if isinstance(part, Drawn) else "x" for part in parts)


def needs_upload(kind: Kind, asked: Any) -> bool:
    """Whether a task of this input fails by itself unless something was uploaded before."""
    wanted = (e for failure in kind.failures.values() for e in failure.missing_upload)
    return any(point(asked, expression.path) for expression in wanted)


@dataclass(frozen=True, slots=True)
class Places:
    """What a request needs beside its body: values of the path's places, query parameters and headers."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    headers: Headers = ()


def iter_documented(contract: Contract, operation: Operation) -> Iterator[tuple[Any, Places]]:
    """The good documented bodies, each with what its request needs beside it: parameters have examples of the same names."""
    for name, body in _iter_named(contract, operation):
        places = find_places(contract, operation, name)
        if places is not None:
            yield body, places


def find_places(contract: Contract, operation: Operation, example: str = "") -> Places | None:
    """Values for the path's places, for the required parameters and for the one by which a stream is asked for as events.

    None where nothing tells one of them. Of several examples of a parameter the one of that name is taken, else the first.
    """
    values = {
        (parameter.where, parameter.name): _find_value(contract, operation, parameter, example)
        for parameter in _needed(operation)
    }
    return None if None in values.values() else _places(values)


def sample_places(contract: Contract, operation: Operation) -> Places:
    """The same where any value will do: for what nothing tells, one that the schema takes."""
    values = {}
    for parameter in _needed(operation):
        told = _find_value(contract, operation, parameter)
        values[parameter.where, parameter.name] = find_sample(parameter.schema) if told is None else told
    return _places(values)


def _needed(operation: Operation) -> Iterator[Parameter]:
    framing = str(operation.arguments.get("framing", ""))
    for parameter in operation.parameters:
        is_framing = framing == f"$request.{parameter.where}.{parameter.name}"
        if parameter.where == "path" or parameter.required or is_framing:
            yield parameter


def _places(values: Mapping[tuple[str, str], Any]) -> Places:
    path = {name: str(value) for (where, name), value in values.items() if where == "path"}
    query = {name: value for (where, name), value in values.items() if where == "query"}
    headers = tuple((name, str(value)) for (where, name), value in values.items() if where == "header")
    return Places(path, query, headers)


def _find_value(contract: Contract, operation: Operation, parameter: Parameter, example: str = "") -> Any:
    """What the document gives as an example, or the first model where the parameter names one."""
    said: list[dict[str, Any]] = contract.resolved([*contract.said(operation).get("parameters", ())])
    named = next((p for p in said if (p["in"], p["name"]) == (parameter.where, parameter.name)), {})
    schema = parameter.schema if isinstance(parameter.schema, dict) else {}
    examples = {name: said["value"] for name, said in named.get("examples", {}).items() if "value" in said}
    given = [
        *([examples[example]] if example in examples else []),
        *(place[name] for place in (named, schema) for name in ("example", "const", "default") if name in place),
        *examples.values(),
        *schema.get("enum", ()),
        *schema.get("examples", ()),
    ]
    place = f"$request.{parameter.where}.{parameter.name}"
    return given[0] if given else next((m for at, m in iter_models(contract, operation) if at == place), None)


def iter_models(contract: Contract, operation: Operation) -> Iterator[tuple[str, str]]:
    """The models that are good for what an operation does, each with the expression of where a request names it."""
    for rule in operation.rules:
        if rule.name == "model":
            uses, place = rule.arguments.get("use"), str(rule.arguments.get("name"))
            models = contract.provider.models.values()
            yield from ((place, m.id) for m in models if uses is None or uses in m.uses)


def models_for(contract: Contract, operation: Operation) -> list[str]:
    """The documented models that an operation is asked with: those that are good for it, and those of its examples."""
    named: list[Any] = [model for _, model in iter_models(contract, operation)]
    expression = parse(str(operation.arguments.get("model", "$request.body")))
    if expression.name == "request.body" and expression.path:
        named += [point(body, expression.path) for body in iter_good_bodies(contract, operation)]
    return list(dict.fromkeys(model for model in named if isinstance(model, str)))


def iter_members(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The members that a schema names, by itself and by its parts, each once."""
    found: dict[str, dict[str, Any]] = {}
    for part in (schema, *(schema.get("allOf", ()) if isinstance(schema, dict) else ())):
        members = part.get("properties", {}) if isinstance(part, dict) else {}
        found.update({name: value for name, value in members.items() if isinstance(value, dict)})
    yield from found.items()
