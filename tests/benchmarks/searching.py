"""The search for what trips a client, with drivers that stay, on all processors: examples a second, and the processor time of each."""

import os
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.benchmarks.servers import PROCESSORS
from understudy.auditions.run import Audition
from understudy.auditions.searching import search
from understudy.contracts.client.examine import Bounds
from understudy.contracts.client.script import Script
from understudy.contracts.client.search import Budget
from understudy.specs.loader import load, shipped

GOAL = 150.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Examples a second, and milliseconds of processor time of an example: the checker's and the client's together."""

    per_second: float
    cpu_ms: float
    examples: int


def measure(seconds: float, slug: str = "juhuo") -> Rate:
    """Search a careful client for so long; nothing is found, so that nothing is shrunk."""
    # A search waits for its client as often as its client waits for it.
    workers = 2 * len(PROCESSORS)
    with ProcessPoolExecutor(workers, initializer=os.sched_setaffinity, initargs=(0, PROCESSORS)) as pool:
        rates = list(pool.map(_search, [seconds] * workers, [slug] * workers, range(workers)))
    examples = sum(rate.examples for rate in rates)
    cpu_ms = sum(rate.cpu_ms * rate.examples for rate in rates) / examples
    return Rate(sum(rate.per_second for rate in rates), cpu_ms, examples)


def _search(seconds: float, slug: str, seed: int) -> Rate:
    words = (sys.executable, "-m", "tests.clients.task_client", slug, "a cat", "--driver")
    audition = Audition(load(shipped()[slug]), words, {"CLIENT_TIMEOUT": "1"}, drivers=1)
    before = _cpu()
    # What waits for a time that the server asks for says nothing of speed.
    budget = Budget(seconds, 10**6, seed, known_first=False)
    _, found = search(audition, Script(slug, seed=seed), Bounds(20.0, 1), budget, lambda _: None)
    if found is None or found.caught:
        said = [catch.finding.message for catch in found.caught] if found else []
        raise RuntimeError(f"the careful client of the zoo is not spotless: {said}")
    return Rate(found.examples / found.elapsed, 1e3 * (_cpu() - before) / found.examples, found.examples)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
