"""What was seen: one bounded record for each exchange. Keys are redacted when it is read."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

from msgspec import Struct

MOST_RECORDS = 4_096
MOST_BODY = 65_536
# All bodies together; streams would fill the memory long before there are too many records.
MOST_BYTES = 33_554_432


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


class Journal:
    """The latest records of a world."""

    def __init__(self, most_records: int = MOST_RECORDS, most_bytes: int = MOST_BYTES) -> None:
        self._most_records, self._most_bytes = most_records, most_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self.seen = 0

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
        self._bytes += len(record.payload) + len(record.body)
        while len(records) > self._most_records or self._bytes > self._most_bytes:
            oldest = records.popleft()
            self._bytes -= len(oldest.payload) + len(oldest.body)

    def clear(self) -> None:
        """Forget everything, the count too."""
        self._records.clear()
        self._bytes = 0
        self.seen = 0

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records))


def pack_headers(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as a record keeps them; no line break can stand in one."""
    return b"\n".join(chain.from_iterable(headers))


def _cut(record: Record) -> None:
    for part, size in (("request", len(record.payload)), ("response", len(record.body))):
        if size > MOST_BODY:
            record.notes += (f"of the {part} body only the first {MOST_BODY} of {size} bytes are kept",)
    record.payload, record.body = record.payload[:MOST_BODY], record.body[:MOST_BODY]


def stable(record: Record, key_headers: AbstractSet[bytes], key_parameters: AbstractSet[bytes]) -> dict[str, Any]:
    """A record for people and files: redacted, without what differs from machine to machine.

    `key_headers` (lower case) and `key_parameters` name the headers and query parameters that carry keys.
    """
    lines = iter(record.headers.split(b"\n") if record.headers else ())
    headers = {
        name.decode("latin-1"): "[redacted]" if name in key_headers else _redact(value, record.key)
        for name, value in zip(lines, lines, strict=True)
        if name != b"host"
    }
    return {
        "serial": record.serial,
        "at": record.at,
        "provider": record.provider,
        "operation": record.operation,
        "method": record.method,
        "path": record.path,
        "query": _redact(_without_keys(record.query, key_parameters), record.key),
        "headers": headers,
        "request": _redact(record.payload, record.key),
        "account": record.account,
        "status": record.status,
        "condition": record.condition,
        "response": _redact(record.body, record.key),
        "notes": [*record.notes, *_doubled_keys(record.payload)],
    }


def _without_keys(query: bytes, key_parameters: AbstractSet[bytes]) -> bytes:
    parts = (part.partition(b"=") for part in query.split(b"&"))
    return b"&".join(
        b"%b=[redacted]" % name if name in key_parameters else name + eq + value for name, eq, value in parts
    )


def _redact(raw: bytes, key: str) -> str:
    text = raw.decode("utf-8", "replace")
    return text.replace(key, "[redacted]") if key else text


def _doubled_keys(payload: bytes) -> list[str]:
    """Notes on members that stand twice in one object: the last one counted."""
    doubled: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        doubled.extend(sorted({name for name in names if names.count(name) > 1}))

    if payload.lstrip()[:1] in (b"{", b"["):
        try:
            json.loads(payload, object_pairs_hook=collect)
        except (ValueError, RecursionError):
            return []
    return [f"the member {name!r} stands twice in one object; the last one counts" for name in doubled]
