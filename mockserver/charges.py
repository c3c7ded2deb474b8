"""What is paid at once: answers that are no tasks."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from understudy.mockserver.exchange import Exchange
from understudy.mockserver.ledger import NOTHING, Entry
from understudy.mockserver.refusals import Refusal
from understudy.specs.formulas import compile_formula, number


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


def compile_charge(said: Any) -> Charge | None:
    """A function that charges the caller by a price formula, None where nothing is paid; it raises Refusal."""
    if said is None:
        return None
    price = compile_formula(said)

    def charge(exchange: Exchange, priced: Priced) -> None:
        account, now = exchange.account, exchange.now
        assert account, "who pays is known"
        amount = number(price(priced))
        if account.ledger.remaining(now) - account.schedule.owed(now) < amount:
            raise Refusal("insufficient_credits")
        account.ledger.enter(Entry(now, amount, NOTHING))
        if account.schedule.spend(amount):
            exchange.site.tasks.replan(account, now)

    return charge
