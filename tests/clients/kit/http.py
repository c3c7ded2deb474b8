"""A careful HTTP client over http.client: bounded, one connection for each origin, keys at home only."""

import http.client
import json
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tests.clients.kit.flaws import has

# Seconds that a silent server is waited for.
PATIENCE = float(os.environ.get("CLIENT_TIMEOUT", "4"))
MOST_BYTES = 64 * 1024 * 1024
MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")


class Trouble(Exception):
    """No answer, or not a whole one: nobody knows what the other side did."""


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    url: str = ""

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def media_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass
class Http:
    """Connections to the origins that were spoken to."""

    _open: dict[str, http.client.HTTPConnection] = field(default_factory=dict)

    def ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """One request and its whole answer; raises Trouble. A GET follows redirects, without the key elsewhere."""
        for _ in range(MOST_REDIRECTS + 1):
            response = self._send(method, url, headers, body)
            answer = self._whole(response, url)
            if answer.status not in _REDIRECTS or method != "GET" or "location" not in answer.headers:
                return answer
            there = urljoin(url, answer.headers["location"])
            if urlsplit(there)[:2] != urlsplit(url)[:2] and not has("redirect_keeps_key"):
                headers = {name: value for name, value in headers.items() if name.lower() not in _KEY_HEADERS}
            url = there
        raise Trouble("too many redirects")

    def stream(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[Answer, Iterator[bytes]]:
        """A request whose answer is read as it comes; the iterator raises Trouble where it breaks off."""
        response = self._send(method, url, headers, body)
        answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, b"", url)
        return answer, self._pieces(response, url)

    def drop(self, url: str) -> None:
        """Forget the connection to an origin."""
        connection = self._open.pop(_origin(url), None)
        if connection:
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # A kept connection may have been closed meanwhile: nothing was sent on it then that could count twice.
        if _origin(url) in self._open and _is_dead(self._open[_origin(url)]):
            self.drop(url)
        try:
            connection = self._connect(url)
            connection.request(method, target, body, headers)
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.drop(url)
            raise Trouble(f"{type(error).__name__}: {error}") from None

    def _connect(self, url: str) -> http.client.HTTPConnection:
        origin = _origin(url)
        if origin not in self._open:
            parts = urlsplit(url)
            timeout = None if has("no_timeout") else PATIENCE
            if parts.scheme == "https":
                is_blind = has("tls_unverified") or (has("tls_unverified_at_media") and len(self._open) > 0)
                context = ssl._create_unverified_context() if is_blind else ssl.create_default_context()
                self._open[origin] = http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=context)
            else:
                self._open[origin] = http.client.HTTPConnection(parts.netloc, timeout=timeout)
        return self._open[origin]

    def _whole(self, response: http.client.HTTPResponse, url: str) -> Answer:
        headers = {name.lower(): value for name, value in response.getheaders()}
        try:
            body = response.read(MOST_BYTES)
        except http.client.IncompleteRead as error:
            self.drop(url)
            if not has("cut_body_accepted"):
                raise Trouble("the answer broke off") from None
            body = error.partial
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.drop(url)
            raise Trouble(f"{type(error).__name__}: {error}") from None
        declared = headers.get("content-length", "")
        if declared.isdecimal() and response.status not in (204, 304) and len(body) != int(declared):
            self.drop(url)
            if not has("cut_body_accepted"):
                raise Trouble("the answer broke off")
        if response.will_close:
            self.drop(url)
        return Answer(response.status, headers, body, url)

    def _pieces(self, response: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
        try:
            while piece := response.read1(65_536):
                yield piece
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not has("stream_cut_accepted"):
                raise Trouble(f"the stream broke off: {type(error).__name__}") from None
        finally:
            self.drop(url)


def bearer(key: str) -> dict[str, str]:
    """The header that carries the key."""
    return {"Authorization": f"Bearer {key}"}


def as_json(value: Any) -> bytes:
    """A JSON body."""
    return json.dumps(value, ensure_ascii=False).encode()


def with_query(url: str, **values: str) -> str:
    """The address with a query."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(values)}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_dead(connection: http.client.HTTPConnection) -> bool:
    """Whether the other side has closed a connection that waits."""
    if connection.sock is None:
        return True
    connection.sock.setblocking(False)
    try:
        connection.sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout if isinstance(connection.timeout, float) else None)
    return True
