"""What the lint looks at: the operations, kinds and schemas of a document, each with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.specs.model import METHODS, Provider
from understudy.specs.problems import Place
from understudy.specs.schemas import follow, resolve


@dataclass(frozen=True, slots=True)
class Spot:
    """An operation in the document: where, and what is said of it."""

    place: Place
    path: str
    method: str
    item: Mapping[str, Any]
    said: Mapping[str, Any]

    @property
    def behavior(self) -> str:
        """What it does; '' when that is not said."""
        return next(iter(self.said.get("x-behavior", {})), "")

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The behavior's arguments."""
        found: Mapping[str, Any] = self.said.get("x-behavior", {}).get(self.behavior, {})
        return found

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.method.upper()} {self.path}"


@dataclass(slots=True)
class Subject:
    """A document under the lint; `built` is there once it could be built."""

    root: Mapping[str, Any]
    built: Provider | None = None
    operations: tuple[Spot, ...] = ()
    _resolved: dict[int, tuple[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.operations = tuple(_iter_spots(self.root))

    @property
    def provider(self) -> Provider:
        """The built provider."""
        assert self.built, "checks that ask for the provider run after it is built"
        return self.built

    @property
    def kinds(self) -> Mapping[str, Any]:
        """The task kinds by name, as said."""
        found: Mapping[str, Any] = self.root.get("x-tasks", {})
        return found

    @property
    def options(self) -> Mapping[str, list[str]]:
        """The values of each option."""
        return {name: option["values"] for name, option in self.root["x-provider"].get("options", {}).items()}

    @property
    def errors(self) -> Mapping[str, Any]:
        """The root's `x-errors`."""
        found: Mapping[str, Any] = self.root["x-errors"]
        return found

    def resolved(self, value: Any) -> Any:
        """The value with every reference put in its place; the same object is resolved once."""
        known = self._resolved.get(id(value))
        if known is None:
            known = self._resolved[id(value)] = (value, resolve(value, self.root))
        return known[1]

    def placed(self, value: Any, place: Place) -> tuple[Any, Place]:
        """What a value is and where that is written, when it may be a reference."""
        while isinstance(value, dict) and "$ref" in value:
            reference = value["$ref"]
            place = tuple(step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/"))
            value = follow(reference, self.root)
        return value, place

    def responses(self, spot: Spot) -> Iterator[tuple[str, Mapping[str, Any], Place]]:
        """Status, response and its place, of an operation."""
        for status, said in spot.said["responses"].items():
            response, place = self.placed(said, (*spot.place, "responses", status))
            yield status, response, place

    def request_schema(self, spot: Spot) -> Any:
        """The schema of an operation's JSON body; None when it takes none."""
        body = self.resolved(spot.said.get("requestBody", {}))
        content = body.get("content", {}).get("application/json")
        return None if content is None else content.get("schema", True)

    def request_examples(self, spot: Spot) -> list[Any]:
        """The documented bodies of an operation."""
        body = self.resolved(spot.said.get("requestBody", {}))
        content = body.get("content", {}).get("application/json", {})
        values = [e["value"] for e in content.get("examples", {}).values() if isinstance(e, dict) and "value" in e]
        return [*values, content["example"]] if "example" in content else values

    def parameters(self, spot: Spot) -> list[dict[str, Any]]:
        """The parameters of an operation and of its path."""
        said = [*spot.item.get("parameters", ()), *spot.said.get("parameters", ())]
        return [self.resolved(parameter) for parameter in said]

    def is_guarded(self, spot: Spot) -> bool:
        """Whether an operation asks for a key."""
        return any(spot.said.get("security", self.root.get("security", ())))

    def kinds_of(self, spot: Spot) -> list[str]:
        """The kinds of task that an operation submits, shows or cancels, as far as they exist."""
        if spot.behavior == "task.submit":
            named = list(iter_leaves(spot.arguments["kind"]))
        elif spot.behavior == "task.cancel":
            named = [name for name, kind in self.kinds.items() if phases_of_cancel(kind)]
        else:
            named = spot.arguments.get("kinds", list(self.kinds))
        return [name for name in dict.fromkeys(map(str, named)) if name in self.kinds]

    def submitters(self, kind: str) -> list[Spot]:
        """The operations that submit a kind."""
        return [s for s in self.operations if s.behavior == "task.submit" and kind in self.kinds_of(s)]


def iter_leaves(choice: Any) -> Iterator[Any]:
    """The values that a choice can give: itself, or the ends of the table of a `by`."""
    if not isinstance(choice, dict):
        yield choice
        return
    for value in choice.get("table", choice).values():
        yield from iter_leaves(value)


def phases_of_cancel(kind: Mapping[str, Any]) -> list[str]:
    """The phases in which a kind can be cancelled."""
    cancel = kind.get("cancel", [])
    found: list[str] = cancel["phases"] if isinstance(cancel, dict) else cancel
    return found


def _iter_spots(root: Mapping[str, Any]) -> Iterator[Spot]:
    for path, item in root.get("paths", {}).items():
        if path.startswith("/"):
            for method in METHODS:
                if method in item:
                    yield Spot(("paths", path, method), path, method, item, item[method])
