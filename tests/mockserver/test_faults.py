"""Every fault of the table, on the wire, through each of the three ways to set one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sockets import SECONDS
from tests.wiretap import SILENCE, Heard, hear
from understudy.mockserver.faults import FAULTS
from understudy.mockserver.journal import Record
from understudy.mockserver.running import RunningServer
from understudy.mockserver.stage import Stage
from understudy.mockserver.world import Settings, World
from understudy.specs.loader import load, shipped

CASES = Path(__file__).parent.parent / "cases" / "faults"
REQUESTS: Mapping[str, Any] = yaml.safe_load((CASES / "requests.yaml").read_text("utf-8"))
ALL = [case for path in sorted(CASES.glob("[!r]*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]
WAYS = ("control", "prefer", "magic")
NAMES = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    stages = [Stage(load(path)) for path in shipped().values()]
    with RunningServer(stages, Settings(clock="virtual")) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Place:
    """A world of its own, and one request to a provider in it."""

    server: RunningServer
    world: World
    said: Mapping[str, Any]
    patience: float = SECONDS

    @property
    def base(self) -> str:
        return str(self.world.media_url if self.said.get("media") else self.world.base_url)

    def ask(self, headers: Mapping[str, str] = {}, prompt: str = "") -> Heard:
        """Send the request; `prompt` stands before its own."""
        said = self.said
        body, path = said.get("body"), said["path"]
        raw = b""
        if isinstance(body, str):
            raw = body.encode()
        elif body is not None:
            raw = json.dumps(with_prompt(body, said["prompt"], prompt), ensure_ascii=False).encode()
        headers = {**self.own_headers(), **headers}
        return hear(self.base, said["method"], f"/{said['provider']}{path}", headers, raw, patience=self.patience)

    def own_headers(self) -> dict[str, str]:
        said = {name: value.replace("<key>", self.key) for name, value in self.said.get("headers", {}).items()}
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **said}

    @property
    def key(self) -> str:
        return next(iter(self.world.sites[self.said["provider"]].accounts.keys()))

    def books(self) -> Any:
        """What tells whether anything was done: the accounts' money and tasks, and what is uploaded."""

        def look() -> Any:
            site, now = self.world.sites[self.said["provider"]], self.world.clock.now()
            used = [(account.ledger.used(now), account.ledger.held(now)) for account in site.accounts]
            tasks = [site.tasks.store.count(account.id, frozenset()) for account in site.accounts]
            return used, tasks, site.uploads.promised, site.uploads.arrived

        return self.server.run(look)

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control API."""
        raw = b"" if body is None else json.dumps(body).encode()
        url = f"{self.world.base_url}/_understudy"
        heard = hear(url, method, path, {"Content-Type": "application/json"}, raw, aside=0)
        assert heard.status < 300, heard
        return json.loads(heard.body) if heard.body else None

    def records(self) -> list[Record]:
        return self.server.run(lambda: list(self.world.journal))

    def notes(self) -> list[str]:
        return [note for record in self.records() for note in record.notes]


def with_prompt(body: Any, place: str, text: str) -> Any:
    """The body with a text before the prompt."""
    *way, last = [int(step) if step.isdecimal() else step for step in place.split("/")]
    copy = json.loads(json.dumps(body))
    holder = copy
    for step in way:
        holder = holder[step]
    holder[last] = f"{text}{holder[last]}"
    return copy


def place(server: RunningServer, at: str, patience: float = SECONDS) -> Place:
    return Place(server, server.run(server.service.worlds.open, f"faults-{next(NAMES)}"), REQUESTS[at], patience)


def set_fault(place: Place, way: str, rule: Mapping[str, Any]) -> Heard:
    """Ask once, with a rule set in one of the three ways."""
    if way == "control":
        place.steer("POST", "/faults", rule)
        return place.ask()
    pairs = [f'{name}="{value}"' if name != "fault" else f"{name}={value}" for name, value in rule.items()]
    if way == "prefer":
        return place.ask({"Prefer": ", ".join(pairs)})
    return place.ask(prompt=f"[understudy: {' '.join(pairs)}] ")


def named(case: Mapping[str, Any]) -> str:
    return f"{case['rule']['fault']}-{case['at']}"


@pytest.mark.parametrize(
    ("case", "way"),
    [pytest.param(case, way, id=f"{named(case)}-{way}") for case in ALL for way in case.get("ways", WAYS)],
)
def test_a_fault_is_seen_on_the_wire(server: RunningServer, case: Mapping[str, Any], way: str) -> None:
    here = place(server, case["at"], SILENCE if case.get("endless") else SECONDS)
    before = here.books()
    heard = set_fault(here, way, case["rule"])
    sees = dict(case["sees"])
    committed = sees.pop("committed", case.get("committed"))
    assert heard.fits(sees) == {}
    if committed is not None:
        assert (here.books() != before) is committed
    assert any(note.startswith(f"fault {case['rule']['fault']}") for note in here.notes())


def test_every_fault_has_its_cases() -> None:
    assert {case["rule"]["fault"] for case in ALL if "ways" not in case} == set(FAULTS)
