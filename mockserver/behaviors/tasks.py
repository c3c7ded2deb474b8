"""Behaviors about one task: submit, get, cancel."""

from collections.abc import Callable
from typing import Any

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.scope import ScopeResolver
from understudy.mockserver.steering import plant
from understudy.mockserver.twist import PLAIN, Twist
from understudy.mockserver.views import TaskView
from understudy.specs.expressions import follower, parse
from understudy.specs.formulas import key_of
from understudy.specs.model import Kind, Operation, Provider

Behavior = Callable[[Exchange], None]


def submit(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """Take on a task."""
    choose = _chooser(operation.arguments["kind"], provider)

    def behave(exchange: Exchange) -> None:
        site, account = exchange.site, exchange.account
        assert account, "a task has an owner: its operation asks for a key"
        kind = choose(exchange)
        owed = exchange.act.deliveries
        url = next((u for d in owed if (u := d.url(exchange))), None) if owed else None
        twist = _twisted(exchange, kind) if exchange.faults else PLAIN
        task = site.tasks.submit(
            kind, account, exchange.key, exchange.body, exchange.now, twist, url, site.allow_local_callbacks
        )
        if exchange.planted:
            plant(exchange, task.id)
        if url is not None:
            site.callbacks.promise(task, exchange.act, exchange.now)
        exchange.task = TaskView(task, exchange.now, site.signer)

    return behave


def _twisted(exchange: Exchange, kind: Kind) -> Twist:
    """How the faults of a request change the future of its task."""
    twist = PLAIN
    for fault in exchange.faults:
        twist = fault.twist(exchange, kind, twist)
    return twist


def get(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """Show one task."""
    get_id = resolver.getter(parse(operation.arguments["id"]))
    kinds = frozenset(operation.arguments.get("kinds", ()))

    def behave(exchange: Exchange) -> None:
        site = exchange.site
        assert exchange.account
        task = site.tasks.find(get_id(exchange), exchange.account, kinds)
        if site.world.clock.name == "poll":
            exchange.now = site.world.poll(task)
        exchange.task = TaskView(task, exchange.now, site.signer)

    return behave


def cancel(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """End a task that has not ended yet."""
    get_id = resolver.getter(parse(operation.arguments["id"]))
    otherwise = operation.arguments.get("otherwise", "invalid_request")

    def behave(exchange: Exchange) -> None:
        site = exchange.site
        assert exchange.account
        task = site.tasks.find(get_id(exchange), exchange.account, frozenset())
        if not site.tasks.cancel(task, exchange.now):
            raise Refusal(otherwise)
        site.callbacks.moved(exchange.now)
        exchange.task = TaskView(task, exchange.now, site.signer)

    return behave


def _chooser(said: Any, provider: Provider) -> Callable[[Exchange], Kind]:
    if isinstance(said, str):
        kind = provider.kinds[said]
        return lambda exchange: kind
    # $task.input and $request.body are the same here: there is no task yet.
    followers = [follower(parse(text).path) for text in said["by"]]
    table = said["table"]

    def choose(exchange: Exchange) -> Kind:
        found = table
        for follow in followers:
            found = found.get(key_of(follow(exchange.body)), found.get("default"))
            assert found, f"the table of kinds has no place for {exchange.body!r}"
        return provider.kinds[found]

    return choose
