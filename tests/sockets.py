"""HTTP over a bare socket: what goes out is, byte for byte, what the test says."""

import io
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


class Reader(io.BufferedReader):
    """What comes in on a connection: it stays open when an answer has been read."""

    def close(self) -> None:
        """Leave it to the connection: the next answer may already stand in the buffer."""


class Connection:
    """An open connection to a server."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._reader = Reader(socket.SocketIO(opened, "r"))

    def makefile(self, mode: str) -> Reader:
        """What `http.client` reads an answer from."""
        return self._reader

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def half_close(self) -> None:
        """Send nothing more, but listen on."""
        self._socket.shutdown(socket.SHUT_WR)

    def read(self, method: str = "GET") -> Answer:
        """The next answer; raises ConnectionError when there is none."""
        response = HTTPResponse(self, method=method)  # type: ignore[arg-type]
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def read_raw(self, size: int) -> bytes:
        """The next bytes as they are, fewer at the end."""
        return self._reader.read(size)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection to the server of a base URL."""
    parts = urlsplit(url)
    assert parts.hostname
    with socket.create_connection((parts.hostname, parts.port or 80), SECONDS) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Connection(opened)


def send(url: str, *chunks: bytes, method: str = "GET", half_close: bool = False) -> Answer:
    """The answer to what the chunks are together; the server may refuse before it has heard all."""
    with connected(url) as connection:
        try:
            for chunk in chunks:
                connection.send(chunk)
            if half_close:
                connection.half_close()
        except (BrokenPipeError, ConnectionResetError):
            pass
        return connection.read(method)


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
