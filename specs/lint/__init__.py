"""What can be known about a spec without a server: each check is a function from a subject to misfits."""

from collections.abc import Callable, Iterator

from understudy.specs.documents import Document
from understudy.specs.lint import (
    errors,
    examples,
    lists,
    names,
    paths,
    patterns,
    pointers,
    provider,
    refusals,
    rendering,
    tables,
    tasks,
)
from understudy.specs.lint.subject import Subject
from understudy.specs.model import Provider
from understudy.specs.problems import Misfit

Check = Callable[[Subject], Iterator[Misfit]]

# What the others rely on: schemas are schemas.
SCHEMA_CHECKS: tuple[Check, ...] = (patterns.check_schemas,)

# These need no more than well-formed words.
DOCUMENT_CHECKS: tuple[Check, ...] = (
    provider.check_provider,
    provider.check_options,
    provider.check_limits,
    errors.check_envelopes,
    errors.check_conditions,
    errors.check_phrases,
    errors.check_messages,
    tasks.check_kinds,
    tasks.check_cancel,
    paths.check_operations,
    paths.check_behaviors,
    paths.check_collisions,
    paths.check_servers,
    paths.check_parameters,
    paths.check_security,
    paths.check_streams,
    paths.check_speech,
    patterns.check_patterns,
    names.check_names,
    lists.check_lists,
    lists.check_numbers,
    pointers.check_pointers,
)

# These render, read and evaluate; they are asked once the document can be built.
PROVIDER_CHECKS: tuple[Check, ...] = (
    tables.check_tables,
    examples.check_examples,
    examples.check_defaults,
    examples.check_readable,
    rendering.check_replies,
    rendering.check_callbacks,
    refusals.check_refusals,
)


def check_document(document: Document) -> None:
    """Note every name that does not exist, every pattern that does not compile, and what contradicts itself."""
    subject = Subject(document.root)
    _run(SCHEMA_CHECKS, document, subject)
    if not document.problems:
        _run(DOCUMENT_CHECKS, document, subject)


def check_provider(document: Document, built: Provider) -> None:
    """Note every table, template and example that does not fit its schema."""
    _run(PROVIDER_CHECKS, document, Subject(document.root, built))


def _run(checks: tuple[Check, ...], document: Document, subject: Subject) -> None:
    noted = {(problem.place, problem.message) for problem in document.problems}
    for check in checks:
        for misfit in _all(check, subject):
            if (misfit.place, misfit.message) not in noted:
                noted.add((misfit.place, misfit.message))
                document.problem(misfit.place, misfit.message, misfit.advice)


def _all(check: Check, subject: Subject) -> Iterator[Misfit]:
    """What a check finds; what it stumbles over is a finding too."""
    try:
        yield from check(subject)
    except Misfit as misfit:
        yield misfit
