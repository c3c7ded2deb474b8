"""The provider behind a relay, when it is ours: what it saw, paired with what the relay's client saw.

A marker in the prompt tells which request there is for which request here; words in the prompt make it fail.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol

from understudy.contracts.citing import NOTHING, Citation
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History, id_of
from understudy.contracts.reading import Reading
from understudy.contracts.texts import Text, iter_texts

UPSTREAM = "upstream"
# Refusals that speak of who asks: behind a relay that is its own account, whose business is the relay's.
OF_THE_ACCOUNT = frozenset(("unauthorized", "forbidden", "insufficient_credits"))
# What a relay may name itself, wherever it stands in an answer.
OWN_NAMES = frozenset(
    ("id", "created", "created_at", "model", "modelVersion", "responseId", "request_id", "system_fingerprint", "completed_at")
)  # fmt: skip
# What the provider says, word for word, when the prompt has these words: much that who writes it anew writes otherwise.
# A letter of two characters, joined and other odd characters, marks of HTML, line ends and spaces at the ends; numbers
# that binary fractions do not have.
_ODD = ' e\u0301 \u2028 \u200d 👩‍👩‍👧 <b>&amp;</b> “\\u0041” 100 % \t\r\n```html\n<a href="x">1 < 2 && 3 > 2</a>\n```\n\n* 你好 \n '
_ARGUMENTS = {"city": "北京 <&> 🐈", "days": 9007199254740993, "share": 0.1, "none": None, "all": [], "on": False}
RECITALS: Mapping[str, Mapping[str, Any]] = {
    "[recite text]": {"text": _ODD},
    "[recite one word]": {"text": "so so so so so so so so, ha ha ha ha ha ha, 1 1 1 1 1 1, no no no no no no."},
    "[recite tokens]": {"text": "Counted.", "usage": {"input": 31, "output": 23, "thinking": 11}},
    "[recite thoughts]": {"thinking": _ODD, "text": "So it is."},
    "[recite calls]": {
        "tools": [{"name": "get_weather", "arguments": _ARGUMENTS}, {"name": "get_time", "arguments": {"zone": ""}}]
    },
}
_MARKER = re.compile(r"ref-[0-9a-f]{4}-[0-9]{4}")
_LENGTH, _WHOLE_LENGTH = re.compile(r"(\d+) bytes of \S+/"), re.compile(r"only the first \d+ of (\d+) bytes")
_DIGEST = re.compile(r"their digest is ([0-9a-f]{32})")
_FAULT = re.compile(r"\[understudy:([^\]]*)\]")


class Upstream(Protocol):
    """A provider that a relay is configured with. `secrets`: its keys and hosts, which no client may see.

    `speed`: how many times as fast as usual its tasks live.
    """

    base_url: str
    speed: float
    secrets: frozenset[str]

    async def exchanges(self) -> list[Exchange]:
        """What it was asked since this was asked last, in order; `where` is `upstream`, `probe` holds its own notes."""
        ...

    def telling(self, operation: str, answer: Any = None) -> AbstractContextManager[None]:
        """While the block runs the next request for an operation gets this answer; without one, a refusal that tells its secrets."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """One request of a client, and what the provider behind was asked for it.

    `fault`: what was to go wrong, and `settings` how; `again`: when the client sent the very same once more.
    """

    client: Reading
    text: Text | None
    behind: tuple[Reading, ...]
    texts: tuple[Text, ...]
    fault: str
    settings: Mapping[str, str]
    citation: Citation = NOTHING
    again: tuple[Reading, ...] = ()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Both sides, the client's first."""
        return tuple(reading.exchange for reading in (self.client, *self.again, *self.behind))


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


@dataclass(frozen=True, slots=True)
class Followed:
    """A task as the client polled it, and as the provider behind told it when the relay asked; in the order of asking."""

    created: Reading
    here: tuple[Reading, ...]
    there: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a relay, paired."""

    pairs: tuple[Pair, ...] = ()
    tasks: tuple[Followed, ...] = ()


def pairs_of(history: History) -> tuple[Pair, ...]:
    """The marked requests of a history, in order, each with those behind it; none where nobody looked behind."""
    return sides_of(history).pairs


def tasks_of(history: History) -> tuple[Followed, ...]:
    """The tasks whose creates are marked, and that the relay's client polled."""
    return sides_of(history).tasks


@lru_cache(maxsize=4)
def sides_of(history: History) -> Sides:
    """What both sides of a relay saw; nothing where nobody looked behind."""
    theirs = [replace(e, where="client") for e in history.exchanges if e.where == UPSTREAM]
    if not theirs:
        return Sides()
    behind = History(history.contract, theirs)
    asked: dict[str, list[Reading]] = defaultdict(list)
    for reading in behind.readings:
        asked[marker_in(reading.exchange.request_body)].append(reading)
    clients: dict[str, list[Reading]] = defaultdict(list)
    for reading in history.readings:
        if reading.exchange.where == "client":
            clients[marker_in(reading.exchange.request_body)].append(reading)
    clients.pop("", None)
    every = [*(reading for alike in clients.values() for reading in alike), *behind.readings]
    whole = (reading for reading in every if reading.is_answer and not _WHOLE_LENGTH.search(reading.exchange.probe))
    texts = {text.reading.exchange: text for text in iter_texts(whole)}
    pairs = tuple(_pair(history.contract, alike, asked.get(marker, []), texts) for marker, alike in clients.items())
    return Sides(pairs, tuple(_iter_followed(history, behind, pairs)))


def _pair(contract: Contract, alike: list[Reading], behind: list[Reading], texts: Mapping[Exchange, Text]) -> Pair:
    client = alike[0]
    found = _FAULT.search(client.exchange.request_body.decode("utf-8", "replace"))
    words = dict(part.split("=", 1) for part in found[1].split() if "=" in part) if found else {}
    # What is to go wrong with another operation, later, does not go wrong here.
    fault = "" if "operation" in words else words.pop("fault", "")
    told = tuple(texts[reading.exchange] for reading in behind if reading.exchange in texts)
    citation = contract.cite(client.operation) if client.operation else NOTHING
    return Pair(
        client, texts.get(client.exchange), tuple(behind), told, fault, words, citation, tuple(alike[1:])
    )  # fmt: skip


def _iter_followed(history: History, behind: History, pairs: tuple[Pair, ...]) -> Iterator[Followed]:
    here, there = (_polls_of(side) for side in (history, behind))
    for pair in pairs:
        created, given = pair.client, next((r for r in pair.behind if r.is_success), None)
        if pair.client.behavior != "task.submit" or pair.again or not created.is_success or given is None:
            continue
        mine = here.get(id_of(created.values))
        if mine:
            yield Followed(created, tuple(mine), tuple(there.get(id_of(given.values), ())))


def _polls_of(side: History) -> Mapping[str, list[Reading]]:
    """The answers about single tasks, by the id that was asked for."""
    polls: dict[str, list[Reading]] = defaultdict(list)
    for reading in side.readings:
        if reading.behavior == "task.get" and reading.is_answer and reading.exchange.where == "client":
            polls[side.asked_id(reading)].append(reading)
    return polls


def marker_in(body: bytes) -> str:
    """Which request a body is of, '' for none that is marked."""
    found = _MARKER.search(body.decode("utf-8", "replace")) if body else None
    return found[0] if found else ""
