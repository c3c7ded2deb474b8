"""Scenarios about uploads: what does not arrive is not there for the task that needs it."""

from collections.abc import Iterator

from understudy.contracts.client.scenarios.parts import EVER, Script, Step, Use, only, operations, page

_REFUSED = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SignatureDoesNotMatch</Code><Message>refused</Message></Error>'
)


def failing(use: Use) -> Iterator[tuple[str, Script]]:
    """The storage refuses what is uploaded, a server on the way fails, or the connection breaks before an answer."""
    for operation in operations(use, "upload.put"):
        refused = Step(status=403, text=_REFUSED, type="application/xml", undone=True, repeat=EVER)
        yield f"{operation}-refused", only(operation, refused)
        yield f"{operation}-page", only(operation, page(503, EVER))
        yield f"{operation}-lost", only(operation, Step(lost=True, undone=True, repeat=EVER))
