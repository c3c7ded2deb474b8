"""Which files a spec may take in: those beside it and below, and those that come with the package."""

import hashlib
import posixpath
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

from understudy.specs.problems import Misfit, Problem, SpecError

_ALLOWED = "a spec takes in files beside it and below, written relative to the file that refers to them"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A file as the spec sees it: below its own folder, or (`is_shipped`) below that of the package."""

    is_shipped: bool
    path: str

    def locate(self, own: Path) -> Path:
        """The file itself, for a spec in the folder `own`."""
        return self.folder(own) / self.path

    def folder(self, own: Path) -> Path:
        """The folder below which the file lies."""
        return shipped_folder() if self.is_shipped else own


def shipped_folder() -> Path:
    """Where the specs lie that come with the package."""
    return Path(str(files("understudy.specs")))


def read_text(path: Path) -> str:
    """The text of a file of a spec; raises SpecError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError([Problem((), f"cannot be read: {error.strerror}", "", str(path))]) from None
    except UnicodeDecodeError as error:
        raise SpecError([Problem((), f"not UTF-8: {error.reason} at byte {error.start}", "", str(path))]) from None


def digest_of(path: Path) -> str:
    """The hash of a file's content; '' where there is no file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def iter_candidates(reference: str, holder: Part) -> tuple[Part, ...]:
    """The places where a file may lie that `holder` names, the nearest first; raises Misfit at what is not allowed."""
    name = unquote(reference)
    scheme = _SCHEME.match(name)
    if scheme and len(scheme[0]) > 2:
        raise Misfit(f"{reference} is an address, and nothing is fetched", f"keep a copy: {_ALLOWED}")
    if scheme or name.startswith(("/", "\\")):
        raise Misfit(f"{reference} is an absolute path", _ALLOWED)
    if "\\" in name:
        raise Misfit(f"{reference} has a backslash", "folders are parted by '/'")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(holder.path), name))
    if path.startswith(".."):
        raise Misfit(f"{reference} leads out of the spec's folder", _ALLOWED)
    return tuple(dict.fromkeys((Part(holder.is_shipped, path), Part(True, path))))


def is_within(path: Path, folder: Path) -> bool:
    """Whether a file lies below a folder once links are followed."""
    return path.resolve().is_relative_to(folder.resolve())
