"""Clauses about requests: each constraint, rule and parameter that must be enforced, each branch that must be open."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs

from understudy.contracts.citing import cite, cite_along
from understudy.contracts.clauses.clause import Clause
from understudy.contracts.constraints import Branch, iter_branches, iter_constraints
from understudy.contracts.contract import Contract
from understudy.contracts.expected import constraint_clause, deserved
from understudy.contracts.history import History
from understudy.contracts.negatives import find
from understudy.specs.model import Operation

_UNBROKEN = "no request that breaks it alone could be made of the documented examples"
_CLOSED = "no documented example takes this branch, and none could be made of them that does"


def iter_requests(contract: Contract) -> Iterator[Clause]:
    """Every constraint of every request body, and that it is JSON."""
    for operation in contract.provider.operations:
        shape = contract.body_shape(operation)
        if shape is None or operation.media:
            continue
        name = f"constraint/{operation.id}/json"
        yield Clause(name, f"{operation.id} refuses what is not JSON", _deserved(name))
        for constraint in iter_constraints(shape.schema):
            if constraint.is_choice:
                continue
            name = constraint_clause(operation, constraint.path)
            place = ".".join(constraint.place) or "body"
            text = f"{operation.id} refuses a {place} that breaks {constraint.keyword} {_told(constraint.value)}"
            yield Clause(name, text, _deserved(name), cite_along(shape.schema, constraint.path), _UNBROKEN)


def _told(value: Any) -> str:
    """A constraint as the spec has it, in JSON."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:80]}…"


def iter_rules(contract: Contract) -> Iterator[Clause]:
    """Every named rule that refuses, and every query parameter."""
    for operation in contract.provider.operations:
        said = contract.said(operation).get("x-rules", ())
        for index, rule in enumerate(operation.rules):
            source = next((s for s in said if rule.name in s and s[rule.name] == rule.arguments), None)
            name = f"rule/{operation.id}/{index}-{rule.name}"
            if rule.effect == "refuse":
                yield Clause(
                    name, f"{operation.id} keeps the rule {rule.name}", _deserved(name), cite(source), _UNBROKEN
                )
        for parameter in operation.parameters:
            bounded = set(parameter.schema) & {"minimum", "maximum", "enum", "pattern"}
            if parameter.where == "query" and bounded and operation.body is None and not operation.media:
                name = f"parameter/{operation.id}/{parameter.name}"
                yield Clause(
                    name, f"{operation.id} refuses a wrong {parameter.name}", _deserved(name), cite(parameter.schema)
                )


def iter_open_branches(contract: Contract) -> Iterator[Clause]:
    """Every conditional branch of a request is open to a good request."""
    for operation in contract.provider.operations:
        shape = contract.body_shape(operation)
        for branch in iter_branches(shape.schema) if shape and not operation.media else ():
            name = f"branch/{operation.id}/{branch.name}"
            cited = cite_along(shape.schema, branch.path[:-1]) if shape else cite(None)
            yield Clause(
                name,
                f"{operation.id} takes a good request of the branch {branch.name}",
                _taken(operation, branch),
                cited,
                _CLOSED,
            )


def _deserved(clause: str) -> Callable[[History], bool]:
    return lambda history: clause in deserved(history)


def _taken(operation: Operation, branch: Branch) -> Callable[[History], bool]:
    holds = jsonschema_rs.Draft202012Validator(branch.condition).is_valid

    def reached(history: History) -> bool:
        return any(
            r.is_success and r.operation is operation and r.asked is not None and _holds(holds, branch, r.asked)
            for r in history.of(operation.behavior)
        )

    return reached


def _holds(holds: Callable[[object], bool], branch: Branch, asked: object) -> bool:
    member = find(asked, branch.place)
    return member is not None and holds(member)
