"""Bodies that a spec takes: its own documented examples, chosen by kind of task and by price."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from understudy.contracts.contract import Contract
from understudy.contracts.pricing import price_of_task
from understudy.contracts.rules import broken_rules
from understudy.specs.expressions import point
from understudy.specs.model import Kind, Operation


def iter_good_bodies(contract: Contract, operation: Operation) -> Iterator[Any]:
    """Copies of the operation's documented bodies that its schema takes and no rule refuses."""
    shape = contract.body_shape(operation)
    for body in operation.body.examples.values() if operation.body else ():
        if shape and shape.is_valid(body) and not any(broken_rules(operation, contract.coerced(operation, body))):
            yield copy.deepcopy(body)


def find_task_body(contract: Contract, operation: Operation, kind: Kind) -> Any:
    """The cheapest documented body that makes a task of a kind and needs nothing uploaded; None when there is none."""
    found: list[tuple[Decimal, int, Any]] = []
    for body in iter_good_bodies(contract, operation):
        asked = contract.coerced(operation, body)
        if contract.kind_of(operation, asked) is kind and not needs_upload(kind, asked):
            found.append((price_of_task(kind, asked) or Decimal(0), len(found), body))
    return min(found)[2] if found else None


def needs_upload(kind: Kind, asked: Any) -> bool:
    """Whether a task of this input fails by itself unless something was uploaded before."""
    wanted = (e for failure in kind.failures.values() for e in failure.missing_upload)
    return any(point(asked, expression.path) for expression in wanted)
