"""Every fault of the table, on the wire, through each of the three ways to set one."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.receivers import receiving, status
from tests.stand import REQUESTS, Stand, opened, read_cases
from tests.wiretap import Heard
from understudy.mockserver.faults import FAULTS
from understudy.mockserver.running import RunningServer

LAYERS = ("plans", "calls", "answers", "streams")
ALL = [case for layer in LAYERS for case in read_cases(layer)]
WAYS = ("control", "prefer", "magic")


def set_fault(stand: Stand, way: str, case: Mapping[str, Any]) -> Heard:
    """Ask once, with a rule set in one of the three ways."""
    at, rule, endless = case["at"], case["rule"], case.get("endless", False)
    if way == "control":
        stand.steer("POST", "/faults", rule)
        return stand.ask(at, endless=endless)
    pairs = [f'{name}="{value}"' if name != "fault" else f"{name}={value}" for name, value in rule.items()]
    if way == "prefer":
        return stand.ask(at, {"Prefer": ", ".join(pairs)}, endless=endless)
    return stand.ask(at, prompt=f"[understudy: {' '.join(pairs)}] ", endless=endless)


def named(case: Mapping[str, Any]) -> str:
    return f"{case['rule']['fault']}-{case['at']}"


@pytest.mark.parametrize(
    ("case", "way"),
    [pytest.param(case, way, id=f"{named(case)}-{way}") for case in ALL for way in case.get("ways", WAYS)],
)
def test_a_fault_is_seen_on_the_wire(server: RunningServer, case: Mapping[str, Any], way: str) -> None:
    with receiving(status(200)) as receiver, opened(server, receiver.calls) as stand:
        stand.kept["receiver"] = receiver.url
        show(stand, case, way)


def show(stand: Stand, case: Mapping[str, Any], way: str) -> None:
    """Set the fault, and see it."""
    slug = REQUESTS[case["at"]]["provider"]
    stand.follow(case.get("before", []))
    before = stand.books(slug)
    heard = set_fault(stand, way, case)
    sees = dict(case["sees"])
    committed = sees.pop("committed", case.get("committed"))
    assert heard.fits(sees) == {}
    stand.keep(heard, case.get("keep", {}))
    if committed is not None:
        assert (stand.books(slug) != before) is committed
    assert any(note.startswith(f"fault {case['rule']['fault']}") for note in stand.notes())
    stand.follow(case.get("later", []))


def test_every_fault_has_its_cases() -> None:
    assert {case["rule"]["fault"] for case in ALL if "ways" not in case} == set(FAULTS)
