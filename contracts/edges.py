"""The edges of what a schema takes: every value of an enumeration, every bound itself, every optional member left out; of a query, too."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from understudy.contracts.constraints import MOST_STEPS, Constraint, iter_constraints
from understudy.contracts.contract import Contract
from understudy.contracts.differences import is_same
from understudy.contracts.fitting import Place, fitted
from understudy.contracts.negatives import ABSENT, MOST_LENGTH, edited, find
from understudy.contracts.requests import as_text
from understudy.contracts.samples import grown
from understudy.contracts.shapes import Shape
from understudy.specs.model import Operation

Good = Callable[[Any], bool]

# A list longer than this is not sent.
MOST_ITEMS = 100
_LENGTHS, _COUNTS = ("minLength", "maxLength"), ("minItems", "maxItems")


@dataclass(frozen=True, slots=True)
class Edge:
    """What a member may be at the most: `value` is the value itself, or its length where `keyword` bounds that.

    `paths` lead to what says so in the schema, be it in several branches, `place` to the member in the body.
    """

    paths: tuple[tuple[Any, ...], ...]
    place: Place
    keyword: str
    value: Any

    def is_shown(self, body: Any) -> bool:
        """Whether a body has its member so."""
        now = _look(body, self.place)
        if self.keyword in _LENGTHS:
            return isinstance(now, str) and len(now) == self.value
        if self.keyword in _COUNTS:
            return isinstance(now, list) and len(now) == self.value
        return now is self.value if ABSENT in (now, self.value) else is_same(now, self.value)


def iter_edges(schema: Any) -> Iterator[Edge]:
    """Every edge of a resolved schema, each once; what stands in alternatives is left out."""
    found: dict[tuple[Place, str, str], Edge] = {}
    for edge in (*_iter_bounds(schema), *_iter_absences(schema, (), ())):
        sort = edge.keyword if edge.keyword in (*_LENGTHS, *_COUNTS) else ""
        known = edge.place, sort, repr(edge.value)
        earlier = found.get(known)
        found[known] = replace(earlier, paths=(*earlier.paths, *edge.paths)) if earlier else edge
    yield from found.values()


def _iter_bounds(schema: Any) -> Iterator[Edge]:
    for constraint in iter_constraints(schema):
        if constraint.place and not constraint.is_choice:
            for value in _values(constraint):
                yield Edge((constraint.path,), constraint.place, constraint.keyword, value)


def _values(constraint: Constraint) -> list[Any]:
    said = constraint.value
    match constraint.keyword:
        case "enum":
            return list(said)
        case "const" | "minimum" | "maximum":
            return [said]
        case "type":
            names = [said] if isinstance(said, str) else said
            return [*([True, False] if "boolean" in names else ()), *([None] if "null" in names else ())]
        case "minLength" | "maxLength" if said <= MOST_LENGTH:
            return [said]
        case "minItems" | "maxItems" if said <= MOST_ITEMS:
            return [said]
        case _:
            return []


def _iter_absences(schema: Any, path: tuple[Any, ...], place: Place) -> Iterator[Edge]:
    """Each member that an object may lack, as far as its own part of the schema says."""
    if not isinstance(schema, dict) or len(path) > MOST_STEPS:
        return
    for name, child in schema.get("properties", {}).items():
        if name not in schema.get("required", ()):
            yield Edge(((*path, "properties", name),), (*place, name), "default", ABSENT)
        yield from _iter_absences(child, (*path, "properties", name), (*place, name))
    for word in ("then", "else"):
        yield from _iter_absences(schema.get(word), (*path, word), place)
    for index, child in enumerate(schema.get("allOf", ())):
        yield from _iter_absences(child, (*path, "allOf", index), place)


def iter_queries(contract: Contract, operation: Operation) -> Iterator[dict[str, Any]]:
    """Queries that show every value and every bound of a parameter, one at a time; all that is no edge of it is left out.

    Of texts only those are sought that the document names: one that is as long as may be is perhaps no cursor that a target
    gave, and no date.
    """
    for parameter in operation.parameters:
        whole = (c for c in iter_constraints(parameter.schema) if not c.place and not c.is_choice)
        named = (c for c in whole if c.keyword not in _LENGTHS)
        edges = (Edge((c.path,), (parameter.name,), c.keyword, v) for c in named for v in _values(c) if v is not None)
        shown: dict[str, Any] = {}
        for edge in edges if parameter.where == "query" else ():
            for value in _candidates(edge, None):
                text = as_text(value)
                if not contract.parameter_misshapes(operation, parameter, text):
                    shown.setdefault(text, value)
                    break
        yield from ({parameter.name: value} for value in shown.values())


def shown_in(contract: Contract, operation: Operation, body: Any, edge: Edge, is_good: Good) -> Any:
    """A good copy of a body that shows an edge, and is otherwise as much the same as may be; None when there is none."""
    shape = contract.body_shape(operation)
    bases = [body]
    if shape and edge.value is not ABSENT and not isinstance(find(body, edge.place[:-1]), dict | list):
        bases = [grown(shape.schema, path, body) for path in edge.paths]
    for base in bases:
        for value in _candidates(edge, find(base, edge.place)):
            made = edited(base, edge.place, value)
            fitting = None if made is None else fitted(contract, operation, made, edge.place)
            if fitting is not None and edge.is_shown(fitting) and is_good(fitting) and is_open(shape, edge, fitting):
                return fitting
    return None


def iter_shown(contract: Contract, operation: Operation, bases: list[Any], is_good: Good) -> Iterator[tuple[int, Any]]:
    """Good bodies that show, one after the other, each edge that the first does not: made of the first that can, and of which."""
    shape = contract.body_shape(operation)
    for edge in iter_edges(shape.schema) if shape and bases else ():
        if not edge.is_shown(bases[0]):
            made = ((n, shown_in(contract, operation, base, edge, is_good)) for n, base in enumerate(bases))
            yield from [(n, body) for n, body in made if body is not None][:1]


def is_open(shape: Shape | None, edge: Edge, body: Any) -> bool:
    """Whether the branches in which an edge stands, be it once, are those of a body."""
    return shape is not None and any(_leads(shape.schema, path, body) for path in edge.paths)


def _leads(schema: Any, path: tuple[Any, ...], body: Any) -> bool:
    value, names = body, iter(path)
    for step in names:
        if step in ("then", "else") and Shape(schema.get("if")).is_valid(value) != (step == "then"):
            return False
        schema = schema[step]
        if step == "properties":
            name = next(names)
            value = value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
            schema = schema[name]
        elif step == "items":
            value = value[0] if isinstance(value, list) and value else ABSENT
        if value is ABSENT or not isinstance(schema, dict | list):
            return True
    return True


def _candidates(edge: Edge, now: Any) -> Iterator[Any]:
    """Values that may show an edge, where the member is so now."""
    if edge.keyword in _LENGTHS:
        yield from _texts(now if isinstance(now, str) and now else "x", edge.value)
    elif edge.keyword in _COUNTS:
        yield from _lists(now, edge.value) if isinstance(now, list) else ()
    else:
        yield edge.value


def _texts(now: str, length: int) -> Iterator[str]:
    """Texts of so many characters: of the same words again and again, and with letters put in where a name has its middle."""
    bare = "".join(now.split()) or "x"
    repeated = now * (length // len(now) + 1) if len(now) < length else bare * (length // len(bare) + 1)
    # A blank at the end may be cut off before anybody counts.
    cut = repeated[:length]
    yield cut if cut == cut.rstrip() else f"{cut[:-1]}x"
    more = "x" * (length - len(now))
    suffix = PurePosixPath(now).suffix
    yield f"{now[: len(now) - len(suffix)]}{more}{suffix}"[:length]
    yield ("x" * length)


def _lists(now: list[Any], count: int) -> Iterator[list[Any]]:
    if count <= len(now):
        yield copy.deepcopy(now[:count])
    elif now:
        yield [copy.deepcopy(now[index % len(now)]) for index in range(count)]
        yield [_numbered(now[index % len(now)], index) for index in range(count)]


def _numbered(item: Any, number: int) -> Any:
    """A copy of an item in which every text that is no choice of few says which one it is."""
    if isinstance(item, dict):
        return {name: _numbered(value, number) for name, value in item.items()}
    if not isinstance(item, str):
        return copy.deepcopy(item)
    suffix = PurePosixPath(item).suffix
    return f"{item[: len(item) - len(suffix)]}{number + 1}{suffix}"


def _look(body: Any, place: Place) -> Any:
    """The member at a place, ABSENT where there is none."""
    holder = find(body, place[:-1])
    if place[-1] == "*":
        return holder[0] if isinstance(holder, list) and holder else ABSENT
    return holder.get(place[-1], ABSENT) if isinstance(holder, dict) else ABSENT
