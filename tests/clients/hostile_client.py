"""Clients of the zoo that mean harm: to whoever plays to them, or runs them.

BASE_URL=… python -m tests.clients.hostile_client floods
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

PLACE = urlsplit(os.environ["BASE_URL"])
GET = f"GET {PLACE.path}/nothing HTTP/1.1\r\nhost: {PLACE.netloc}\r\n\r\n".encode()


def connect() -> socket.socket:
    """A connection to the door."""
    return socket.create_connection((PLACE.hostname or "", PLACE.port or 0), timeout=5)


def floods() -> None:
    """Asks as fast as it can."""
    while True:
        with connect() as door:
            door.sendall(GET * 20)
            door.recv(1)


def never_reads() -> None:
    """Asks without ever reading what it is answered."""
    doors: list[socket.socket] = []
    while True:
        while len(doors) < 4:
            doors.append(connect())
            doors[-1].setblocking(False)
        for door in list(doors):
            try:
                door.send(GET * 20)
                time.sleep(0.01)
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                doors.remove(door)


def garbage() -> None:
    """Sends what is no HTTP, and heads without end."""
    for start in (
        b"\x00\xff" * 2_000,
        b"GET / HTTP/1.1\r\nx: " + b"a" * 1_000_000,
        b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
    ):
        try:
            with connect() as door:
                door.sendall(start)
                while door.recv(65_536):
                    pass
        except OSError:
            continue


def half_open() -> None:
    """Opens connections, and leaves them in the middle of a request."""
    doors = [connect() for _ in range(300)]
    for door in doors[:200]:
        try:
            door.sendall(b"POST /x HTTP/1.1\r\ncontent-le")
        except OSError:
            continue
    time.sleep(3_600)


def prints() -> None:
    """Prints without end, and asks nothing."""
    line = b"x" * 65_536
    while True:
        os.write(1, line)


def stays() -> None:
    """Will not be ended, and leaves children behind."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=False)
    with connect() as door:
        door.sendall(GET)
        time.sleep(3_600)


def dies() -> None:
    """Ends by a signal."""
    with connect() as door:
        door.sendall(GET)
    os.kill(os.getpid(), signal.SIGSEGV)


MODES: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (floods, never_reads, garbage, half_open, prints, stays, dies)
}

if __name__ == "__main__":
    MODES[sys.argv[1]]()
