"""The suite's own receiver of callbacks: notes each delivery as an exchange, and answers as its path says."""

import asyncio
import time
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

import h11

from understudy.contracts.exchange import CALLBACK, Exchange

MOST_BYTES = 1_048_576
SILENCE = 10.0


def usual_listen(base_url: str) -> tuple[str, int] | None:
    """Host and port where callbacks are received when nobody says where: a free one here, for a target that is here, too."""
    return ("127.0.0.1", 0) if urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1") else None


class Receiver:
    """Listens while its context is open. A path that holds `/fail-N/` is answered 500 N times, then 200 like all others."""

    def __init__(
        self, host: str, port: int, public_url: str, note: Callable[[Exchange], None], serial: Callable[[], int]
    ) -> None:
        self._host, self._port, self._public_url = host, port, public_url.rstrip("/")
        self._note, self._serial = note, serial
        self._seen: dict[str, int] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self._port)
        if not self._public_url:
            self._public_url = f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def url(self, name: str, failures: int = 0) -> str:
        """An address for one task's callbacks that fails so often first."""
        return f"{self._public_url}/callback/fail-{failures}/{name}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        try:
            async with asyncio.timeout(SILENCE):
                request, body, started = await self._read(connection, reader)
            writer.write(self._answer(connection, request, body, started))
            await writer.drain()
        except (h11.RemoteProtocolError, OSError, TimeoutError, EOFError):
            pass  # no delivery: whoever called said nothing that HTTP knows
        finally:
            writer.close()

    async def _read(self, connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, bytes, float]:
        request, body, started = None, b"", time.time()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65_536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data) and len(body) < MOST_BYTES:
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                return request, body, started
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError

    def _answer(self, connection: h11.Connection, request: h11.Request, body: bytes, started: float) -> bytes:
        path = request.target.decode("latin-1")
        failures = int(path.partition("/fail-")[2].partition("/")[0] or 0) if "/fail-" in path else 0
        count = self._seen[path] = self._seen.get(path, 0) + 1
        status = 500 if count <= failures else 200
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers)
        self._note(
            Exchange(
                self._serial(),
                "",
                request.method.decode(),
                f"{self._public_url}{path}",
                path,
                "",
                headers,
                body,
                started,
                time.time(),
                status,
                where=CALLBACK,
                who="target",
            )
        )
        said = [("content-length", "2"), ("content-type", "application/json"), ("connection", "close")]
        parts = (h11.Response(status_code=status, headers=said), h11.Data(data=b"{}"), h11.EndOfMessage())
        return b"".join(connection.send(part) or b"" for part in parts)
