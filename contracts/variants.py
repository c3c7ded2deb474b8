"""Other inputs of a kind of task: documented ones, drawn ones that the spec takes, and ones that fail."""

import copy
import random
from collections.abc import Iterator
from itertools import chain
from typing import Any

from understudy.contracts.constraints import iter_branches, iter_constraints
from understudy.contracts.contract import Contract
from understudy.contracts.edges import Edge, iter_edges, shown_in
from understudy.contracts.fitting import Place, completed
from understudy.contracts.inputs import find_task_body, is_taken, iter_good_bodies, needs_upload
from understudy.contracts.negatives import ABSENT, edited, find
from understudy.specs.model import Kind, Operation


def iter_variants(
    contract: Contract, operation: Operation, kind: Kind, dice: random.Random, most: int
) -> Iterator[Any]:
    """Bodies beside the plain one, `most` at most: documented ones, one for each conditional branch that those leave closed,

    and what shows every value and every bound that they do not.
    """
    base = find_task_body(contract, operation, kind)
    if base is None:
        return
    seen = [base]
    documented = [body for body in iter_good_bodies(contract, operation) if body != base]
    drawn = _drawn(contract, operation, kind, seen, dice)
    for body in chain(documented, iter_branching(contract, operation, base), drawn):
        if len(seen) > most:
            return
        if body not in seen and is_good(contract, operation, kind, body):
            seen.append(body)
            yield body


def is_good(contract: Contract, operation: Operation, kind: Kind, body: Any) -> bool:
    """Whether a body makes a task of the kind, breaks no rule and needs nothing that is not there."""
    if not is_taken(contract, operation, body):
        return False
    asked = contract.coerced(operation, body)
    return contract.kind_of(operation, asked) is kind and not needs_upload(kind, asked)


def iter_branching(contract: Contract, operation: Operation, base: Any) -> Iterator[Any]:
    """Bodies in which the condition of a branch holds, with what the branch then demands."""
    shape = contract.body_shape(operation)
    for branch in iter_branches(shape.schema) if shape else ():
        body = copy.deepcopy(base)
        for constraint in iter_constraints(branch.condition):
            if constraint.keyword in ("const", "enum"):
                value = constraint.value if constraint.keyword == "const" else constraint.value[0]
                body = edited(body, (*branch.place, *constraint.place), value) or body
        yield completed(shape, body) if shape else body


def _drawn(contract: Contract, operation: Operation, kind: Kind, seen: list[Any], dice: random.Random) -> Iterator[Any]:
    """Bodies that between them show every edge that none before showed, each as many as may be."""
    shape = contract.body_shape(operation)
    left = list(iter_edges(shape.schema)) if shape else []
    dice.shuffle(left)
    # A member that is left out takes those within it along.
    left.sort(key=lambda edge: edge.value is ABSENT)

    def may_be(body: Any) -> bool:
        return is_good(contract, operation, kind, body)

    for base in _bases(contract, operation, kind, seen[0]):
        while left := [edge for edge in left if not any(edge.is_shown(body) for body in seen)]:
            body, shown = base, dict[Place, Edge]()
            for edge in left:
                made = shown_in(contract, operation, body, edge, may_be) if edge.place not in shown else None
                if made is not None and all(each.is_shown(made) for each in shown.values()):
                    body, shown = made, {**shown, edge.place: edge}
            if not shown:
                break
            yield body
            left = [edge for edge in left if not edge.is_shown(body)]


def _bases(contract: Contract, operation: Operation, kind: Kind, first: Any) -> list[Any]:
    """Good bodies to begin with: those that are documented, and those of other branches."""
    found = [first]
    for body in (*iter_good_bodies(contract, operation), *iter_branching(contract, operation, first)):
        if body not in found and is_good(contract, operation, kind, body):
            found.append(body)
    return found


def find_failing(contract: Contract, operation: Operation, kind: Kind, body: Any, code: str = "") -> Any:
    """The body with the words by which the spec lets a task fail; None when it knows none."""
    if kind.magic is None or not kind.failures:
        return None
    text = find(body, kind.magic.path)
    wanted = code or next(iter(kind.failures))
    failing = edited(body, kind.magic.path, f"{text or ''} [understudy: fail={wanted}]".strip())
    return failing if failing is not None and is_good(contract, operation, kind, failing) else None
