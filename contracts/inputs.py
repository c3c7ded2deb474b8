"""Bodies that a spec takes: its own documented examples, chosen by kind of task and by price."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Headers
from understudy.contracts.pricing import price_of_task
from understudy.contracts.rules import broken_rules
from understudy.contracts.samples import find_sample
from understudy.specs.expressions import point
from understudy.specs.ids import Drawn
from understudy.specs.model import Kind, Operation, Parameter


def iter_good_bodies(contract: Contract, operation: Operation) -> Iterator[Any]:
    """Copies of the operation's documented bodies that its schema takes and no rule refuses."""
    shape = contract.body_shape(operation)
    for body in operation.body.examples.values() if operation.body else ():
        if (
            shape
            and shape.is_valid(body)
            and not any(broken_rules(contract.provider, operation, contract.coerced(operation, body)))
        ):
            yield copy.deepcopy(body)


def find_task_body(contract: Contract, operation: Operation, kind: Kind) -> Any:
    """The cheapest documented body that makes a task of a kind and needs nothing uploaded; None when there is none."""
    found: list[tuple[Decimal, int, Any]] = []
    for body in iter_good_bodies(contract, operation):
        asked = contract.coerced(operation, body)
        if contract.kind_of(operation, asked) is kind and not needs_upload(kind, asked):
            found.append((price_of_task(kind, asked) or Decimal(0), len(found), body))
    return min(found)[2] if found else None


def path_values(contract: Contract, operation: Operation) -> dict[str, str]:
    """Values for the places of an operation's path: the document's own examples, else a model that is offered."""
    said = {
        p["name"]: p for p in contract.resolved(contract.said(operation).get("parameters", ())) if p["in"] == "path"
    }
    found: dict[str, str] = {}
    for parameter in operation.parameters:
        if parameter.where == "path":
            shown = said.get(parameter.name, {}).get("examples", {}).values()
            examples = [str(example["value"]) for example in shown if "value" in example]
            choices = [
                *examples,
                *map(str, parameter.schema.get("enum", ())),
                *_offered(contract, operation, parameter.name),
            ]
            found[parameter.name] = (choices or ["x"])[0]
    return found


def header_values(contract: Contract, operation: Operation) -> Headers:
    """The headers that an operation demands, as its document shows them."""
    said = {
        p["name"]: p for p in contract.resolved(contract.said(operation).get("parameters", ())) if p["in"] == "header"
    }
    found = []
    for parameter in operation.parameters:
        if parameter.where == "header" and parameter.required:
            shown = said.get(parameter.name, {}).get("examples", {}).values()
            examples = [str(example["value"]) for example in shown if "value" in example]
            found.append((parameter.name, (examples or [str(find_sample(parameter.schema))])[0]))
    return tuple(found)


def _offered(contract: Contract, operation: Operation, name: str) -> list[str]:
    """Models that are good for what an operation does, where its path names one."""
    uses = [rule.arguments["use"] for rule in operation.rules if rule.name == "model"]
    is_model = operation.arguments.get("model") == f"$request.path.{name}"
    return [m.id for m in contract.provider.models.values() if is_model and (not uses or uses[0] in m.uses)]


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


def find_places(contract: Contract, operation: Operation) -> Places | None:
    """Values for the path's places and for the required parameters; None where nothing tells one."""
    path: dict[str, str] = {}
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    switches = (operation.arguments.get(name) for name in ("framing",))
    switched = [str(text).rpartition(".")[2] for text in switches if text]
    for parameter in operation.parameters:
        if parameter.where == "path" or parameter.required or parameter.name in switched:
            value = _find_value(contract, operation, parameter)
            if value is None:
                return None
            {"path": path, "query": query}.get(parameter.where, headers)[parameter.name] = value
    return Places(path, query, tuple(headers.items()))


def _find_value(contract: Contract, operation: Operation, parameter: Parameter) -> Any:
    """What the document gives as an example, or the first model where the parameter names one."""
    said = [*contract.said(operation).get("parameters", ())]
    resolved: list[dict[str, Any]] = [contract.resolved(each) for each in said]
    named = next((p for p in resolved if p.get("name") == parameter.name), {})
    schema = parameter.schema if isinstance(parameter.schema, dict) else {}
    given = [
        *(place[name] for place in (named, schema) for name in ("example", "const", "default") if name in place),
        *schema.get("enum", ()),
        *schema.get("examples", ()),
    ]
    if given:
        return given[0]
    for rule in operation.rules:
        if rule.name == "model" and rule.arguments.get("name") == f"$request.{parameter.where}.{parameter.name}":
            uses = rule.arguments.get("use")
            return next((m.id for m in contract.provider.models.values() if uses is None or uses in m.uses), None)
    return None


def iter_members(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The members that a schema names, by itself and by its parts, each once."""
    found: dict[str, dict[str, Any]] = {}
    for part in (schema, *(schema.get("allOf", ()) if isinstance(schema, dict) else ())):
        members = part.get("properties", {}) if isinstance(part, dict) else {}
        found.update({name: value for name, value in members.items() if isinstance(value, dict)})
    yield from found.items()
