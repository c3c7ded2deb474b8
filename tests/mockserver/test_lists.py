"""Lists by cursor and offset, filters, ids that are numbers, addresses of its own: an invented provider in process."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tests.documents import ROOT
from tests.door import Door, Reply
from understudy.mockserver.stage import Stage
from understudy.specs.loader import load

STAGE = Stage(load(ROOT / "tests" / "providers" / "quarry.yaml"))
KINDS = ("sketch", "relief", "sketch", "sketch", "relief")


@dataclass(frozen=True, slots=True)
class Quarry:
    door: Door
    numbers: list[int]
    """Newest first."""

    def ask(self, method: str, path: str, body: Any = None, key: str = "q1") -> Reply:
        return self.door.ask(method, f"{path}{'&' if '?' in path else '?'}k={key}", body)

    def read(self, path: str, key: str = "q1") -> Any:
        reply = self.ask("GET", path, key=key)
        assert reply.status == 200, reply.body
        return orjson.loads(reply.body)


@pytest.fixture
def quarry() -> Quarry:
    quarry = Quarry(Door(STAGE), [])
    for kind in KINDS:
        quarry.numbers.insert(0, orjson.loads(quarry.ask("POST", "/do", {"kind": kind}).body)["num"])
    return quarry


def walk(quarry: Quarry, more: str = "") -> Iterator[list[int]]:
    after = ""
    while True:
        page = quarry.read(f"/by-cursor?after={after}{more}")
        assert page["more"] == (page["next"] is not None)
        yield page["items"]
        if not page["more"]:
            return
        after = page["next"]


def every(quarry: Quarry, more: str) -> list[int]:
    return [number for page in walk(quarry, more) for number in page]


def test_a_cursor_walks_once_through_all(quarry: Quarry) -> None:
    assert list(walk(quarry)) == [quarry.numbers[:2], quarry.numbers[2:4], quarry.numbers[4:]]
    assert list(walk(quarry, "&n=5")) == [quarry.numbers]


def test_a_cursor_stands_when_new_tasks_come(quarry: Quarry) -> None:
    after = quarry.read("/by-cursor")["next"]
    quarry.ask("POST", "/do", {"kind": "sketch"})
    assert quarry.read(f"/by-cursor?after={after}")["items"] == quarry.numbers[2:4]


@pytest.mark.parametrize("cursor", ["1", "nothing", "%00"])
def test_a_cursor_that_is_none(quarry: Quarry, cursor: str) -> None:
    reply = quarry.ask("GET", f"/by-cursor?after={cursor}")
    assert (reply.status, b"after " in reply.body, b"is stale" in reply.body) == (400, True, True)


def test_a_cursor_of_another(quarry: Quarry) -> None:
    assert quarry.ask("GET", f"/by-cursor?after={quarry.numbers[0]}", key="q2").status == 400
    assert quarry.read("/by-cursor", key="q2") == {"items": [], "more": False, "next": None, "total": 0}


def test_filters(quarry: Quarry) -> None:
    newest = quarry.numbers[0]
    assert quarry.ask("DELETE", f"/one?num={newest}").status == 204
    sketches = [n for n, kind in zip(quarry.numbers, reversed(KINDS), strict=True) if kind == "sketch"]
    assert list(walk(quarry, "&kind=sketch")) == [sketches[:2], sketches[2:]]
    assert quarry.read("/by-cursor?kind=sketch&n=1")["total"] == len(sketches)
    assert list(walk(quarry, "&state=4")) == [[newest]]
    assert list(walk(quarry, "&state=4&kind=sketch")) == [[]]
    assert every(quarry, "&state=0,4") == quarry.numbers
    assert every(quarry, "&kind=") == quarry.numbers
    quarry.door.advance(100)
    assert every(quarry, "&state=0") == []
    assert every(quarry, "&state=2") == quarry.numbers[1:]


def test_an_offset(quarry: Quarry) -> None:
    sketches = [n for n, kind in zip(quarry.numbers, reversed(KINDS), strict=True) if kind == "sketch"]
    first = {"items": sketches[:2], "from": 0, "page": 1, "pages": 2, "total": 3, "more": True}
    assert quarry.read("/by-offset") == first
    assert quarry.read("/by-offset?from=2") == first | {"items": sketches[2:], "from": 2, "page": 2, "more": False}
    assert quarry.read("/by-offset?from=1") == first | {"items": sketches[1:], "from": 1, "more": False}
    assert quarry.read("/by-offset?from=9&n=3") == {
        "items": [],
        "from": 9,
        "page": 4,
        "pages": 1,
        "total": 3,
        "more": False,
    }
    assert quarry.read("/by-offset?n=0") == first | {"items": [], "pages": 0, "more": False}


def test_numbers_and_addresses(quarry: Quarry) -> None:
    reply = quarry.ask("POST", "/do", {"kind": "relief"})
    made = orjson.loads(reply.body)
    assert len(str(made["num"])) == 12
    poll = f"http://127.0.0.1:4010/quarry/one?num={made['num']}"
    assert (made["poll"], dict(reply.headers)["location"]) == (poll, poll)
    path = made["poll"].removeprefix("http://127.0.0.1:4010/quarry")
    assert quarry.read(path) == {"num": made["num"], "state": 0, "cost": "0"}
    quarry.door.advance(100)
    shown = quarry.read(path)
    assert (shown["state"], shown["cost"], len(set(shown["files"]))) == (2, "1", 2)


def test_a_refusal_has_the_address_too(quarry: Quarry) -> None:
    reply = quarry.ask("GET", "/one?num=5")
    assert reply.body == b'<fault code="3" see="http://127.0.0.1:4010/quarry/faults/3">not found</fault>'
