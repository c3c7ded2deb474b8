"""One POST to a stranger's address, over a connection whose far end was checked before it was made.

The name is resolved first and the connection goes to the address that was looked at, so that a name
cannot point somewhere else in between; redirects are not followed.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from urllib.parse import quote, urlsplit

import h11
from msgspec import Struct

from understudy.mockserver.rules import is_public_host

MOST_ANSWER = 65_536

_KEPT = "/%:@!$&'()*+,;=?~-._"


class Outcome(Struct, frozen=True):
    """The status of the answer; 0 with a reason when there was none."""

    status: int
    reason: str = ""


async def post(url: str, body: bytes, headers: dict[str, str], timeout: float, allow_local: bool) -> Outcome:
    """POST a JSON body; `timeout` in seconds for all of it. Never raises for what the far side does."""
    try:
        return await asyncio.wait_for(_post(url, body, headers, allow_local), timeout)
    except TimeoutError:
        return Outcome(0, f"no answer within {timeout:g} s")
    except (OSError, ssl.SSLError, h11.ProtocolError, ValueError) as error:
        return Outcome(0, str(error) or type(error).__name__)


async def _post(url: str, body: bytes, headers: dict[str, str], allow_local: bool) -> Outcome:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return Outcome(0, f"{parts.scheme} is not http")
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    addresses = await _resolve(host, port, allow_local)
    if not secure and not all(_is_loopback(address) for address in addresses):
        return Outcome(0, "http is only for loopback")
    reader, writer = await _connect(addresses, port, host if secure else None)
    try:
        target = quote(parts.path or "/", safe=_KEPT) + (f"?{quote(parts.query, safe=_KEPT)}" if parts.query else "")
        name = parts.netloc.rpartition("@")[2]
        name = name if name.isascii() else name.encode("idna").decode()
        return await _exchange(reader, writer, target, name, body, headers)
    finally:
        writer.close()


async def _connect(
    addresses: list[str], port: int, secure_host: str | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address that takes one: localhost may be ::1 and 127.0.0.1."""
    context = ssl.create_default_context() if secure_host else None
    for address in addresses[:-1]:
        with contextlib.suppress(ConnectionError):
            return await asyncio.open_connection(address, port, ssl=context, server_hostname=secure_host)
    return await asyncio.open_connection(addresses[-1], port, ssl=context, server_hostname=secure_host)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


async def _resolve(host: str, port: int, allow_local: bool) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not (is_public_host(address) or (allow_local and _is_loopback(address))):
            raise ValueError(f"{host} is {address}, which is not public")
    return addresses


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: str,
    host: str,
    body: bytes,
    headers: dict[str, str],
) -> Outcome:
    connection = h11.Connection(h11.CLIENT)
    own = {"Host": host, "Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in (own | headers).items()]
    request = h11.Request(method="POST", target=target, headers=pairs)
    for part in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(connection.send(part) or b"")
    await writer.drain()
    received = 0
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            return Outcome(event.status_code)
        if event is h11.NEED_DATA:
            data = await reader.read(4_096)
            received += len(data)
            if not data or received > MOST_ANSWER:
                return Outcome(0, "the connection closed before an answer" if not data else "the answer is too long")
            connection.receive_data(data)
