"""Checks of the models that an account is said to see."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, models_of
from understudy.contracts.reading import Reading
from understudy.contracts.requests import LISTED, MISUSED
from understudy.specs.model import Operation

_NOT_THERE = "not_found"


def judge_models(history: History) -> Iterator[Evidence]:
    """No model stands twice in a list, and a model that answers an account stands in the account's list."""
    answering = _answering(history)
    yield from _judge_listed(history)
    for reading in history.of("models.list"):
        operation, listed = reading.operation, models_of(reading)
        if operation is None or not listed:
            continue
        clause = f"answer/{operation.id}"
        times = Counter(listed)
        doubled = sorted(name for name in times if times[name] > 1)
        if doubled:
            yield Evidence(f"model '{doubled[0]}' stands in it twice", (reading.exchange,), operation.id, clause=clause)
        for name, answer in answering[reading.exchange.who].items():
            if name not in listed:
                shown = (answer.exchange, reading.exchange)
                message = f"model '{name}' answers this account, and is not among its {len(listed)} models"
                yield Evidence(message, shown, operation.id, clause=clause)


def _judge_listed(history: History) -> Iterator[Evidence]:
    """A model that is listed, and that only the list tells of, is there when it is asked for."""
    lists = {r.exchange.who: r for r in history.of("models.list") if models_of(r)}
    for reading in history.of("completion"):
        told = lists.get(reading.exchange.who)
        if told is None or told.operation is None or reading.exchange.probe != LISTED:
            continue
        assert reading.operation
        place = reading.operation.arguments["model"]
        name = history.contract.value(reading.operation, reading.exchange, reading.sent, place)
        if name in models_of(told) and _NOT_THERE in reading.conditions:
            message = f"model '{name}' is listed, and is not there when it is asked for"
            shown, is_sure = (told.exchange, reading.exchange), _tells_use(history, reading.operation)
            clause = f"answer/{told.operation.id}"
            yield Evidence(message, shown, told.operation.id, assumed=not is_sure, clause=clause)


def _tells_use(history: History, operation: Operation) -> bool:
    """Whether a model that is there, and for something else, is refused in other words than one that is not."""
    misused = (r for r in history.of("completion") if r.exchange.probe == MISUSED and r.operation is operation)
    return any(reading.is_answer and _NOT_THERE not in reading.conditions for reading in misused)


def _answering(history: History) -> dict[str, dict[str, Reading]]:
    """By account the models that answered it, each with the first answer."""
    found: dict[str, dict[str, Reading]] = defaultdict(dict)
    for reading in history.of("completion", "images", "speech", "task.submit"):
        name = _model(history, reading) if reading.is_success else None
        if isinstance(name, str):
            found[reading.exchange.who].setdefault(name, reading)
    return found


def _model(history: History, reading: Reading) -> Any:
    """The model that a request names, where a rule says that it is one of the account's."""
    operation = reading.operation
    names = [r.arguments["name"] for r in operation.rules if r.name == "model"] if operation else []
    return history.contract.value(operation, reading.exchange, reading.sent, names[0]) if operation and names else None
