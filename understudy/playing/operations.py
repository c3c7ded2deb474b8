"""Names of operations, as the spec has them: one that is written wrong is refused with the nearest."""

from fnmatch import fnmatchcase

from understudy.mockserver.stage import Stage
from understudy.specs.problems import known

# What the journal calls the fetching of a result behind a signed link: an operation of no spec.
RESULT = "result.get"


def check_operation(stage: Stage, name: str) -> None:
    """Raise ValueError, with the nearest names, for an operation that the spec does not have."""
    if name not in stage.acts:
        raise ValueError(f"{stage.provider.slug} has no operation {name!r}; {known(name, stage.acts)}")


def check_pattern(stage: Stage, pattern: str) -> None:
    """The same for a name that may hold `*`, and for what the journal has of its own."""
    names = (*stage.acts, RESULT)
    if not any(fnmatchcase(name, pattern) for name in names):
        raise ValueError(f"{stage.provider.slug} has no operation {pattern!r}; {known(pattern, names)}")
