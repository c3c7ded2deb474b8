"""The console under load: what a frame takes, and what the server loses, with 10,000 tasks and 2,000 requests a second.

`python -m tests.benchmarks.console [--seconds 30]`. The load is paced from a process of its own, with the page open and without it, in turn.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.console.browsing import chromium, opened

RATE = 2_000
TASKS = 10_000
CONNECTIONS = 16
SECONDS_A_TICK = 0.02
GOAL_FRAME_MS, GOAL_LOSS = 100.0, 0.05

# Frames are counted in the page; a frame is late by what the page does in between.
COUNT_FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const next = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""


@dataclass(frozen=True, slots=True)
class Spell:
    """A spell of load: requests answered, seconds, and processor seconds that the server took."""

    answered: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    @property
    def cost_us(self) -> float:
        """Processor time of the server for each request, in microseconds."""
        return 1e6 * self.processor / self.answered


async def pace(url: str, key: str, seconds: float, rate: int, most: int) -> int:
    """Ask at a rate, a fifth of it submits, the rest lists; 0 seconds: submit `most` at once. Gives how many were answered."""
    address = urlsplit(url)
    assert address.hostname
    head = f"HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
    body = '{"prompt": "a cat", "duration": 8}'
    path = f"{address.path}/open-api/v1/video"
    submit = (
        f"POST {path}/submit {head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    listing = f"GET {path}/tasks?pageSize=1 {head}\r\n".encode()
    streams = [await asyncio.open_connection(address.hostname, address.port) for _ in range(CONNECTIONS)]
    answered, started = 0, time.monotonic()
    sent = 0
    while time.monotonic() - started < seconds if seconds else answered < most:
        due = int((time.monotonic() - started) * rate) - sent if seconds else CONNECTIONS * 8
        each = max(0, due) // CONNECTIONS
        for _, writer in streams:
            writer.write(b"".join(submit if seconds == 0 or n % 5 == 0 else listing for n in range(each)))
        for reader, _ in streams:
            for _ in range(each):
                found = re.search(rb"content-length: (\d+)", await reader.readuntil(b"\r\n\r\n"))
                await reader.readexactly(int(found[1]) if found else 0)
        sent += each * CONNECTIONS
        answered += each * CONNECTIONS
        await asyncio.sleep(SECONDS_A_TICK if seconds else 0)
    for _, writer in streams:
        writer.close()
    return answered


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving() -> Iterator[tuple[int, dict[str, Any]]]:
    words = ["serve", "juhuo", "--port", "0", "--media-port", "0", "--speed", "1", "--json"]
    with subprocess.Popen([sys.executable, "-m", "understudy", *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.pid, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def load(announced: dict[str, Any], pid: int, seconds: float, most: int = 0) -> Spell:
    provider = announced["providers"][0]
    words = ["--pace", provider["base_url"], provider["keys"][0], str(seconds), str(most)]
    before, started = processor_seconds(pid), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.console", *words], capture_output=True, text=True, check=True
    )
    return Spell(int(done.stdout), seconds or time.monotonic() - started, processor_seconds(pid) - before)


def watch(page: Page, url: str, section: str, announced: dict[str, Any], pid: int, seconds: float) -> Spell:
    """Load with the page open at a section; prints its frames."""
    page.goto(f"{url}/#/juhuo/{section}")
    page.locator(".row").first.wait_for()
    page.evaluate(COUNT_FRAMES)
    spell = load(announced, pid, seconds)
    frames = sorted(page.evaluate("window.frames_ms"))
    late = sum(frame > GOAL_FRAME_MS for frame in frames)
    print(
        f"{section:9} {len(frames)} frames: median {frames[len(frames) // 2]:.0f} ms, "
        f"99th of a hundred {frames[int(len(frames) * 0.99)]:.0f} ms, longest {frames[-1]:.0f} ms, over {GOAL_FRAME_MS:g} ms: {late}"
    )
    return spell


def compare(seconds: float) -> None:
    with serving() as (pid, announced):
        subprocess.run(
            ["curl", "-sS", "-X", "POST", f"{announced['control_url']}/juhuo/accounts/user123/credit", "-d", '{"credits": 100000000}',
             "-H", "Content-Type: application/json"], check=True, capture_output=True)  # fmt: skip
        load(announced, pid, 0, TASKS)
        alone = [load(announced, pid, seconds)]
        with chromium() as browser, opened(browser, announced["control_url"] + "/") as watched:
            page = watched.page
            open_ = [
                watch(page, announced["control_url"], section, announced, pid, seconds)
                for section in ("tasks", "requests")
            ]
            page.goto("about:blank")
        alone.append(load(announced, pid, seconds))
        for name, spells in (("alone", alone), ("page open", open_)):
            for spell in spells:
                print(f"{name:9} {spell.rate:6.0f} requests/s of {RATE}, {spell.cost_us:.0f} µs of processor each")
        before = sum(spell.rate for spell in alone) / len(alone)
        after = sum(spell.rate for spell in open_) / len(open_)
        loss = 1 - after / before
        verdict = "within" if loss < GOAL_LOSS else "over"
        print(
            f"throughput lost with the page open: {100 * loss:.1f} % ({verdict} {100 * GOAL_LOSS:g} %), load average {os.getloadavg()[0]:.1f}"
        )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=30)
    words.add_argument("--pace", nargs=4, help=argparse.SUPPRESS)
    options = words.parse_args()
    if options.pace:
        url, key, seconds, most = options.pace
        print(asyncio.run(pace(url, key, float(seconds), RATE, int(most))))
    else:
        compare(options.seconds)


if __name__ == "__main__":
    main()
