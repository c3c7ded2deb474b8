"""Requests that must be refused: without a key, with a wrong one, and about tasks that do not exist."""

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.together import all_of
from understudy.contracts.inputs import iter_good_bodies, unknown_id
from understudy.contracts.protocols.protocol import Wish
from understudy.contracts.requests import Request, ask_for_task
from understudy.contracts.texts import protocol_of
from understudy.specs.model import Operation


async def run_strangers(drive: Drive) -> None:
    """Ask every operation that takes a key without one and with a wrong one."""
    operations = [o for o in drive.contract.provider.operations if o.security and not o.media]
    requests = [
        request.evolve(who=who, probe=who)
        for o in operations
        for request in plain_requests(drive, o)
        for who in ("none", "wrong")
    ]
    # How a key is known is one matter for all operations: the finer ones are tried where nothing can be made by them.
    looks = drive.contract.serving("account.balance", "models.list", "task.list", "task.get")[:2] or operations[:1]
    finer = [who for who in drive.target.credentials if who.startswith("wrong ")]
    requests += [
        request.evolve(who=who, probe=who) for o in looks for request in plain_requests(drive, o) for who in finer
    ]
    requests += [request.evolve(who="wrong", probe="wrong") for o in operations for request in _streamed(drive, o)]
    await all_of(*map(drive.target.send, requests))


# An id of no kind's form.
ODD_ID = "no-such-task"


async def run_unknown(drive: Drive) -> None:
    """Ask for tasks that nobody made, by ids of their kind's form and of another."""
    operations = drive.contract.serving("task.get", "task.cancel")
    ids = [(o, name) for o in operations for name in (unknown_id(drive.contract, o), ODD_ID)]
    requests = [ask_for_task(operation, name, probe="unknown_id") for operation, name in ids]
    requests += [Request(None, "GET", f"{prefix}/no/such/path", probe="unknown_path") for prefix in _prefixes(drive)]
    plain = [drive.ask(o) for o in drive.contract.serving("models.list", "account.balance", "completion", "images")]
    requests += [wrong for r in (*requests, *plain) if r.operation and (wrong := _by_wrong_method(drive, r))]
    await all_of(*map(drive.target.send, requests))


async def run_locked(drive: Drive) -> None:
    """Ask for tasks that there are, without a key and with one that nobody has: what is known is no more open than what is not."""
    asked: set[str] = set()
    requests: list[Request] = []
    for story in list(drive.history().stories.values()):
        getter = drive.getter_of(story.kind) if story.kind and story.created else None
        if getter and story.kind and getter.security and story.kind.name not in asked:
            asked.add(story.kind.name)
            requests += [ask_for_task(getter, story.id, who, who) for who in ("none", "wrong")]
    await all_of(*map(drive.target.send, requests))


def _by_wrong_method(drive: Drive, request: Request) -> Request | None:
    """The request by a method that its path does not take; None when it takes all."""
    free = (m for m in ("DELETE", "PUT", "PATCH") if drive.contract.find(m, request.path) is None)
    method = next(free, None)
    return request.evolve(operation=None, method=method, probe="method_not_allowed") if method else None


def _prefixes(drive: Drive) -> list[str]:
    """Where a path may begin: each prefix that has words of its own, and the first step of each operation."""
    steps = {f"/{o.path.split('/')[1]}" for o in drive.contract.provider.operations if not o.media}
    return sorted({*steps, *drive.contract.provider.prefixes})


def _streamed(drive: Drive, operation: Operation) -> list[Request]:
    """A request for a stream, where a member of the body asks for one: what refuses it may be another part of a target."""
    protocol = protocol_of(operation) if operation.reply.stream else None
    if protocol is None or "is_streamed" not in protocol.can:
        return []
    bodies = (
        protocol.fill(body, Wish("Hello", is_streamed=True)) for body in iter_good_bodies(drive.contract, operation)
    )
    return [drive.ask(operation, body) for body in bodies][:1]


def plain_requests(drive: Drive, operation: Operation) -> list[Request]:
    """A plain request to an operation, if the document shows one."""
    if operation.behavior in ("task.get", "task.cancel"):
        return [ask_for_task(operation, unknown_id(drive.contract, operation))]
    if operation.body is None:
        return [drive.ask(operation)]
    return [drive.ask(operation, body) for body in iter_good_bodies(drive.contract, operation)][:1]
