"""Reading YAML: values as JSON has them, the line of each, and what YAML misreads."""

import pytest

from understudy.specs import documents
from understudy.specs.problems import Place, SpecError, pointer


def problems_of(text: str) -> list[str]:
    document = documents.read(text, "x.yaml")
    return [f"{p.line} {pointer(p.place)}: {p.message} ({p.advice})" for p in document.problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 16:9", '1 /a: 16:9 is bare, which YAML misreads (write "16:9")'),
        ("a:\n- 1:1", '2 /a/0: 1:1 is bare, which YAML misreads (write "1:1")'),
        ("a: {16:9: x}", '1 /a/16:9: 16:9 is bare, which YAML misreads (write "16:9")'),
        ("a: 12:30:45", '1 /a: 12:30:45 is bare, which YAML misreads (write "12:30:45")'),
        ("a: on", '1 /a: on is bare, which YAML misreads (write "on")'),
        ("a: Off", '1 /a: Off is bare, which YAML misreads (write "Off")'),
        ("on: [a]", '1 /on: on is bare, which YAML misreads (write "on")'),
        ("a: yes", '1 /a: yes is bare, which YAML misreads (write "yes")'),
        ("no: 1", '1 /no: no is bare, which YAML misreads (write "no")'),
        ("a: 2030-01-01", "1 /a: '2030-01-01' is a date to YAML (quote it)"),
        ("a: 1\nb: 2\na: 3", "3 /a: 'a' stands twice in one object ()"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "3 /c: merge keys are not JSON (write the members out)"),
    ],
)
def test_told(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]


@pytest.mark.parametrize(
    "text",
    [
        'a: "16:9"',
        "a: '16:9'",
        'a: "on"',
        '"on": 1',
        "a: true",
        "a: 16:99",
        "n: 1",
        "a: x:9",
        "a: >-\n  on",
        "a: 9:b",
        "",
    ],
)
def test_not_told(text: str) -> None:
    assert problems_of(text) == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: [1\nb: 2", 2, "not YAML"),
        ("a: b: c", 1, "not YAML"),
        ("a:\n\t- 1", 2, "spaces, not with a tab"),
        ("a: *x", 1, "x"),
    ],
)
def test_not_yaml(text: str, line: int, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        documents.read(text, "x.yaml")
    (problem,) = caught.value.problems
    assert problem.line == line
    assert words in str(problem)
    assert str(problem).startswith(f"x.yaml:{line}: /: ")


TEXT = """\
a: 1
b:
  - c: "x"
  - [2.50, true, null]
d: &shared {e: 1}
f: *shared
200: g
"""


def test_values() -> None:
    read = documents.read(TEXT, "x.yaml").root
    assert read == {"a": 1, "b": [{"c": "x"}, [2.5, True, None]], "d": {"e": 1}, "f": {"e": 1}, "200": "g"}


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 1),
        (("a",), 1),
        (("b",), 3),
        (("b", 0, "c"), 3),
        (("b", 1, 2), 4),
        (("d", "e"), 5),
        (("b", 0, "no"), 3),
        (("no",), 1),
    ],
)
def test_lines(place: Place, line: int) -> None:
    """A place that is not there has the line of the nearest one above it."""
    assert documents.read(TEXT, "x.yaml").line(place) == line


def test_problems_come_in_order() -> None:
    document = documents.read("a: 1\nb: 2\n", "x.yaml")
    document.problem(("b",), "second")
    document.problem(("a",), "first")
    with pytest.raises(SpecError, match=r"(?s)x\.yaml:1: /a: first.*x\.yaml:2: /b: second"):
        document.refuse()


def test_what_is_written_is_read_the_same() -> None:
    said = [
        "16:9",
        "0:30",
        "on",
        "No",
        "2026-01-01",
        "1",
        "null",
        "",
        " a: b",
        "结果\n",
        1.5,
        10**20,
        True,
        None,
        {"200": []},
    ]
    document = documents.read(documents.write([said, said]), "x.yaml")
    assert (document.root, document.problems) == ([said, said], [])
