"""A check of what never came: requests without an answer, and answers that break off."""

from collections import defaultdict
from collections.abc import Iterator

from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import SPOILED, History

# What may become of a request, by what its exchange notes.
_LOST = {
    "cut": "begin to be answered, and the answer breaks off",
    "reset": "are not answered: the connection is closed",
    "connect": "find nobody who listens",
    "timeout": "are not answered in time",
}
# Of so many that are answered one may be lost by the network, or with a connection that was kept too long.
RARELY = 0.02
# Probes of requests that are left or spoiled on purpose.
_ON_PURPOSE = frozenset((SPOILED, "leaves"))


def judge_whole(history: History) -> Iterator[Evidence]:
    """Every request gets a whole answer. Few that do not are a warning, or nothing: a network may fail, and a kept connection end."""
    lost: dict[tuple[str, str], list[Exchange]] = defaultdict(list)
    answered: dict[str, int] = defaultdict(int)
    for exchange in history.exchanges:
        if exchange.where != "client" or exchange.probe in _ON_PURPOSE:
            continue
        if not exchange.error:
            answered[_what(exchange)] += 1
        elif exchange.error in _LOST and not _is_dead_link(exchange):
            lost[_what(exchange), exchange.error].append(exchange)
    for (what, error), exchanges in lost.items():
        count, others = len(exchanges), answered[what]
        if error != "cut" and others and (count == 1 or count < RARELY * others):
            continue
        is_doubtful = error == "timeout" or count < (2 if error == "cut" else 3)
        message = f"{count} of {count + others} requests for {what} {_LOST[error]}"
        operation = exchanges[0].operation
        clause = f"answer/{operation}" if operation else ""
        yield Evidence(message, tuple(exchanges[:2]), operation, assumed=is_doubtful, clause=clause)


def _what(exchange: Exchange) -> str:
    """The operation that was asked, the result whose link was followed, or where else it went."""
    result = exchange.probe.partition(":")[2]
    return exchange.operation or (f"the result {result}" if result else exchange.path)


def _is_dead_link(exchange: Exchange) -> bool:
    """A link that leads to nobody: of that the results' own check tells."""
    return not exchange.operation and exchange.error == "connect"
