"""Clauses about what goes through a relay to a provider that is ours: one for each operation that can be marked."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.contracts.upstream import pairs_of
from understudy.specs.model import Operation

_ALONE = "the provider behind is not ours: see --with-upstream"


def iter_behind(contract: Contract) -> Iterator[Clause]:
    """What is asked here is asked there, once and unchanged, and what is said there is told here."""
    for operation in contract.serving("completion", "images", "speech", "task.submit"):
        text = f"{operation.id} passes on what is asked, once, and tells what the provider behind says"
        yield Clause(f"upstream/{operation.id}", text, _paired(operation), contract.cite(operation), _ALONE)


def _paired(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(p.client.operation is operation and p.behind for p in pairs_of(history))
