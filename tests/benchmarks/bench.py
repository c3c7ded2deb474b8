"""Understudy beside a bare ASGI app, in one interleaved run: `make bench`, `make bench ARGS=--quick`.

What counts are ratios, taken pair by pair: on shared machines single figures drift. CPU is the server
process's own time from /proc/<pid>/task/*/schedstat, so that whatever else runs does not count.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from tests.benchmarks.load import COUNT, WRK, run, run_own
from tests.benchmarks.probe import probing
from tests.benchmarks.searching import GOAL as SEARCH_GOAL
from tests.benchmarks.searching import measure as measure_search
from tests.benchmarks.servers import (
    BUILD,
    Ask,
    Server,
    free_port,
    leave_server_processor,
    spawn,
    start_bare,
    start_bare_on_our_wire,
    understudy,
    understudy_command,
    uvicorn_command,
    wait_for_answer,
)
from tests.benchmarks.texts import iter_texts

SUBMIT_BODY = {
    "prompt": "一只橘猫在樱花树下奔跑，阳光洒落，画面温暖治愈",
    "model": "seedance-2.0",
    "duration": 8,
    "resolution": 480,
    "aspectRatio": "16:9",
}
SUCCESS = '"code":"200"'
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often to measure."""

    rounds: int
    seconds: float
    starts: int
    tasks: int


THOROUGH = Effort(rounds=5, seconds=2, starts=7, tasks=100_000)
QUICK = Effort(rounds=3, seconds=1, starts=3, tasks=20_000)


@dataclass(frozen=True, slots=True)
class Figure:
    """One server under one load: µs of CPU per request, requests per second, ms."""

    cpu_us: float
    per_second: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one case, and the medians of its pairwise ratios to the bare answer.

    `wire`: the bare answer under our own protocol, which is faster than stock uvicorn's.
    """

    case: str
    connections: int
    ours: Figure
    bare: Figure
    wire: Figure
    cpu_ratio: float
    rate_ratio: float
    wire_cpu_ratio: float
    goal: float | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure with its goal; `bound` is the most it may be."""

    name: str
    value: float
    unit: str
    bound: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Juhuo:
    """The provider as announced, and the questions that are asked of it."""

    base_url: str
    key: str

    @classmethod
    def from_announcement(cls, announced: Mapping[str, Any]) -> "Juhuo":
        (entry,) = (p for p in announced["providers"] if p["slug"] == "juhuo")
        return cls(entry["base_url"], entry["keys"][0])

    def ask(self, path: str) -> Ask:
        headers = {"Authorization": f"Bearer {self.key}"}
        return Ask(f"{self.base_url}/open-api/v1{path}", headers=headers, expect=SUCCESS)

    @property
    def submit(self) -> Ask:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        body = json.dumps(SUBMIT_BODY, ensure_ascii=False)
        url = f"{self.base_url}/open-api/v1/video/submit"
        return Ask(url, "POST", headers, body, SUCCESS)

    @property
    def balance(self) -> Ask:
        return self.ask("/account/balance")

    @property
    def first_page(self) -> Ask:
        return self.ask("/video/tasks?pageNo=1&pageSize=20")

    def task(self, task_id: str) -> Ask:
        return self.ask(f"/video/task/{task_id}")

    def submit_once(self) -> str:
        task_id: str = json.loads(self.submit.send())["result"]["taskId"]
        return task_id

    def wait_until_finished(self, task_id: str) -> None:
        """Polls until the task has its video; tasks take about ten seconds."""
        deadline = time.monotonic() + 120
        while not json.loads(self.task(task_id).send())["result"]["outputUrl"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"task {task_id} did not finish within 120 s")
            time.sleep(0.2)


def submit_case(juhuo: Juhuo) -> Ask:
    return juhuo.submit


def new_case(juhuo: Juhuo) -> Ask:
    """Submits of which no two have the same head: ours parses each, where it else knows what it has seen before."""
    submit = juhuo.submit
    return replace(submit, headers={**submit.headers, "X-Request-Id": COUNT})


def poll_case(juhuo: Juhuo) -> Ask:
    """One finished task."""
    task_id = juhuo.submit_once()
    juhuo.wait_until_finished(task_id)
    return juhuo.task(task_id)


def list_case(juhuo: Juhuo) -> Ask:
    """A page of 20 finished tasks."""
    for task_id in [juhuo.submit_once() for _ in range(20)]:
        juhuo.wait_until_finished(task_id)
    return juhuo.first_page


CASES: Mapping[str, tuple[Callable[[Juhuo], Ask], float | None]] = {
    "submit": (submit_case, 0.50),
    "new head": (new_case, None),
    "poll": (poll_case, 0.65),
    "list": (list_case, None),
}


@contextmanager
def ours_and_bare() -> Iterator[tuple[Server, Juhuo, Server]]:
    """Both servers, fresh; the bare one answers as many bytes as ours answers to a submit."""
    with understudy() as (ours, announced):
        juhuo = Juhuo.from_announcement(announced)
        with start_bare(juhuo.submit.send()) as bare:
            yield ours, juhuo, bare


def measure(server: Server, ask: Ask, connections: int, seconds: float) -> Figure:
    before = server.cpu_ns()
    done = run(ask, connections, seconds)
    cpu = server.cpu_ns() - before
    return Figure(cpu / 1e3 / done.requests, done.per_second, done.p99_ms)


def median_figure(figures: list[Figure]) -> Figure:
    return Figure(
        statistics.median(f.cpu_us for f in figures),
        statistics.median(f.per_second for f in figures),
        statistics.median(f.p99_ms for f in figures),
    )


def bare_twin(ask: Ask, bare: Server) -> Ask:
    """The same question to the bare server."""
    return Ask(bare.origin + ask.target, ask.method, ask.headers, ask.body, SUCCESS)


def iter_rows(effort: Effort) -> Iterator[Row]:
    for case, (prepare, goal) in CASES.items():
        with ours_and_bare() as (ours, juhuo, bare), start_bare_on_our_wire(juhuo.submit.send()) as wire:
            ask = prepare(juhuo)
            sides = ((ours, ask), (bare, bare_twin(ask, bare)), (wire, bare_twin(ask, wire)))
            for connections in (1, 32):
                yield compare(case, goal, sides, connections, effort)


def compare(
    case: str,
    goal: float | None,
    sides: Sequence[tuple[Server, Ask]],
    connections: int,
    effort: Effort,
) -> Row:
    """Interleaved rounds A B C, C B A, A B C … after one short round that does not count."""
    seen: list[list[Figure]] = [[] for _ in sides]
    for server, ask in sides:
        measure(server, ask, connections, effort.seconds / 2)
    for number in range(effort.rounds):
        for side in range(len(sides)) if number % 2 == 0 else reversed(range(len(sides))):
            server, ask = sides[side]
            seen[side].append(measure(server, ask, connections, effort.seconds))
    rounds = list(zip(*seen, strict=True))
    return Row(
        case,
        connections,
        median_figure(seen[0]),
        median_figure(seen[1]),
        median_figure(seen[2]),
        statistics.median(bare.cpu_us / ours.cpu_us for ours, bare, _ in rounds),
        statistics.median(ours.per_second / bare.per_second for ours, bare, _ in rounds),
        statistics.median(wire.cpu_us / ours.cpu_us for ours, _, wire in rounds),
        goal,
    )


def seconds_to_first_answer(command: list[Any], ask: Ask, port: int) -> float:
    """Seconds from exec until the first answer begins."""
    begin = time.perf_counter()
    process = spawn(command)
    wait_for_answer(process, ask.to_bytes(), port)
    seconds = time.perf_counter() - begin
    process.terminate()
    process.wait()
    return seconds


def first_answer(juhuo: Juhuo, effort: Effort) -> Fact:
    """Ours with all specs, beside an empty FastAPI app under the same server; pairs in turn."""
    ours, empty = [], []
    for _ in range(effort.starts + 1):
        port = free_port()
        command = understudy_command("--port", str(port), "--media-port", "0")
        moved = Juhuo(f"http://127.0.0.1:{port}/juhuo", juhuo.key)
        ours.append(seconds_to_first_answer(command, moved.balance, port))
        port = free_port()
        ask = Ask(f"http://127.0.0.1:{port}/")
        command = [*uvicorn_command("tests.benchmarks.empty:app", port)]
        empty.append(seconds_to_first_answer(command, ask, port))
    pairs = list(zip(ours[1:], empty[1:], strict=True))  # the first pair warms the file cache
    ratio = statistics.median(a / b for a, b in pairs)
    a, b = (1e3 * statistics.median(side) for side in zip(*pairs, strict=True))
    return Fact("first answer", ratio, "x empty FastAPI", 1.5, f"{a:.0f} ms beside {b:.0f} ms")


def iter_memory(server: Server, juhuo: Juhuo, effort: Effort) -> Iterator[Fact]:
    """Resident memory before and after many submitted tasks."""
    idle = server.rss_bytes()
    yield Fact("memory idle", idle / MIB, "MiB", 90 * 1e6 / MIB, "goal is 90 MB")
    done = run_own(juhuo.submit, 32, requests=effort.tasks)
    if done.errors:
        raise RuntimeError(f"{done.errors} of {done.requests} submits were refused")
    full = server.rss_bytes()
    per_task = (full - idle) / done.requests
    note = f"{full / MIB:.0f} MiB with {done.requests} more tasks, journal included"
    yield Fact("memory per stored task", per_task, "bytes", 1500, note)


def iter_stalls(ours: Server, juhuo: Juhuo, bare: Server, effort: Effort) -> Iterator[Fact]:
    """The longest wait of a probe beside 32 loaded connections, with all those tasks stored.

    Seen from outside: it contains the queue of 32 requests and whatever the machine did, which is
    why the same is measured on the bare server.
    """
    longest: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(effort.rounds):
        for name, server in (("ours", ours), ("bare", bare)):
            submit = juhuo.submit if name == "ours" else bare_twin(juhuo.submit, bare)
            with probing(Ask(server.origin + juhuo_path(juhuo), headers=submit.headers)) as waits:
                run(submit, 32, effort.seconds)
            longest[name].append(waits.max_ms)
    above = max(longest["ours"]) - max(longest["bare"])
    note = "from outside: the probe's longest wait, less that on the bare server; per round " + (
        "; ".join(f"{n} " + " ".join(f"{ms:.1f}" for ms in rounds) for n, rounds in longest.items())
    )
    yield Fact("longest stall of the loop", max(0.0, above), "ms", 10, note)


def search_fact(effort: Effort) -> Fact:
    """How long an example of a search takes, with clients that stay, all processors at it."""
    rate = measure_search(effort.seconds * effort.rounds)
    note = f"{rate.per_second:.0f} examples/s, goal {SEARCH_GOAL:.0f}; {rate.cpu_ms:.1f} ms of processor time each, both sides"
    return Fact("example of a client search", 1e3 / rate.per_second, "ms", 1e3 / SEARCH_GOAL, note)


def juhuo_path(juhuo: Juhuo) -> str:
    return juhuo.balance.target


def collect(effort: Effort) -> tuple[list[Row], list[Fact]]:
    rows = list(iter_rows(effort))
    with ours_and_bare() as (ours, juhuo, bare):
        facts = list(iter_memory(ours, juhuo, effort))
        facts += iter_stalls(ours, juhuo, bare, effort)
    texts = [
        Fact(
            f"CPU of a {text.name}",
            text.ratio,
            "x bare",
            text.bound,
            f"{text.ours_us:.1f} µs beside {text.bare_us:.1f}; {text.note}",
        )
        for text in iter_texts(effort.rounds, effort.seconds)
    ]
    return rows, [first_answer(juhuo, effort), *facts, *texts, search_fact(effort)]


def mark(value: float, goal: float | None, *, at_least: bool) -> str:
    """How a figure stands to its goal."""
    if goal is None:
        return ""
    return "ok" if (value >= goal if at_least else value <= goal) else "MISSED"


def iter_lines(rows: list[Row], facts: list[Fact]) -> Iterator[str]:
    """The table for people."""
    yield (
        f"{'':8}{'conn.':>6}{'µs CPU':>9}{'bare':>8}{'ratio':>7}{'':8}{'wire':>8}{'ratio':>7}"
        f"{'req/s':>9}{'bare':>9}{'ratio':>7}{'':8}{'p99 ms':>8}{'bare':>7}{'goal':>9}"
    )
    for row in rows:
        goal = "" if row.goal is None else f">= {row.goal:.2f}"
        yield (
            f"{row.case:8}{row.connections:>6}"
            f"{row.ours.cpu_us:>9.1f}{row.bare.cpu_us:>8.1f}{row.cpu_ratio:>7.2f}"
            f" {mark(row.cpu_ratio, row.goal, at_least=True):7}"
            f"{row.wire.cpu_us:>8.1f}{row.wire_cpu_ratio:>7.2f}"
            f"{row.ours.per_second:>9.0f}{row.bare.per_second:>9.0f}{row.rate_ratio:>7.2f}"
            f" {mark(row.rate_ratio, row.goal, at_least=True):7}"
            f"{row.ours.p99_ms:>8.2f}{row.bare.p99_ms:>7.2f}{goal:>9}"
        )
    yield ""
    for fact in facts:
        goal = "" if fact.bound is None else f"<= {fact.bound:g}"
        verdict = mark(fact.value, fact.bound, at_least=False)
        yield f"{fact.name:26}{fact.value:>9.2f} {fact.unit:16}{goal:>10} {verdict:7} {fact.note}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and memory beside a bare ASGI app.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    quick = parser.parse_args().quick
    leave_server_processor()
    rows, facts = collect(QUICK if quick else THOROUGH)
    print(f"One process each, 127.0.0.1; load from {'wrk' if WRK else 'our own loop'}; medians.\n")
    print("\n".join(iter_lines(rows, facts)))
    print("\nbare: a constant answer on stock uvicorn; wire: the same under our own protocol.")
    result = {
        "quick": quick,
        "rows": [asdict(r) for r in rows],
        "facts": [asdict(f) for f in facts],
    }
    (BUILD / "bench.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
