"""Understudy beside Prism and aimock on one task submission: `make bench-peers`.

What each is asked, and does with it:

- Prism serves specs/juhuo.yaml, checks the body against it and answers with the first example.
- aimock knows the upstream of Juhuo's models (POST /api/v3/contents/generations/tasks), not Juhuo. It is
  asked for the same task in that form, checks the key, hardly the body, and keeps the task.
- Understudy is asked by Juhuo's document: key, body, credits and queue are checked, the task is kept.

Each is one process on one processor, logging nothing a request; the rounds take turns.
"""

import argparse
import json
import shutil
import statistics
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.bench import QUICK, SUBMIT_BODY, THOROUGH, Effort, Juhuo
from tests.benchmarks.load import WRK, Run, run
from tests.benchmarks.servers import (
    BUILD,
    ROOT,
    Ask,
    Server,
    free_port,
    leave_server_processor,
    start,
    understudy,
)

FOLDER = BUILD / "peers"
PACKAGES = ("@stoplight/prism-cli@5.16.0", "@copilotkit/aimock@1.43.0")
CONNECTIONS = 32
AIMOCK_KEY = "sk-aimock"
AIMOCK_BODY = {
    "model": SUBMIT_BODY["model"],
    "content": [{"type": "text", "text": SUBMIT_BODY["prompt"]}],
    "duration": SUBMIT_BODY["duration"],
    "resolution": "480p",
    "ratio": SUBMIT_BODY["aspectRatio"],
}
AIMOCK_TASK = {
    "id": "cgt-1",
    "model": "seedance-2.0",
    "status": "succeeded",
    "content": {"video_url": "https://cdn.example.com/video.mp4"},
}
AIMOCK_FIXTURE = {"fixtures": [{"match": {"endpoint": "video"}, "response": {"json": AIMOCK_TASK}}]}


@dataclass(frozen=True, slots=True)
class Goal:
    """How many times a peer's requests/s, and what part of its p99, ours should be."""

    rate: float
    p99: float | None


GOALS: Mapping[str, Goal] = {"prism": Goal(4, 0.2), "aimock": Goal(1.5, None)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours beside one peer: median figures and medians of the pairwise ratios."""

    peer: str
    per_second: float
    p99_ms: float
    rate_ratio: float
    p99_ratio: float


def install() -> Path:
    """Installs the peers from npm once; returns the folder of their commands."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stamp = FOLDER / "installed"
    wanted = " ".join(PACKAGES)
    if not stamp.exists() or stamp.read_text() != wanted:
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("make bench-peers needs Node.js with npm (Debian: apt-get install npm)")
        (FOLDER / "package.json").write_text('{"private": true}\n')
        options = ("--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run([npm, "install", *options, *PACKAGES], cwd=FOLDER, check=True)
        stamp.write_text(wanted)
    return FOLDER / "node_modules" / ".bin"


def start_prism(commands: Path, juhuo: Juhuo) -> tuple[Server, Ask]:
    port = free_port()
    spec = ROOT / "specs" / "juhuo.yaml"
    options = ("--port", str(port), "--verboseLevel", "silent")
    server = start([commands / "prism", "mock", spec, *options], port)
    ask = juhuo.submit
    url = f"{server.origin}/open-api/v1/video/submit"
    return server, Ask(url, ask.method, ask.headers, ask.body, ask.expect)


def start_aimock(commands: Path, _: Juhuo) -> tuple[Server, Ask]:
    port = free_port()
    fixtures = FOLDER / "fixtures"
    fixtures.mkdir(exist_ok=True)
    (fixtures / "video.json").write_text(json.dumps(AIMOCK_FIXTURE))
    options = ("--port", str(port), "--fixtures", fixtures, "--log-level", "silent")
    server = start([commands / "llmock", *options], port, {"AIMOCK_API_KEYS": AIMOCK_KEY})
    headers = {"Authorization": f"Bearer {AIMOCK_KEY}", "Content-Type": "application/json"}
    url = f"{server.origin}/api/v3/contents/generations/tasks"
    body = json.dumps(AIMOCK_BODY, ensure_ascii=False)
    return server, Ask(url, "POST", headers, body, '"id":"cgt-')


def collect(effort: Effort) -> tuple[list[Run], dict[str, list[Run]]]:
    """Runs of ours, and of each peer, taken in turn."""
    commands = install()
    with ExitStack() as stack:
        _, announced = stack.enter_context(understudy())
        juhuo = Juhuo.from_announcement(announced)
        asks = {"ours": juhuo.submit}
        for peer, begin in (("prism", start_prism), ("aimock", start_aimock)):
            server, asks[peer] = begin(commands, juhuo)
            stack.enter_context(server)
        for ask in asks.values():
            run(ask, CONNECTIONS, effort.seconds)
        runs: dict[str, list[Run]] = {name: [] for name in asks}
        for _ in range(effort.rounds):
            for name, ask in asks.items():
                runs[name].append(run(ask, CONNECTIONS, effort.seconds))
    return runs.pop("ours"), runs


def compare(peer: str, ours: list[Run], theirs: list[Run]) -> Comparison:
    pairs = list(zip(ours, theirs, strict=True))
    return Comparison(
        peer,
        statistics.median(run.per_second for run in theirs),
        statistics.median(run.p99_ms for run in theirs),
        statistics.median(a.per_second / b.per_second for a, b in pairs),
        statistics.median(a.p99_ms / b.p99_ms for a, b in pairs),
    )


def line(found: Comparison) -> str:
    """One row of the table, with its goals."""
    goal = GOALS[found.peer]
    rate = "ok" if found.rate_ratio >= goal.rate else "MISSED"
    text = f"{found.peer:11}{found.per_second:>8.0f}{found.p99_ms:>9.2f}"
    text += f"{found.rate_ratio:>10.2f} >= {goal.rate:<4g}{rate:7}{found.p99_ratio:>8.2f}"
    if goal.p99 is None:
        return text
    return f"{text} <= {goal.p99:<4g}{'ok' if found.p99_ratio <= goal.p99 else 'MISSED'}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed beside Prism and aimock.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    quick = parser.parse_args().quick
    leave_server_processor()
    ours, theirs = collect(QUICK if quick else THOROUGH)
    found = [compare(peer, ours, runs) for peer, runs in theirs.items()]
    tool = "wrk" if WRK else "our own loop"
    print(f"One submission, {CONNECTIONS} connections, {tool}; {', '.join(PACKAGES)}; medians.\n")
    print(f"{'':11}{'req/s':>8}{'p99 ms':>9}{'x req/s':>10} {'':14}{'x p99':>8}")
    per_second = statistics.median(run.per_second for run in ours)
    print(f"{'understudy':11}{per_second:>8.0f}{statistics.median(r.p99_ms for r in ours):>9.2f}")
    print("\n".join(map(line, found)))
    result = {"quick": quick, "ours": [asdict(r) for r in ours], "peers": list(map(asdict, found))}
    (BUILD / "bench-peers.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
