"""The configuration file: `understudy.toml`, or `[tool.understudy]` in `pyproject.toml`, in this folder or above."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from understudy.cli import UsageError

OWN = "understudy.toml"
SHARED = "pyproject.toml"
_TABLE = ("tool", "understudy")
_SIGN = re.compile(r"^\s*\[+\s*tool\s*\.\s*[\"']?understudy\b", re.MULTILINE)
_HEADER = re.compile(r"\s*\[+([^\]]+)\]+")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")


@dataclass(frozen=True, slots=True)
class File:
    """A file that was found: what it says of Understudy, and its text for telling lines."""

    path: Path
    root: tuple[str, ...]
    said: Mapping[str, Any]
    text: str

    def line(self, *keys: str) -> str:
        """Where a key stands, `understudy.toml:3`; without the line where it cannot be told."""
        wanted = [*self.root, *keys]
        table: list[str] = []
        for number, line in enumerate(self.text.splitlines(), 1):
            header = _HEADER.fullmatch(line.partition("#")[0].rstrip())
            if header:
                table = _parts(header[1])
            found = table if header else [*table, *_parts(key[1])] if (key := _KEY.match(line)) else []
            if found[: len(wanted)] == wanted:
                return f"{self.path}:{number}"
        return str(self.path)


def find_file(start: Path) -> Path | None:
    """The nearest file that says something of Understudy, from a folder upwards."""
    for folder in (start, *start.parents):
        if (folder / OWN).is_file():
            return folder / OWN
        shared = folder / SHARED
        if shared.is_file() and _SIGN.search(_read(shared)):
            return shared
    return None


def read_file(path: Path) -> File:
    """Read a file; raises UsageError where it is no TOML, with the line."""
    # Only who has a file needs a reader of it.
    toml = import_module("tomllib")
    text = _read(path)
    root = _TABLE if path.name == SHARED else ()
    try:
        said: Any = toml.loads(text)
    except toml.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    for key in root:
        said = said.get(key, {})
    if not isinstance(said, dict):
        raise UsageError(f"{path}: [tool.understudy] is no table")
    return File(path, root, said, text)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
