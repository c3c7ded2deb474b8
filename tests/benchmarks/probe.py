"""One extra connection that sends a small GET every few milliseconds and notes the longest wait."""

import json
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.benchmarks.load import answer_end
from tests.benchmarks.servers import ROOT, Ask

EVERY_SECONDS = 0.005


@dataclass(slots=True)
class Waits:
    """The longest and the median wait in milliseconds, known once the probe has stopped."""

    max_ms: float = 0.0
    p50_ms: float = 0.0


@contextmanager
def probing(ask: Ask) -> Iterator[Waits]:
    """Asks from a process of its own as long as the block runs."""
    host, port = ask.address
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.probe", host, str(port), ask.to_bytes().decode()],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    waits = Waits()
    try:
        yield waits
    finally:
        out, _ = process.communicate()
    waits.max_ms, waits.p50_ms = json.loads(out)


def wait_once(connection: socket.socket, raw: bytes) -> float:
    """Seconds from the question until its answer is complete."""
    start = time.perf_counter()
    connection.sendall(raw)
    answer = b""
    while not answer_end(answer):
        piece = connection.recv(65536)
        if not piece:
            raise RuntimeError("the server closed the probe's connection")
        answer += piece
    return time.perf_counter() - start


def main() -> None:
    host, port, raw = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
    waits = []
    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
            waits.append(wait_once(connection, raw) * 1e3)
    print(json.dumps([max(waits, default=0.0), statistics.median(waits or [0.0])]))


if __name__ == "__main__":
    main()
