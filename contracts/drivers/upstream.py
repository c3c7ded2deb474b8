"""Requests through a relay to a provider that is ours: healthy ones, and ones that go wrong behind it.

What shall go wrong is said in the prompt, which every relay passes on.
"""

import asyncio
import copy
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.texts import iter_wishes
from understudy.contracts.drivers.together import all_of
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import SPOILED
from understudy.contracts.inputs import find_places, find_task_body, iter_good_bodies, iter_members
from understudy.contracts.protocols.protocol import Wish
from understudy.contracts.requests import Request, ask, put_at
from understudy.contracts.rules import broken_rules
from understudy.contracts.texts import protocol_of
from understudy.contracts.upstream import Upstream, mark
from understudy.contracts.wanted import value_of_answer
from understudy.specs.expressions import parse
from understudy.specs.model import Kind, Operation

# What goes wrong with an answer as a whole.
CALL_FAULTS = (
    "fault=refuse condition=invalid_request",
    "fault=refuse condition=internal_error",
    "fault=refuse condition=service_busy",
    "fault=refuse condition=rate_limited retry_after=7",
    "fault=status status=529",
    "fault=status status=502",
    "fault=drop",
    "fault=commit_drop",
    "fault=reset",
    "fault=latency seconds=1",
    "fault=html",
    "fault=error_200",
)
# What goes wrong on the way of a stream.
STREAM_FAULTS = (
    "fault=cut events=4",
    "fault=cut events=2 end=reset",
    "fault=cut events=4 end=finish",
    "fault=no_end",
    "fault=truncated_chunk events=3",
    "fault=error_event events=3",
)
# What is unusual about a stream, and no fault at all for who reads it well.
STREAM_FORMS = (
    "fault=split_character",
    "fault=drip size=97",
    "fault=pings",
    "fault=merge",
    *(
        f"fault=reframe way={way}"
        for way in ("crlf", "cr", "no_space", "multi_line", "comments", "ids", "no_final_newline", "bom")
    ),
)
_TALK = "Tell me in three sentences, with one 你好 and one 🐈 in them, what a relay is for."
# A stream that takes long enough to be left.
SLOWLY = "fault=drip size=300 pause=0.05"
# A member of the body in a formula.
_MEMBER = re.compile(r"\$task\.input#/(\w+)")
# Seconds after which a client leaves; and within which the provider behind has told all that it had to tell.
LEAVES_AFTER, PATIENCE = 0.5, 12.0


async def run_upstream(drive: Drive, upstream: Upstream) -> None:
    """Drive all that answers at once or makes tasks, a few requests at a time; then once more, whether all works again."""
    gate = asyncio.Semaphore(12)
    # What was asked before this run is not judged with it.
    await upstream.exchanges()

    async def send(request: Request) -> None:
        async with gate:
            await drive.target.send(request)

    left = 0
    for operation in drive.contract.serving("completion", "images", "speech", "task.submit"):
        requests = list(_iter_requests(drive, operation))
        left += sum(SLOWLY.encode() in request.body for request in requests)
        await all_of(*(send(request) for request in requests[:-1]))
        await all_of(*(send(request) for request in requests[-1:]))
    for exchange in await _seen_behind(upstream, left):
        drive.target.log.add(replace(exchange, serial=drive.target.log.next_serial()))


async def _seen_behind(upstream: Upstream, left: int) -> list[Exchange]:
    """All that the provider wrote down. It writes a stream down at its end: so many that were left are waited for."""
    seen = await upstream.exchanges()
    until = time.monotonic() + PATIENCE
    while sum(SLOWLY.encode() in each.request_body for each in seen) < left and time.monotonic() < until:
        await asyncio.sleep(0.1)
        seen += await upstream.exchanges()
    return seen


def _iter_requests(drive: Drive, operation: Operation) -> Iterator[Request]:
    places = find_places(drive.contract, operation)
    fill = _filler(drive, operation)
    if places is None or fill is None:
        drive.reasons[f"upstream/{operation.id}"] = "no documented example shows how it is asked"
        return
    shape = drive.contract.body_shape(operation)
    for probe, body in _iter_bodies(drive, operation, fill):
        if shape and shape.is_valid(body):
            request = ask(operation, body, path=places.path, query=places.query, headers=places.headers, probe=probe)
            yield request.evolve(leaves_after=LEAVES_AFTER) if probe == "leaves" else request


Fill = Callable[[Wish], dict[str, Any]]


def _filler(drive: Drive, operation: Operation) -> Fill | None:
    """What makes a body of a wish; None where the document does not show how it is asked."""
    protocol = protocol_of(operation)
    if protocol is not None:
        bodies = list(iter_good_bodies(drive.contract, operation))
        return (lambda wish: protocol.fill(copy.deepcopy(bodies[0]), wish)) if bodies else None
    kinds = drive.contract.kinds_of(operation) if operation.behavior == "task.submit" else ()
    body = (
        find_task_body(drive.contract, operation, kinds[0])
        if kinds
        else next(iter_good_bodies(drive.contract, operation), None)
    )
    path = _prompt_of(operation, kinds)
    if body is None or not path:
        return None

    def fill(wish: Wish) -> dict[str, Any]:
        filled: dict[str, Any] = copy.deepcopy(body)
        put_at(filled, path, wish.text)
        return filled

    return fill


def _prompt_of(operation: Operation, kinds: Sequence[Kind]) -> tuple[str, ...]:
    """Where the prompt stands in a body, () for nowhere."""
    if kinds:
        return kinds[0].magic.path if kinds[0].magic else ()
    text = operation.arguments.get("prompt", operation.arguments.get("input"))
    return parse(text).path if isinstance(text, str) else ()


def _iter_bodies(drive: Drive, operation: Operation, fill: Fill) -> Iterator[tuple[str, dict[str, Any]]]:
    """Bodies with what is tried by each; the last one is plain, after all that went wrong."""

    def filled(wish: Wish, fault: str = "") -> dict[str, Any]:
        drive.serial += 1
        return fill(replace(wish, text=f"{wish.text} {mark(drive.seed, drive.serial, fault)}"))

    protocol = protocol_of(operation)
    plain = Wish(_TALK, most_tokens=60 if protocol else None)
    for wish in iter_wishes(protocol, operation) if protocol else ():
        yield "", filled(wish)
    for name, value in _iter_members(drive, operation, filled(plain)):
        yield "", {**filled(plain), name: value}
    several = _several(operation, filled(plain)) if operation.behavior == "images" else None
    if several:
        yield "", several
    for form in protocol.forms if protocol else ():
        yield "", form(filled(plain))
    for fault in CALL_FAULTS:
        yield SPOILED, filled(plain, fault)
    if protocol and operation.reply.stream:
        streamed = replace(plain, is_streamed="is_streamed" in protocol.can, wants_usage=True)
        for fault in (*STREAM_FAULTS, *STREAM_FORMS):
            yield SPOILED, filled(streamed, fault)
        yield "held", filled(replace(streamed, most_tokens=40), SLOWLY)
        yield "leaves", filled(replace(streamed, most_tokens=80), SLOWLY)
    yield "again", filled(plain)


def _several(operation: Operation, body: dict[str, Any]) -> dict[str, Any] | None:
    """A body that asks for two pictures; None where nothing says how."""
    count = str(operation.arguments.get("count", ""))
    bodies = ({**body, name: 2} for name in _MEMBER.findall(count))
    return next((each for each in bodies if value_of_answer(operation, "count", each) == 2), None)


def _iter_members(drive: Drive, operation: Operation, body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each member that the schema names and the body lacks, as something that is easily lost: 0, false, empty."""
    shape = drive.contract.body_shape(operation)
    for name, schema in iter_members(shape.schema if shape else {}):
        values = (0, False, "", [], {}, *schema.get("enum", ()), 1, True, 0.5, "x")
        for value in values if name not in body and name != "stream" else ():
            varied = {**body, name: value}
            asked = drive.contract.coerced(operation, varied)
            if shape and shape.is_valid(varied) and not any(broken_rules(drive.contract.provider, operation, asked)):
                yield name, value
                break
