"""Scenarios about fetching what a task made: links that have expired, pages instead of files, files that break off, other hosts."""

from collections.abc import Iterator

from understudy.contracts.client.scenarios.parts import EVER, Script, Step, Use, after, only, operations, page, says
from understudy.contracts.client.trial import RESULT

_EXPIRED = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'


def expired(use: Use) -> Iterator[tuple[str, Script]]:
    """The storage refuses the link: once, so that a fresh one is good, or for ever."""
    if use.fetches:
        yield "once", only(RESULT, _expired(1))
        yield "for-ever", only(RESULT, _expired(EVER))


def odd(use: Use) -> Iterator[tuple[str, Script]]:
    """A page or an error as JSON, at 200 and at others."""
    if use.fetches:
        error = {"error": {"code": "internal_error", "message": "the file cannot be read"}}
        yield "json", only(RESULT, says(error, EVER))
        yield "json-500", only(RESULT, says(error, EVER, status=500))
        yield "page", only(RESULT, page(200, EVER))
        yield "page-404", only(RESULT, page(404, EVER))


def cut(use: Use) -> Iterator[tuple[str, Script]]:
    """The connection ends in the middle of the file."""
    if use.fetches:
        yield "reset", only(RESULT, Step(cut=0.6, repeat=EVER))
        yield "closed", only(RESULT, Step(cut=0.6, end="close", repeat=EVER))


def redirected(use: Use) -> Iterator[tuple[str, Script]]:
    """The answer points to another host, for all that the client asks."""
    for operation in operations(use, "task.get", "task.list", "account.balance", "models.list"):
        yield operation, only(operation, *after(0, Step(redirect=True, undone=True)))
    for operation in operations(use, "task.submit", "completion", "images", "speech"):
        yield operation, only(operation, Step(redirect=True, undone=True, status=307))
    if use.fetches:
        yield "result", only(RESULT, Step(redirect=True, undone=True))


def _expired(repeat: int) -> Step:
    return Step(status=403, text=_EXPIRED, type="application/xml", undone=True, repeat=repeat)
