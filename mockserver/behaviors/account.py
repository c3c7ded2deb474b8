"""Behaviors about the caller's account."""

from collections.abc import Callable

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.model import Operation, Provider


def balance(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Callable[[Exchange], None]:
    """Show the account: all of it stands in the template."""
    return lambda exchange: None
