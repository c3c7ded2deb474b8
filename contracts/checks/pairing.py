"""What checks of both sides of a relay say of a pair, and how they show what differs."""

import json
import re
from itertools import takewhile
from typing import Any

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.reading import Reading
from understudy.contracts.upstream import Pair

# Where a request names its model: a member of the body, or a place of the path.
MODEL = "model"
# Characters of a value that are shown, and how many of them two values have in common before the place where they part.
MOST_SHOWN, BEFORE = 60, 12


def of_pair(pair: Pair, message: str, assumed: bool = False) -> Evidence:
    """What is held against a relay for a pair."""
    operation = pair.client.operation.id if pair.client.operation else ""
    return Evidence(message, pair.exchanges, operation, pair.citation.facts, assumed, f"upstream/{operation}")


def model_of(history: History, reading: Reading) -> str:
    """The model that a request names, '' for none."""
    named = reading.sent.get(MODEL) if isinstance(reading.sent, dict) else None
    if named is None and reading.operation and reading.exchange.path:
        named = history.contract.path_values(reading.operation, reading.exchange.path).get(MODEL)
    return named if isinstance(named, str) else ""


def tells(said: bytes, secret: str) -> bool:
    """Whether a secret is told, whole: an address is none that goes on with more digits, which is another port's."""
    return re.search(re.escape(secret.encode()) + rb"(?!\d)", said) is not None


def differing(before: Any, after: Any) -> str:
    """`from … to …`, of long values the part where they first differ."""
    texts = [json.dumps(value, ensure_ascii=False, default=str) for value in (before, after)]
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    start = max(0, alike - BEFORE) if max(map(len, texts)) > MOST_SHOWN else 0
    before, after = (("…" if start else "") + text[start:][:MOST_SHOWN] for text in texts)
    return f"from {before} to {after}"


def shortened(value: Any) -> str:
    """A value, the beginning of a long one."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return repr(text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}…")
