"""Loading a spec: read, check, build; the checked document is kept in a cache by its hash."""

import hashlib
import os
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from understudy.specs import documents, model
from understudy.specs.build import build_provider
from understudy.specs.documents import Document
from understudy.specs.lint import check_document, check_provider
from understudy.specs.problems import Misfit, Problem, SpecError
from understudy.specs.sources import iter_sources, parse_sources
from understudy.specs.structure import check_structure
from understudy.specs.vocabulary import check_words

_SHIPPED = ".yaml"


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
    document, provider = check(text, str(path), profile)
    _keep(kept, document.root)
    return provider


def check(text: str, name: str, profile: model.Profile | None = None) -> tuple[Document, model.Provider]:
    """Check everything that can be known about a spec without a server."""
    document = documents.read(text, name)
    return document, check_read(document, profile)


def check_read(document: Document, profile: model.Profile | None = None) -> model.Provider:
    """Check a document that was read; raises SpecError with every defect that was found."""
    if not isinstance(document.root, dict):
        document.problem((), "a spec is an object", "start with 'openapi: 3.1.0'")
        document.refuse()
    check_words(document)
    _check_sources(document)
    check_structure(document)
    document.refuse()
    check_document(document)
    provider = _build(document, profile or model.Profile())
    document.refuse()
    check_provider(document, provider)
    document.refuse()
    return provider


def _build(document: Document, profile: model.Profile) -> model.Provider:
    """Build the provider; raises SpecError with what was found before, too."""
    try:
        return build_provider(document.root, profile)
    except Misfit as misfit:
        if not document.problems:
            document.problem(misfit.place, misfit.message, misfit.advice)
        document.refuse()
        raise  # not reached: refuse raises


def _check_sources(document: Document) -> None:
    for place, value in iter_sources(document.root):
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            document.problem((*place, "x-source"), f"{value!r} is not a source", "a text or a list of texts")
            continue
        try:
            parse_sources(value, place)
        except Misfit as misfit:
            document.problem((*place, "x-source"), misfit.message, misfit.advice)


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
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    try:
        release = version("understudy")
    except PackageNotFoundError:
        release = "source"
    folder = Path(str(files("understudy.specs")))
    stamp = "".join(
        f"{p.name}{p.stat().st_mtime_ns}" for p in sorted(folder.rglob("*")) if p.suffix in (".py", ".json")
    )
    digest = hashlib.sha256(f"{release}\n{stamp}\n{text}".encode()).hexdigest()
    return Path(base) / "understudy" / f"{digest[:32]}.json"


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
    except OSError:
        return
