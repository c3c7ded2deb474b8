"""Requests that can be told again behind a relay: all that can be said to an operation, and what shall go wrong with it.

What a request is, and what shall go wrong, is said in the prompt, which every relay passes on.
"""

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from understudy.contracts.constraints import iter_constraints
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.texts import TOOLS, can_say, iter_wishes
from understudy.contracts.exchange import Headers
from understudy.contracts.fitting import completed
from understudy.contracts.history import CHANGED, SPOILED, VARIED
from understudy.contracts.inputs import Places, find_places, find_task_body, iter_good_bodies, iter_members
from understudy.contracts.members import LARGE, LIKE, ODD, Place, is_of_one_sort, iter_changes
from understudy.contracts.negatives import find, iter_negatives
from understudy.contracts.protocols.protocol import Protocol, Wish
from understudy.contracts.requests import Request, ask, put_at, to_json
from understudy.contracts.rules import broken_rules
from understudy.contracts.samples import find_sample
from understudy.contracts.shapes import Shape
from understudy.contracts.texts import JSON, answer_shape, protocol_of
from understudy.contracts.upstream import OF_THE_ACCOUNT, OWN_NAMES, RECITALS, mark, marker_in
from understudy.contracts.variants import find_failing
from understudy.contracts.wanted import value_of_answer
from understudy.specs.expressions import parse
from understudy.specs.model import Kind, Operation

# What goes wrong with an answer as a whole, beside the refusals that the document knows. After the last ones some relays
# leave their provider alone for a while.
CALL_FAULTS = (
    "fault=status status=529",
    "fault=commit_drop",
    "fault=status status=500",
    "fault=status status=503 retry_after=9",
    "fault=refuse condition=rate_limited retry_after=7",
    "fault=status status=400",
    "fault=drop",
    "fault=reset",
    "fault=reset when=after",
    "fault=status status=502",
    "fault=status status=504",
    "fault=html",
    "fault=html status=200",
    "fault=empty",
    "fault=invalid_json",
    "fault=error_200",
    "fault=status status=413",
    "fault=status status=422",
    "fault=status status=429",
    "fault=status status=404",
)
# What takes its time, and is no fault at all for who waits.
LATE_FAULTS = ("fault=latency seconds=1", "fault=latency seconds=5")
# What goes wrong with a poll of a task.
POLL_FAULTS = (
    "fault=unknown_value",
    "fault=status status=503",
    "fault=status status=429",
    "fault=drop",
    "fault=html",
    "fault=refuse condition=service_busy",
)
# What goes wrong on the way of a stream.
STREAM_FAULTS = (
    "fault=cut events=1",
    "fault=cut events=4",
    "fault=cut events=2 end=reset",
    "fault=cut events=6 end=reset",
    "fault=cut events=4 end=finish",
    "fault=cut events=9 end=finish",
    "fault=cut bytes=400 end=finish",
    "fault=no_end",
    "fault=no_end events=2",
    "fault=truncated_chunk events=3",
    "fault=error_event events=1",
    "fault=error_event events=3",
    "fault=error_event events=5 condition=service_busy",
)
# What is unusual about a stream, and no fault at all for who reads it well.
STREAM_FORMS = (
    "fault=split_character",
    "fault=drip size=97",
    "fault=pings",
    "fault=pings kind=event",
    "fault=stall seconds=3",
    "fault=merge",
    "fault=merge events=3",
    *(
        f"fault=reframe way={way}"
        for way in ("crlf", "cr", "no_space", "multi_line", "comments", "ids", "no_final_newline", "bom")
    ),
)
_TALK = f"Tell me in three sentences, with one 你好 and one 🐈 in them, what a relay is for. {ODD}"
# A stream, and an answer, that take long enough to be left.
SLOWLY, LATE = "fault=drip size=300 pause=0.05", "fault=latency seconds=2"
# Seconds after which a client leaves.
LEAVES_AFTER = 0.5
# Characters of a header's value of which nothing else is said.
LONG = 128
# Changed bodies of one operation at most: documents name a few hundred values.
MOST_CHANGES = 400
# Refusals that speak of where is asked, not of what.
OF_THE_ADDRESS = ("unknown_path", "method_not_allowed")
# So many ways to fail are tried of each kind of task.
MOST_FAILURES = 3
# A member of the body in a formula.
_MEMBER = re.compile(r"\$task\.input#/(\w+)")

Fill = Callable[[Wish], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Marked:
    """What can be asked of one operation, in a run. `kind`: of the tasks that it makes."""

    drive: Drive
    operation: Operation
    places: Places
    fill: Fill
    shape: Shape
    kind: Kind | None

    @property
    def protocol(self) -> Protocol | None:
        """That of a text answer."""
        return protocol_of(self.operation)

    @property
    def plain(self) -> Wish:
        """What is wished when nothing is to be tried by it."""
        return Wish(_TALK, most_tokens=60 if self.protocol else None)

    @property
    def streamed(self) -> Wish | None:
        """The same as a stream; None where there is none."""
        protocol = self.protocol
        if protocol is None or not self.operation.reply.stream:
            return None
        return replace(self.plain, is_streamed="is_streamed" in protocol.can, wants_usage=True)

    def filled(self, wish: Wish, fault: str = "") -> dict[str, Any]:
        """A body that is told again by its mark."""
        self.drive.serial += 1
        return self.fill(replace(wish, text=f"{wish.text} {mark(self.drive.seed, self.drive.serial, fault)}"))

    def ask(self, body: dict[str, Any], probe: str = "", headers: Headers = ()) -> Request:
        """A request of a body."""
        places = self.places
        headers = (*places.headers, *headers)
        return ask(self.operation, body, path=places.path, query=places.query, headers=headers, probe=probe)

    def is_good(self, body: Any) -> bool:
        """Whether the document takes a body."""
        if not self.shape.is_valid(body):
            return False
        contract = self.drive.contract
        asked = contract.coerced(self.operation, body)
        return not any(broken_rules(contract.provider, self.operation, asked))


def find_marked(drive: Drive, operation: Operation) -> Iterator[Marked]:
    """How an operation is asked, for each kind of task that it makes; where the document does not show it, that is noted."""
    places, shape = find_places(drive.contract, operation), drive.contract.body_shape(operation)
    kinds = drive.contract.kinds_of(operation) if operation.behavior == "task.submit" else (None,)
    for kind in kinds:
        fill = _filler(drive, operation, kind)
        if places is None or fill is None or shape is None:
            drive.reasons[f"upstream/{operation.id}"] = "no documented example shows how it is asked"
        else:
            yield Marked(drive, operation, places, fill, shape, kind)


def _filler(drive: Drive, operation: Operation, kind: Kind | None) -> Fill | None:
    """What makes a body of a wish; None where the document does not show how it is asked."""
    protocol, contract = protocol_of(operation), drive.contract
    good = find_task_body(contract, operation, kind) if kind else next(iter_good_bodies(contract, operation), None)
    if good is None:
        return None
    if protocol is not None:
        return lambda wish: protocol.fill(copy.deepcopy(good), wish)
    path = _prompt_of(operation, kind)

    def fill(wish: Wish) -> dict[str, Any]:
        filled: dict[str, Any] = copy.deepcopy(good)
        put_at(filled, path, wish.text)
        return filled

    return fill if path else None


def _prompt_of(operation: Operation, kind: Kind | None) -> tuple[str, ...]:
    """Where the prompt stands in a body, () for nowhere."""
    if kind:
        return kind.magic.path if kind.magic else ()
    text = operation.arguments.get("prompt", operation.arguments.get("input"))
    return parse(text).path if isinstance(text, str) else ()


def iter_good(marked: Marked) -> Iterator[Request]:
    """All that can be said: each wish, each member otherwise, each form of the protocol, with all headers, plain and streamed."""
    # What takes longest comes first.
    yield from (marked.ask(marked.filled(marked.plain, fault), SPOILED) for fault in LATE_FAULTS)
    protocol = marked.protocol
    for wish in iter_wishes(protocol, marked.operation) if protocol else ():
        yield marked.ask(marked.filled(wish))
    for wish in _recitals(marked):
        yield marked.ask(marked.filled(wish), VARIED)
    bodies = [*_forms(marked, marked.plain), *(_forms(marked, marked.streamed) if marked.streamed else ())]
    for body in bodies[1:]:
        yield marked.ask(body)
    several = _several(marked) if marked.operation.behavior == "images" else None
    if several:
        yield marked.ask(several)
    yield from (marked.ask(_marked_anew(marked, body), VARIED) for body in _examples(marked))
    yield from _iter_refused(marked)
    yield from _iter_changed(marked)


def iter_with_headers(marked: Marked) -> Iterator[Request]:
    """Two with the same headers, one after the other: what they name is no reason to answer what was answered before."""
    headers = _more_headers(marked)
    return (marked.ask(marked.filled(marked.plain), VARIED, headers) for _ in range(2))


def _iter_refused(marked: Marked) -> Iterator[Request]:
    """Bodies that the document refuses, one for each sort of mistake: what the provider says of it is to be told."""
    kinds: set[str] = set()
    for constraint in iter_constraints(marked.shape.schema):
        if constraint.keyword in kinds or constraint.is_choice:
            continue
        base = marked.filled(marked.plain)
        for negative in iter_negatives(marked.shape, constraint, [base]):
            if isinstance(negative.body, dict) and marker_in(to_json(negative.body)):
                kinds.add(constraint.keyword)
                yield marked.ask(negative.body)
                break


def _recitals(marked: Marked) -> Iterator[Wish]:
    """What is to be said word for word, plain and streamed, as far as the protocol can tell of it."""
    protocol = marked.protocol
    for words, line in RECITALS.items() if protocol is not None else ():
        tools = TOOLS if "tools" in line else ()
        wish = Wish(f"Recite. {words}", tools=tools, thinks="thinking" in line, wants_usage=True)
        if protocol is not None and can_say(wish, protocol, marked.operation):
            yield wish
            if marked.streamed:
                yield replace(wish, is_streamed="is_streamed" in protocol.can)


def _forms(marked: Marked, wish: Wish) -> Iterator[dict[str, Any]]:
    """A body of a wish, then in each other form that the protocol has for it."""
    yield marked.filled(wish)
    for form in marked.protocol.forms if marked.protocol else ():
        body = form(marked.filled(wish))
        if marked.is_good(body):
            yield body


def _examples(marked: Marked) -> Iterator[dict[str, Any]]:
    """The documented bodies, each with a marked prompt in place of its own."""
    path = _prompt_of(marked.operation, marked.kind)
    bodies = iter_good_bodies(marked.drive.contract, marked.operation) if path and not marked.protocol else ()
    for body in bodies:
        filled: dict[str, Any] = copy.deepcopy(body)
        put_at(filled, path, f"{find(filled, path) or ''} {mark(marked.drive.seed, 0)}".strip())
        if marked.is_good(filled):
            yield filled


def _more_headers(marked: Marked) -> Headers:
    """Headers that may be left out, each with a value: the operation's own, and the protocol's."""
    own = (p for p in marked.operation.parameters if p.where == "header" and not p.required)
    told = ((p.name, _long_value(p.schema)) for p in own)
    return (*told, *(marked.protocol.headers if marked.protocol else ()))


def _long_value(schema: Any) -> str:
    """A value of a header, as long as it may be within reason where any text will do."""
    sample = str(find_sample(schema))
    is_free = schema.get("type") == "string" and not schema.keys() & {"enum", "const", "pattern", "format"}
    return sample.ljust(min(schema.get("maxLength", LONG), LONG), "0") if is_free else sample


def _iter_changed(marked: Marked) -> Iterator[Request]:
    """Bodies that differ from a good one in one place, each of them streamed, too, where its place was shown before."""
    plain, streamed = marked.plain, marked.streamed
    bases = [*_forms(marked, plain), *_examples(marked)]
    seen: dict[Place, int] = {}
    count = 0
    for place, value, taken in iter_changes(marked.shape.schema, bases, lambda body: _completed(marked, body)):
        if count >= MOST_CHANGES:
            reason = f"of {marked.operation.id} only {MOST_CHANGES} changed bodies were sent"
            marked.drive.reasons[f"upstream/{marked.operation.id}/changed"] = reason
            return
        if place[0] == "stream":
            continue
        number = seen[place] = seen.get(place, -1) + 1
        body = _marked_anew(marked, taken)
        if streamed and number % 2 and "is_streamed" in (marked.protocol.can if marked.protocol else ()):
            body = {**body, "stream": True}
        if marked.is_good(body):
            count += 1
            is_simple = place[-1] == LIKE or (len(place) == 1 and (not value or not isinstance(value, list | dict)))
            yield marked.ask(body, CHANGED if is_simple else VARIED)


def _completed(marked: Marked, body: Any) -> Any:
    """A changed body, or the same with what it then needs; None where it lost its mark or is no good."""
    whole = body if marked.shape.is_valid(body) else completed(marked.shape, body)
    if not isinstance(whole, dict) or not marker_in(to_json(whole)) or not is_of_one_sort(marked.shape.schema, whole):
        return None
    # What nobody documents may be left out by anybody.
    if whole.keys() - body.keys() - {name for name, _ in iter_members(marked.shape.schema)}:
        return None
    return whole if marked.is_good(whole) else None


def _marked_anew(marked: Marked, body: dict[str, Any]) -> dict[str, Any]:
    """The body with a mark of its own."""
    marked.drive.serial += 1
    old, new = marker_in(to_json(body)), marker_in(mark(marked.drive.seed, marked.drive.serial).encode())
    renewed: dict[str, Any] = _replaced(body, old, new)
    return renewed


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(inner, old, new) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, old, new) for inner in value]
    return value.replace(old, new) if isinstance(value, str) else value


def _several(marked: Marked) -> dict[str, Any] | None:
    """A body that asks for two pictures; None where nothing says how."""
    count = str(marked.operation.arguments.get("count", ""))
    body = marked.filled(marked.plain)
    bodies = ({**body, name: 2} for name in _MEMBER.findall(count))
    return next((each for each in bodies if value_of_answer(marked.operation, "count", each) == 2), None)


def iter_barred(marked: Marked) -> Iterator[Request]:
    """Requests that the provider refuses for whose they are: after these a relay may take the provider for lost."""
    return _iter_spoiled(marked, [name for name in _conditions(marked) if name in OF_THE_ACCOUNT])


def iter_bad(marked: Marked) -> Iterator[Request]:
    """Requests with which something else goes wrong behind, or that are left."""
    if marked.protocol:
        yield marked.ask(marked.filled(marked.plain, LATE), "leaves").evolve(leaves_after=LEAVES_AFTER)
    streamed = marked.streamed
    if streamed:
        yield marked.ask(marked.filled(replace(streamed, most_tokens=40), SLOWLY), "held")
        leaving = marked.ask(marked.filled(replace(streamed, most_tokens=80), SLOWLY), "leaves")
        yield leaving.evolve(leaves_after=LEAVES_AFTER)
        for fault in (*STREAM_FORMS, *STREAM_FAULTS):
            yield marked.ask(marked.filled(streamed, fault), SPOILED)
    yield from _iter_spoiled(marked, (), CALL_FAULTS)
    yield from _iter_spoiled(marked, [name for name in _conditions(marked) if name not in OF_THE_ACCOUNT])


def _conditions(marked: Marked) -> list[str]:
    """In which conditions the document says that an operation refuses what is asked of it."""
    conditions = marked.drive.contract.conditions(marked.operation)
    return [name for name in conditions if name not in OF_THE_ADDRESS]


def _iter_spoiled(marked: Marked, conditions: Iterable[str], faults: Iterable[str] = ()) -> Iterator[Request]:
    for fault in (*(f"fault=refuse condition={name}" for name in conditions), *faults):
        for wish in (marked.plain, marked.streamed):
            if wish is not None:
                yield marked.ask(marked.filled(wish, fault), SPOILED)


def iter_answers(marked: Marked, told: Any) -> Iterator[Any]:
    """Plain answers that differ from one in one member: what a provider may say, and a relay perhaps does not expect."""
    contract, operation = marked.drive.contract, marked.operation
    own, spoken = contract.answer_shape(operation, operation.reply.status, JSON), answer_shape(contract, operation)
    if own is None:
        return
    for place, value, body in iter_changes(own.schema, [told]):
        is_good = own.is_valid(body) and (spoken is None or spoken.is_valid(body))
        # Who reads numbers into binary fractions loses nothing that is ever told.
        is_exact = str(LARGE).encode() in to_json(value)
        if is_good and place[-1] not in OWN_NAMES and not is_exact:
            yield body


def iter_alike(marked: Marked) -> Iterator[Request]:
    """Requests of which each may be sent more than once: plain, and with nothing left to chance."""
    plain = marked.filled(marked.plain)
    yield marked.ask(plain, VARIED)
    surely = {**_marked_anew(marked, plain), "temperature": 0}
    if "temperature" in {name for name, _ in iter_members(marked.shape.schema)} and marked.is_good(surely):
        yield marked.ask(surely, VARIED)


def iter_troubled(marked: Marked, getter: Operation) -> Iterator[dict[str, Any]]:
    """Bodies of tasks of which a poll goes wrong: the task does not."""
    for fault in POLL_FAULTS:
        body = marked.filled(marked.plain, f"{fault} operation={getter.id} times=1")
        if marked.is_good(body):
            yield body


def iter_failing(marked: Marked, kind: Kind) -> Iterator[dict[str, Any]]:
    """Bodies of tasks that fail, each in another way."""
    for code in list(kind.failures)[:MOST_FAILURES]:
        body = find_failing(marked.drive.contract, marked.operation, kind, marked.filled(marked.plain), code)
        if body is not None:
            yield body
