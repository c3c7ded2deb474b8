"""The requests as the console shows them: a part of a long list, and one with what it broke."""

from itertools import islice
from typing import Any
from urllib.parse import quote

from understudy.mockserver.console.breaches import list_breaches
from understudy.mockserver.journal import Record, stable, unpack_headers
from understudy.mockserver.redaction import Keys
from understudy.mockserver.site import Site
from understudy.mockserver.world import World
from understudy.specs.asking import Ask

MOST_FOUND = 500

Row = dict[str, Any]

# What the client sets by itself, or what only this connection needed.
_OWN_HEADERS = ("accept", "accept-encoding", "accept-language", "connection", "content-length", "host", "user-agent")


def window_of_requests(world: World, last: int, count: int) -> list[Row]:
    """Rows of `count` requests whose serial number is `last` or less, newest first."""
    return [row_of(record) for record in islice(world.journal.window(last), count)]


def find_requests(world: World, text: str, *, wrong: bool) -> list[Row]:
    """Rows of the newest requests that have the text in path, operation or bodies; `wrong`: those alone that were refused."""
    fitting = (r for r in world.journal.window(None) if (not wrong or r.condition) and _has(r, text))
    return [row_of(record) for record in islice(fitting, MOST_FOUND)]


def _has(record: Record, text: str) -> bool:
    words = text.lower()
    if (
        not words
        or words in f"{record.provider} {record.method} {record.path} {record.operation} {record.condition}".lower()
    ):
        return True
    raw = text.encode()
    return raw in record.payload or raw in record.body


def row_of(record: Record) -> Row:
    """A request in a list."""
    return {
        "serial": record.serial,
        "at": record.at,
        "provider": record.provider,
        "operation": record.operation,
        "method": record.method,
        "path": record.path,
        "status": record.status,
        "condition": record.condition,
        "account": record.account,
        "notes": len(record.notes),
    }


def find_request(world: World, serial: int) -> Row | None:
    """One request with both bodies, what it broke and where that is documented, and its curl; None: no longer kept."""
    record = next(islice(world.journal.window(serial), 1), None)
    if record is None or record.serial != serial:
        return None
    site = world.sites[record.provider]
    stage = site.stage
    return {
        **stable(record, stage.redactor, Keys(site.accounts.every_key)),
        "document": stage.provider.document["x-provider"].get("document", ""),
        "breaches": list_breaches(stage, record),
        "curl": _curl_of(site, record),
    }


def _curl_of(site: Site, record: Record) -> str:
    """The command that asks the same again; in the place of a key stands one that works."""
    key = next(iter(site.accounts.keys()), "")
    headers = []
    for raw_name, raw_value in unpack_headers(record.headers):
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if raw_name in site.stage.key_headers:
            headers.append((name, f"Bearer {key}" if value.startswith("Bearer ") else key))
        elif name not in _OWN_HEADERS and not name.startswith("sec-"):
            headers.append((name, value))
    parts = [part.partition(b"=") for part in record.query.split(b"&")] if record.query else []
    good = quote(key, safe="").encode()
    asked = [name + sign + (good if name in site.stage.key_parameters else value) for name, sign, value in parts]
    query = f"?{b'&'.join(asked).decode('latin-1')}" if asked else ""
    ask = Ask(record.method, record.path + query, tuple(headers), None)
    body = record.payload.decode("utf-8", "replace")
    return ask.as_curl(site.base_url, body)
