"""The behavior of a list: a part of the caller's tasks by page, offset or cursor, all or those that are asked for."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.scope import ScopeResolver
from understudy.mockserver.views import PageView, TaskView
from understudy.specs.expressions import parse
from understudy.specs.formulas import key_of
from understudy.specs.model import Operation, Provider

Behavior = Callable[[Exchange], None]
Fits = Callable[[Task], bool]

DEFAULT_SIZE = 20
# Nobody has as many tasks; what is skipped must fit a machine's integer.
MOST_SKIPPED = 2**53


def list_(operation: Operation, provider: Provider, resolver: ScopeResolver) -> Behavior:
    """Show a part of the caller's tasks, newest first."""
    arguments = operation.arguments
    get_size = _number(arguments.get("size"), resolver, DEFAULT_SIZE)
    get_page = _number(arguments.get("page"), resolver, 1)
    get_offset = _number(arguments.get("offset"), resolver, 0)
    get_cursor = _cursor(arguments.get("cursor"), resolver)
    get_filter = _filter(arguments.get("where", {}), resolver)
    kinds = frozenset(arguments.get("kinds", ()))

    def behave(exchange: Exchange) -> None:
        site, account = exchange.site, exchange.account
        assert account
        size, store = get_size(exchange), site.tasks.store
        offset = get_offset(exchange) + (get_page(exchange) - 1) * size
        skip = min(offset, MOST_SKIPPED)
        before, fits = get_cursor(exchange), get_filter(exchange)
        total: Callable[[], int]
        if before is None and fits is None:
            found = store.page(account.id, kinds, skip, size + 1)
            total = partial(store.count, account.id, kinds)
        else:
            is_wanted = _both(kinds, fits)
            found = list(islice(filter(is_wanted, store.newest(account.id, before)), skip, skip + size + 1))
            total = partial(_count, store.newest(account.id, None), is_wanted)
        shown = found[:size]
        exchange.tasks = [TaskView(task, exchange.now, site.signer) for task in shown]
        exchange.page = PageView(size, offset, shown[-1].id if shown and len(found) > size else None, total)

    return behave


def _both(kinds: frozenset[str], fits: Fits | None) -> Fits:
    return lambda task: (not kinds or task.kind.name in kinds) and (fits is None or fits(task))


def _count(tasks: Any, is_wanted: Fits) -> int:
    return sum(1 for task in tasks if is_wanted(task))


def _number(said: str | None, resolver: ScopeResolver, default: int) -> Callable[[Exchange], int]:
    if said is None:
        return lambda exchange: default
    get_value = resolver.getter(parse(said))

    def number(exchange: Exchange) -> int:
        value = get_value(exchange)
        return default if value is None else int(value)

    return number


def _cursor(said: str | None, resolver: ScopeResolver) -> Callable[[Exchange], int | None]:
    """A function that gives the serial number of the task behind which the list goes on; None for the start."""
    if said is None:
        return lambda exchange: None
    expression = parse(said)
    get_value = resolver.getter(expression)

    def before(exchange: Exchange) -> int | None:
        cursor = get_value(exchange)
        if cursor is None or cursor == "":
            return None
        task = exchange.site.tasks.store.find(str(cursor))
        if task is None or task.account is not exchange.account:
            raise exchange.site.stage.phrases.refusal("cursor", field=expression.last, value=cursor)
        return task.serial

    return before


def _filter(said: Mapping[str, str], resolver: ScopeResolver) -> Callable[[Exchange], Fits | None]:
    """A function that gives what a request asks to see; None when it asks for all."""
    getters = [(name, resolver.getter(parse(text))) for name, text in said.items() if name != "x-source"]

    def find(exchange: Exchange) -> Fits | None:
        asked = [
            (_READ[name], _texts(value)) for name, get in getters if (value := get(exchange)) not in (None, "", [])
        ]
        if not asked:
            return None
        now = exchange.now
        return lambda task: all(read(task, now) in wanted for read, wanted in asked)

    return find


def _texts(value: Any) -> frozenset[str]:
    """One value, several in a list, or several with commas between them."""
    values = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    return frozenset(key_of(item).strip() for item in values)


_READ: dict[str, Callable[[Task, float], str]] = {
    "state": lambda task, now: str(task.state_at(now).wire),
    "kind": lambda task, now: task.kind.name,
}
