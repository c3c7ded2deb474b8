"""Load on a server from a process of its own: wrk where it is installed, else the loop below."""

import asyncio
import base64
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

from tests.benchmarks.servers import ROOT, Ask

WRK = shutil.which("wrk")
# The value of a header that is another one with each request.
COUNT = "COUNT"
SCRIPT = Path(__file__).with_name("wrk.lua")
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of load saw; times in seconds and milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def run_wrk(ask: Ask, connections: int, seconds: float) -> Run:
    """Load from wrk, which does not look into bodies. Its durations are whole seconds."""
    assert WRK, "wrk is not installed"
    headers = [text for pair in ask.headers.items() for text in pair]
    command: list[str | Path] = [
        WRK,
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "-s",
        SCRIPT,
    ]
    done = subprocess.run(
        [*command, ask.url, "--", ask.method, ask.body, *headers],
        check=True,
        capture_output=True,
        text=True,
    )
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def run_own(ask: Ask, connections: int, *, seconds: float = 0, requests: int = 0) -> Run:
    """Load from this module, for a time or for a number of requests; looks into every body."""
    order = {
        "address": ask.address,
        "raw": base64.b64encode(ask.to_bytes()).decode(),
        "expect": ask.expect,
        "connections": connections,
        "seconds": seconds,
        "requests": requests,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load", json.dumps(order)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return Run(**json.loads(done.stdout))


def run(ask: Ask, connections: int, seconds: float) -> Run:
    """Load for some seconds, by the best tool at hand; the answer is checked before and after."""
    ask.send()
    result = run_wrk(ask, connections, seconds) if WRK else run_own(ask, connections, seconds=seconds)
    ask.send()
    if result.errors:
        raise RuntimeError(f"{ask.method} {ask.url}: {result.errors} errors under load")
    return result


@dataclass(slots=True)
class Tally:
    """What all connections share: how much is still to do, and what was seen."""

    raw: bytes
    expect: bytes
    until: float
    left: int
    sent: int = 1_000_000_000
    errors: int = 0
    latencies: list[float] = field(default_factory=list)

    def may_send(self) -> bool:
        """Takes one request from what is left."""
        if self.left == 0 or time.perf_counter() >= self.until:
            return False
        self.left -= 1
        return True

    def next(self) -> bytes:
        """The next request: counted, where it is to be."""
        self.sent += 1
        return self.raw.replace(COUNT.encode(), b"%d" % self.sent) if COUNT.encode() in self.raw else self.raw


def answer_end(data: bytes | bytearray) -> int:
    """Where the first answer in `data` ends, 0 if it is not all there."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return 0
    length = LENGTH.search(data, 0, head + 2)
    if length:
        end = head + 4 + int(length[1])
        return end if len(data) >= end else 0
    end = data.find(b"0\r\n\r\n", head + 4)
    return end + 5 if end >= 0 else 0


class Connection(asyncio.Protocol):
    """One kept connection that asks again as soon as it has its answer."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.buffer = bytearray()
        self.sent = 0.0
        self.done = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass
        self.send_next()

    def send_next(self) -> None:
        assert self.transport is not None, "connected before it sends"
        if self.tally.may_send():
            self.sent = time.perf_counter()
            self.transport.write(self.tally.next())
        else:
            self.sent = 0.0
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = answer_end(self.buffer)
        if not end:
            return
        self.tally.latencies.append(time.perf_counter() - self.sent)
        if self.buffer[9:10] != b"2" or self.tally.expect not in self.buffer[:end]:
            self.tally.errors += 1
        del self.buffer[:end]
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.sent:
            self.tally.errors += 1
        self.done.set_result(None)


async def drive(address: tuple[str, int], tally: Tally, connections: int) -> float:
    """Runs all connections to their end; returns the seconds that took."""
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    made = [await loop.create_connection(lambda: Connection(tally), *address) for _ in range(connections)]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    return time.perf_counter() - start


def summarize(latencies: list[float], seconds: float, errors: int) -> dict[str, float]:
    ordered = sorted(latencies) or [0.0]
    return {
        "requests": len(latencies),
        "seconds": seconds,
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
        "max_ms": ordered[-1] * 1e3,
        "errors": errors,
    }


def main() -> None:
    order = json.loads(sys.argv[1])
    tally = Tally(
        raw=base64.b64decode(order["raw"]),
        expect=order["expect"].encode(),
        until=time.perf_counter() + (order["seconds"] or float("inf")),
        left=order["requests"] or sys.maxsize,
    )
    host, port = order["address"]
    seconds = uvloop.run(drive((host, port), tally, order["connections"]))
    print(json.dumps(summarize(tally.latencies, seconds, tally.errors)))


if __name__ == "__main__":
    main()
