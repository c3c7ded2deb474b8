"""`make bench-paced`: many streams at once, each paced: whether they come whole, in order and in time.

The clients are processes of their own that do nothing but note when bytes arrive; what came is read when all is over.
"""

import argparse
import asyncio
import json
import multiprocessing
import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import Pool
from typing import cast

import uvloop

from tests.benchmarks.servers import Ask, understudy

MODEL = "gpt-4o"
ENOUGH = "Write an essay of 4000 words about rivers"
_CONTENT = re.compile(rb'"delta":\{"content":("(?:[^"\\]|\\.)*")\}')


@dataclass(slots=True)
class Stream(asyncio.Protocol):
    """One stream: the request goes out at once; of what comes the time is kept, and the bytes."""

    request: bytes
    done: asyncio.Future[None]
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    started: float = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.started = time.monotonic()
        cast(asyncio.WriteTransport, transport).write(self.request)  # uvloop's are of a class of their own

    def data_received(self, data: bytes) -> None:
        self.arrivals.append((time.monotonic(), len(data)))
        self.pieces.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one stream was like: its text, whether it ended, by how many seconds each event came late, how long from the first
    to the last, and how long the first was waited for.
    """

    text: str
    is_whole: bool
    late: tuple[float, ...]
    seconds: float
    waited: float


def read(stream: Stream, rate: float) -> Seen:
    """Take apart what came. An event is due a token's time after the one before it, counted from the first."""
    body = b"".join(stream.pieces)
    ends, size = [], 0
    for moment, count in stream.arrivals:
        size += count
        ends.append((size, moment))
    texts, moments, place = [], [], 0
    for found in _CONTENT.finditer(body):
        while ends[place][0] < found.end():
            place += 1
        texts.append(json.loads(found[1]))
        moments.append(ends[place][1])
    late = tuple(moment - moments[0] - index / rate for index, moment in enumerate(moments))
    is_whole = body.count(b"data: [DONE]") == 1 and body.rstrip().endswith(b"0")
    return Seen(
        "".join(texts),
        is_whole,
        late,
        moments[-1] - moments[0] if moments else 0.0,
        moments[0] - stream.started if moments else 0.0,
    )


async def _run(ask: Ask, count: int, rate: float) -> list[Seen]:
    loop = asyncio.get_running_loop()
    host, port = ask.address
    streams = [Stream(ask.to_bytes(), loop.create_future()) for _ in range(count)]
    for stream in streams:
        await loop.create_connection(lambda stream=stream: stream, host, port)  # type: ignore[misc]
    await asyncio.gather(*(stream.done for stream in streams))
    return [read(stream, rate) for stream in streams]


def run(order: tuple[Ask, int, float]) -> list[Seen]:
    """One client's share of the streams."""
    return uvloop.run(_run(*order))


def measure(streams: int, rate: float, tokens: int, clients: int) -> tuple[list[Seen], float]:
    """What all streams were like, and the server's processor time in seconds, which does not depend on who else is busy."""
    with understudy("clawdrouter", "--tokens-per-second", str(rate)) as (server, announced):
        (provider,) = announced["providers"]
        turns = [{"role": "user", "content": ENOUGH}]
        body = {"model": MODEL, "stream": True, "max_tokens": tokens, "messages": turns}
        headers = {
            "Authorization": f"Bearer {provider['keys'][0]}",
            "Content-Type": "application/json",
            "Connection": "close",
        }
        ask = Ask(f"{provider['base_url']}/v1/chat/completions", "POST", headers, json.dumps(body))
        shares = [(ask, streams // clients, rate)] * clients
        before = server.cpu_ns()
        with Pool(clients, context=multiprocessing.get_context("spawn")) as pool:
            seen = [seen for share in pool.map(run, shares) for seen in share]
        return seen, (server.cpu_ns() - before) / 1e9


def show(seen: Sequence[Seen], rate: float, tokens: int) -> bool:
    """Print it; whether every stream was whole and in order, and none took 8 % longer than its pace."""
    wanted, waited = (tokens - 1) / rate, sorted(each.waited for each in seen)
    texts = {each.text for each in seen}
    whole = sum(each.is_whole and len(each.late) == tokens for each in seen)
    stretch = sorted(each.seconds / wanted for each in seen)
    late = sorted(moment for each in seen for moment in each.late)
    interval = 1 / rate
    share = sum(moment > interval for moment in late) / len(late)
    print(f"{len(seen)} streams of {tokens} tokens at {rate:g} a second: {whole} whole and in order, {len(texts)} text")
    print(f"the first event came after: median {statistics.median(waited):.2f} s, longest {waited[-1]:.2f} s")
    print(f"took of the planned time: median {statistics.median(stretch):.3f}, longest {stretch[-1]:.3f}")
    print(
        f"late: median {statistics.median(late) * 1000:.0f} ms, 99 % {late[len(late) * 99 // 100] * 1000:.0f} ms, worst {late[-1] * 1000:.0f} ms"
    )
    print(f"later than one token's time: {share:.1%} of the events")
    return whole == len(seen) and len(texts) == 1 and stretch[-1] <= 1.08


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--tokens", type=int, default=500)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    seen, seconds = measure(options.streams, options.rate, options.tokens, options.clients)
    events = sum(len(each.late) for each in seen)
    print(
        f"server: {seconds * 1e6 / events:.1f} µs of processor time an event, {events / seconds:,.0f} events fill a second of one processor"
    )
    return 0 if show(seen, options.rate, options.tokens) else 1


if __name__ == "__main__":
    sys.exit(main())
