"""What the lint tells: each case breaks one thing of a valid spec and says what must be told about it."""

import copy
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.door import SPECS
from understudy.mockserver.stage import Stage
from understudy.specs import checking, documents, lint
from understudy.specs.documents import Document
from understudy.specs.lint.subject import Subject
from understudy.specs.problems import Misfit, Place, Problem, SpecError, pointer

CASES = Path(__file__).parents[1] / "cases" / "lint"
VALID = CASES / "valid.yaml"

BROKEN: tuple[Any, ...] = (None, "x", 7, -1.5, [], {}, True, ["x"], {"x": 1}, "$x", "$task.id", "9" * 400)
BROKEN += (
    [{"body": 1}],
    {"$ref": "#/components"},
    {"$ref": 5},
    {"by": ["$task.input#/x"], "table": {}},
    "{$error.code}",
)


@dataclass(frozen=True, slots=True)
class Case:
    """Texts of valid.yaml to replace; the place of the problem and words of message and advice.

    `alone`: whether it is the only problem that is told.
    """

    name: str
    old: str
    new: str
    place: str
    says: list[str]
    alone: bool = True
    also: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        text = VALID.read_text("utf-8")
        for old, new in {self.old: self.new, **self.also}.items():
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {VALID.name}"
            text = text.replace(old, new)
        return text


@cache
def cases() -> tuple[Case, ...]:
    listed = yaml.load((CASES / "cases.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return tuple(Case(also=said.pop("and", {}), **said) for said in listed)


def find_problems(text: str) -> list[Problem]:
    try:
        checking.check(text, "spec.yaml")
    except SpecError as error:
        return error.problems
    return []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_case(case: Case) -> None:
    problems = find_problems(case.text())
    said = "\n".join(map(str, problems))
    found = [problem for problem in problems if pointer(problem.place) == case.place]
    assert found, f"nothing is said about {case.place}, but:\n{said}"
    words = [f"{problem.message} ({problem.advice})" for problem in found]
    assert any(all(part in text for part in case.says) for text in words), said
    assert (len(problems) == 1) == case.alone, said
    assert all(problem.file == "spec.yaml" and problem.line > 0 for problem in problems), said


def test_the_line_is_that_of_the_place() -> None:
    (case,) = (case for case in cases() if case.name == "odd size of a video")
    (problem,) = find_problems(case.text())
    assert "tall: [32, 63]" in case.text().splitlines()[problem.line - 1]


def test_names_are_unique() -> None:
    names = [case.name for case in cases()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", [VALID, *SPECS.values()], ids=lambda path: path.stem)
def test_no_false_alarm(path: Path) -> None:
    assert not find_problems(path.read_text("utf-8"))


def test_all_is_told_at_once() -> None:
    text = VALID.read_text("utf-8")
    for old, new in {
        "left: $account.remaining}": "left: $account.remainder}",
        "{envelope: storage}": "{envelope: storagge}",
        "TORN: {state: working,": "TORN: {state: wroking,",
        "key: mk-b": "key: mk-2",
        'when: {throttle: "on"}': 'when: {throtle: "on"}',
    }.items():
        text = text.replace(old, new)
    problems = find_problems(text)
    assert len(problems) == 5, "\n".join(map(str, problems))
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


def test_every_check_convicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that no case needs would not be missed if it broke."""
    convicted: set[str] = set()

    def record(check: lint.Check, subject: Subject) -> Iterator[Misfit]:
        for misfit in check(subject):
            convicted.add(f"{check.__module__}.{check.__name__}")
            yield misfit

    monkeypatch.setattr(lint, "_all", record)
    for case in cases():
        find_problems(case.text())
    checks = (*lint.SCHEMA_CHECKS, *lint.DOCUMENT_CHECKS, *lint.PROVIDER_CHECKS)
    assert {f"{check.__module__}.{check.__name__}" for check in checks} == convicted


def iter_places(value: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from iter_places(item, (*place, key))


def break_one(root: Any, place: Place, draw: random.Random) -> Any:
    """A copy in which something stands at a place that should not, or nothing does."""
    broken = copy.deepcopy(root)
    parent = broken
    for step in place[:-1]:
        parent = parent[step]
    match draw.choice(("set", "set", "delete", "rename")):
        case "set":
            parent[place[-1]] = draw.choice(BROKEN)
        case "rename" if isinstance(parent, dict):
            parent[f"{place[-1]}z"] = parent.pop(place[-1])
        case _:
            del parent[place[-1]]
    return broken


@pytest.mark.parametrize("path", [VALID, SPECS["lumen"]], ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(3))
def test_a_broken_spec_is_refused_or_played(path: Path, seed: int) -> None:
    """Whatever stands in a spec: either the lint says what is wrong, or the engine can be made of it."""
    draw = random.Random(seed)
    root = documents.read(path.read_text("utf-8"), path.name).root
    places = list(iter_places(root))
    for place in draw.sample(places, 60):
        broken = break_one(root, place, draw)
        with suppress(SpecError):
            Stage(checking.check_read(Document(path.name, broken)))
