"""What a client hears on a bare socket: every piece as it arrives, and how the connection ends."""

import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.sockets import SECONDS, request

# After so much silence nothing more is expected, in seconds: where an answer never ends, and where one has.
SILENCE, ASIDE = 0.4, 0.02


@dataclass(frozen=True, slots=True)
class Heard:
    """The pieces that arrived, each by one `recv`, and the end: close, reset or open."""

    pieces: tuple[bytes, ...]
    end: str

    @property
    def raw(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def head(self) -> str:
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def status(self) -> int:
        return int(self.head.split(" ")[1]) if self.head else 0

    @property
    def body(self) -> bytes:
        """The body, out of its chunks as far as they go."""
        rest = self.raw.partition(b"\r\n\r\n")[2]
        return unchunked(rest) if "transfer-encoding: chunked" in self.head else rest

    def header(self, name: str) -> str:
        found = re.search(rf"(?mi)^{re.escape(name)}: (.*?)\r?$", self.head)
        return found[1] if found else ""

    def fits(self, sees: Mapping[str, Any]) -> dict[str, Any]:
        """What is not as expected, by name."""
        found: dict[str, Any] = {
            "status": self.status,
            "end": self.end,
            "bytes": len(self.raw),
            "body": self.body.decode("utf-8", "replace"),
            "raw": self.raw.decode("utf-8", "replace"),
            "pieces": len(self.pieces),
            "split": re.search(rb"[\xc3-\xf4]\r\n[0-9a-f]+\r\n[\x80-\xbf]", self.raw) is not None,
            "short": int(self.header("content-length") or 0) - len(self.raw.partition(b"\r\n\r\n")[2]),
            "whole": is_whole(self.raw),
        }
        judged = {name: (want, found.get(name)) for name, want in sees.items() if name not in ("header", "never")}
        wrong = {name: pair for name, pair in judged.items() if not _fits(name, *pair)}
        headers = {name: (want, self.header(name)) for name, want in sees.get("header", {}).items()}
        wrong.update({name: pair for name, pair in headers.items() if not re.fullmatch(str(pair[0]), pair[1])})
        if "never" in sees and re.search(sees["never"], found["raw"], re.DOTALL):
            wrong["never"] = (sees["never"], found["raw"])
        return wrong


def _fits(name: str, want: Any, found: Any) -> bool:
    if name in ("body", "raw"):
        return re.search(str(want), found, re.DOTALL) is not None
    return bool(found >= want if name == "pieces" else found == want)


def unchunked(rest: bytes) -> bytes:
    """What the chunks hold, as far as they are any."""
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if not re.fullmatch(rb"[0-9a-f]+", size):
            break
        length = int(size, 16)
        body += rest[:length]
        rest = rest[length + 2 :]
    return body


def is_whole(raw: bytes) -> bool:
    """Whether an answer is complete by its own framing."""
    head, found, rest = raw.partition(b"\r\n\r\n")
    if not found:
        return False
    length = re.search(rb"(?mi)^content-length: (\d+)", head)
    if length:
        return len(rest) == int(length[1])
    return rest.endswith(b"0\r\n\r\n") if b"chunked" in head else True


class Tunnel:
    """A socket within TLS that tells a reset from an end, which Python's own does not."""

    def __init__(self, plain: socket.socket, trust: ssl.SSLContext, name: str) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = trust.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self.settimeout, self.close = plain.settimeout, plain.close
        self._run(self._object.do_handshake)

    def sendall(self, data: bytes) -> None:
        self._object.write(data)
        self._flush()

    def recv(self, size: int) -> bytes:
        """What comes next; b"" after a farewell."""
        try:
            return self._run(lambda: self._object.read(size)) or b""
        except ssl.SSLZeroReturnError:
            return b""

    def _run(self, step: Callable[[], bytes | None]) -> bytes | None:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._plain.recv(65_536)
                if not data:
                    raise ssl.SSLEOFError("the end came without a farewell") from None
                self._incoming.write(data)
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._plain.sendall(self._outgoing.read())


def hear(
    url: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    patience: float = SECONDS,
    aside: float = ASIDE,
    trust: ssl.SSLContext | None = None,
) -> Heard:
    """Send one request, and listen until the connection ends, or the answer is whole, or `patience` has passed;
    after a whole answer `aside` seconds more, in which the connection may be closed.
    """
    parts = urlsplit(url)
    assert parts.hostname
    target = parts.path + path
    with socket.create_connection((parts.hostname, parts.port or 80), SECONDS) as plain:
        opened = Tunnel(plain, trust, parts.hostname) if trust else plain
        opened.sendall(request(method, target, [(k, v.encode()) for k, v in headers.items()], body))
        pieces: list[bytes] = []
        opened.settimeout(patience)
        end = "open"
        try:
            while piece := opened.recv(65_536):
                pieces.append(piece)
                if is_whole(b"".join(pieces)):
                    opened.settimeout(aside or None)
                    if not aside:
                        return Heard(tuple(pieces), "open")
            end = "close"
        except TimeoutError:
            end = "open"
        except ConnectionResetError:
            end = "reset"
        finally:
            opened.close()
    return Heard(tuple(pieces), end)
