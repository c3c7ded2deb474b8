"""Who may: tasks of one account asked for by another, keys in all documented forms, cancels, repetitions, lists."""

from typing import Any
from uuid import uuid4

from understudy.contracts.budget import OverBudget
from understudy.contracts.credentials import BARE_KEY
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import look, submits
from understudy.contracts.drivers.together import all_of
from understudy.contracts.edges import iter_queries
from understudy.contracts.history import id_of
from understudy.contracts.inputs import find_task_body, iter_good_bodies, unknown_id
from understudy.contracts.negatives import edited
from understudy.contracts.protocols.protocol import Wish
from understudy.contracts.reading import Reading, states_of
from understudy.contracts.requests import Request, ask_for_task, to_json
from understudy.contracts.texts import protocol_of
from understudy.contracts.variants import find_failing, iter_variants
from understudy.specs.expressions import parse
from understudy.specs.model import Kind, Operation

NO_OTHER = "no second key: give --other-api-key"


async def run_foreign(drive: Drive) -> None:
    """A task of the first account, asked for and cancelled by the other."""
    if "other" not in drive.target.credentials:
        for prefix in ("ownership/", *(f"refusal/{o.id}/forbidden" for o in drive.contract.provider.operations)):
            drive.reasons[prefix] = NO_OTHER
        return
    await all_of(*(_show_to_other(drive, *each) for each in submits(drive)))
    await all_of(*(_let_other_continue(drive, o) for o in drive.contract.serving("completion")))
    await all_of(*(drive.target.send(drive.ask(o, who="other")) for o in drive.contract.serving("task.list")))


async def _show_to_other(drive: Drive, operation: Operation, kind: Kind) -> None:
    created = await _create(drive, operation, kind)
    if created is None:
        return
    askers = [o for o in drive.contract.serving("task.get", "task.cancel") if kind in drive.contract.kinds_of(o)]
    requests = [ask_for_task(o, id_of(created.values), "other") for o in askers]
    await all_of(*map(drive.target.send, requests))
    await drive.follow(kind, created)
    # Once more after its end: what is kept of it must be kept for its owner alone.
    await all_of(*map(drive.target.send, requests))


async def _let_other_continue(drive: Drive, operation: Operation) -> None:
    """An answer of the first account, continued by it and by the other; and one that nobody was given."""
    protocol, place = protocol_of(operation), str(operation.arguments.get("continues", ""))
    base = next(iter_good_bodies(drive.contract, operation), None)
    if protocol is None or not place or base is None:
        return
    body = protocol.fill(base, Wish("Say hello.", most_tokens=20))
    told = await drive.target.send(drive.ask(operation, body))
    given = told.values.get("$completion.id") if told.is_success else None
    if not isinstance(given, str):
        return
    more = edited(protocol.fill(base, Wish("Once more.", most_tokens=20)), parse(place).path, given)
    unknown = edited(more, parse(place).path, given[:-8] + given[:-9:-1])
    await drive.target.send(drive.ask(operation, more))
    await drive.target.send(drive.ask(operation, more, who="other"))
    if unknown != more:
        await drive.target.send(drive.ask(operation, unknown, probe="unknown_answer"))


async def run_forms(drive: Drive) -> None:
    """Each documented place for a key, and the scheme's name in other letters: HTTP takes any."""
    for operation in drive.contract.serving("task.list", "account.balance", "models.list"):
        for alternative in range(len(operation.security)):
            await drive.target.send(drive.ask(operation).evolve(alternative=alternative))
    for kind in drive.contract.provider.kinds.values():
        getter = drive.getter_of(kind)
        for alternative in range(1, len(getter.security) if getter else 0):
            assert getter
            await drive.target.send(
                ask_for_task(getter, unknown_id(drive.contract, getter), probe="unknown_id").evolve(
                    alternative=alternative
                )
            )

    await _ask_with_words(drive)


async def _ask_with_words(drive: Drive) -> None:
    """Ask for one thing that costs nothing with the scheme's name in small letters, and without it."""
    requests = [
        drive.ask(operation) for operation in drive.contract.serving("task.list", "account.balance", "models.list")
    ]
    for story in drive.history().stories.values():
        getter = drive.getter_of(story.kind) if story.kind and story.created and story.who == "first" else None
        requests += [ask_for_task(getter, story.id)] if getter else []
    for request in requests[:1]:
        security = request.operation.security if request.operation else ()
        forms = [number for number, schemes in enumerate(security) if any(scheme.bearer for scheme in schemes)]
        for alternative in forms[:1]:
            await drive.target.send(request.evolve(alternative=alternative, bearer="bearer"))
            await drive.target.send(request.evolve(alternative=alternative, bearer="", probe=BARE_KEY))


async def run_cancels(drive: Drive) -> None:
    """Cancel a task at once, while it runs, twice at a time, and after its end."""
    pairs = [(cancel, *each) for each in submits(drive) for cancel in drive.cancellers_of(each[1])]
    await all_of(*(_cancel(drive, when, *pair) for pair in pairs for when in ("queued", "running", "over")))


async def _cancel(drive: Drive, when: str, cancel: Operation, submit: Operation, kind: Kind) -> None:
    async with drive.target.together(2):
        created = await _create(drive, submit, kind)
        if created is None:
            return
        request = ask_for_task(cancel, id_of(created.values))
        if when == "queued":
            await drive.target.send(request)
    if when == "running":
        await _cancel_running(drive, request, kind, created)
    await drive.follow(kind, created)
    await drive.target.send(request)
    await drive.poll(kind, created)


async def _cancel_running(drive: Drive, request: Request, kind: Kind, created: Reading) -> None:
    """Poll until a task runs, or is past it; then cancel it twice at a time."""
    getter = drive.getter_of(kind)
    for _ in range(2_000):
        async with drive.target.together(3):
            reading = await drive.target.send(ask_for_task(getter, id_of(created.values))) if getter else None
            states = states_of(kind, reading.values.get("$task.state")) if reading else ()
            if not states or any(state.phase != "queued" for state in states):
                await all_of(drive.target.send(request), drive.target.send(request))
                return
        await drive.waiting.pause(drive.waiting.pace.first)


async def run_repetitions(drive: Drive) -> None:
    """One key for two creates at a time, for a repetition, for another body, and for another account's create."""
    idempotency = drive.contract.provider.idempotency
    if idempotency is None:
        return
    try:
        await all_of(*(_repeat(drive, idempotency.header, *each) for each in submits(drive)))
    except OverBudget as bound:
        for operation, _ in submits(drive):
            drive.reasons.setdefault(f"refusal/{operation.id}/idempotency_conflict", str(bound))
        raise
    await look(drive)


async def _repeat(drive: Drive, header: str, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind)
    if body is None:
        return
    # Not of the seed: a target remembers the keys of earlier runs.
    key = f"understudy-{uuid4()}"
    request = drive.ask(operation, body, headers=((header, key),))
    created, _ = await all_of(drive.target.send(request), drive.target.send(request))
    await drive.target.send(request)
    if isinstance(body, dict):
        await drive.target.send(request.evolve(body=to_json(dict(reversed(body.items())))))
    for other in iter_variants(drive.contract, operation, kind, drive.dice, 1):
        await drive.target.send(drive.ask(operation, other, headers=((header, key),)))
        await _rival(drive, header, operation, kind, body, other)
    if "other" in drive.target.credentials:
        await drive.target.send(request.evolve(who="other"))
    if created.is_success:
        await drive.follow(kind, created)
        await drive.target.send(request)
    await _repeat_refused(drive, header, operation, kind, body)
    await _repeat_failed(drive, header, operation, kind, body)


async def _rival(drive: Drive, header: str, operation: Operation, kind: Kind, *bodies: Any) -> None:
    """Two bodies under one key at a time."""
    key = ((header, f"understudy-{uuid4()}"),)
    async with drive.target.together(len(bodies)):
        created = await all_of(*(drive.target.send(drive.ask(operation, body, headers=key)) for body in bodies))
    await all_of(*(drive.follow(kind, each) for each in created if each.is_success))


async def _repeat_refused(drive: Drive, header: str, operation: Operation, kind: Kind, body: Any) -> None:
    """A key whose first request was refused for its body."""
    shape = drive.contract.body_shape(operation)
    request = drive.ask(operation, body, headers=((header, f"understudy-{uuid4()}"),))
    if shape and not shape.is_valid({}):
        await drive.target.send(request.evolve(body=b"{}"))
        created = await drive.target.send(request)
        if created.is_success:
            await drive.follow(kind, created)


async def _repeat_failed(drive: Drive, header: str, operation: Operation, kind: Kind, body: Any) -> None:
    """A create whose task failed: repeated, it is that task still."""
    failing = find_failing(drive.contract, operation, kind, body) if drive.provoke else None
    if failing is None:
        return
    request = drive.ask(operation, failing, headers=((header, f"understudy-{uuid4()}"),))
    created = await drive.target.send(request)
    if created.is_success:
        await drive.follow(kind, created)
        await drive.target.send(request)


async def run_lists(drive: Drive) -> None:
    """Lists by pages of one and of two, beyond the end, and by each filter; what costs nothing at the edges of its query."""
    for operation in drive.contract.serving("task.list"):
        for query in _list_queries(drive, operation):
            await drive.target.send(drive.ask(operation, query=query))
    for operation in drive.contract.serving("task.list", "account.balance", "models.list"):
        for query in iter_queries(drive.contract, operation):
            await drive.target.send(drive.ask(operation, query=query))


def _list_queries(drive: Drive, operation: Operation) -> list[dict[str, Any]]:
    said = {
        word: parse(text).member
        for word, text in operation.arguments.items()
        if isinstance(text, str) and text[:1] == "$"
    }
    queries: list[dict[str, Any]] = [{}]
    for length in (1, 2) if "size" in said else ():
        sized = {said["size"]: length}
        queries.append(sized)
        queries += [{**sized, said["page"]: number} for number in (1, 2, 3)] if "page" in said else []
        queries += [{**sized, said["offset"]: start} for start in (0, length, 2 * length)] if "offset" in said else []
    queries += [{said["page"]: 9_999}] if "page" in said else []
    for name, text in operation.arguments.get("where", {}).items():
        states = [state.wire for kind in drive.contract.kinds_of(operation) for state in kind.states]
        values = states if name == "state" else [kind.name for kind in drive.contract.kinds_of(operation)]
        queries += [{parse(text).member: value} for value in dict.fromkeys(values)]
    return queries


async def _create(drive: Drive, operation: Operation, kind: Kind) -> Reading | None:
    body = find_task_body(drive.contract, operation, kind)
    created = await drive.target.send(drive.ask(operation, body)) if body is not None else None
    return created if created is not None and created.is_success else None
