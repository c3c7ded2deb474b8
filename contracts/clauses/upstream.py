"""Clauses about what goes through a relay to a provider that is ours: one for each operation that can be told again there."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.contracts.upstream import pairs_of, tasks_of
from understudy.specs.model import Operation

# What a relay may well have of its own.
_OWN = ("task.list", "account.balance", "models.list", "upload.presign", "upload.put")
_THEIRS = "not looked at by --with-upstream: a relay may keep accounts, lists, models and uploads of its own"
_ALONE = "the provider behind is not ours: see --with-upstream"


def iter_behind(contract: Contract) -> Iterator[Clause]:
    """What is asked here is asked there, once and unchanged, and what is said there is told here."""
    for operation in contract.serving("completion", "images", "speech", "task.submit"):
        text = f"{operation.id} passes on what is asked, once, and tells what the provider behind says"
        yield Clause(f"upstream/{operation.id}", text, _paired(operation), contract.cite(operation), _ALONE)
    for operation in contract.serving("task.get"):
        text = f"{operation.id} tells of a task what the provider behind tells"
        yield Clause(f"upstream/{operation.id}", text, _followed(operation), contract.cite(operation), _ALONE)

    for operation in contract.serving(*_OWN):
        text = f"{operation.id} tells what the provider behind tells"
        yield Clause(f"upstream/{operation.id}", text, lambda history: False, contract.cite(operation), _THEIRS)


def _paired(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(p.client.operation is operation and p.behind for p in pairs_of(history))


def _followed(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(t.here[-1].operation is operation and t.there for t in tasks_of(history))
