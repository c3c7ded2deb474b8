"""Loading a spec: what was checked once is kept in the user's cache, by the hash of its text and of the checks.

Beside it stands which other files it took in, with the hash of each.
"""

import hashlib
import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import orjson

from understudy.specs import model
from understudy.specs.builders import build_provider
from understudy.specs.reach import Part, digest_of, read_text, shipped_folder

MOST_KEPT = 64

_SHIPPED = ".yaml"
_CHECKING = "understudy.specs.checking"


def shipped() -> dict[str, Path]:
    """Slug -> file of every spec that comes with the package."""
    return {path.stem: path for path in sorted(shipped_folder().glob(f"*{_SHIPPED}"))}


def load(path: Path, profile: model.Profile | None = None) -> model.Provider:
    """Load and check a spec with what it takes in; raises SpecError with every defect that was found."""
    text = read_text(path)
    kept = _cache_file(text)
    cached = _cached(kept, path.parent)
    if cached is not None:
        return build_provider(cached, profile or model.Profile())
    # Serving a known spec needs no YAML and no checks: they are loaded when there is something to check.
    document, provider = import_module(_CHECKING).check(text, str(path), profile or model.Profile())
    parts = [(part.is_shipped, part.path, digest) for part, digest in document.parts.items()]
    _keep(kept, {"parts": parts, "document": document.root})
    return cast(model.Provider, provider)


def _cache_file(text: str) -> Path:
    """Where the checked document of this text is kept; the package's own files are part of the key."""
    stamp = "".join(
        f"{p.name}{p.stat().st_mtime_ns}" for p in sorted(shipped_folder().rglob("*")) if p.suffix in (".py", ".json")
    )
    digest = hashlib.sha256(f"{stamp}\n{text}".encode()).hexdigest()
    return cache_folder() / f"{digest[:32]}.json"


def cache_folder() -> Path:
    """Where checked documents are kept: of the user's cache, which may be removed at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache") / "understudy"


def _home() -> Path:
    """The user's home; where there is none, the machine's place for what may go."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(tempfile.gettempdir())


def _cached(path: Path, folder: Path) -> Any:
    """The kept document; None when there is none, or when what it took in has changed since."""
    try:
        kept = orjson.loads(path.read_bytes())
        parts = {Part(is_shipped, name): digest for is_shipped, name, digest in kept["parts"]}
        fresh = all(digest_of(part.locate(folder)) == digest for part, digest in parts.items())
        return kept["document"] if fresh else None
    except (OSError, orjson.JSONDecodeError, TypeError, KeyError, ValueError):
        return None


def _keep(path: Path, kept: Any) -> None:
    """Write through a neighbour and rename, so that no reader sees half a file; a cache may fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(orjson.dumps(kept))
        scratch.replace(path)
        for old in sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime)[:-MOST_KEPT]:
            old.unlink()
    except OSError:
        return
