"""What scenarios are put together from: steps, and the bodies that are no answers."""

from collections.abc import Iterator
from typing import Any

from understudy.contracts.client.script import EVER, Replies, Script, Step
from understudy.contracts.client.use import Use
from understudy.specs.model import Operation

PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
# What says at 200 that nothing was done, in the words that providers use for it.
ERRORS_AT_200: tuple[tuple[str, Any], ...] = (
    ("error-object", {"error": {"code": "internal_error", "message": "the model failed"}}),
    ("error-code", {"code": 5000, "message": "internal error", "data": None}),
    ("success-false", {"success": False, "message": "internal error"}),
)
# Refusals that a client cannot change anything about.
FINAL = ("invalid_request", "unauthorized", "forbidden", "insufficient_credits")
# Seconds that a client is asked to wait: longer than anybody's first back-off.
ADVISED = "2"
# The same where it is said again and again.
SOON = "1"


def only(operation: str, *steps: Step) -> Script:
    """A script about one operation."""
    return Script("", (Replies(operation, steps),))


def after(count: int, *steps: Step) -> tuple[Step, ...]:
    """Steps that come after so many healthy answers."""
    return (Step(repeat=count), *steps) if count else steps


def operations(use: Use, *behaviors: str) -> Iterator[str]:
    """Ids of the operations used that do such a thing."""
    return (operation.id for operation in use.using(*behaviors))


def refusals(operation: Operation, *names: str) -> Iterator[str]:
    """Those of these conditions in which the operation can be refused."""
    return (name for name in names if name in operation.failures.conditions)


def delays(operation: Operation) -> Iterator[str]:
    """The conditions that pass by themselves, as far as the operation has words of its own for them."""
    for name in refusals(operation, "internal_error", "service_busy"):
        status = operation.failures.conditions[name].status
        # One that the provider does not have falls back to another's status.
        if status >= 500 or status == 200:
            yield name


def put_off(operation: Operation) -> Iterator[str]:
    """The conditions that ask a client to come again later."""
    for name in refusals(operation, "rate_limited", "service_busy"):
        if operation.failures.conditions[name].status in (200, 429, 503, 529):
            yield name


def page(status: int, repeat: int = 1, done: bool = False) -> Step:
    """A page of HTML from a server on the way."""
    return Step(repeat=repeat, status=status, type="text/html", text=PAGE, undone=not done)


def says(body: Any, repeat: int = 1, status: int = 200) -> Step:
    """An answer of our own, the provider not being asked."""
    return Step(repeat=repeat, status=status, body=body, undone=True)


__all__ = [
    "ADVISED",
    "ERRORS_AT_200",
    "EVER",
    "FINAL",
    "PAGE",
    "SOON",
    "Replies",
    "Script",
    "Step",
    "Use",
    "after",
    "delays",
    "only",
    "operations",
    "page",
    "put_off",
    "refusals",
    "says",
]
