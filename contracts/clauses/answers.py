"""Clauses about answers: each operation's success, and each condition in which it may refuse."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.specs.model import Operation

# Conditions that an operation of any sort can meet; others depend on what it does.
ALWAYS = ("unauthorized", "method_not_allowed")
_NOT_REFUSED = "no request was refused so"
_PROVOKED = "only --provoke, or a target that fails by itself, leads there"


def iter_answers(contract: Contract) -> Iterator[Clause]:
    """Each operation answers as its template and schema say."""
    for operation in contract.provider.operations:
        yield Clause(
            f"answer/{operation.id}",
            f"{operation.method} {operation.path} answers as described",
            _succeeds(operation),
            contract.cite(operation),
        )


def iter_refusals(contract: Contract) -> Iterator[Clause]:
    """Each operation refuses in the words of its conditions."""
    for operation in contract.provider.operations:
        for name in conditions_of(contract, operation):
            condition = operation.failures.conditions[name]
            yield Clause(
                f"refusal/{operation.id}/{name}",
                f"{operation.id} refuses {name} with {condition.status} {condition.code}",
                _refuses(operation, name),
                contract.cite_condition(operation, name),
                _PROVOKED if name == "insufficient_credits" else _NOT_REFUSED,
            )


def iter_paths(contract: Contract) -> Iterator[Clause]:
    """What no operation has is refused in the provider's words, too."""
    for name in ("unknown_path", "method_not_allowed"):
        text = f"{name.replace('_', ' ')} is refused in the provider's words"
        yield Clause(f"paths/{name}", text, _probed(name), contract.cite_condition(None, name))


def _probed(name: str) -> Callable[[History], bool]:
    return lambda history: any(reading.exchange.probe == name for reading in history.client)


def conditions_of(contract: Contract, operation: Operation) -> Iterator[str]:
    """The conditions that an operation can meet by what it does."""
    if operation.media:
        return
    if operation.security:
        yield "unauthorized"
    if operation.body or any(parameter.where == "query" for parameter in operation.parameters):
        yield "invalid_request"
    if operation.behavior in ("task.get", "task.cancel"):
        yield "not_found"
        if any(kind.foreign == "forbidden" for kind in contract.kinds_of(operation)):
            yield "forbidden"
    if operation.behavior == "task.submit":
        yield "insufficient_credits"
        if contract.provider.idempotency:
            yield "idempotency_conflict"


def _succeeds(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(r.is_success and r.operation is operation for r in history.of(operation.behavior))


def _refuses(operation: Operation, condition: str) -> Callable[[History], bool]:
    def reached(history: History) -> bool:
        return any(
            r.operation is operation and r.is_refusal and condition in r.conditions
            for r in history.of(operation.behavior)
        )

    return reached
