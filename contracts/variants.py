"""Other inputs of a kind of task: documented ones, drawn ones that the spec takes, and ones that fail."""

import copy
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

from understudy.contracts.constraints import Constraint, iter_branches, iter_constraints
from understudy.contracts.contract import Contract
from understudy.contracts.inputs import find_task_body, iter_good_bodies, needs_upload
from understudy.contracts.negatives import edited, find
from understudy.contracts.rules import broken_rules
from understudy.contracts.samples import grown
from understudy.contracts.shapes import Shape
from understudy.specs.model import Kind, Operation

_TRIES = 40


def iter_variants(
    contract: Contract, operation: Operation, kind: Kind, dice: random.Random, most: int
) -> Iterator[Any]:
    """One body for each conditional branch that a documented one leaves closed, then drawn ones, `most` in all at least."""
    base = find_task_body(contract, operation, kind)
    if base is None:
        return
    seen = [base]
    documented = [body for body in iter_good_bodies(contract, operation) if body != base]
    drawn = _drawn(contract, operation, kind, base, dice)
    for body in chain(documented, iter_branching(contract, operation, base), drawn):
        if len(seen) > most:
            return
        if body not in seen and is_good(contract, operation, kind, body):
            seen.append(body)
            yield body


def is_good(contract: Contract, operation: Operation, kind: Kind, body: Any) -> bool:
    """Whether a body makes a task of the kind, breaks no rule and needs nothing that is not there."""
    shape = contract.body_shape(operation)
    if shape is None or not shape.is_valid(body):
        return False
    asked = contract.coerced(operation, body)
    is_kind = contract.kind_of(operation, asked) is kind
    return is_kind and not any(broken_rules(contract.provider, operation, asked)) and not needs_upload(kind, asked)


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


def completed(shape: Shape, body: Any) -> Any:
    """The body with the members that it is told to lack."""
    for wrong in shape.misshapes(body):
        if wrong.keyword == "required":
            demanded = find_at(shape.schema, wrong.schema_path)
            for name in demanded if isinstance(demanded, list) else ():
                found = grown(shape.schema, (*wrong.schema_path[:-1], "properties", name, "x"), body)
                plain = grown(shape.schema, ("properties", name, "x"), body)
                body = plain if shape.is_valid(plain) else found
    return body


def find_at(schema: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a place of a schema."""
    for step in path:
        schema = schema.get(step) if isinstance(schema, dict) else schema[step]
    return schema


def _drawn(contract: Contract, operation: Operation, kind: Kind, base: Any, dice: random.Random) -> Iterator[Any]:
    """The base with its choices drawn anew: each body shows as many values as may be that none before it showed."""
    shape = contract.body_shape(operation)
    choices: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for constraint in iter_constraints(shape.schema) if shape else ():
        if not constraint.is_choice:
            values = choices[constraint.place]
            values += [value for value in _values(constraint) if value not in values]
    unseen = {place: [v for v in values if v != find(base, place)] for place, values in choices.items() if values}
    for _ in range(_TRIES if unseen else 0):
        body = base
        for place in dice.sample(sorted(unseen), len(unseen)):
            if find(body, place[:-1]) is not None:
                changed = edited(body, place, dice.choice(unseen[place] or choices[place]))
                body = changed if changed is not None and is_good(contract, operation, kind, changed) else body
        for place, values in unseen.items():
            values[:] = [value for value in values if value != find(body, place)]
        yield body


def _values(constraint: Constraint) -> list[Any]:
    """Values from which one may be drawn."""
    match constraint.keyword:
        case "enum" if constraint.place:
            return list(constraint.value)
        case "type" if constraint.value == "boolean":
            return [True, False]
        case "minimum" | "maximum" if isinstance(constraint.value, int):
            return [constraint.value]
        case _:
            return []


def find_failing(contract: Contract, operation: Operation, kind: Kind, body: Any, code: str = "") -> Any:
    """The body with the words by which the spec lets a task fail; None when it knows none."""
    if kind.magic is None or not kind.failures:
        return None
    text = find(body, kind.magic.path)
    wanted = code or next(iter(kind.failures))
    failing = edited(body, kind.magic.path, f"{text or ''} [understudy: fail={wanted}]".strip())
    return failing if failing is not None and is_good(contract, operation, kind, failing) else None
