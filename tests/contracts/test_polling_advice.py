"""Where the document advises how far apart polls should be, a client that does not keep to it is told."""

import pytest

from tests.contracts.zoo import audition, put_through

# A scenario that concerns none of these clients: all that is played is the healthy run.
_NONE = ("stream-held",)


@pytest.mark.parametrize(
    ("name", "operation"), [("juhuo", "video.get"), ("storyclaw", "task.get"), ("seedance2ai", None)]
)
def test_polls_that_come_too_soon_are_a_warning_where_the_document_advises_otherwise(
    name: str, operation: str | None
) -> None:
    done = put_through(audition(name, drivers=0), _NONE)
    assert done.unfit == ""
    told = [(f.check, f.severity, f.operation) for f in done.findings]
    assert told == ([("polling-advice-kept", "warning", operation)] if operation else [])


def test_a_driver_that_is_told_to_hurry_may_poll_as_it_likes() -> None:
    done = put_through(audition("juhuo"), _NONE)
    assert done.unfit == ""
    assert done.findings == []
