"""The connection under uvicorn: what is written in one turn of the loop leaves in one system call, after the turn's work.

Who waits for an answer is waked when it comes, which costs more than to send it: several answers that leave in a row
wake a client of many connections once. Where there is one connection alone, nothing is waited for.
"""

import asyncio
import os
import socket
import struct
from typing import Any
from weakref import WeakKeyDictionary, ref

# On close, throw away what was not sent and say RST: SO_LINGER, on, for 0 seconds.
_AT_ONCE = struct.pack("ii", 1, 0)


class Outbox:
    """The connections of one loop that have something to send."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)  # which owns it, and is not kept by it
        self._full: list[CoalescingTransport] = []
        # How many there are.
        self.connections = 0

    def add(self, transport: "CoalescingTransport") -> None:
        """Let a connection send what it has, when all that came in this turn is dealt with."""
        if not self._full:
            loop = self._loop()
            assert loop is not None, "what runs on a loop keeps it"
            loop.call_soon(self._empty)
        self._full.append(transport)

    def _empty(self) -> None:
        full, self._full = self._full, []
        for transport in full:
            transport.flush()


_OUTBOXES: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()


def outbox_of(loop: asyncio.AbstractEventLoop) -> Outbox:
    """The one that all connections of a loop share."""
    outbox = _OUTBOXES.get(loop)
    if outbox is None:
        outbox = _OUTBOXES[loop] = Outbox(loop)
    return outbox


class CoalescingTransport:
    """A transport that collects writes until the loop's next turn; all else is the real one's."""

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        self._transport = transport
        self._outbox = outbox
        self.is_closing = transport.is_closing
        self._pending: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send soon, in order."""
        if not self._pending:
            self._outbox.add(self)
        self._pending.append(data)

    def write_whole(self, data: bytes) -> None:
        """Send what nothing follows for now: soon as well, but at once on a connection that is alone."""
        if self._outbox.connections > 1 or self._pending:
            self.write(data)
        else:
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
