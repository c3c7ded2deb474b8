"""Checks of callbacks: they come, once they were taken no more, again when they were not, signed, and true."""

from collections import defaultdict
from collections.abc import Iterator

from understudy.contracts.callbacks import Call, callback_url
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History
from understudy.contracts.shapes import Shape
from understudy.specs.templates import read


def judge_delivered(history: History) -> Iterator[Evidence]:
    """A task that ended is told to the address that its create gave; not taken, it is told again."""
    called = _by_create(history)
    for story in history.stories.values():
        created = story.created
        if created is None or created.exchange.probe != "callback" or created.operation is None:
            continue
        for delivery in created.operation.deliveries:
            over = story.first_in(*delivery.on)
            calls = called.get(created.exchange.serial, [])
            taken = [call for call in calls if call.exchange.status < 300]
            if over is None or not callback_url(history.contract, created, delivery):
                continue
            if not calls:
                yield _evidence(
                    history, created.exchange.serial, calls, "its end was never told", created.operation.id, story.id
                )
            elif not taken and delivery.retries and len(calls) == 1:
                message = "its callback was refused by a 500, and did not come again"
                yield _evidence(history, created.exchange.serial, calls, message, created.operation.id, story.id)


def judge_once(history: History) -> Iterator[Evidence]:
    """What was taken is not sent again, and what was not is sent no oftener than documented."""
    for serial, calls in _by_create(history).items():
        first = calls[0]
        after = [
            c for c in calls if any(t.exchange.status < 300 and t.exchange.serial < c.exchange.serial for t in calls)
        ]
        if after:
            yield _evidence(history, serial, calls, "a callback that was taken came again", first.operation.id)
        elif len(calls) > 1 + first.delivery.retries:
            message = f"it came {len(calls)} times, documented are {first.delivery.retries} repetitions"
            yield _evidence(history, serial, calls, message, first.operation.id)


def judge_signed(history: History) -> Iterator[Evidence]:
    """A callback has the headers that the document promises, with the key of the account where that is one."""
    for call in history.calls:
        keys = history.contract.keys_of(call.created.exchange)
        for name, node in call.delivery.headers:
            told = call.exchange.sent_header(name)
            is_key = any(e.name == "account.key" for e in node.expressions())
            if not told:
                yield _of_call(history, call, f"it has no header {name}")
            elif is_key and read(node, told).values.get("$account.key") not in keys:
                yield _of_call(history, call, f"its header {name} is not what the key of the account makes it")


def judge_body(history: History) -> Iterator[Evidence]:
    """A callback's body is what its schema says, about the task of its create, in a phase that is to be told."""
    for call in history.calls:
        for wrong in Shape(call.delivery.schema).misshapes(call.reading.body):
            yield _of_call(history, call, f"{wrong.place or 'its body'}: {wrong.message}", wrong.citation.assumed)
        told, wanted = (reading.values.get("$task.id") for reading in (call.reading, call.created))
        if told is not None and told != wanted:
            yield _of_call(history, call, f"it tells of '{told}', and was asked for by '{wanted}'")
        kind, state = call.created.kind, call.reading.values.get("$task.state")
        phases = {s.phase for s in kind.states if s.wire == state} if kind and state is not None else set()
        if phases and not phases & call.delivery.on:
            yield _of_call(history, call, f"it comes while the task is {state!r}")


def _by_create(history: History) -> dict[int, list[Call]]:
    found: dict[int, list[Call]] = defaultdict(list)
    for call in history.calls:
        found[call.created.exchange.serial].append(call)
    return found


def _of_call(history: History, call: Call, message: str, assumed: bool = False) -> Evidence:
    citation = history.contract.cite_delivery(call.operation)
    shown = (call.created.exchange, call.exchange)
    is_assumed = assumed or citation.assumed
    return Evidence(message, shown, call.operation.id, citation.facts, is_assumed, f"callback/{call.operation.id}")


def _evidence(
    history: History, serial: int, calls: list[Call], message: str, operation: str, task: str = ""
) -> Evidence:
    created = next(exchange for exchange in history.exchanges if exchange.serial == serial)
    citation = history.contract.cite_delivery(history.contract.operations[operation])
    shown = (created, *(call.exchange for call in calls[:4]))
    text = f"task '{task}': {message}" if task else message
    return Evidence(text, shown, operation, citation.facts, citation.assumed, f"callback/{operation}")
