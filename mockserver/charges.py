"""What is paid at once: answers that are no tasks."""

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from msgspec import Struct

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.ledger import NOTHING, Paid
from understudy.mockserver.recent import Recent
from understudy.mockserver.refusals import Refusal
from understudy.specs.formulas import Formula, compile_formula, expressions, number


class Priced(Struct, gc=False):
    """The subject of an answer's price: the validated input, and the completion it led to."""

    input: Any
    completion: Any

    def seconds_of(self, references: list[str]) -> Decimal:
        """No material is read by what is answered at once."""
        return NOTHING

    def pixels(self, result: str) -> Decimal:
        """There are no named results."""
        return NOTHING


Charge = Callable[[Exchange, Priced], None]

# Prices that depend on numbers of tokens alone are remembered, so many of them.
MOST_PRICES = 4_096


def compile_charge(said: Any) -> Charge | None:
    """A function that charges the caller by a price formula, None where nothing is paid; it raises Refusal."""
    if said is None:
        return None
    price = _compile_price(said)

    def charge(exchange: Exchange, priced: Priced) -> None:
        account, now = exchange.account, exchange.now
        assert account, "who pays is known"
        amount = price(priced)
        if account.ledger.remaining(now) - account.schedule.owed(now) < amount:
            raise Refusal("insufficient_credits")
        account.ledger.spend(amount)
        exchange.site.paid.append(Paid(now, amount, account.id, exchange.act.operation.id))
        if account.schedule.spend(amount):
            exchange.site.tasks.replan(account, now)

    return charge


def _compile_price(said: Any) -> Callable[[Priced], Decimal]:
    price, reads = compile_formula(said), [expression.name for expression in expressions(said)]
    if not reads or not all(name.startswith("completion.") for name in reads):
        return lambda priced: number(price(priced))
    return _remembering(price, attrgetter(*reads))


def _remembering(price: Formula, read: Callable[[Priced], Any]) -> Callable[[Priced], Decimal]:
    """The price as a function of the numbers that it reads."""
    known: Recent[Any, Decimal] = Recent(MOST_PRICES)

    def remember(priced: Priced) -> Decimal:
        numbers = read(priced)
        found = known.find(numbers)
        return known.keep(numbers, number(price(priced))) if found is None else found

    return remember
