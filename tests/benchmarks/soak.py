"""A soak: hundreds of thousands of mixed requests to one world, whose memory must stay flat once its bounds are reached.

`python -m tests.benchmarks.soak --requests 200000`, or `make soak`. Warm-up is the first part, in which all that is
bounded fills; what the process grows by in the rest is the finding. At the end, what was dropped and what is kept must
add up to what was done.
"""

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import UNDERSTUDY
from tests.shops import SHOPS, Shop
from tests.sockets import Answer, Connection, connected, request
from understudy.mockserver.worlds import NAMED

WARM = 0.6
WORKERS = 2
PLENTY = "100000000"
SHOPPING = ("juhuo", "storyclaw", "seedance2ai")
CHATTY = "clawdrouter"
TALK = {"model": "gpt-5", "messages": [{"role": "user", "content": "Say hello in five words"}], "max_tokens": 20}
# Of a hundred requests.
MIX = {"submit": 60, "poll": 20, "chat": 7, "stream": 4, "refused": 4, "nowhere": 3, "journal": 1, "advance": 1}
# What one process may grow by after the warm-up: what its allocator does not give back, no more.
MOST_GROWTH = 0.03


@dataclass(slots=True)
class Soak:
    """One world under load, and what was done to it."""

    control_url: str
    bases: dict[str, str]
    keys: dict[str, str]
    done: Counter[str] = field(default_factory=Counter)
    submitted: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def steer(self, connection: Connection, method: str, path: str, body: Any = None) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = [("Content-Type", "application/json")] if raw else []
        connection.send(request(method, urlsplit(self.control_url).path + path, headers, raw))
        answer = connection.read()
        assert answer.status < 300, answer
        return json.loads(answer.body) if answer.body else None

    def ask(self, connection: Connection, slug: str, method: str, path: str, body: Any = None, **more: str) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {
            **SHOPS[slug].headers(self.keys[slug]),
            **more,
            **({"Content-Type": "application/json"} if raw else {}),
        }
        connection.send(request(method, urlsplit(self.bases[slug]).path + path, headers.items(), raw))
        return connection.read()

    def perform(self, what: str, connection: Connection, dice: random.Random) -> None:
        """One request of a kind."""
        PERFORM[what](self, connection, dice)
        with self.lock:
            self.done[what] += 1


def _submit(soak: Soak, connection: Connection, dice: random.Random) -> None:
    shop: Shop = SHOPS[dice.choice(SHOPPING)]
    order = shop.orders[0].ask
    once = {shop.once: f"{dice.random()}"} if shop.once else {}
    task = shop.read_id(_reply(soak.ask(connection, shop.slug, order.method, order.path, order.body, **once)))
    with soak.lock:
        soak.submitted[shop.slug] += 1
        soak.tasks[shop.slug] = task


def _poll(soak: Soak, connection: Connection, dice: random.Random) -> None:
    shop = SHOPS[dice.choice(SHOPPING)]
    task = soak.tasks.get(shop.slug, "nobody")
    ask = shop.poll(task, shop.orders[0].kind)
    assert soak.ask(connection, shop.slug, ask.method, ask.path).status < 500


def _talk(stream: bool) -> "Act":
    def talk(soak: Soak, connection: Connection, dice: random.Random) -> None:
        said = {**TALK, "stream": stream, "messages": [{"role": "user", "content": f"Hello {dice.random()}"}]}
        answer = soak.ask(connection, CHATTY, "POST", "/v1/chat/completions", said)
        assert answer.status == 200, answer

    return talk


def _refused(soak: Soak, connection: Connection, dice: random.Random) -> None:
    shop = SHOPS[dice.choice(SHOPPING)]
    order = shop.orders[0].ask
    assert soak.ask(connection, shop.slug, order.method, order.path, {"prompt": 5, "pad": "x" * 2_000}).status < 500


def _nowhere(soak: Soak, connection: Connection, dice: random.Random) -> None:
    assert soak.ask(connection, dice.choice(SHOPPING), "GET", f"/no/{dice.random()}").status == 404


def _journal(soak: Soak, connection: Connection, dice: random.Random) -> None:
    soak.steer(connection, "GET", f"/journal?limit={dice.randint(1, 20)}&broken=true")


def _advance(soak: Soak, connection: Connection, dice: random.Random) -> None:
    soak.steer(connection, "POST", "/clock/advance", {"seconds": 1_000_000})


Act = Callable[[Soak, Connection, random.Random], None]
PERFORM: dict[str, Act] = {
    "submit": _submit,
    "poll": _poll,
    "chat": _talk(False),
    "stream": _talk(True),
    "refused": _refused,
    "nowhere": _nowhere,
    "journal": _journal,
    "advance": _advance,
}
OURS = ("journal", "advance")


def _reply(answer: Answer) -> Any:
    assert answer.status < 300, answer
    return answer


@contextmanager
def server() -> Iterator[tuple[int, str]]:
    """A server's process id, and its control API."""
    command = [str(UNDERSTUDY), "serve", "--port", "0", "--media-port", "0", "--json", "--clock", "virtual"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.pid, json.loads(process.stdout.readline())["control_url"]
        finally:
            process.terminate()


def open_world(control_url: str) -> Soak:
    """A world of its own with rich accounts."""
    with connected(control_url) as connection:
        outside = Soak(control_url, {}, {})
        said = outside.steer(connection, "POST", "/worlds", {"clock": "virtual"})
        bases = {each["slug"]: each["base_url"] for each in said["providers"]}
        keys = {each["slug"]: each["keys"][0] for each in said["providers"]}
        soak = Soak(said["control_url"], bases, keys)
        for slug in (*SHOPPING, CHATTY):
            for account in soak.steer(connection, "GET", f"/{slug}/accounts"):
                paid = {"credits": PLENTY, "recharged": PLENTY}
                soak.steer(connection, "POST", f"/{slug}/accounts/{account['id']}/credit", paid)
    return soak


def work(soak: Soak, count: int, seed: int) -> None:
    """So many requests over one connection."""
    dice = random.Random(seed)
    names, weights = list(MIX), list(MIX.values())
    with connected(soak.control_url) as connection:
        for what in dice.choices(names, weights, k=count):
            soak.perform(what, connection, dice)


def run(soak: Soak, count: int, seed: int) -> None:
    """So many requests from all workers; raises what one of them raised."""
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(soak, count // WORKERS, seed + number)
        except BaseException as error:  # noqa: BLE001 - raised below, where it is heard
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def check_sums(soak: Soak) -> dict[str, Any]:
    """What is kept and what was dropped, which together are what was done."""
    with connected(soak.control_url) as connection:
        journal = soak.steer(connection, "GET", "/journal?limit=4096")
        asked = sum(number for what, number in soak.done.items() if what not in OURS)
        assert journal["seen"] == asked, (journal["seen"], asked)
        assert len(journal["records"]) + journal["dropped"] == asked
        told: dict[str, Any] = {"journal": [len(journal["records"]), journal["dropped"]]}
        for slug in SHOPPING:
            page = soak.steer(connection, "GET", f"/{slug}/tasks?limit=1")
            assert page["kept"] + page["dropped"] == soak.submitted[slug], (slug, page)
            told[slug] = [page["kept"], page["dropped"]]
            dropped = soak.steer(connection, "GET", f"/{slug}/dropped")
            assert dropped["tasks"] == page["dropped"] and dropped["journal"] == journal["dropped"]
            if SHOPS[slug].once:
                kept = min(soak.submitted[slug], NAMED.keys)
                assert kept + dropped["idempotency_keys"] == soak.submitted[slug], dropped
                told[f"{slug} keys"] = [kept, dropped["idempotency_keys"]]
    return told


def resident(process: int) -> float:
    """The resident memory of a process in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1_024


def main() -> int:
    """Soak, and say what came of it; 1 when memory grew."""
    parser = argparse.ArgumentParser(description="memory under 200,000 mixed requests")
    parser.add_argument("--requests", type=int, default=200_000)
    wanted = parser.parse_args().requests
    step = wanted // 20
    with server() as (process, control_url):
        soak = open_world(control_url)
        begun, sizes = time.monotonic(), [resident(process)]
        for number in range(20):
            run(soak, step, seed=100 * number)
            sizes.append(resident(process))
            print(f"{(number + 1) * step:>9,} requests  {sizes[-1]:7.1f} MB", flush=True)
        seconds, told = time.monotonic() - begun, check_sums(soak)
    warm = sizes[round(20 * WARM) :]
    growth = max(warm[-3:]) / max(warm[:3]) - 1
    print(f"{sum(soak.done.values()):,} requests in {seconds:.0f} s: {dict(soak.done)}")
    print(f"kept and dropped, which add up: {told}")
    print(f"after the warm-up ({WARM:.0%}) {growth:+.1%} (at most {MOST_GROWTH:+.0%})")
    return int(growth > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
