"""An account of a played provider: its money, its tier and its keys."""

from dataclasses import dataclass
from decimal import Decimal

from understudy.mockserver.accounts import Account as MockAccount
from understudy.playing.house import Seat


@dataclass(frozen=True, slots=True)
class Account:
    """An account; every number is what stands at the moment of asking, in the provider's credits."""

    id: str
    _seat: Seat
    _account: MockAccount

    @property
    def total(self) -> Decimal:
        """All that was ever paid in."""
        return self._seat.ask(lambda now: self._account.ledger.total)

    @property
    def used(self) -> Decimal:
        """Spent by now."""
        return self._seat.ask(self._account.ledger.used)

    @property
    def held(self) -> Decimal:
        """Reserved for tasks that are under way."""
        return self._seat.ask(self._account.ledger.held)

    @property
    def remaining(self) -> Decimal:
        """Left to spend: total - used - held."""
        return self._seat.ask(self._account.ledger.remaining)

    @property
    def recharged(self) -> Decimal:
        """What was ever paid for credits; it sets the tier."""
        return self._seat.ask(lambda now: self._account.recharged)

    @property
    def slots(self) -> int | None:
        """How many of its tasks may run at once; None without a limit."""
        return self._seat.ask(lambda now: self._account.slots)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that open it."""
        accounts = self._seat.site.accounts
        return self._seat.ask(lambda now: tuple(accounts.keys_of(self._account)))

    def credit(self, credits: Decimal | int | str, recharged: Decimal | int | str = 0) -> None:
        """Pay in; `recharged` is what was paid for it and counts for the tier."""
        amount, paid = money(credits), money(recharged)

        def pay(now: float) -> None:
            self._account.ledger.credit(amount)
            self._account.recharged += paid
            self._replan(now)

        self._seat.ask(pay)

    def set_tier(self, recharged: Decimal | int | str) -> None:
        """Move it to the tier of an amount that was ever paid in."""
        amount = money(recharged)

        def move(now: float) -> None:
            self._account.recharged = amount
            self._replan(now)

        self._seat.ask(move)

    def add_key(self, key: str) -> None:
        """Let a further key open it."""
        self._seat.ask(lambda now: self._seat.site.accounts.open(self.id, key, Decimal(0), Decimal(0)))

    def revoke(self, key: str = "") -> None:
        """Refuse a key from now on, all of its keys when none is named."""
        for each in [key] if key else self.keys:
            self._seat.server.run(self._seat.site.accounts.revoke, each)

    def _replan(self, now: float) -> None:
        self._seat.site.tasks.replan(self._account, now)
        self._seat.site.callbacks.moved(now)


def money(amount: Decimal | int | str) -> Decimal:
    """Exactly; a float would not be."""
    if isinstance(amount, float):
        raise TypeError(f"{amount!r} is a float: money is exact, write Decimal({str(amount)!r})")
    value = Decimal(amount)
    if not value.is_finite() or value < 0:
        raise ValueError(f"{amount} is no amount of money: 0 or more")
    return value
