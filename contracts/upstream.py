"""The provider behind a relay, when it is ours: what it saw, paired with what the relay's client saw.

A marker in the prompt tells which request there is for which request here; words in the prompt make it fail.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

from understudy.contracts.citing import NOTHING, Citation
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.contracts.reading import Reading
from understudy.contracts.texts import Text, iter_texts

UPSTREAM = "upstream"
_MARKER = re.compile(r"ref-[0-9a-f]{4}-[0-9]{4}")
_LENGTH, _WHOLE_LENGTH = re.compile(r"(\d+) bytes of \S+/"), re.compile(r"only the first \d+ of (\d+) bytes")
_DIGEST = re.compile(r"their digest is ([0-9a-f]{32})")
_FAULT = re.compile(r"\[understudy:([^\]]*)\]")


class Upstream(Protocol):
    """A provider that a relay is configured with. `secrets`: its keys and hosts, which no client may see."""

    base_url: str
    secrets: frozenset[str]

    async def exchanges(self) -> list[Exchange]:
        """What it was asked since this was asked last, in order; `where` is `upstream`, `probe` holds its own notes."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """One request of a client, and what the provider behind was asked for it. `fault`: what was to go wrong, and how."""

    client: Reading
    text: Text | None
    behind: tuple[Reading, ...]
    texts: tuple[Text, ...]
    fault: str
    settings: Mapping[str, str]
    citation: Citation = NOTHING

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Both sides, the client's first."""
        return (self.client.exchange, *(reading.exchange for reading in self.behind))


@dataclass(frozen=True, slots=True)
class File:
    """A file that the provider behind gave: its size in bytes, and a digest of the first `known` of them."""

    size: int
    known: int
    digest: str

    def is_of(self, data: bytes) -> bool:
        """Whether these are its bytes, as far as they are known."""
        return len(data) == self.size and blake2b(data[: self.known], digest_size=16).hexdigest() == self.digest


def file_of(reading: Reading) -> File | None:
    """The file that an answer of the provider behind was, by its own notes; None where they tell of none."""
    notes = reading.exchange.probe
    told, digest, cut = _LENGTH.search(notes), _DIGEST.search(notes), _WHOLE_LENGTH.search(notes)
    if not told or not digest:
        return None
    return File(int((cut or told)[1]), int(told[1]), digest[1])


def mark(seed: int, number: int, fault: str = "") -> str:
    """What is written into a prompt: which request it is, and what shall go wrong with it."""
    words = f" [understudy: {fault}]" if fault else ""
    return f"(ref-{seed % 65_536:04x}-{number:04d}){words}"


@lru_cache(maxsize=4)
def pairs_of(history: History) -> tuple[Pair, ...]:
    """The marked requests of a history, in order, each with those behind it; none where nobody looked behind."""
    theirs = [replace(e, where="client") for e in history.exchanges if e.where == UPSTREAM]
    if not theirs:
        return ()
    behind = History(history.contract, theirs)
    asked: dict[str, list[Reading]] = defaultdict(list)
    for reading in behind.readings:
        asked[_marker_of(reading.exchange)].append(reading)
    clients: dict[str, Reading] = {}
    for reading in history.readings:
        marker = _marker_of(reading.exchange)
        if marker and reading.exchange.where == "client":
            clients.setdefault(marker, reading)
    answered = (reading for reading in (*clients.values(), *behind.readings) if reading.is_answer)
    texts = {text.reading.exchange: text for text in iter_texts(answered)}
    return tuple(_pair(history.contract, reading, asked.get(marker, []), texts) for marker, reading in clients.items())


def _pair(contract: Contract, client: Reading, behind: list[Reading], texts: Mapping[Exchange, Text]) -> Pair:
    found = _FAULT.search(client.exchange.request_body.decode("utf-8", "replace"))
    words = dict(part.split("=", 1) for part in found[1].split() if "=" in part) if found else {}
    fault = words.pop("fault", "")
    told = tuple(texts[reading.exchange] for reading in behind if reading.exchange in texts)
    citation = contract.cite(client.operation) if client.operation else NOTHING
    return Pair(client, texts.get(client.exchange), tuple(behind), told, fault, words, citation)


def _marker_of(exchange: Exchange) -> str:
    found = _MARKER.search(exchange.request_body.decode("utf-8", "replace")) if exchange.request_body else None
    return found[0] if found else ""
