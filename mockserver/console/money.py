"""The money of a provider's accounts as the console shows it: balances, and what moved or will move them."""

import heapq
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from understudy.mockserver.accounts import Account
from understudy.mockserver.ledger import Paid
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.site import Site

# So many of the newest tasks are looked at for what they moved.
MOST_LOOKED_AT = 1_000
MOST_ENTRIES = 100
MOST_ACCOUNTS = 50

NEVER = float("inf")

Row = dict[str, Any]


def money_of(site: Site) -> Row:
    """Balances, and the latest entries with what is dated in the future first."""
    accounts = list(islice(site.accounts, MOST_ACCOUNTS))
    return {
        "accounts": [_balance(site, account) for account in accounts],
        "entries": _latest_entries(site),
        "more_accounts": max(0, len(site.accounts) - len(accounts)),
    }


def _balance(site: Site, account: Account) -> Row:
    now, ledger = site.now(), account.ledger
    return {
        "id": account.id,
        "total": ledger.total,
        "used": ledger.used(now),
        "held": ledger.held(now),
        "remaining": ledger.remaining(now),
        "slots": account.slots,
        "tasks": site.tasks.store.count(account.id, frozenset()),
    }


def _latest_entries(site: Site) -> list[Row]:
    newest = islice(site.tasks.store.window(None), MOST_LOOKED_AT)
    entries = chain(
        (entry for task in newest for entry in _iter_entries(task, site.now())),
        (_paid(paid) for paid in site.paid),
    )
    return heapq.nlargest(MOST_ENTRIES, entries, key=lambda entry: entry["at"])


def _paid(paid: Paid) -> Row:
    """What was paid at once; what it was for stands where a task has its id."""
    return {
        "at": paid.at,
        "what": "charge",
        "amount": paid.amount,
        "task": paid.operation,
        "account": paid.account,
        "is_due": True,
    }


def _iter_entries(task: Task, now: float) -> Iterator[Row]:
    """What a task moves: its charge, its refund, what it holds."""
    charge, succeeds = task.kind.charge, task.final.phase == "succeeded"
    if charge.when == "submit":
        yield _entry(task, task.created, "charge", task.charged, now)
        if not succeeds and task.end != NEVER:
            yield _entry(task, task.end, "refund", -task.charged, now)
        return
    if charge.hold:
        yield _entry(task, task.created, "hold", task.price, now)
        if not succeeds and task.end != NEVER:
            yield _entry(task, task.end, "release", -task.price, now)
    if succeeds and task.end != NEVER:
        yield _entry(task, task.end, "charge", task.price, now)


def _entry(task: Task, at: float, what: str, amount: Decimal, now: float) -> Row:
    return {
        "at": at,
        "what": what,
        "amount": amount,
        "task": task.id,
        "account": task.account.id,
        "is_due": at <= now,
    }
