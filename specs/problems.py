"""What is wrong with a spec, and where."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

Place: TypeAlias = tuple[str | int, ...]

T = TypeVar("T")


def pointer(place: Place) -> str:
    """The place as a JSON pointer, `/` for the root."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in place)
    return "/" + "/".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect: where it stands, what is wrong, and what would be right."""

    place: Place
    message: str
    advice: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        advice = f" ({self.advice})" if self.advice else ""
        return f"{where}: {pointer(self.place)}: {self.message}{advice}"


class SpecError(Exception):
    """A spec that cannot be used. `problems` holds every defect that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Misfit(ValueError):
    """A value that the vocabulary does not allow; the loader adds file and line."""

    def __init__(self, message: str, advice: str = "", place: Place = ()) -> None:
        super().__init__(message)
        self.message, self.advice, self.place = message, advice, place

    def under(self, *place: str | int) -> "Misfit":
        """The same misfit seen from further up."""
        return Misfit(self.message, self.advice, (*place, *self.place))


def at(place: str | int, build: Callable[..., T], *arguments: Any) -> T:
    """Call a builder; a misfit in it is told from one step further up."""
    try:
        return build(*arguments)
    except Misfit as misfit:
        raise misfit.under(place) from None


def known(value: Any, names: "Any") -> str:
    """Advice that lists the allowed names, the nearest first."""
    allowed = sorted(map(str, names))
    near = get_close_matches(str(value), allowed, n=1)
    nearest = f"did you mean {near[0]!r}? " if near else ""
    return f"{nearest}known: {', '.join(allowed)}"
