"""The connection under uvicorn: what is written in one turn of the loop leaves in one system call."""

import asyncio
import os
import socket
import struct
from typing import Any

# On close, throw away what was not sent and say RST: SO_LINGER, on, for 0 seconds.
_AT_ONCE = struct.pack("ii", 1, 0)


class CoalescingTransport:
    """A transport that collects writes until the loop's next turn; all else is the real one's."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._call_soon = loop.call_soon
        self.is_closing = transport.is_closing
        self._pending: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send soon, in order."""
        if not self._pending:
            self._call_soon(self._flush)
        self._pending.append(data)

    def write_whole(self, data: bytes) -> None:
        """Send what nothing follows for now: there is nothing to wait for."""
        self._flush()
        self._send(data)

    def close(self) -> None:
        """Send what is pending, then close."""
        self._flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what is pending, now: what is written next leaves on its own."""
        self._flush()

    def reset(self) -> None:
        """Send what is pending, then end the connection with RST."""
        self._flush()
        # The transport's own view of its socket may not set options; those of a copy are the same socket's.
        with socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._pending:
            data = b"".join(self._pending)
            self._pending.clear()
            self._send(data)

    def _send(self, data: bytes) -> None:
        # A client may have left since: the loop's transport would raise, and the protocol is told in a later turn.
        if not self.is_closing():
            self._transport.write(data)
