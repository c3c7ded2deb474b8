"""Scenarios about creating a task: lost, broken, refused, put off, and answered with something else."""

from collections.abc import Iterator

from understudy.contracts.client.scenarios.parts import (
    ADVISED,
    ERRORS_AT_200,
    EVER,
    FINAL,
    SOON,
    Script,
    Step,
    Use,
    only,
    operations,
    page,
    put_off,
    refusals,
    says,
)


def lost(use: Use) -> Iterator[tuple[str, Script]]:
    """The task is made, and the connection is reset, or the answer breaks off."""
    for operation in operations(use, "task.submit"):
        yield "reset", only(operation, Step(lost=True))
        yield "cut", only(operation, Step(cut=0.5))


def broken(use: Use) -> Iterator[tuple[str, Script]]:
    """The task is made, and an error is answered that leaves that open."""
    for operation in use.using("task.submit"):
        if "internal_error" in operation.failures.conditions:
            yield "internal_error", only(operation.id, Step(refuse="internal_error", done=True))
        for status in (500, 502, 504):
            yield str(status), only(operation.id, page(status, done=True))


def silent(use: Use) -> Iterator[tuple[str, Script]]:
    """The task is made, and nothing is answered."""
    for operation in operations(use, "task.submit"):
        yield "for-ever", only(operation, Step(silent=True))


def refused(use: Use) -> Iterator[tuple[str, Script]]:
    """The provider refuses, in its own words, for ever."""
    for operation in use.using("task.submit"):
        for name in refusals(operation, *FINAL):
            yield name, only(operation.id, Step(refuse=name, repeat=EVER))


def busy(use: Use) -> Iterator[tuple[str, Script]]:
    """The provider puts off, and says for how long."""
    for operation in use.using("task.submit"):
        for name in put_off(operation):
            yield name, only(operation.id, Step(refuse=name, retry_after=ADVISED))
        if next(put_off(operation), ""):
            name = next(put_off(operation))
            yield f"{name}-for-ever", only(operation.id, Step(refuse=name, retry_after=SOON, repeat=EVER))
        yield (
            "429",
            only(
                operation.id, Step(status=429, body={"message": "too many requests"}, retry_after=ADVISED, undone=True)
            ),
        )


def odd(use: Use) -> Iterator[tuple[str, Script]]:
    """What is answered at 200 is an error, a page, an empty object, or nothing."""
    for operation in operations(use, "task.submit"):
        for name, body in ERRORS_AT_200:
            yield name, only(operation, says(body, EVER))
        yield "page", only(operation, page(200, EVER))
        yield "empty", only(operation, says({}, EVER))
        yield "null", only(operation, Step(repeat=EVER, status=200, text="null", type="application/json", undone=True))
