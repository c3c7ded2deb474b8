"""Keys: where a request brings its own, and whose a stranger's is, known to be good once one of its requests succeeded."""

from urllib.parse import quote

from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange, Headers
from understudy.contracts.reading import read_exchange
from understudy.specs.model import Operation

# Beside those that the spec names: where else a stranger may bring one.
_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "x-auth")
# The probe of a request that brings its key without the word of its scheme.
BARE_KEY = "bare_key"
# So many keys are told apart; then all are forgotten.
MOST_KEYS = 10_000


def bring(operation: Operation | None, key: str, alternative: int = 0, bearer: str = "Bearer") -> tuple[Headers, str]:
    """The headers and the query by which an operation is brought a key; nothing where it asks for none. `bearer`: how the word is spelt, '' for none."""
    ways = operation.security if operation else ()
    schemes = ways[alternative % len(ways)] if ways else ()
    headers = [(s.parameter, f"{bearer} {key}".lstrip() if s.bearer else key) for s in schemes if s.where == "header"]
    query = [f"{quote(s.parameter)}={quote(key, safe='')}" for s in schemes if s.where == "query"]
    return tuple(headers), "&".join(query)


class Credentials:
    """Names for keys: `none`, `first` and `other` for the first good ones, `other N` for further ones, `unproven` until then."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._names: dict[tuple[str, ...], str] = {}

    def named(self, exchange: Exchange) -> Exchange:
        """The exchange with the name of its credential."""
        key = (*self._contract.keys_of(exchange), *(exchange.sent_header(name) for name in _HEADERS))
        if not any(key):
            return exchange.evolve(who="none")
        if key not in self._names and read_exchange(self._contract, exchange).is_success:
            if len(self._names) >= MOST_KEYS:
                self._names.clear()
            count = len(self._names)
            self._names[key] = ("first", "other")[count] if count < 2 else f"other {count}"
        return exchange.evolve(who=self._names.get(key, "unproven"))
