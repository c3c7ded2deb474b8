"""Text answers beside bare ones: a plain chat beside a constant body, a stream beside prepared bytes, event by event."""

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.load import run
from tests.benchmarks.servers import Ask, Server, start_bare, start_bare_stream, understudy

SLUG = "clawdrouter"
EVENT = "data: "
LONG = {"role": "user", "content": "Write a long essay of 2000 words about the sea"}
SHORT = {"role": "user", "content": "用简单的话解释什么是机器学习"}
MOST_EVENTS = 500
CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Text:
    """A figure in µs of CPU, ours and bare, pairwise."""

    name: str
    ours_us: float
    bare_us: float
    ratio: float
    bound: float
    note: str


def chat(announced: Mapping[str, Any], message: Mapping[str, str], **members: Any) -> Ask:
    """A question to the chat of one provider."""
    entry = next(p for p in announced["providers"] if p["slug"] == SLUG)
    headers = {"Authorization": f"Bearer {entry['keys'][0]}", "Content-Type": "application/json"}
    body = json.dumps({"model": "gpt-4o", "messages": [message], **members}, ensure_ascii=False)
    return Ask(f"{entry['base_url']}/v1/chat/completions", "POST", headers, body)


def pairs(ours: Server, ask: Ask, bare: Server, rounds: int, seconds: float) -> list[tuple[float, float]]:
    """CPU in µs for each request, of both in turn; the first round does not count."""
    twin = Ask(bare.origin + ask.target, ask.method, ask.headers, ask.body)
    seen = [(_cpu(ours, ask, seconds), _cpu(bare, twin, seconds)) for _ in range(rounds + 1)]
    return seen[1:]


def _cpu(server: Server, ask: Ask, seconds: float) -> float:
    before = server.cpu_ns()
    done = run(ask, CONNECTIONS, seconds)
    return (server.cpu_ns() - before) / 1e3 / done.requests


def iter_texts(rounds: int, seconds: float) -> Iterator[Text]:
    """Plain chat and a stream, each beside its bare twin in the same run."""
    with understudy(SLUG) as (ours, announced):
        plain = chat(announced, SHORT)
        with start_bare(plain.send()) as bare:
            seen = pairs(ours, plain, bare, rounds, seconds)
            yield _text("plain chat", seen, 1, 1 / 0.55, "a chat answer beside a constant one; 1.82 is a ratio of 0.55")
        stream = chat(announced, LONG, stream=True, max_tokens=MOST_EVENTS)
        sent = stream.send()
        events = sent.count(EVENT)
        with tempfile.NamedTemporaryFile("w", suffix=".sse") as file:
            file.write(sent)
            file.flush()
            with start_bare_stream(file.name) as bare:
                seen = pairs(ours, stream, bare, rounds, seconds)
                yield _text(
                    "event of a stream", seen, events, 2.0, f"{events} events; bare sends prepared bytes, one by one"
                )


def _text(name: str, seen: list[tuple[float, float]], share: int, bound: float, note: str) -> Text:
    middle: Callable[[Iterator[float]], float] = statistics.median
    ours, bare = middle(a / share for a, _ in seen), middle(b / share for _, b in seen)
    return Text(name, ours, bare, middle(a / b for a, b in seen), bound, note)
