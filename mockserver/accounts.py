"""Accounts: who calls, with which money, and which tasks are theirs."""

from collections import deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal

from understudy.mockserver.ledger import Ledger
from understudy.mockserver.schedule import Schedule
from understudy.specs.model import Limits, Provider

MOST_ACCOUNTS = 10_000
# A key that was revoked before so many others is one that never was: unknown, and refused unless any key is taken.
MOST_REVOKED = 10_000


class Account:
    """One customer of a provider. `recharged` is what was ever paid in, which sets the tier."""

    def __init__(self, name: str, credits: Decimal, recharged: Decimal, limits: Limits) -> None:
        self.id = name
        # The models that it sees; None is all.
        self.models: frozenset[str] | None = None
        self.limits = limits
        self.recharged = recharged
        self.ledger = Ledger(credits)
        self.schedule = Schedule(self.slots, credits)
        self.recent: deque[float] = deque()

    @property
    def slots(self) -> int | None:
        """How many tasks may run at once; None without a limit."""
        if not self.limits.tiers:
            return None
        reached = [tier.running for tier in self.limits.tiers if self.recharged >= Decimal(tier.recharged)]
        return reached[-1] if reached else 1


class Accounts:
    """The accounts of a provider, by key. With `any_key`, an unknown key opens an account of its own."""

    def __init__(self, provider: Provider, any_key: bool) -> None:
        self._limits = provider.limits
        self._any_key = any_key
        self._by_key: dict[str, Account] = {}
        self._by_id: dict[str, Account] = {}
        self._model = provider.accounts[0]
        self._revoked: dict[str, None] = {}
        self.refused = 0
        self.forgotten = 0
        for demo in provider.accounts:
            account = self.open(demo.id, demo.key, Decimal(demo.credits), Decimal(demo.recharged))
            account.models = None if demo.models is None else frozenset(demo.models)

    def open(self, name: str, key: str, credits: Decimal, recharged: Decimal) -> Account:
        """Open an account, or give an existing one a further key."""
        account = self._by_id.get(name)
        if account is None:
            account = self._by_id[name] = Account(name, credits, recharged, self._limits)
        self._by_key[key] = account
        self._revoked.pop(key, None)
        return account

    @property
    def is_full(self) -> bool:
        """Whether there are as many accounts or keys as there may be."""
        return max(len(self._by_id), len(self._by_key)) >= MOST_ACCOUNTS

    def find(self, key: str) -> Account | None:
        """The account behind a key."""
        account = self._by_key.get(key)
        if account is not None or not self._any_key or key in self._revoked:
            return account
        return self._open_any(key)

    def is_meant(self, account: Account, value: str) -> bool:
        """Whether a value beside the key means its account: by id or by a key of it; with `any_key` also one that means nobody."""
        if value == account.id or self._by_key.get(value) is account:
            return True
        is_nobodys = value not in self._by_key and value not in self._by_id and value not in self._revoked
        return bool(self._any_key and value and is_nobodys)

    def owner(self, key: str) -> Account | None:
        """The account that a key belongs to by now."""
        return self._by_key.get(key)

    def revoke(self, key: str) -> None:
        """Refuse a key from now on."""
        if self._by_key.pop(key, None) is None:
            return
        self._revoked[key] = None
        if len(self._revoked) > MOST_REVOKED:
            del self._revoked[next(iter(self._revoked))]
            self.forgotten += 1

    def keys_of(self, account: Account) -> list[str]:
        """The keys that mean an account."""
        return [key for key, owner in self._by_key.items() if owner is account]

    @property
    def every_key(self) -> AbstractSet[str]:
        """Every key that ever worked here."""
        return self._by_key.keys() | self._revoked.keys()

    def named(self, name: str) -> Account | None:
        """The account of that id."""
        return self._by_id.get(name)

    def keys(self) -> Iterator[str]:
        """Every key that works."""
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_id.values())

    def _open_any(self, key: str) -> Account | None:
        if self.is_full:
            self.refused += 1
            return None
        demo, number = self._model, len(self._by_id)
        while f"any-{number}" in self._by_id:
            number += 1
        return self.open(f"any-{number}", key, Decimal(demo.credits), Decimal(demo.recharged))
