"""Tables as text: columns that line up, Chinese included."""

from collections.abc import Iterable, Iterator, Sequence
from unicodedata import combining, east_asian_width


def width_of(text: str) -> int:
    """How many columns a terminal takes for a text."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def iter_lines(rows: Iterable[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """The rows with their cells below each other; the last cell of a row is not filled up."""
    table = [tuple(row) for row in rows]
    widths = [
        max(map(width_of, column)) for column in zip(*(row[:-1] for row in table), strict=True)
    ]
    for row in table:
        cells = [
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=False)
        ]
        yield (indent + "  ".join([*cells, row[-1]])).rstrip()
