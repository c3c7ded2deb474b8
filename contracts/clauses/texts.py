"""Clauses about text answers: each operation that gives them, plain and streamed."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.contracts.inputs import models_for
from understudy.contracts.texts import model_of, protocol_of, texts_of
from understudy.specs.model import Operation

_PROVOKED = "no stream broke off: only --provoke, or a target that fails by itself, leads there"


def iter_texts(contract: Contract) -> Iterator[Clause]:
    """What is said is what was asked for, and its numbers add up; a stream adds up to a plain answer."""
    for operation in contract.serving("completion"):
        if protocol_of(operation) is None:
            continue
        citation = contract.cite(operation)
        if operation.arguments.get("stream") is not True:
            text = f"{operation.id} says what was asked for, and its numbers add up"
            yield Clause(f"text/{operation.id}", text, _seen(operation, False), citation)
        if operation.reply.stream:
            text = f"{operation.id} streams an answer in the protocol's grammar, and its pieces add up"
            yield Clause(f"stream/{operation.id}", text, _seen(operation, True), citation)
            text = f"{operation.id} tells of an error in the middle of a stream, and of no success"
            yield Clause(f"broken/{operation.id}", text, _broken(operation), citation, _PROVOKED)
        for model in models_for(contract, operation):
            text = f"{operation.id} does for {model} what is asked"
            yield Clause(f"model/{operation.id}/{model}", text, _limited(operation, model), citation)


def _limited(operation: Operation, model: str) -> Callable[[History], bool]:
    """Whether a model answered within a limit."""
    return lambda history: any(
        t.operation is operation and t.wish.most_tokens and model_of(history, t) == model for t in texts_of(history)
    )


def _broken(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(t.operation is operation and t.told and t.told.error for t in texts_of(history))


def _seen(operation: Operation, streamed: bool) -> Callable[[History], bool]:
    def reached(history: History) -> bool:
        return any(t.operation is operation and (t.told is not None) == streamed for t in texts_of(history))

    return reached
