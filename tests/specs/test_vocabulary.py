"""The manual of the vocabulary documents every word, name and form that there is, and no other."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from understudy.mockserver.behaviors import BEHAVIORS
from understudy.mockserver.media import GENERATORS
from understudy.mockserver.rules import RULES
from understudy.specs import model
from understudy.specs.expressions import FAMILIES, NAMES
from understudy.specs.formulas import FORMS
from understudy.specs.lint.errors import KEYWORDS
from understudy.specs.templates import CONSTRUCTS
from understudy.specs.vocabulary import words

MANUAL = Path(__file__).parents[2] / "specs" / "README.md"

# Data and member names of the manual's examples, in code but of no schema.
SOURCE = "x-source"


@cache
def sections() -> dict[str, str]:
    """Heading -> text below it; the heading of several words stands for each of them."""
    parts = re.split(r"(?m)^## (.+)$", MANUAL.read_text("utf-8"))
    found: dict[str, str] = {}
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        for name in heading.split(", "):
            found[name] = text
    return found


def iter_rows(heading: str) -> Iterator[list[str]]:
    """The rows of the tables of a section, without their heads."""
    for line in sections()[heading].splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\- ]+", line):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def first_cells(heading: str) -> list[str]:
    _, *rows = iter_rows(heading)
    return [row[0] for row in rows]


def codes(text: str) -> set[str]:
    """Every identifier in code: in backticks or an indented block."""
    blocks = re.findall(r"(?m)^ {4}.*$", text)
    spans = re.findall(r"`([^`]+)`", text)
    return set(re.findall(r"[\w*-]+(?:\.[a-z]+)?", " ".join([*spans, *blocks])))


def iter_properties(schema: Any) -> Iterator[str]:
    """Every member that a word's schema names."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from value
            yield from iter_properties(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from iter_properties(item)


def test_words() -> None:
    assert [cell.strip("`") for cell in first_cells("The words")] == list(words())
    assert len(words()) == 12


def test_places_of_words() -> None:
    _, *rows = iter_rows("The words")
    for word, places, *_ in rows:
        at = words()[word.strip("`")]["at"]
        for place in at:
            last = place.rpartition(" ")[2]
            assert last in places, f"{word} stands at: {at}"


@pytest.mark.parametrize("word", sorted(words()))
def test_members_of_words(word: str) -> None:
    """Each member that the schema of a word knows stands in the section of the word."""
    members = set(iter_properties(words()[word]["schema"])) - {SOURCE}
    if members:
        assert members - codes(sections()[word]) == set()


def test_expressions() -> None:
    written = {name for cell in first_cells("Expressions") for name in re.findall(r"\$([\w.]+)", cell)}
    assert written == set(NAMES) | {f"{family}.NAME" for family in FAMILIES}


def test_types_of_expressions() -> None:
    types = {"integer", "string", "boolean", "money", "array"}
    _, *rows = iter_rows("Expressions")
    for names, said, *_ in rows:
        for name in re.findall(r"\$([\w.]+)", names):
            kind = (NAMES.get(name) or FAMILIES[name.removesuffix(".NAME")])[0]
            if kind in types and said != "the same":
                assert kind in said, f"${name} is {kind}"


def test_constructs_of_templates() -> None:
    written = set(re.findall(r"\{(\$[a-z]+):", sections()["Templates"]))
    assert written == set(CONSTRUCTS)


def test_formulas() -> None:
    cells = [cell for cell in first_cells("Formulas") if cell.startswith("`{")]
    written = {name for cell in cells for name in re.findall(r"\{(\w+):", cell)}
    assert written == set(FORMS)


def test_members_of_a_provider() -> None:
    said = words()["x-provider"]["schema"]["properties"]
    assert {cell.strip("`") for cell in first_cells("x-provider")} == set(said) - {SOURCE}


def test_members_of_a_kind() -> None:
    said = words()["x-tasks"]["schema"]["additionalProperties"]["properties"]
    assert {cell.strip("`") for cell in first_cells("x-tasks")} == set(said) - {SOURCE}


def test_behaviors() -> None:
    written = [cell.strip("`") for cell in first_cells("x-behavior")]
    said = words()["x-behavior"]["schema"]
    assert written == list(model.BEHAVIORS) == said["propertyNames"]["enum"] == list(said["properties"])
    assert set(BEHAVIORS) == set(model.BEHAVIORS)


def test_arguments_of_behaviors() -> None:
    _, *rows = iter_rows("x-behavior")
    for name, *arguments in rows:
        said = words()["x-behavior"]["schema"]["properties"][name.strip("`")]
        written = {code.rstrip("?") for code in re.findall(r"`(\w+\??)`", " ".join(arguments))}
        assert set(said["properties"]) - {SOURCE} <= written, name
        optional = {code.rstrip("?") for code in re.findall(r"`(\w+\?)`", " ".join(arguments))}
        assert optional == set(said["properties"]) - {SOURCE} - set(said["required"]), name


def test_rules() -> None:
    written = [cell.strip("`") for cell in first_cells("x-rules")]
    assert set(written) == set(model.RULES) == set(RULES)
    said = set(words()["x-rules"]["schema"]["items"]["properties"])
    assert said - {"message", "effect", "in", SOURCE} == set(model.RULES)


def test_arguments_of_rules() -> None:
    _, *rows = iter_rows("x-rules")
    for name, *arguments in rows:
        said = words()["x-rules"]["schema"]["items"]["properties"][name.strip("`")]
        assert set(said["properties"]) - {SOURCE} <= codes(" ".join(arguments)), name


def test_conditions() -> None:
    listed = re.search(r"The conditions are `([^`]+)`", sections()["x-errors"])
    assert listed
    assert tuple(listed.group(1).split()) == model.CONDITIONS


def test_phrases() -> None:
    text = sections()["x-errors"]
    listed = text[text.index("Besides JSON Schema's keywords") :].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(model.PHRASES)
    assert not set(model.PHRASES) & set(KEYWORDS)


def test_phases_and_profiles() -> None:
    assert set(model.PHASES) <= codes(sections()["x-tasks"])
    assert set(model.STRICTNESS) <= codes(sections()["x-rules"])


def test_media_types() -> None:
    assert set(model.RESULT_TYPES) == set(GENERATORS)
    assert all(f"`{media_type}`" in sections()["x-tasks"] for media_type in model.RESULT_TYPES)


def test_known_gaps_are_written_down() -> None:
    """What surprised the first who described a provider."""
    manual = MANUAL.read_text("utf-8")
    for sentence in (
        "one named `storage` is that of\nresults and of all addresses of the second origin",
        "A phrase may also be named by a condition",
        "the first in document order",
        "a missing member is worded only by the second form",
        '`"*/*"` beside `application/json` is read as JSON whatever its Content-Type says',
    ):
        assert sentence in manual
