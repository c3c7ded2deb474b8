"""A history: exchanges in the order of their sending, read through a spec. Checks ask it; it never raises."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from understudy.contracts.callbacks import Call, iter_calls
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.reading import Reading, parse_json, read_exchange, states_of
from understudy.specs.model import Kind, Operation, State

# The probe of a request that our own provider behind the target answered as no provider does.
SPOILED = "spoiled"
# Probes of requests that are good by their schema and perhaps by nothing else: what comes through of them is judged, not
# what they are told. One has another value of one member, the other is put together of what may stand anywhere in it.
CHANGED, VARIED = "changed", "varied"
# The probe of a request that goes on from an answer before it.
GOES_ON = "goes on"
_NOT_JUDGED = frozenset((SPOILED, CHANGED, VARIED))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A task as one answer showed it: `values` in shared names; `source` is the behavior that showed it, or `callback`."""

    reading: Reading
    values: Mapping[str, Any]
    source: str

    @property
    def sent(self) -> float:
        """When it was asked for, seconds since the epoch: the task was so not before."""
        return self.reading.exchange.started

    @property
    def seen(self) -> float:
        """When the answer was there."""
        return self.reading.exchange.answered

    def precedes(self, other: "Sighting") -> bool:
        """Whether this was answered before the other was asked for: those that overlap have no order."""
        return self.seen <= other.sent and self.reading.exchange.serial < other.reading.exchange.serial


@dataclass(slots=True)
class Story:
    """All that a history shows of one task, in the order of asking. `kind` is None where nothing tells it."""

    id: str
    kind: Kind | None
    who: str
    created: Reading | None = None
    sightings: list[Sighting] = field(default_factory=list)
    cancels: list[Reading] = field(default_factory=list)

    def states(self, sighting: Sighting) -> tuple[State, ...]:
        """The states in which a sighting may have found the task."""
        return states_of(self.kind, sighting.values.get("$task.state")) if self.kind else ()

    def phases(self, sighting: Sighting) -> frozenset[str]:
        """The phases of those states."""
        return frozenset(state.phase for state in self.states(sighting))

    @property
    def told(self) -> list[Sighting]:
        """The sightings that say a state."""
        return [sighting for sighting in self.sightings if "$task.state" in sighting.values]

    def first_in(self, *phases: str) -> Sighting | None:
        """The first sighting that is surely in one of these phases."""
        return next((s for s in self.told if self.phases(s) and self.phases(s) <= set(phases)), None)


class History:
    """Exchanges with one target, and what they say. `secrets`: what no client may see, where that is known."""

    def __init__(
        self, contract: Contract, exchanges: Iterable[Exchange], secrets: frozenset[str] = frozenset()
    ) -> None:
        self.contract, self.secrets = contract, secrets
        self.exchanges = tuple(sorted(exchanges, key=lambda exchange: exchange.serial))

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """All exchanges, read; what is told of a task is read as its kind is told, where a create says which it is."""
        kinds: dict[str, Kind] = {}
        found = []
        for exchange in self.exchanges:
            operation = self.contract.operations.get(exchange.operation)
            asked = asked_id(self.contract, operation, exchange) if operation and kinds else ""
            reading = read_exchange(self.contract, exchange, kinds.get(asked))
            if reading.kind and reading.is_success and id_of(reading.values):
                kinds.setdefault(id_of(reading.values), reading.kind)
            found.append(reading)
        return tuple(found)

    @cached_property
    def client(self) -> tuple[Reading, ...]:
        """Those between the target and its client that have a whole answer, but for what we spoiled behind the target."""
        return tuple(
            r
            for r in self.readings
            if r.is_answer and r.exchange.where == "client" and r.exchange.probe not in _NOT_JUDGED
        )

    @property
    def is_spoiled(self) -> bool:
        """Whether some requests went wrong or meant little on purpose, so that nobody knows what became of them."""
        return any(exchange.probe in _NOT_JUDGED for exchange in self.exchanges)

    @cached_property
    def _by_behavior(self) -> Mapping[str, tuple[Reading, ...]]:
        found: dict[str, list[Reading]] = defaultdict(list)
        for reading in self.client:
            found[reading.behavior].append(reading)
        return {name: tuple(readings) for name, readings in found.items()}

    def of(self, *behaviors: str) -> Iterator[Reading]:
        """The readings of operations that do such a thing, behavior by behavior."""
        for behavior in behaviors:
            yield from self._by_behavior.get(behavior, ())

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every callback that came, with the create that asked for it."""
        creates = [reading for reading in self.of("task.submit") if reading.is_success]
        return tuple(iter_calls(self.contract, creates, self.exchanges))

    @cached_property
    def stories(self) -> Mapping[str, Story]:
        """Every task that an own create made or an answer told of, by id."""
        stories: dict[str, Story] = {}
        for reading in self.client:
            for sighting in iter_sightings(reading):
                self._tell(stories, reading, sighting)
        for call in self.calls:
            story = stories.get(id_of(call.reading.values))
            if story:
                story.sightings.append(Sighting(call.reading, call.reading.values, "callback"))
        for reading in self.of("task.cancel"):
            story = stories.get(self.asked_id(reading))
            if story:
                story.cancels.append(reading)
        return stories

    def _tell(self, stories: dict[str, Story], reading: Reading, sighting: Sighting) -> None:
        name = id_of(sighting.values) or (
            self.asked_id(reading) if sighting.source in ("task.get", "task.cancel") else ""
        )
        if not name:
            return
        is_create = sighting.source == "task.submit"
        kind = reading.kind if is_create else self._only_kind(reading, sighting.values)
        story = stories.get(name)
        if story is None:
            story = stories[name] = Story(name, kind, reading.exchange.who)
        if is_create and story.created is not None:
            return  # a repetition: what it tells is what was so then
        if is_create:
            story.created, story.kind, story.who = reading, reading.kind or story.kind, reading.exchange.who
        story.sightings.append(sighting)

    def _only_kind(self, reading: Reading, values: Mapping[str, Any]) -> Kind | None:
        """The kind of a task that nobody was seen creating, where there is no choice."""
        kinds = self.contract.kinds_of(reading.operation) if reading.operation else ()
        named = [kind for kind in kinds if kind.name == values.get("$task.kind")]
        return named[0] if named else kinds[0] if len(kinds) == 1 else None

    def asked_id(self, reading: Reading) -> str:
        """The task that a request names, '' for none."""
        return asked_id(self.contract, reading.operation, reading.exchange)


def iter_sightings(reading: Reading) -> Iterator[Sighting]:
    """The tasks that an answer shows."""
    if not reading.is_success:
        return
    if reading.behavior in ("task.submit", "task.get", "task.cancel"):
        yield Sighting(reading, reading.values, reading.behavior)
    for item in reading.values.get("$tasks", ()):
        yield Sighting(reading, item, "task.list")


def models_of(reading: Reading) -> list[str]:
    """The models that an answer lists; none when it is refused or lists none."""
    found = reading.values.get("$models") if reading.is_success else None
    return [str(item["$model.id"]) for item in found if "$model.id" in item] if isinstance(found, list) else []


def links_of(values: Mapping[str, Any], name: str) -> Any:
    """The link to a result, or the list of its links as texts; None where neither is told."""
    several = values.get(f"$task.links.{name}")
    if isinstance(several, list):
        return [item.get("$item") if isinstance(item, dict) else item for item in several]
    return values.get(f"$task.link.{name}")


def id_of(values: Mapping[str, Any]) -> str:
    """The id of a task in shared names, '' for none."""
    found = values.get("$task.id", values.get("$task.number"))
    return "" if found is None else str(found)


def asked_id(contract: Contract, operation: Operation | None, exchange: Exchange) -> str:
    """The id that a request about one task names, '' for none."""
    text = operation.arguments.get("id") if operation else None
    if operation is None or operation.behavior not in ("task.get", "task.cancel") or not isinstance(text, str):
        return ""
    sent = parse_json(exchange.request_body) if exchange.request_body else None
    found = contract.value(operation, exchange, sent, text)
    return "" if found is None else str(found)
