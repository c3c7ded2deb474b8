"""HTTP over a bare socket: what goes out is, byte for byte, what the test says."""

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

SECONDS = 20.0

Pairs = Iterable[tuple[str | bytes, str | bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


def request(
    method: str,
    target: str | bytes,
    headers: Pairs = (),
    body: bytes = b"",
    *,
    host: str | None = "127.0.0.1",
) -> bytes:
    """A request as bytes, with Host unless it is None, and Content-Length where there is a body."""
    first = b"%s %s HTTP/1.1" % (method.encode(), to_bytes(target))
    own = [] if host is None else [b"Host: " + host.encode()]
    given = [b"%s: %s" % (to_bytes(name), to_bytes(value)) for name, value in headers]
    length = [b"Content-Length: %d" % len(body)] if body else []
    return b"\r\n".join([first, *own, *given, *length, b"", body])


def to_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A connection to the server of a base URL."""
    parts = urlsplit(url)
    assert parts.hostname
    with socket.create_connection((parts.hostname, parts.port or 80), SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def read(connection: socket.socket, method: str = "GET") -> Answer:
    """The next answer; raises ConnectionError when there is none."""
    response = HTTPResponse(connection, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def send(url: str, *chunks: bytes, method: str = "GET", half_close: bool = False) -> Answer:
    """The answer to what the chunks are together; the server may refuse before it has heard all."""
    with connected(url) as connection:
        try:
            for chunk in chunks:
                connection.sendall(chunk)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read(connection, method)


def ask(
    url: str,
    method: str,
    target: str | bytes,
    headers: Pairs = (),
    body: bytes = b"",
    *,
    host: str | None = "127.0.0.1",
) -> Answer:
    """The answer to one well-formed request."""
    return send(url, request(method, target, headers, body, host=host), method=method)
