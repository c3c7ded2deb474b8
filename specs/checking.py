"""Checking a spec: everything that can be known about it without a server."""

from understudy.specs import documents, model
from understudy.specs.builders import build_provider
from understudy.specs.bundle import bundle
from understudy.specs.documents import Document
from understudy.specs.lint import check_document, check_provider
from understudy.specs.problems import Misfit
from understudy.specs.sources import iter_sources, parse_sources
from understudy.specs.structure import check_structure
from understudy.specs.vocabulary import check_words


def check(text: str, name: str, profile: model.Profile | None = None) -> tuple[Document, model.Provider]:
    """Check everything that can be known about a spec, and what it takes in, without a server."""
    document = documents.read(text, name)
    bundle(document)
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
