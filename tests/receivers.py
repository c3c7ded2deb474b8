"""Receivers of callbacks, good and bad: small servers in threads that note all that comes."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Handler = Callable[[socket.socket, "Receiver"], None]

SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Call:
    """One callback as it came; header names are lower-case."""

    line: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Answers each call as the next of its handlers says, the last one for ever."""

    handlers: Sequence[Handler]
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    note: Callable[[Call], None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"

    def serve(self, listener: socket.socket) -> None:
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.take, args=(connection,), daemon=True).start()

    def take(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            connection.settimeout(SECONDS)
            line = stream.readline().decode("latin-1").strip()
            if not line:
                return
            pairs = (text.decode("latin-1").strip().partition(":") for text in iter(stream.readline, b"\r\n"))
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            call = Call(line, headers, stream.read(int(headers.get("content-length", "0"))))
            if self.note:
                self.note(call)
            self.calls.append(call)
            handler = self.handlers[min(len(self.calls), len(self.handlers)) - 1]
            with suppress(BrokenPipeError, ConnectionResetError):
                handler(connection, self)


@contextmanager
def receiving(*handlers: Handler) -> Iterator[Receiver]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver = Receiver(handlers, listener.getsockname()[1])
        threading.Thread(target=receiver.serve, args=(listener,), daemon=True).start()
        try:
            yield receiver
        finally:
            receiver.over.set()
            listener.shutdown(socket.SHUT_RDWR)


def raw(text: str) -> Handler:
    """Sends just this, then closes."""
    return lambda connection, receiver: connection.sendall(text.encode("latin-1"))


def status(number: int, *headers: str) -> Handler:
    """A well-formed answer without a body."""
    lines = [f"HTTP/1.1 {number} Some Phrase", *headers, "Content-Length: 0", "", ""]
    return raw("\r\n".join(lines))


def hang(connection: socket.socket, receiver: Receiver) -> None:
    """No answer, until the receiver is over."""
    receiver.over.wait(SECONDS)


def drip(connection: socket.socket, receiver: Receiver) -> None:
    """An answer that comes byte by byte and never ends."""
    while not receiver.over.wait(0.02):
        connection.sendall(b"H")


def flood(connection: socket.socket, receiver: Receiver) -> None:
    """A head without end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 500_000)
