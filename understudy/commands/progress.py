"""A line that tells how far a run is, on a terminal and nowhere else."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


class Progress:
    """Use as a context manager; `show` is told how many of how many, and what was last."""

    def __init__(self, what: str, quiet: bool) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=console, transient=True, disable=quiet or not sys.stderr.isatty())
        self._what = what
        self._task = self._bar.add_task(what, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, done: int, of: int, last: str) -> None:
        """Tell how far it is."""
        self._bar.update(self._task, completed=done, total=of, description=f"{self._what}: {last}"[:60])
