"""Whose key a stranger's request brings: keys are told apart, and are known to be good once one of their requests succeeded."""

from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.reading import read_exchange

_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "x-auth")
# So many keys are told apart; then all are forgotten.
MOST_KEYS = 10_000


class Credentials:
    """Names for keys: `none`, `first` and `other` for the first good ones, `other N` for further ones, `unproven` until then."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._names: dict[tuple[str, ...], str] = {}

    def named(self, exchange: Exchange) -> Exchange:
        """The exchange with the name of its credential."""
        key = tuple(exchange.sent_header(name) for name in _HEADERS)
        if not any(key):
            return exchange.evolve(who="none")
        if key not in self._names and read_exchange(self._contract, exchange).is_success:
            if len(self._names) >= MOST_KEYS:
                self._names.clear()
            count = len(self._names)
            self._names[key] = ("first", "other")[count] if count < 2 else f"other {count}"
        return exchange.evolve(who=self._names.get(key, "unproven"))
