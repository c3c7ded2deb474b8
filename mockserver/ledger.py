"""Money: what an account was given, what it spent, and what is dated in the future.

A charge or refund is an entry with a date. The balance is a sum up to now: entries that are due are
folded into running sums, entries of the future wait in a heap and may still be voided.
"""

import heapq
from decimal import Decimal

from msgspec import Struct

NOTHING = Decimal(0)


class Entry(Struct, gc=False, order=True):
    """At `at`, `charge` is spent (negative: refunded) and `release` is no longer held.

    Ordered by date; what is due at one moment is settled together, in whatever order.
    """

    at: float
    charge: Decimal
    release: Decimal
    void: bool = False


class Paid(Struct, gc=False):
    """What was paid at once, for an answer that is no task."""

    at: float
    amount: Decimal
    account: str
    operation: str


class Ledger:
    """The money of one account, in the provider's credits."""

    def __init__(self, credits: Decimal) -> None:
        self.total = credits
        self._used = NOTHING
        self._held = NOTHING
        self._due: list[Entry] = []

    def credit(self, amount: Decimal) -> None:
        """Pay in."""
        self.total += amount

    def hold(self, amount: Decimal) -> None:
        """Reserve until an entry releases it."""
        self._held += amount

    def enter(self, entry: Entry) -> Entry:
        """Date an entry; one in the past is settled by the next look at the balance."""
        heapq.heappush(self._due, entry)
        return entry

    def spend(self, amount: Decimal) -> None:
        """Spend now."""
        self._used += amount

    def void(self, entry: Entry) -> None:
        """Take back an entry that is not due yet."""
        entry.void = True

    def used(self, now: float) -> Decimal:
        """Spent up to now."""
        self._settle(now)
        return self._used

    def held(self, now: float) -> Decimal:
        """Reserved at this moment."""
        self._settle(now)
        return self._held

    def remaining(self, now: float) -> Decimal:
        """What is left to spend: total - used - held."""
        self._settle(now)
        return self.total - self._used - self._held

    def _settle(self, now: float) -> None:
        due = self._due
        while due and due[0].at <= now:
            entry = heapq.heappop(due)
            if not entry.void:
                self._used += entry.charge
                self._held -= entry.release
