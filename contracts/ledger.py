"""What an account must have spent between two looks at its balance, by the spec's prices and the times that a history shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History, Story, id_of
from understudy.contracts.pricing import price_of_answer, price_of_task
from understudy.contracts.reading import Reading
from understudy.specs.model import TERMINAL

ALWAYS = float("inf")
# With more sums than this that the spec allows, nothing is said. Prices are few: it takes many open questions.
MOST_SUMS = 20_000


@dataclass(frozen=True, slots=True)
class Movement:
    """Credits that leave (or, negative, come back) at some moment from `earliest` to `latest`; `sure`: that they do at all."""

    amount: Decimal
    earliest: float
    latest: float
    exchange: Exchange
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """A balance as one answer showed it."""

    reading: Reading
    remaining: Decimal

    @property
    def sent(self) -> float:
        """When it was asked for."""
        return self.reading.exchange.started

    @property
    def seen(self) -> float:
        """When it was there."""
        return self.reading.exchange.answered


@dataclass(frozen=True, slots=True)
class Step:
    """From one look to the next: what left by the answers, and what may have left by the spec, given each way it can be."""

    before: Look
    after: Look
    moved: Decimal
    sure: tuple[Movement, ...]
    open: tuple[Movement, ...]

    @property
    def allowed(self) -> frozenset[Decimal]:
        """All sums that the spec allows; empty when there are too many to tell."""
        sums = {sum((movement.amount for movement in self.sure), Decimal(0))}
        for movement in self.open:
            sums |= {total + movement.amount for total in sums}
            if len(sums) > MOST_SUMS:
                return frozenset()
        return frozenset(sums)


def iter_looks(history: History, who: str) -> Iterator[Look]:
    """Every look at an account's remaining credits, in the order of asking."""
    for reading in history.client:
        remaining = reading.values.get("$account.remaining")
        is_own = reading.is_success and reading.exchange.who == who
        if is_own and isinstance(remaining, Decimal) and not _is_repetition(history, reading):
            yield Look(reading, remaining)


def _is_repetition(history: History, reading: Reading) -> bool:
    """Whether a create was answered with an earlier answer, whose balance is that of its own time."""
    story = history.stories.get(id_of(reading.values)) if reading.behavior == "task.submit" else None
    return story is not None and story.created is not reading


def iter_steps(history: History, who: str) -> Iterator[Step]:
    """The steps between looks that do not overlap; none where something was paid of which nobody knows the price."""
    movements = list(_movements(history, who))
    if any(movement is None for movement in movements):
        return
    known = [movement for movement in movements if movement]
    looks = list(iter_looks(history, who))
    pairs = [(a, b) for a, b in pairwise(looks) if a.seen <= b.sent]
    if len(looks) > 2 and looks[0].seen <= looks[-1].sent:
        pairs.append((looks[0], looks[-1]))
    yield from (_step(before, after, known) for before, after in pairs)


def _step(before: Look, after: Look, movements: Iterable[Movement]) -> Step:
    sure: list[Movement] = []
    unsure: list[Movement] = []
    for movement in movements:
        if movement.latest <= before.sent or movement.earliest >= after.seen or _is_told(movement, before):
            continue
        is_between = movement.earliest >= before.seen and (movement.latest <= after.sent or _is_told(movement, after))
        (sure if is_between and movement.sure else unsure).append(movement)
    return Step(before, after, before.remaining - after.remaining, tuple(sure), tuple(unsure))


def _is_told(movement: Movement, look: Look) -> bool:
    """Whether a look is the answer to the create that was charged for: it tells the balance after that."""
    return movement.amount > 0 and movement.exchange is look.reading.exchange


def _movements(history: History, who: str) -> Iterator[Movement | None]:
    """What an account pays and gets back; None for what has no known price."""
    for story in history.stories.values():
        if story.who == who and story.created:
            yield from _of_task(story)
    for reading in history.readings:
        exchange = reading.exchange
        if exchange.who != who or exchange.where != "client":
            continue
        if reading.behavior == "task.submit" and not reading.is_answer and reading.kind:
            price = price_of_task(reading.kind, reading.asked)
            yield None if price is None else Movement(price, exchange.started, ALWAYS, exchange, sure=False)
        elif reading.operation and "price" in reading.operation.arguments and not reading.is_refusal:
            price = price_of_answer(reading.operation, reading.asked, reading.values)
            yield None if price is None else Movement(price, exchange.started, exchange.answered, exchange)


def _of_task(story: Story) -> Iterator[Movement | None]:
    created, kind = story.created, story.kind
    assert created
    price = price_of_task(kind, created.asked) if kind and created.asked is not None else None
    if kind is None or price is None:
        yield None
        return
    start, end = created.exchange, _end(story)
    if kind.charge.when == "submit" or kind.charge.hold:
        yield Movement(price, start.started, start.answered, start)
        if end.phase != "succeeded":
            yield Movement(-price, end.earliest, end.latest, start, sure=end.phase != "")
    elif end.phase in ("", "succeeded"):
        yield Movement(price, end.earliest, end.latest, start, sure=end.phase != "")


@dataclass(frozen=True, slots=True)
class _End:
    phase: str
    earliest: float
    latest: float


def _end(story: Story) -> _End:
    """When a task came to its end, as far as one knows; phase '' when it was not seen."""
    assert story.created
    earliest = story.created.exchange.started
    over = story.first_in(*TERMINAL)
    for sighting in story.told:
        if story.phases(sighting) and not story.phases(sighting) & TERMINAL:
            earliest = max(earliest, sighting.sent)
    if over is None:
        return _End("", earliest, ALWAYS)
    phases = story.phases(over)
    # The exchange that ended it may have begun before a look that still saw it running was answered.
    cancelled = [reading.exchange.started for reading in story.cancels if reading.is_success]
    latest = min(s.seen for s in story.told if story.phases(s) and story.phases(s) <= TERMINAL)
    phase = "succeeded" if phases == {"succeeded"} else "failed"
    return _End(phase, min([earliest, *cancelled]), latest)
