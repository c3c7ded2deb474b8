"""What a request schema demands, constraint by constraint: where each stands in the schema, and of which member it speaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Keywords that a value can break by itself; `format` too, where the schema says it.
ASSERTIONS = (
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required",
    "additionalProperties", "dependentRequired", "not",
)  # fmt: skip

# Deeper than this a constraint is its parent's detail: a run would never end.
MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Constraint:
    """One assertion of a schema. `path` leads to it in the schema, `place` to the member in the body (`*` for any item).

    `is_choice`: it stands within alternatives, so that breaking it alone refuses nothing.
    """

    path: tuple[Any, ...]
    place: tuple[str, ...]
    value: Any
    is_choice: bool = False

    @property
    def keyword(self) -> str:
        """What is demanded."""
        return str(self.path[-1])

    @property
    def name(self) -> str:
        """How it is called in the id of a clause."""
        return ".".join(str(step) for step in self.path if step != "properties")


def iter_constraints(schema: Any) -> Iterator[Constraint]:
    """Every assertion of a resolved schema that speaks of a body or a member of it."""
    yield from _walk(schema, (), (), False)


def _walk(schema: Any, path: tuple[Any, ...], place: tuple[str, ...], is_choice: bool) -> Iterator[Constraint]:
    if not isinstance(schema, dict) or len(path) > MOST_STEPS:
        return
    for keyword in ASSERTIONS:
        value = schema.get(keyword)
        if keyword in schema and not (keyword == "additionalProperties" and value is not False) and value != []:
            yield Constraint((*path, keyword), place, value, is_choice)
    for name, child in schema.get("properties", {}).items():
        yield from _walk(child, (*path, "properties", name), (*place, name), is_choice)
    yield from _walk(schema.get("items"), (*path, "items"), (*place, "*"), is_choice)
    for word in ("then", "else"):
        yield from _walk(schema.get(word), (*path, word), place, is_choice)
    for index, child in enumerate(schema.get("allOf", ())):
        yield from _walk(child, (*path, "allOf", index), place, is_choice)
    for word in ("anyOf", "oneOf"):
        for index, child in enumerate(schema.get(word, ())):
            yield from _walk(child, (*path, word, index), place, True)


@dataclass(frozen=True, slots=True)
class Branch:
    """A conditional rule of a schema: what `if` says, and where it stands."""

    path: tuple[Any, ...]
    place: tuple[str, ...]
    condition: Any

    @property
    def name(self) -> str:
        """How it is called in the id of a clause."""
        return ".".join(str(step) for step in self.path if step != "properties")


def iter_branches(schema: Any, path: tuple[Any, ...] = (), place: tuple[str, ...] = ()) -> Iterator[Branch]:
    """Every `if` of a resolved schema with a `then`."""
    if not isinstance(schema, dict) or len(path) > MOST_STEPS:
        return
    if "if" in schema and "then" in schema:
        yield Branch((*path, "if"), place, schema["if"])
    for name, child in schema.get("properties", {}).items():
        yield from iter_branches(child, (*path, "properties", name), (*place, name))
    yield from iter_branches(schema.get("items"), (*path, "items"), (*place, "*"))
    for word in ("then", "else"):
        yield from iter_branches(schema.get(word), (*path, word), place)
    for index, child in enumerate(schema.get("allOf", ())):
        yield from iter_branches(child, (*path, "allOf", index), place)
