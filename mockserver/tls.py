"""TLS under a protocol: like asyncio's own, but a client that closes its sending half still hears its answer."""

import asyncio
import contextlib
import ssl
from typing import Any

HANDSHAKE_SECONDS = 60.0
MOST_READ = 262_144

_PLAIN = b"This port speaks https.\n"
_TO_PLAIN = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
    % (len(_PLAIN), _PLAIN)
)


class SecureProtocol(asyncio.Protocol):
    """One encrypted connection; `inner` sees what is inside, and a transport that encrypts."""

    def __init__(self, context: ssl.SSLContext, inner: asyncio.Protocol) -> None:
        self.context = context
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._transport: Any = None
        self._patience: asyncio.TimerHandle | None = None
        self._is_agreed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell at once, so that a stop finds connections whose handshake is under way."""
        self._transport = transport
        self._patience = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, transport.close)
        self._inner.connection_made(_SecureTransport(self, transport))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Decrypt, and pass on."""
        self._incoming.write(data)
        try:
            if not self._is_agreed:
                self.object.do_handshake()
                self._agree()
            self._read()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._fail(error)

    def eof_received(self) -> bool:
        """The connection stays half open as long as the inner protocol means to answer."""
        self._end()
        return not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on."""
        if self._patience:
            self._patience.cancel()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on."""
        self._inner.resume_writing()

    def send(self, data: bytes) -> None:
        """Encrypt, and send; dropped before the handshake, when nobody could read it."""
        if not self._is_agreed:
            return
        left = memoryview(data)
        while left:
            left = left[self.object.write(left) :]
        self._flush()

    def farewell(self) -> None:
        """Say that nothing more will come."""
        if not self._is_agreed or self._transport.is_closing():
            return
        with contextlib.suppress(ssl.SSLError):  # the other's farewell is not waited for
            self.object.unwrap()
        self._flush()

    def _agree(self) -> None:
        self._is_agreed = True
        if self._patience:
            self._patience.cancel()
        self._flush()

    def _read(self) -> None:
        while not self._transport.is_closing():
            try:
                data = self.object.read(MOST_READ)
            except ssl.SSLZeroReturnError:
                data = b""
            if not data:
                self._end()
                return
            self._inner.data_received(data)

    def _end(self) -> None:
        if not self._is_agreed or not self._inner.eof_received():
            self.farewell()
            self._transport.close()

    def _fail(self, error: ssl.SSLError) -> None:
        if error.reason == "HTTP_REQUEST":
            self._transport.write(_TO_PLAIN)
        else:
            self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._transport.write(self._outgoing.read())


class _SecureTransport:
    """What the inner protocol writes to; all that is not about secrets is the real transport's."""

    def __init__(self, secure: SecureProtocol, transport: asyncio.BaseTransport) -> None:
        self._secure, self._transport = secure, transport
        self.write = secure.send
        self._own = {"sslcontext": secure.context, "ssl_object": secure.object}

    def close(self) -> None:
        """Say farewell, send what is pending, then close."""
        self._secure.farewell()
        self._transport.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio's TLS transports: the context and the object by name."""
        return self._own[name] if name in self._own else self._transport.get_extra_info(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
