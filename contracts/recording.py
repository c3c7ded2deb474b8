"""A recording of somebody's traffic, read as exchanges: HAR 1.2, as browsers, proxies and this program write it."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from understudy.contracts.contract import Contract
from understudy.contracts.credentials import Credentials
from understudy.contracts.exchange import TRANSPORT_ERRORS, Exchange, Headers


class NoRecording(Exception):
    """A file that is no recording; says where it ends to be one."""


def read_har(contract: Contract, text: str, base_url: str = "") -> list[Exchange]:
    """The exchanges of a HAR file with one provider; raises NoRecording.

    `base_url` is where the provider was served; without it, each path is looked for at the end of the address.
    """
    try:
        entries = json.loads(text)["log"]["entries"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoRecording(f"it is no HAR: {error!r}; log.entries is looked for") from None
    if not isinstance(entries, list):
        raise NoRecording("log.entries is no list")
    return list(_iter_exchanges(contract, entries, base_url.rstrip("/")))


def _iter_exchanges(contract: Contract, entries: list[Any], base_url: str) -> Iterator[Exchange]:
    credentials = Credentials(contract)
    for number, entry in enumerate(entries, 1):
        try:
            exchange = _exchange(contract, number, entry, base_url)
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise NoRecording(f"log.entries[{number - 1}]: {error!r}") from None
        if exchange is not None:
            said = entry.get("_who")
            yield exchange.evolve(who=str(said)) if said else credentials.named(exchange)


def _exchange(contract: Contract, serial: int, entry: Mapping[str, Any], base_url: str) -> Exchange | None:
    """One entry; None for one that is about something else."""
    asked, told = entry["request"], entry["response"]
    method, address = asked["method"], urlsplit(asked["url"])
    path = _path(contract, method, asked["url"], address.path, base_url)
    if path is None:
        return None
    operation = contract.find(method, path)
    started = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    body = _bytes(told.get("content", {}))
    error = str(told.get("_error", ""))
    return Exchange(
        serial=serial,
        operation=operation.id if operation else "",
        method=method,
        url=asked["url"],
        path=path,
        query=address.query,
        request_headers=_pairs(asked.get("headers", ())),
        request_body=_bytes(asked.get("postData", {})),
        started=started,
        answered=started + float(entry.get("time", 0)) / 1000,
        status=int(told["status"]),
        response_headers=_pairs(told.get("headers", ())),
        response_body=body,
        error=error if error in TRANSPORT_ERRORS else "cut",
        where=str(entry.get("_where", "client")),
        probe=str(entry.get("_probe", "")),
    )


def _path(contract: Contract, method: str, url: str, path: str, base_url: str) -> str | None:
    """The path below the base URL; None for what is not the provider's."""
    if base_url:
        return urlsplit(url.removeprefix(base_url)).path or "/" if url.startswith(f"{base_url}/") else None
    steps = path.split("/")
    for start in range(1, len(steps)):
        tail = "/" + "/".join(steps[start:])
        if contract.find(method, tail) is not None:
            return tail
    return None


def _pairs(said: Any) -> Headers:
    return tuple((str(pair["name"]), str(pair["value"])) for pair in said)


def _bytes(content: Mapping[str, Any]) -> bytes:
    text = content.get("text") or ""
    return base64.b64decode(text) if content.get("encoding") == "base64" else str(text).encode()
