"""Checks of limits: how many tasks run at a time, that what is more waits, and the window of requests."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.contracts.citing import cite
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Sighting, Story
from understudy.contracts.limits import AFTER_FAILURES, CROWDED, NARROW, PATIENT_TRIES, RATE, most_perhaps, most_running
from understudy.contracts.reading import Reading
from understudy.contracts.requests import PROVOKED

# Seconds: windows of requests are seldom longer, and nobody needs to document them.
A_MINUTE = 60.0
# What a create beyond the tier may be told instead of waiting.
_INSTEAD = frozenset((RATE, "service_busy", "conflict", "forbidden"))


@dataclass(frozen=True, slots=True)
class _Run:
    """A task that surely ran from one moment to another, as two answers show."""

    story: Story
    first: Sighting
    last: Sighting


def judge_running(history: History) -> Iterator[Evidence]:
    """No more tasks of an account run at a time than its tier lets, and what is more is queued, not refused."""
    limits = history.contract.provider.limits
    if not limits.tiers:
        return
    yield from _judge_refused(history)
    runs = [run for story in history.stories.values() if (run := _run(story))]
    for who in dict.fromkeys(run.story.who for run in runs):
        most, perhaps = most_running(limits, who), most_perhaps(limits, who)
        together = _most_at_once([run for run in runs if run.story.who == who])
        if len(together) <= most:
            continue
        message = f"{len(together)} tasks run at a time, where {most} may"
        if is_doubtful := len(together) <= perhaps:
            message += f" in the lowest tier and {perhaps} in the next: is the account in the lowest?"
        shown = tuple(run.first.reading.exchange for run in together)
        yield _of_tiers(history, message, shown, together[-1].first.reading, is_doubtful)


def _most_at_once(runs: list[_Run]) -> list[_Run]:
    """Those of an account that surely ran at one moment: as many as there ever were."""
    groups = ([run for run in runs if run.first.seen <= begun.first.seen <= run.last.sent] for begun in runs)
    return max(groups, key=len, default=[])


def _run(story: Story) -> _Run | None:
    """From when to when a task surely ran: from the first answer that saw it to the asking of the last."""
    seen = [s for s in story.told if story.phases(s) == {"running"} and s.source != "callback"]
    return _Run(story, seen[0], seen[-1]) if story.created and seen and seen[0].seen <= seen[-1].sent else None


def _judge_refused(history: History) -> Iterator[Evidence]:
    """A create of the account in the lowest tier is taken while others of it are under way."""
    for reading in history.of("task.submit"):
        told = sorted(set(reading.conditions) & _INSTEAD)
        is_narrow = reading.exchange.who == NARROW and reading.asked is not None
        if is_narrow and told and not _is_turned_away(history, reading):
            message = f"a task beyond those that may run is refused as {told[0]} instead of waiting"
            yield _of_tiers(history, message, (reading.exchange,), reading)


def _is_turned_away(history: History, reading: Reading) -> bool:
    """Whether its account is told the same of what is no create, about then: too much is asked, whatever runs."""
    near = (
        r
        for r in history.client
        if r.exchange.who == reading.exchange.who and abs(r.exchange.clock - reading.exchange.clock) <= A_MINUTE
    )
    return any(r.is_refusal and r.asked is None and CROWDED & set(r.conditions) for r in near)


def judge_freed(history: History) -> Iterator[Evidence]:
    """Nothing that failed keeps its place: when all is over a create is taken, if not at once then after a while.

    Nobody documents how many may run where there are no tiers: whoever waited in vain is warned of.
    """
    tried: dict[str, list[Reading]] = defaultdict(list)
    for reading in history.of("task.submit"):
        if reading.exchange.probe == AFTER_FAILURES and reading.operation:
            tried[reading.operation.id].append(reading)
    if not any(s.who == "first" and s.first_in("failed", "cancelled") for s in history.stories.values()):
        return
    for operation, readings in tried.items():
        is_refused = all(r.is_refusal and r.conditions and set(r.conditions) <= CROWDED for r in readings)
        if len(readings) >= PATIENT_TRIES and is_refused:
            message = (
                f"when all tasks are over, some by failing, {len(readings)} creates are refused one after the other"
            )
            shown = tuple(reading.exchange for reading in readings)
            yield Evidence(message, shown, operation, assumed=True, clause="limits/freed")


def _of_tiers(
    history: History, message: str, shown: tuple[Exchange, ...], reading: Reading, is_doubtful: bool = False
) -> Evidence:
    citation = cite(history.contract.provider.document.get("x-limits", {}).get("concurrency"))
    operation = reading.operation.id if reading.operation else ""
    return Evidence(message, shown, operation, citation.facts, citation.assumed or is_doubtful, "limits/running")


def judge_rate(history: History) -> Iterator[Evidence]:
    """Who is refused for asking too often asked that often, is told for how long, and is taken after that."""
    rate = history.contract.provider.limits.rate
    before: dict[str, Exchange] = {}
    for reading in _too_often(history):
        last = before.get(reading.exchange.who)
        before[reading.exchange.who] = reading.exchange
        text = reading.exchange.header("retry-after")
        if text and not text.isdecimal() and _is_no_date(reading.exchange):
            yield _of_rate(history, reading, f"its Retry-After is {text!r}: neither seconds nor a date")
        elif rate and text.isdecimal() and int(text) > rate[1]:
            yield _of_rate(history, reading, f"its Retry-After is {text}, and the window has {rate[1]:g} seconds")
        if reading.exchange.probe == "after_advice" and not (last and _stood_still(last, reading.exchange)):
            yield _of_rate(history, reading, "it is asked again after as long as Retry-After said, and refused again")
        count = len(_others(history, reading, rate[1])) if rate else 0
        # What its key asked before the history began, nobody knows.
        is_whole = rate is not None and reading.exchange.clock - history.client[0].exchange.clock >= rate[1]
        if rate and is_whole and count < rate[0]:
            yield _of_rate(history, reading, f"request {count + 1} of a window is refused, where {rate[0]} may come")
    if rate:
        yield from _judge_unbounded(history, *rate)
        yield from _judge_probed(history)


def _stood_still(one: Exchange, other: Exchange) -> bool:
    """Whether a second and more passed here, and none by the target's own clock: it plays a time that others move."""
    return other.started - one.answered >= 1 and other.clock == one.clock


def _is_no_date(exchange: Exchange) -> bool:
    return exchange.date("retry-after") is None


def _too_often(history: History) -> Iterator[Reading]:
    """The refusals that speak of too many requests, and of nothing else."""
    for reading in history.client:
        is_meant = reading.exchange.probe.startswith(PROVOKED) or reading.exchange.probe == "rate_of_another"
        is_told = reading.is_refusal and reading.operation and RATE in reading.conditions and _is_sure(reading)
        if is_told and not is_meant:
            yield reading


def _is_sure(reading: Reading) -> bool:
    return set(reading.conditions) == {RATE} or bool(reading.exchange.header("retry-after"))


def _others(history: History, reading: Reading, seconds: float) -> list[Reading]:
    """What else the same account asked in the window that a request fell into: what overlaps may have come before it."""
    exchange = reading.exchange
    mine = (r for r in history.client if r.exchange.who == exchange.who and r is not reading)
    return [r for r in mine if exchange.answered - seconds <= r.exchange.started <= exchange.answered]


def _judge_probed(history: History) -> Iterator[Evidence]:
    """Who asks too often is refused for that and for nothing else, and nobody else is refused for it."""
    first: Reading | None = None
    for reading in history.client:
        probe, said = reading.exchange.probe, ", ".join(reading.conditions) or f"status {reading.exchange.status}"
        first = reading if first is None and probe == "rate" else first
        # What is asked may be nothing that there is: then it is refused for that from the first.
        if probe == "rate" and reading.is_refusal and first and not {RATE, *first.conditions} & set(reading.conditions):
            yield _of_rate(history, reading, f"who asks one thing over and over is refused as {said}, not as {RATE}")
        elif probe == "rate_of_another" and RATE in reading.conditions:
            yield _of_rate(history, reading, "one account is refused because another asked too often")


def _judge_unbounded(history: History, most: int, seconds: float) -> Iterator[Evidence]:
    """Where requests come at once, no more than two windows of them are taken: one that ends, and the next."""
    probed = [r for r in history.client if r.exchange.probe == "rate"]
    if not probed or any(r.is_refusal for r in probed):
        return
    span = probed[-1].exchange.clock - probed[0].exchange.clock
    if len(probed) > 2 * most and span < seconds:
        message = f"{len(probed)} requests in {span:.0f} seconds are all taken, where {most} may come in {seconds:g}"
        yield _of_rate(history, probed[-1], message)


def _of_rate(history: History, reading: Reading, message: str) -> Evidence:
    citation = cite(history.contract.provider.document.get("x-limits", {}).get("rate"))
    assert reading.operation
    return Evidence(message, (reading.exchange,), reading.operation.id, citation.facts, citation.assumed, "limits/rate")
