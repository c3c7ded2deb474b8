"""The connection under uvicorn: what is written in one turn of the loop leaves in one system call."""

import asyncio
from typing import Any


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

    def close(self) -> None:
        """Send what is pending, then close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._pending:
            data = b"".join(self._pending)
            self._pending.clear()
            self._transport.write(data)
