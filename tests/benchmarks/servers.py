"""Servers under measurement: each a process of its own, on one processor, asked over a real socket."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
START_SECONDS = 60.0
STOP_SECONDS = 5.0

PROCESSORS = sorted(os.sched_getaffinity(0))

UVICORN = (
    *("--http", "httptools", "--loop", "uvloop", "--no-access-log", "--log-level", "warning"),
    *("--no-proxy-headers", "--no-server-header"),  # ours has neither
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that is sent over and over; an answer that lacks `expect` is an error."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    expect: str = ""

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname, f"{self.url} has no host"
        return parts.hostname, parts.port or 80

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def to_bytes(self) -> bytes:
        """The request as it goes over the wire (HTTP/1.1, kept alive)."""
        body = self.body.encode()
        host, port = self.address
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body

    def send(self) -> str:
        """Asks once and returns the body of the answer; an unexpected answer is an error."""
        connection = HTTPConnection(*self.address, timeout=START_SECONDS)
        try:
            connection.request(self.method, self.target, self.body.encode(), dict(self.headers))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 300 or self.expect not in text:
            raise RuntimeError(f"{self.method} {self.url} answered {answer.status}: {text[:500]}")
        return text


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process and what the system accounts to it."""

    process: subprocess.Popen[str]
    origin: str

    def cpu_ns(self) -> int:
        """Nanoseconds of processor time that all living threads have used so far."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(path.read_text().split()[0]) for path in threads)

    def rss_bytes(self) -> int:
        """Resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def leave_server_processor() -> None:
    """Moves this process and what it starts off the processor that servers run on."""
    os.sched_setaffinity(0, PROCESSORS[1:] or PROCESSORS)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def spawn(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    stdout: int = subprocess.DEVNULL,
) -> subprocess.Popen[str]:
    """Starts a server on its processor; what it says on stderr goes to build/servers.log."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "servers.log").open("a") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=log,
            text=True,
        )
    os.sched_setaffinity(process.pid, PROCESSORS[:1])
    return process


def wait_for_answer(process: subprocess.Popen[str], raw: bytes, port: int) -> None:
    """Returns as soon as the server has answered `raw` with anything in HTTP."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection((HOST, port), timeout=START_SECONDS) as connection:
                connection.sendall(raw)
                if connection.recv(5) == b"HTTP/":
                    return
        except OSError:
            pass
        time.sleep(0.001)
    process.kill()
    raise RuntimeError(f"{process.args!r} did not answer; see build/servers.log")


def uvicorn_command(app: str, port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", app, "--host", HOST, "--port", str(port), *UVICORN]


def start(command: Sequence[str | Path], port: int, environment: Mapping[str, str] | None = None) -> Server:
    """Starts a server on a known port and waits for its first answer."""
    origin = f"http://{HOST}:{port}"
    process = spawn(command, environment=environment)
    wait_for_answer(process, Ask(origin).to_bytes(), port)
    return Server(process, origin)


def start_bare(body: str) -> Server:
    """The bare app with its constant answer, on stock uvicorn: what a plain ASGI application costs."""
    port = free_port()
    return start(uvicorn_command("tests.benchmarks.bare:app", port), port, {"BARE_BODY": body})


def start_bare_on_our_wire(body: str) -> Server:
    """The bare app under the very protocol that ours has: what remains is the work between question and answer."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.bare", str(port)]
    return start(command, port, {"BARE_BODY": body})


def start_bare_stream(file: str) -> Server:
    """The bare app that sends the events of a file, one by one, on stock uvicorn."""
    port = free_port()
    return start(uvicorn_command("tests.benchmarks.bare:stream", port), port, {"BARE_EVENTS": file})


def understudy_command(*arguments: str) -> list[str | Path]:
    return [Path(sys.executable).with_name("understudy"), "serve", *arguments]


@contextmanager
def understudy(*arguments: str) -> Iterator[tuple[Server, Mapping[str, Any]]]:
    """`understudy serve` on free ports, and the JSON line that it announces itself with."""
    command = understudy_command("--port", "0", "--media-port", "0", "--json", *arguments)
    process = spawn(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    if not line:
        process.kill()
        raise RuntimeError("understudy serve announced nothing; see build/servers.log")
    announced = json.loads(line)
    parts = urlsplit(announced["providers"][0]["base_url"])
    with Server(process, f"{parts.scheme}://{parts.netloc}") as server:
        yield server, announced
