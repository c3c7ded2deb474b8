"""Loading a spec: what was checked once is kept in the user's cache, by the hash of its text and of the checks."""

import hashlib
import os
import tempfile
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import orjson

from understudy.specs import model
from understudy.specs.builders import build_provider
from understudy.specs.problems import Problem, SpecError

MOST_KEPT = 64

_SHIPPED = ".yaml"
_CHECKING = "understudy.specs.checking"


def shipped() -> dict[str, Path]:
    """Slug -> file of every spec that comes with the package."""
    folder = Path(str(files("understudy.specs")))
    return {path.stem: path for path in sorted(folder.glob(f"*{_SHIPPED}"))}


def load(path: Path, profile: model.Profile | None = None) -> model.Provider:
    """Load and check a spec; raises SpecError with every defect that was found."""
    text = read_text(path)
    kept = _cache_file(text)
    cached = _cached(kept)
    if cached is not None:
        return build_provider(cached, profile or model.Profile())
    # Serving a known spec needs no YAML and no checks: they are loaded when there is something to check.
    document, provider = import_module(_CHECKING).check(text, str(path), profile or model.Profile())
    _keep(kept, document.root)
    return cast(model.Provider, provider)


def read_text(path: Path) -> str:
    """The text of a spec; raises SpecError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError([Problem((), f"cannot be read: {error.strerror}", "", str(path))]) from None
    except UnicodeDecodeError as error:
        raise SpecError([Problem((), f"not UTF-8: {error.reason} at byte {error.start}", "", str(path))]) from None


def _cache_file(text: str) -> Path:
    """Where the checked document of this text is kept; the package's own files are part of the key."""
    base = os.environ.get("XDG_CACHE_HOME") or _home() / ".cache"
    folder = Path(str(files("understudy.specs")))
    stamp = "".join(
        f"{p.name}{p.stat().st_mtime_ns}" for p in sorted(folder.rglob("*")) if p.suffix in (".py", ".json")
    )
    digest = hashlib.sha256(f"{stamp}\n{text}".encode()).hexdigest()
    return Path(base) / "understudy" / f"{digest[:32]}.json"


def _home() -> Path:
    """The user's home; where there is none, the machine's place for what may go."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(tempfile.gettempdir())


def _cached(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None


def _keep(path: Path, root: Any) -> None:
    """Write through a neighbour and rename, so that no reader sees half a file; a cache may fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(orjson.dumps(root))
        scratch.replace(path)
        for old in sorted(path.parent.glob("*.json"), key=lambda kept: kept.stat().st_mtime)[:-MOST_KEPT]:
            old.unlink()
    except OSError:
        return
