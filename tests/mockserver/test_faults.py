"""Every fault of the table, on the wire, through each of the three ways to set one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.wiretap import Heard, hear
from understudy.mockserver.faults import FAULTS
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

    @property
    def base(self) -> str:
        return str(self.world.media_url if self.said.get("media") else self.world.base_url)

    def ask(self, headers: Mapping[str, str] = {}, prompt: str = "", **values: str) -> Heard:
        """Send the request; `prompt` stands before its own."""
        said = self.said
        body, path = said.get("body"), said["path"]
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
        raw = b""
        if isinstance(body, str):
            raw = body.encode()
        elif body is not None:
            raw = json.dumps(with_prompt(body, said["prompt"], prompt), ensure_ascii=False).encode()
        keys = {} if said.get("media") else {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        return hear(
            self.base, said["method"], f"/{said['provider']}{path}", {**keys, **said.get("headers", {}), **headers}, raw
        )

    @property
    def key(self) -> str:
        return next(iter(self.world.sites[self.said["provider"]].accounts.keys()))

    def books(self) -> Any:
        """What tells whether anything was done: the accounts with their money and tasks, and what is uploaded."""
        uploads = self.world.sites[self.said["provider"]].uploads
        return self.control("GET", f"/{self.said['provider']}/accounts"), uploads.promised, uploads.arrived

    def control(self, method: str, path: str, body: Any = None) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        heard = hear(self.world.base_url, method, f"/_understudy{path}", {"Content-Type": "application/json"}, raw)
        assert heard.status < 300, heard
        return json.loads(heard.body) if heard.body else None

    def notes(self) -> list[str]:
        return [note for record in self.control("GET", "/journal")["records"] for note in record["notes"]]


def with_prompt(body: Any, place: str, text: str) -> Any:
    """The body with a text before the prompt."""
    *way, last = [int(step) if step.isdecimal() else step for step in place.split("/")]
    copy = json.loads(json.dumps(body))
    holder = copy
    for step in way:
        holder = holder[step]
    holder[last] = f"{text}{holder[last]}"
    return copy


def place(server: RunningServer, at: str) -> Place:
    return Place(server, server.run(server.service.worlds.open, f"faults-{next(NAMES)}"), REQUESTS[at])


def set_fault(place: Place, way: str, rule: Mapping[str, Any]) -> Heard:
    """Ask once, with a rule set in one of the three ways."""
    if way == "control":
        place.control("POST", "/faults", rule)
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
    here = place(server, case["at"])
    before = here.books()
    heard = set_fault(here, way, case["rule"])
    sees = dict(case["sees"])
    committed = sees.pop("committed", None)
    assert heard.fits(sees) == {}
    if committed is not None:
        assert (here.books() != before) is committed
    assert any(note.startswith(f"fault {case['rule']['fault']}") for note in here.notes())


def test_every_fault_has_its_cases() -> None:
    assert {case["rule"]["fault"] for case in ALL if "ways" not in case} == set(FAULTS)
