"""Tables as text: columns that line up, Chinese included."""

from collections.abc import Iterable, Iterator, Sequence
from unicodedata import combining, east_asian_width


def width_of(text: str) -> int:
    """How many columns a terminal takes for a text."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def iter_lines(rows: Iterable[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """The rows with their cells below each other; a column without any text is left out."""
    table = [tuple(row) for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [_filled(cell, width) for cell, width in zip(row, widths, strict=True) if width]
        yield (indent + "  ".join(cells)).rstrip()


def _filled(cell: str, width: int) -> str:
    return cell + " " * (width - width_of(cell))
