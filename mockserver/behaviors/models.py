"""Behaviors about models: the list of those that the caller sees."""

from collections.abc import Callable

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.models import iter_models
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.model import Operation, Provider


def list_(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Callable[[Exchange], None]:
    """Show the models."""

    def behave(exchange: Exchange) -> None:
        exchange.models = tuple(iter_models(exchange))

    return behave
