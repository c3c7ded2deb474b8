"""What was seen: one bounded record for each exchange. Keys are redacted when it is read."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from msgspec import Struct, to_builtins

from understudy.mockserver.redaction import NO_KEYS, Keys, Redactor
from understudy.mockserver.refusals import Breach

Headers = list[tuple[bytes, bytes]]

MOST_RECORDS = 4_096
MOST_BODY = 65_536
# All bodies together; streams would fill the memory long before there are too many records.
MOST_BYTES = 33_554_432
# Of what broke the contract the latest are kept beside, however much comes after them.
MOST_BROKEN = 32


class Record(Struct, gc=False):
    """One exchange as it was; `at` is the world's time.

    `headers`: names and values in turn, a line each. Many small objects a record would be fetched into the
    processor's cache again only to be freed.
    """

    serial: int
    at: float
    provider: str
    operation: str
    method: str
    path: str
    query: bytes
    headers: bytes
    payload: bytes
    account: str
    key: str
    status: int
    condition: str
    body: bytes
    notes: tuple[str, ...]
    answer_headers: bytes = b""
    answer_type: str = ""
    breach: Breach | None = None


class Journal:
    """The latest records of a world."""

    def __init__(self, most_records: int = MOST_RECORDS, most_bytes: int = MOST_BYTES) -> None:
        self._most_records, self._most_bytes = most_records, most_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self.seen = 0
        # Requests that broke the contract, and how many there ever were: forgotten by nothing but new ones.
        self.broken: deque[Record] = deque(maxlen=MOST_BROKEN)
        self.broken_seen = 0

    @property
    def dropped(self) -> int:
        """How many records are gone."""
        return self.seen - len(self._records)

    def add(self, record: Record) -> None:
        """Append; the oldest go when there are too many, or when their bodies are too large together."""
        self.seen += 1
        record.serial = self.seen
        if len(record.payload) > MOST_BODY or len(record.body) > MOST_BODY:
            _cut(record)
        # A copy: what the JSON writer gives holds several times the memory that it fills.
        record.body = bytes(memoryview(record.body))
        records = self._records
        records.append(record)
        if record.breach is not None:
            self.broken.append(record)
            self.broken_seen += 1
        self._bytes += len(record.payload) + len(record.body)
        while len(records) > self._most_records or self._bytes > self._most_bytes:
            oldest = records.popleft()
            self._bytes -= len(oldest.payload) + len(oldest.body)

    def clear(self) -> None:
        """Forget everything, the count too; what broke the contract is still known."""
        self._records.clear()
        self._bytes = 0
        self.seen = 0

    def window(self, last: int | None) -> Iterator[Record]:
        """The kept records, newest first, from the serial number `last` on down; None: from the newest."""
        return islice(reversed(self._records), 0 if last is None else max(0, self.seen - last), None)

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records))


def pack_headers(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as a record keeps them; no line break can stand in one."""
    return b"\n".join(chain.from_iterable(headers))


def unpack_headers(lines: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that `pack_headers` packed."""
    parts = iter(lines.split(b"\n") if lines else ())
    return list(zip(parts, parts, strict=True))


def _cut(record: Record) -> None:
    for part, size in (("request", len(record.payload)), ("response", len(record.body))):
        if size > MOST_BODY:
            record.notes += (f"of the {part} body only the first {MOST_BODY} of {size} bytes are kept",)
    record.payload, record.body = record.payload[:MOST_BODY], record.body[:MOST_BODY]


def stable(record: Record, redactor: Redactor, known: Keys = NO_KEYS) -> dict[str, Any]:
    """A record for people and files: redacted, without what differs from machine to machine.

    `known`: keys that are taken out wherever they stand, whoever sent them.
    """
    sent, answered = unpack_headers(record.headers), unpack_headers(record.answer_headers)
    hide = redactor.hider(redactor.secrets(sent, record.query, record.key), known)
    breach = record.breach
    return {
        "serial": record.serial,
        "at": record.at,
        "provider": record.provider,
        "operation": record.operation,
        "method": record.method,
        "path": hide(record.path),
        "query": redactor.query(record.query, hide),
        "headers": {
            name.decode("latin-1"): redactor.header(name, value, hide) for name, value in sent if name != b"host"
        },
        "request": hide(record.payload.decode("utf-8", "replace")),
        "account": record.account,
        "status": record.status,
        "condition": record.condition,
        "breach": breach and {**to_builtins(breach), "message": hide(breach.message), "field": hide(breach.field)},
        "response_type": record.answer_type,
        "response_headers": {name.decode("latin-1"): redactor.header(name, value, hide) for name, value in answered},
        "response": hide(record.body.decode("utf-8", "replace")),
        "notes": [hide(note) for note in (*record.notes, *_doubled_keys(record.payload))],
    }


def _doubled_keys(payload: bytes) -> list[str]:
    """Notes on members that stand twice in one object: the last one counted."""
    doubled: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        times = Counter(name for name, _ in pairs)
        doubled.extend(sorted(name for name in times if times[name] > 1))

    if payload.lstrip()[:1] in (b"{", b"["):
        try:
            json.loads(payload, object_pairs_hook=collect)
        except (ValueError, RecursionError):
            return []
    return [f"the member {name!r} stands twice in one object; the last one counts" for name in doubled]
