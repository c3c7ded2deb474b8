"""Clauses about what stands around tasks: who may see them, repetitions, cancels, lists, headers, what is not told."""

from collections.abc import Callable, Iterator

from understudy.contracts.citing import cite
from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.expected import CONFLICT, deserved
from understudy.contracts.history import History, Story
from understudy.contracts.limits import AFTER_FAILURES, NARROW, most_running
from understudy.specs.model import TERMINAL, Kind, Operation

_LISTED = {
    "own": "shows no other account's tasks",
    "once": "shows no task twice",
    "order": "shows the newest task first",
    "complete": "leaves none of the newest tasks out",
}
_TOLD = {
    "id": "has an id of the documented form, which a query repeats",
    "states": "is shown in the states of its kind only",
    "results": "has its results when it succeeded, and not before",
    "agreement": "is told alike by whoever tells of it after its end",
}


def iter_tasks(contract: Contract) -> Iterator[Clause]:
    """What is told of the tasks of a kind."""
    for kind in contract.provider.kinds.values():
        for about, text in _TOLD.items():
            cited = contract.cite_kind(kind.name, about)
            yield Clause(
                f"task/{kind.name}/{about}", f"a {kind.name} {text}", _ended(kind), cited, "no task of this kind ended"
            )
        shown = {e.text for o in contract.serving("task.get") for c in o.reply.cases for e in c.body.expressions()}
        if shown & {"$task.error_code", "$task.error_message"} and kind.failures:
            name, text = f"task/{kind.name}/reason", f"a {kind.name} that failed says why"
            why = "no task of this kind failed: --provoke lets it"
            yield Clause(
                name, text, _in_phase(kind, "failed", "cancelled"), contract.cite_kind(kind.name, "failures"), why
            )
        if shown & {"$task.progress", "$task.fraction"}:
            yield Clause(f"task/{kind.name}/progress", f"the progress of a {kind.name} never falls", _ended(kind))
        if any(name.startswith(("$task.created", "$task.started", "$task.finished")) for name in shown):
            yield Clause(f"task/{kind.name}/times", f"the times of a {kind.name} are in order and stay", _ended(kind))


def iter_owners(contract: Contract) -> Iterator[Clause]:
    """Another account's task is refused, and so is to continue another account's answer."""
    for operation in contract.serving("completion"):
        if "continues" in operation.arguments and CONFLICT in operation.failures.conditions:
            name = f"ownership/{operation.id}"
            yield Clause(name, f"{operation.id} continues no answer of another account", _deserved(name))
    for operation in contract.serving("task.get", "task.cancel"):
        name = f"ownership/{operation.id}"
        yield Clause(name, f"{operation.id} refuses another account's task", _deserved(name))


def iter_repetitions(contract: Contract) -> Iterator[Clause]:
    """A create is repeatable where the document says so."""
    for operation in contract.serving("task.submit") if contract.provider.idempotency else ():
        name = f"idempotency/{operation.id}/replay"
        cited = cite(contract.provider.document.get("x-idempotency"))
        yield Clause(name, f"{operation.id} makes one task for one key", _repeated(contract, operation), cited)


def iter_cancels(contract: Contract) -> Iterator[Clause]:
    """A cancel works in its phases, and is refused after the end."""
    for operation in contract.serving("task.cancel"):
        for kind in contract.kinds_of(operation):
            cited = contract.cite_kind(kind.name, "cancel")
            if kind.cancel:
                name = f"cancel/{kind.name}/works"
                yield Clause(
                    name, f"a {kind.name} that is cancelled stays so", _in_phase(kind, "cancelled", "failed"), cited
                )
                name = f"cancel/{kind.name}/over"
                yield Clause(name, f"a {kind.name} that is over cannot be cancelled", _deserved(name), cited)


def iter_lists(contract: Contract) -> Iterator[Clause]:
    """A list is what it promises to be."""
    for operation in contract.serving("task.list"):
        for about, text in _LISTED.items():
            name = f"list/{operation.id}/{about}"
            yield Clause(name, f"{operation.id} {text}", _listed(operation), contract.cite(operation))
        shown = {e.text for case in operation.reply.cases for e in case.body.expressions()}
        if shown & {"$page.number", "$page.size", "$page.offset"}:
            yield Clause(
                f"list/{operation.id}/pages", f"{operation.id} shows the page that is asked for", _listed(operation)
            )
        if "$page.total" in shown:
            yield Clause(f"list/{operation.id}/total", f"{operation.id} counts rightly", _listed(operation))
        if operation.arguments.get("where"):
            yield Clause(f"list/{operation.id}/filter", f"{operation.id} filters", _listed(operation))


def iter_calls(contract: Contract) -> Iterator[Clause]:
    """Callbacks come as promised, and uploads are taken with a good signature only."""
    for operation in contract.provider.operations:
        if operation.deliveries:
            cited = contract.cite_delivery(operation)
            text = f"the callbacks of {operation.id} come, signed and true, and again when they were not taken"
            yield Clause(f"callback/{operation.id}", text, _called(operation), cited, "no task with a callback ended")
        if operation.behavior == "upload.put":
            name = f"upload/{operation.id}/signature"
            yield Clause(name, f"{operation.id} refuses a spoilt signature", _deserved(name))
            name, cited = f"upload/{operation.id}/type", contract.cite(operation)
            yield Clause(name, f"{operation.id} refuses a file of another type than was said", _deserved(name), cited)
        if operation.behavior == "upload.presign":
            text = f"{operation.id} gives each file an address of its own"
            why = "one file was uploaded: the document has one example, and there is no other account"
            yield Clause(f"upload/{operation.id}/own", text, _several(operation), reason=why)


def iter_limits(contract: Contract) -> Iterator[Clause]:
    """How much an account may do at a time."""
    limits, said = contract.provider.limits, contract.provider.document.get("x-limits", {})
    if limits.tiers:
        most = most_running(limits, NARROW)
        text = f"of the lowest tier {most} may run at a time, and what is more waits"
        yield Clause("limits/running", text, _crowded(most), cite(said.get("concurrency")))
    if any(kind.failures for kind in contract.provider.kinds.values()):
        text = "when all is over a create is taken, whatever failed"
        why = "no task was made to fail: --provoke lets it"
        yield Clause("limits/freed", text, _probed(AFTER_FAILURES), reason=why)
    if limits.rate:
        text = f"{limits.rate[0]} requests may come in {limits.rate[1]:g} seconds, and who is refused is told when to come again"
        yield Clause("limits/rate", text, _probed("after_advice"), cite(said.get("rate")))


def _several(operation: Operation) -> Callable[[History], bool]:
    """Several answers of an operation were seen."""
    return lambda history: sum(r.is_success and r.operation is operation for r in history.of(operation.behavior)) > 1


def _crowded(most: int) -> Callable[[History], bool]:
    """More tasks of the account in the lowest tier were asked for than may run."""
    return lambda history: sum(r.exchange.who == NARROW for r in history.of("task.submit")) > most


def _probed(name: str) -> Callable[[History], bool]:
    return lambda history: any(reading.exchange.probe == name for reading in history.client)


def _called(operation: Operation) -> Callable[[History], bool]:
    def reached(history: History) -> bool:
        asked = [s for s in history.stories.values() if s.created and s.created.exchange.probe == "callback"]
        return any(s.created and s.created.operation is operation and s.first_in(*TERMINAL) for s in asked)

    return reached


def iter_heads(contract: Contract) -> Iterator[Clause]:
    """Described headers are there; nothing of the inside is told."""
    for operation in contract.provider.operations:
        response = contract.response(operation, operation.reply.status) or {}
        for header, said in response.get("headers", {}).items():
            name = f"header/{operation.id}/{header.lower()}"
            yield Clause(name, f"{operation.id} sends {header}", _answered(operation), cite(said))
    yield Clause("privacy/answers", "no answer tells of the inside", lambda history: bool(history.client))


def _ended(kind: Kind) -> Callable[[History], bool]:
    return _in_phase(kind, *TERMINAL)


def _in_phase(kind: Kind, *phases: str) -> Callable[[History], bool]:
    def is_so(story: Story) -> bool:
        return story.kind is kind and story.first_in(*phases) is not None

    return lambda history: any(map(is_so, history.stories.values()))


def _deserved(clause: str) -> Callable[[History], bool]:
    return lambda history: clause in deserved(history)


def _listed(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(
        r.is_success and r.values.get("$tasks") for r in history.of("task.list") if r.operation is operation
    )


def _answered(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(r.is_success and r.operation is operation for r in history.of(operation.behavior))


def _repeated(contract: Contract, operation: Operation) -> Callable[[History], bool]:
    def reached(history: History) -> bool:
        mine = [r for r in history.of("task.submit") if r.operation is operation and r.asked is not None]
        keys = [(r.exchange.who, key, repr(r.asked)) for r in mine if (key := contract.idempotency_key(r.exchange))]
        return len(set(keys)) < len(keys)

    return reached
