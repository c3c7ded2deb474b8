"""Finding a member of a JSON body: by pointer, by the shared name that the operation's template gives it, or by its key."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from understudy.specs.expressions import Expression
from understudy.specs.extraction import Extraction
from understudy.specs.nodes import Node
from understudy.specs.problems import Place

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Exchange

# What holds a member, and where in it.
Spot = tuple[Any, Any]


class _Places(Extraction):
    """An extraction that keeps the place of one shared name."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted
        self.place: Place | None = None

    def put(self, expression: Expression, value: Any, place: Place) -> None:
        """Note the place."""
        if expression.text == self.wanted and self.place is None:
            self.place = place


def read_json(text: bytes) -> Any:
    """A JSON value with its numbers as they were written, or None where it is not any."""
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None


def find(exchange: "Exchange", body: Any, member: str) -> Spot | None:
    """Where a member stands; '' is the first that holds a plain value."""
    if not member:
        return next(iter_plain(body), None)
    if member.startswith("$"):
        return _at(body, _place_of(exchange, body, member))
    if member.startswith("/"):
        steps = [step.replace("~1", "/").replace("~0", "~") for step in member[1:].split("/")]
        return _at(body, steps)
    return next((spot for spot in _iter_all(body) if spot[1] == member), None)


def iter_plain(body: Any) -> Iterator[Spot]:
    """All members that hold neither an object nor a list, in their order."""
    return ((holder, key) for holder, key in _iter_all(body) if not isinstance(holder[key], dict | list))


def _iter_all(body: Any) -> Iterator[Spot]:
    keys = list(body) if isinstance(body, dict) else range(len(body)) if isinstance(body, list) else ()
    for key in keys:
        yield body, key
        yield from _iter_all(body[key])


def _at(body: Any, steps: Any) -> Spot | None:
    """The spot at the end of some steps."""
    holder, key = None, None
    for step in steps or ():
        inner = body if holder is None else holder[key]
        key = int(step) if isinstance(inner, list) and str(step).isdecimal() else step
        holder = inner
        is_there = key in holder if isinstance(holder, dict) else isinstance(holder, list) and 0 <= key < len(holder)
        if not is_there:
            return None
    return None if holder is None else (holder, key)


def _place_of(exchange: "Exchange", body: Any, name: str) -> Place | None:
    """Where the operation's templates put a shared name."""
    for template in _templates(exchange):
        places = _Places(name)
        template.read(body, (), places)
        if places.place is not None:
            return places.place
    return None


def _templates(exchange: "Exchange") -> Iterator[Node]:
    """The templates that may have made the body, the likeliest first."""
    operation, task = exchange.act.operation, exchange.task
    fitting = [case for case in operation.reply.cases if task and case.fits(task.kind, task.phase)]
    yield from (case.body for case in (*fitting, *operation.reply.cases))
    yield operation.failures.envelope.template
