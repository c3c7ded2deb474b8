"""`make score`: how much of what relays get wrong is found. Mutants of answers, and the zoo of liars.

A mutant is a relay that changes one member of the answers of one operation, in one way, always. It is made of the record of an
honest run, so that hundreds take no network. The zoo is driven for real; bare `schemathesis run` is driven on the same zoo beside it.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.conftest import Served, serving
from tests.contracts.driving import SPEED, check_liar, check_mock
from tests.liars.lies import LIARS
from tests.liars.relay import Relay, running
from understudy.contracts.checks import judge
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.contracts.run import Result
from understudy.specs.loader import shipped

JSON = "application/json"
# So many places of one answer are mutated at most, each in all ways that fit.
MOST_PLACES = 24


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
    with tempfile.TemporaryDirectory() as folder, serving(SPEED, Path(folder) / "log") as served:
        score_mutants(served, options.providers, options.survivors)
        names = random.Random(0).sample(sorted(LIARS), len(LIARS))
        score_zoo(served, names[: options.zoo if options.zoo >= 0 else None])
        score_schemathesis(served, names[: options.schemathesis])
    return 0


def score_mutants(served: Served, providers: list[str], survivors: bool) -> None:
    """Judge every mutant of every provider's answers."""
    killed, made = Counter[str](), Counter[str]()
    for slug in providers:
        result = check_mock(served, slug, provoke=True)
        known = {finding.identity for finding in result.findings}
        for mutant in iter_mutants(slug, result):
            made[mutant.way] += 1
            history = History(result.history.contract, mutated(result.history.exchanges, mutant))
            if {finding.identity for finding in judge(history)} - known:
                killed[mutant.way] += 1
            elif survivors:
                print(f"  survives: {mutant}")
        print(f"{slug:12} {sum(killed.values())} of {sum(made.values())} mutants killed so far", flush=True)
    for way in made:
        print(f"  {way:14} {killed[way]:4} of {made[way]:4} ({killed[way] / made[way]:.0%})")
    total = sum(made.values())
    print(
        f"response mutants killed: {sum(killed.values())} of {total} ({sum(killed.values()) / total:.0%})", flush=True
    )


def iter_mutants(slug: str, result: Result) -> Iterator[Mutant]:
    """All mutants of the first answer of each kind: an operation with a status, and for refusals a condition."""
    seen: set[tuple[str, int]] = set()
    for exchange in result.history.exchanges:
        key = exchange.operation, exchange.status
        if key in seen or not exchange.operation or exchange.media_type != JSON or exchange.error:
            continue
        seen.add(key)
        bodies = [e for e in result.history.exchanges if (e.operation, e.status) == key and e.media_type == JSON]
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
    """Drive the liars; who is not convicted is named."""
    convicted = 0
    by_check: dict[str, int] = defaultdict(int)
    for name in names:
        found = {f.check for f in check_liar(served, name, provoke=True).findings}
        convicted += bool(found)
        for check in found:
            by_check[check] += 1
        if not found:
            print(f"  not convicted: {name}", flush=True)
    if names:
        print(f"liars convicted: {convicted} of {len(names)} ({convicted / len(names):.0%})", flush=True)


def score_schemathesis(served: Served, names: list[str]) -> None:
    """Drive bare schemathesis on the same liars, and on the honest mock: what it says of that counts for nothing."""
    honest = {
        slug: _schemathesis(served, slug, served.providers[slug].base_url)
        for slug in {LIARS[n].provider for n in names}
    }
    convicted = 0
    for name in names:
        liar = LIARS[name]
        with running(Relay(served.providers[liar.provider].base_url, liar.lie)) as url:
            convicted += bool(_schemathesis(served, liar.provider, url) - honest[liar.provider])
    if names:
        print(
            f"bare schemathesis convicts {convicted} of {len(names)} of them ({convicted / len(names):.0%})", flush=True
        )


def _schemathesis(served: Served, slug: str, url: str) -> frozenset[str]:
    """What it finds: operation and check."""
    bundle = subprocess.run(
        [sys.executable, "-m", "understudy", "specs", "bundle", slug], capture_output=True, check=True
    ).stdout
    with tempfile.TemporaryDirectory() as folder:
        spec, report = Path(folder) / "spec.json", Path(folder) / "junit.xml"
        spec.write_bytes(bundle)
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", str(spec), "--url", url, "--seed", "1",
            "--header", f"Authorization: Bearer {served.providers[slug].keys[0]}", "--report", "junit",
            "--report-junit-path", str(report),
        ]  # fmt: skip
        subprocess.run(command, check=False, capture_output=True)
        text = report.read_text("utf-8") if report.exists() else ""
    lines = [
        line.strip() for line in text.splitlines() if "- " in line and ("failure" in line or line.startswith("- "))
    ]
    return frozenset(lines)


if __name__ == "__main__":
    sys.exit(main())
