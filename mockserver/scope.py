"""How the mock finds the values of expressions: a resolver over exchanges."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import orjson

from understudy.mockserver.clock import iso
from understudy.mockserver.exchange import Row
from understudy.specs.expressions import Expression, follower
from understudy.specs.model import Kind

Getter = Callable[[Any], Any]


class ScopeResolver:
    """Compiles expressions into functions from an exchange to a value."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._places = {
            name: {expression.text: index for index, expression in enumerate(kind.remembered)}
            for name, kind in kinds.items()
        }

    def getter(self, expression: Expression) -> Getter:
        """The function for one expression."""
        family = _FAMILIES.get(expression.family)
        if family:
            return family(expression)
        if expression.name == "task.input":
            return self._remembered(expression)
        return _NAMES.get(expression.name) or attrgetter(expression.name)

    def bind(self, scope: Any, expression: Expression, item: Any) -> Any:
        """The scope for one item of a list."""
        return Row(scope, expression.item, item)

    def _remembered(self, expression: Expression) -> Getter:
        places, text = self._places, expression.text

        def recall(scope: Any) -> Any:
            task = scope.task.task
            place = places[task.kind.name].get(text)
            return None if place is None else task.remembered[place]

        return recall


def _body(expression: Expression) -> Getter:
    follow = follower(expression.path)
    return lambda scope: follow(scope.body)


def _item(expression: Expression) -> Getter:
    follow = follower(expression.path)
    return lambda scope: follow(scope.item)


def _arguments(expression: Expression) -> Getter:
    follow = follower(expression.path)
    return lambda scope: follow(scope.piece.arguments)


def _query(expression: Expression) -> Getter:
    name = expression.member
    return lambda scope: scope.query.get(name)


def _path(expression: Expression) -> Getter:
    name = expression.member
    return lambda scope: scope.path_values.get(name)


def _header(expression: Expression) -> Getter:
    name = expression.member.lower()
    return lambda scope: scope.header(name)


def _link(expression: Expression) -> Getter:
    name = expression.member
    return lambda scope: scope.task.link(name)


def _links(expression: Expression) -> Getter:
    name = expression.member
    return lambda scope: scope.task.links(name)


_FAMILIES: dict[str, Callable[[Expression], Getter]] = {
    "request.body": _body,
    "request.query": _query,
    "request.path": _path,
    "request.header": _header,
    "task.link": _link,
    "task.links": _links,
    "item": _item,
    "piece.arguments": _arguments,
}

_NAMES: dict[str, Getter] = {
    "base_url": lambda scope: scope.site.base_url,
    "request.id": attrgetter("id"),
    "account.key": attrgetter("key"),
    "account.total": lambda scope: scope.account.ledger.total,
    "account.used": lambda scope: scope.account.ledger.used(scope.now),
    "account.held": lambda scope: scope.account.ledger.held(scope.now),
    "account.remaining": lambda scope: scope.account.ledger.remaining(scope.now),
    "rate.limit": lambda scope: scope.site.rate[0] if _is_counted(scope) else None,
    "rate.remaining": lambda scope: scope.site.rate_left(scope.account, scope.now)[0] if _is_counted(scope) else None,
    "rate.reset_s": lambda scope: scope.site.rate_left(scope.account, scope.now)[1] if _is_counted(scope) else None,
    "rate.reset_span": lambda scope: (
        f"{scope.site.rate_left(scope.account, scope.now)[1]}s" if _is_counted(scope) else None
    ),
    "rate.reset_iso": lambda scope: (
        iso(scope.now + scope.site.rate_left(scope.account, scope.now)[1]) if _is_counted(scope) else None
    ),
}


def _is_counted(scope: Any) -> bool:
    """Whether the caller's requests are counted: it is known, and there is a rate."""
    return bool(scope.site.rate and scope.account)


def to_json(value: Any) -> bytes:
    """Compact JSON; a Decimal is written as the number it is."""
    return orjson.dumps(value, default=number_fragment)


def number_fragment(value: Any) -> orjson.Fragment:
    """A Decimal as JSON writes it; what orjson calls for values it does not know."""
    return orjson.Fragment(format(value, "f"))
