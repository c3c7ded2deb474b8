"""`make score`: how much of what relays get wrong is found. Mutants of answers, and the zoo of liars.

A mutant is a relay that changes one member of the answers of one operation, in one way, always. It is made of the record of an
honest run, so that hundreds take no network. The zoo is driven for real; bare `schemathesis run` is driven on the same zoo beside it.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from tests.conftest import Served, serving
from tests.contracts.driving import RATED, SPEED, VIRTUAL, check_liar, check_mock
from tests.liars.lies import EXPECTED, LIARS
from tests.liars.relay import Lie, Relay, running
from understudy.contracts.checks import CHECKS, judge
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.contracts.reading import Reading
from understudy.contracts.run import Result
from understudy.specs.loader import shipped

JSON = "application/json"
# So many places of one answer are mutated at most, each in all ways that fit.
MOST_PLACES = 24
# So many refusals that look alike are kept of a record.
MOST_ALIKE = 3


@dataclass(frozen=True)
class Mutant:
    """What is changed: the answers of an operation with a status, at a place, in a way."""

    provider: str
    operation: str
    status: int
    place: tuple[Any, ...]
    way: str

    def __str__(self) -> str:
        return f"{self.provider} {self.operation} {self.status} {'/'.join(map(str, self.place))} {self.way}"


def main() -> int:
    """Print the scores."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--providers", nargs="*", default=list(shipped()))
    words.add_argument(
        "--zoo", type=int, default=0, metavar="N", help="drive N liars of the zoo, -1 for all (default none)"
    )
    words.add_argument("--schemathesis", type=int, default=0, metavar="N", help="drive bare schemathesis on N of them")
    words.add_argument("--survivors", action="store_true", help="name the mutants that survive")
    options = words.parse_args()
    if options.providers:
        with _serving(SPEED) as served:
            score_mutants(served, options.providers, options.survivors)
    every = random.Random(0).sample(sorted(LIARS), len(LIARS))
    names = every[: options.zoo if options.zoo >= 0 else None]
    # Whoever lies about the rate of requests needs a provider that has one, where most others would only hear of that.
    plain, rated = [n for n in names if not LIARS[n].options], [n for n in names if LIARS[n].options]
    for words_of, chosen in ((VIRTUAL, plain), (RATED, rated)):
        if chosen:
            with _serving(words_of) as served:
                score_zoo(served, chosen)
    if options.schemathesis:
        with _serving(SPEED) as served:
            score_schemathesis(served, [n for n in every if not LIARS[n].options][: options.schemathesis])
    return 0


@contextmanager
def _serving(words: tuple[str, ...]) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder, serving(words, Path(folder) / "log") as served:
        yield served


def score_mutants(served: Served, providers: list[str], survivors: bool) -> None:
    """Judge every mutant of every provider's answers."""
    killed, made = Counter[str](), Counter[str]()
    for slug in providers:
        history = check_mock(served, slug, provoke=True).history
        contract, exchanges = history.contract, thinned(history)
        known = {finding.identity for finding in judge(History(contract, exchanges))}
        own, allowed = Counter[bool](), 0
        for mutant in iter_mutants(slug, exchanges):
            made[mutant.way] += 1
            changed = History(contract, mutated(exchanges, mutant))
            is_killed = is_told(changed, known)
            if not is_killed and is_allowed(changed, mutant):
                allowed += 1
                made[mutant.way] -= 1
                continue
            own[is_killed] += 1
            killed[mutant.way] += is_killed
            if survivors and not is_killed:
                print(f"  survives: {mutant}", flush=True)
        text = f"{own[True]} of {own.total()} mutants killed ({own[True] / own.total():.0%})"
        print(f"{slug:12} {text}; {allowed} more lack only what the document lets be left out", flush=True)
    for way in made:
        print(f"  {way:14} {killed[way]:4} of {made[way]:4} ({killed[way] / made[way]:.0%})")
    total = sum(made.values())
    print(
        f"response mutants killed: {sum(killed.values())} of {total} ({sum(killed.values()) / total:.0%})", flush=True
    )


def is_told(history: History, known: Collection[tuple[str, ...]]) -> bool:
    """Whether any check says something of a history that is not known."""
    return any(found.identity not in known for check in CHECKS for found in judge(history, (check,)))


def is_allowed(history: History, mutant: Mutant) -> bool:
    """Whether a mutant only leaves out what schema and template let be left out: such a relay says nothing wrong."""
    if mutant.way not in ("drop", "rename"):
        return False
    hit = [r for r in history.client if _is_hit(r.exchange, mutant)]
    return all(not r.mismatches and _is_in_shape(history, r) for r in hit)


def _is_in_shape(history: History, reading: Reading) -> bool:
    exchange, operation = reading.exchange, reading.operation
    shape = history.contract.answer_shape(operation, exchange.status, exchange.media_type) if operation else None
    return shape is not None and shape.is_valid(reading.body)


def thinned(history: History) -> tuple[Exchange, ...]:
    """The record without most of what was refused alike: a few of a kind show all that there is, and are judged in no time."""
    seen, kept = Counter[tuple[Any, ...]](), []
    for reading in history.readings:
        exchange = reading.exchange
        kind = exchange.operation, exchange.status, exchange.probe, reading.conditions
        seen[kind] += reading.is_refusal
        if seen[kind] <= MOST_ALIKE:
            kept.append(exchange)
    return tuple(kept)


def iter_mutants(slug: str, exchanges: tuple[Exchange, ...]) -> Iterator[Mutant]:
    """All mutants of the first answer of each kind: an operation with a status, and for refusals a condition."""
    seen: set[tuple[str, int]] = set()
    for exchange in exchanges:
        key = exchange.operation, exchange.status
        if key in seen or not exchange.operation or exchange.media_type != JSON or exchange.error:
            continue
        seen.add(key)
        bodies = [e for e in exchanges if (e.operation, e.status) == key and e.media_type == JSON]
        richest = max(bodies, key=lambda e: len(list(iter_places(parse(e)))))
        for place, value in list(iter_places(parse(richest)))[:MOST_PLACES]:
            for way in ways_of(value, place):
                yield Mutant(slug, *key, place, way)


def iter_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every member of a body; of a list only the first item is looked into."""
    if place:
        yield place, value
    if isinstance(value, dict):
        for name, child in value.items():
            yield from iter_places(child, (*place, name))
    elif isinstance(value, list) and value:
        yield from iter_places(value[0], (*place, 0))


def ways_of(value: Any, place: tuple[Any, ...]) -> list[str]:
    """The operators that fit a value."""
    ways = ["drop", "rename"] if isinstance(place[-1], str) else ["drop"]
    if value is not None:
        ways.append("retype")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        ways.append("change number")
    if isinstance(value, str) and value:
        ways.append("change string")
    if isinstance(value, list) and len(value) > 1:
        ways.append("reorder")
    return ways


def mutated(exchanges: tuple[Exchange, ...], mutant: Mutant) -> list[Exchange]:
    """The record as it would be of a relay that lies so."""
    return [_mutated(e, mutant) if _is_hit(e, mutant) else e for e in exchanges]


def _is_hit(exchange: Exchange, mutant: Mutant) -> bool:
    return (exchange.operation, exchange.status) == (mutant.operation, mutant.status) and exchange.media_type == JSON


def _mutated(exchange: Exchange, mutant: Mutant) -> Exchange:
    body = parse(exchange)
    holder = body
    for step in mutant.place[:-1]:
        there = isinstance(holder, dict) and step in holder
        if not there and not (isinstance(holder, list) and isinstance(step, int) and step < len(holder)):
            return exchange
        holder = holder[step]
    last = mutant.place[-1]
    if isinstance(holder, list):
        if not isinstance(last, int) or last >= len(holder):
            return exchange
    elif not isinstance(holder, dict) or last not in holder:
        return exchange
    OPERATORS[mutant.way](holder, last)
    data = json.dumps(body, ensure_ascii=False, default=float).encode()
    return exchange.evolve(response_body=data, chunks=((exchange.answered, data),))


def _drop(holder: Any, last: Any) -> None:
    del holder[last]


def _rename(holder: Any, last: Any) -> None:
    holder[f"{last}_"] = holder.pop(last)


def _retype(holder: Any, last: Any) -> None:
    value = holder[last]
    holder[last] = [value] if not isinstance(value, list) else {"items": value}
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        holder[last] = str(value)


def _change_number(holder: Any, last: Any) -> None:
    if isinstance(holder[last], int | Decimal):
        holder[last] += 1


def _change_string(holder: Any, last: Any) -> None:
    if isinstance(holder[last], str):
        holder[last] = f"{holder[last]}x"


def _reorder(holder: Any, last: Any) -> None:
    if isinstance(holder[last], list):
        holder[last] = holder[last][::-1]


OPERATORS = {
    "drop": _drop,
    "rename": _rename,
    "retype": _retype,
    "change number": _change_number,
    "change string": _change_string,
    "reorder": _reorder,
}


def parse(exchange: Exchange) -> Any:
    """The JSON of an answer, numbers exact."""
    return json.loads(exchange.response_body or b"null", parse_float=Decimal)


def score_zoo(served: Served, names: list[str]) -> None:
    """Drive the liars, and an honest relay for each of their providers; whoever is not convicted by the right check is named."""
    for slug in sorted({LIARS[name].provider for name in names}):
        with running(Relay(served.providers[slug].base_url)) as url:
            found = _checks(check_mock(_anew(served), slug, url, provoke=True, control_url=served.control_url))
        print(f"  honest as {slug}: {', '.join(found) or 'nothing found'}", flush=True)
    convicted = rightly = 0
    for number, name in enumerate(names, 1):
        found = _checks(check_liar(_anew(served), name, provoke=True, control_url=served.control_url))
        convicted += bool(found)
        rightly += bool(EXPECTED[name] & set(found))
        verdict = "convicted" if EXPECTED[name] & set(found) else "BY ANOTHER CHECK" if found else "NOT CONVICTED"
        print(f"  {number:4} {verdict}: {name}: {', '.join(found)}", flush=True)
    if names:
        print(
            f"liars convicted: {convicted} of {len(names)} ({convicted / len(names):.0%}), by the right check {rightly} ({rightly / len(names):.0%})",
            flush=True,
        )


def _checks(result: Result) -> list[str]:
    return sorted({finding.check for finding in result.findings})


def _anew(served: Served) -> Served:
    """The server with its clock and its accounts as at the start: what one liar spends the next one needs."""
    httpx2.post(f"{served.control_url}/reset").raise_for_status()
    return served


def score_schemathesis(served: Served, names: list[str]) -> None:
    """Drive bare schemathesis on the same liars, and on an honest relay: what it says of that counts for nothing."""
    honest: dict[str, frozenset[str]] = {}
    convicted = 0
    for number, name in enumerate(names, 1):
        liar = LIARS[name]
        if liar.provider not in honest:
            honest[liar.provider] = _schemathesis(_anew(served), liar.provider, None)
        found = _schemathesis(_anew(served), liar.provider, liar.lie) - honest[liar.provider]
        convicted += bool(found)
        print(f"  {number:4} bare schemathesis on {name}: {', '.join(sorted(found)) or 'nothing'}", flush=True)
    if names:
        print(
            f"bare schemathesis convicts {convicted} of {len(names)} of them ({convicted / len(names):.0%})", flush=True
        )


def _schemathesis(served: Served, slug: str, lie: Lie | None) -> frozenset[str]:
    """What it finds in a relay: operation and failure."""
    bundle = subprocess.run(
        [sys.executable, "-m", "understudy", "specs", "bundle", slug], capture_output=True, check=True
    ).stdout
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Relay(served.providers[slug].base_url, lie)) as url,
    ):
        spec, report = Path(folder) / "spec.yaml", Path(folder) / "junit.xml"
        spec.write_bytes(bundle)
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", str(spec), "--url", url, "--seed", "1",
            "--header", f"Authorization: Bearer {served.providers[slug].keys[0]}", "--report", "junit",
            "--report-junit-path", str(report),
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        # 0: nothing found, 1: something; else it did not run, and its silence would say nothing.
        if done.returncode not in (0, 1) or not report.exists():
            raise RuntimeError(f"schemathesis did not run on {slug}: {done.stdout[-500:]}{done.stderr[-500:]}")
        return frozenset(_failures(ET.parse(report)))


def _failures(report: "ET.ElementTree[ET.Element]") -> Iterator[str]:
    """The failures of a JUnit report: each is a line of its text that begins with a dash and the failure's number."""
    for case in report.iter("testcase"):
        for failure in case.iter("failure"):
            for title in re.findall(r"^- (ST\d+ .+)$", failure.text or "", re.MULTILINE):
                yield f"{case.get('name')}: {title}"


if __name__ == "__main__":
    sys.exit(main())
