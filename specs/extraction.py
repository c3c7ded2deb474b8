"""What is read back from a wire value through a template: values by their shared names, and what does not fit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from understudy.specs.expressions import Expression
from understudy.specs.problems import Place, pointer

# Names that say in another form what one name says: whoever judges need know that one only.
_OTHER_FORMS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "$task.number": ("$task.id", str),
    "$task.fraction": ("$task.progress", lambda fraction: fraction * 100),
    "$page.next_number": ("$page.next", str),
}

# What is expected where a member is missing.
A_MEMBER = "a member"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A wire value that is not what the template says."""

    place: Place
    expected: str
    found: Any

    @property
    def is_absence(self) -> bool:
        """Whether a member is not there at all, which a schema may allow."""
        return self.expected == A_MEMBER

    @property
    def is_contradiction(self) -> bool:
        """Whether a name that has a value elsewhere in the body has another one here."""
        return self.expected.startswith("$") and " = " in self.expected

    def __str__(self) -> str:
        return f"{pointer(self.place)}: expected {self.expected}, found {self.found!r}"


@dataclass(slots=True)
class Extraction:
    """What a body says in shared names, and where it departs from the template."""

    values: dict[str, Any] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)

    def put(self, expression: Expression, value: Any, place: Place) -> None:
        """Note a value; the same name with two values in one body is a mismatch."""
        self._put(expression.text, value, place)
        if expression.text in _OTHER_FORMS:
            name, form = _OTHER_FORMS[expression.text]
            self._put(name, form(value), place)

    def _put(self, name: str, value: Any, place: Place) -> None:
        earlier = self.values.setdefault(name, value)
        if earlier != value:
            self.mismatches.append(Mismatch(place, f"{name} = {earlier!r}", value))

    def miss(self, place: Place, expected: str, found: Any) -> None:
        """Note a departure."""
        self.mismatches.append(Mismatch(place, expected, found))


def typed_value(kind: str, value: Any) -> Any:
    """The value when it has the type that its name promises, else None; money becomes Decimal."""
    match kind, value:
        case (("json" | "wire"), _):
            return value
        case "boolean", bool():
            return value
        case _, bool():
            return None
        case "string", str():
            return value
        case "integer", int():
            return value
        case "integer", (float() | Decimal()) if isfinite(value) and value == int(value):
            return int(value)
        case (("money" | "number"), (int() | Decimal())):
            return Decimal(value)
        case (("money" | "number"), float()):
            return Decimal(str(value))
        case "array", list():
            return value
        case _:
            return None


def text_value(kind: str, text: str) -> Any:
    """The typed value behind a text; None when the text cannot be one."""
    if kind not in ("integer", "money", "number") or not text:
        return text
    try:
        return int(text) if kind == "integer" else Decimal(text)
    except (ValueError, InvalidOperation):
        return None
