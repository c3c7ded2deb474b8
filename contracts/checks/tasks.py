"""Checks of what is told of a task: its id, its state, its times, its results, and that all who tell agree."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from understudy.contracts.citing import Citation
from understudy.contracts.exchange import Exchange
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Sighting, Story, id_of, links_of
from understudy.contracts.pricing import Subject
from understudy.contracts.requests import STILL, SURELY_SEEN
from understudy.specs.expressions import Expression, point
from understudy.specs.formulas import number
from understudy.specs.ids import Drawn
from understudy.specs.model import TERMINAL, Kind
from understudy.specs.templates import read

# Names that may differ from look to look even when a task is over: links are signed anew.
CHANGING = ("$task.link", "$account.", "$request.", "$base_url", "$error", "$page", "$rate")
_CHARACTERS = {"alnum": "[a-z0-9]", "ALNUM": "[A-Za-z0-9]", "digits": "[0-9]", "hex": "[0-9a-f]"}
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Seconds that the clocks of one target may differ.
SLACK = 120
# Seconds by which a clock is no wrong one but another altogether: who dates answers need not be who tells of tasks.
ANOTHER = 30 * 86_400
# Seconds since the epoch that a time of a task may be: 2015 to 2100.
PLAUSIBLE = (1_420_000_000, 4_100_000_000)


def judge_state(history: History) -> Iterator[Evidence]:
    """A state is one of those that the kind has."""
    for story in history.stories.values():
        for sighting in story.told if story.kind else ():
            if not story.states(sighting):
                state = sighting.values["$task.state"]
                yield _evidence(history, story, (sighting,), f"its state {state!r} is none of its kind's", "states")


def judge_end(history: History) -> Iterator[Evidence]:
    """A task comes to an end, if one waits long enough; that it never does is certain where the target's clock was moved."""
    for story in history.stories.values():
        waited = [s for s in story.told if s.reading.exchange.probe in ("given_up", STILL)]
        waited = [s for s in waited if story.phases(s) and not story.phases(s) & TERMINAL]
        if not waited:
            continue
        last = waited[-1]
        message = f"it was given up while it still was {last.values['$task.state']!r}, much longer than is typical"
        ended = _sooner_ended(history, story, last)
        if ended:
            message += f", and task '{ended.id}' of its kind ended in less by the target's own clock"
        is_sure = ended is not None or _is_long_seen(story, last)
        yield replace(_evidence(history, story, (last,), message, "states"), assumed=not is_sure)


def _is_long_seen(story: Story, still: Sighting) -> bool:
    """Whether the time of a task was over by the target's own clock, and whoever looks at it now and then did so since."""
    exchange, created = still.reading.exchange, story.created
    is_last = exchange.probe == STILL and exchange.now > 0
    return is_last and created is not None and exchange.started - created.exchange.started >= SURELY_SEEN


def _sooner_ended(history: History, story: Story, still: Sighting) -> Story | None:
    """Another task of the kind that took less time by the target's own clock; None for none, or without such a clock."""
    exchange = still.reading.exchange
    if exchange.probe != STILL or not exchange.now or story.created is None:
        return None
    waited = exchange.now - story.created.exchange.now
    others = (o for o in history.stories.values() if o.kind is story.kind and o.created)
    return next((o for o in others if (lasted := _lasted(o, still)) is not None and lasted < waited), None)


def _lasted(story: Story, before: Sighting) -> float | None:
    """How long a task took until it was seen to be over, by the target's own clock; None if it was not seen so before that."""
    end = story.first_in(*TERMINAL)
    is_seen = end is not None and story.created is not None and end.precedes(before)
    return end.reading.exchange.now - story.created.exchange.now if is_seen and end and story.created else None


def judge_id(history: History) -> Iterator[Evidence]:
    """A task's id has the documented form, and a query is answered with the task that was asked for."""
    for story in history.stories.values():
        created = story.created
        if created and story.kind and not _id_pattern(story.kind, created.asked).fullmatch(story.id):
            sighting = story.sightings[0]
            yield _evidence(history, story, (sighting,), f"its id '{story.id}' is not of the documented form", "id")
    yield from _judge_own_ids(history)
    for reading in history.of("task.get"):
        told, asked = reading.values.get("$task.id"), history.asked_id(reading)
        if reading.is_success and told is not None and told != asked and reading.operation:
            message = f"asked for task '{asked}', it tells of '{told}'"
            yield Evidence(message, (reading.exchange,), reading.operation.id, clause=f"answer/{reading.operation.id}")


def _judge_own_ids(history: History) -> Iterator[Evidence]:
    """Two creates make two tasks, unless one repeats the other under its key."""
    key_of = history.contract.idempotency_key
    for reading in history.of("task.submit"):
        story = history.stories.get(id_of(reading.values)) if reading.is_success else None
        first = story.created if story else None
        if story is None or first is None or first is reading or first.operation is None:
            continue
        key = key_of(reading.exchange)
        is_same = key and key == key_of(first.exchange)
        if not (is_same and story.who == reading.exchange.who):
            whose = "" if story.who == reading.exchange.who else " of two accounts"
            message = f"two creates{whose} are answered with one id"
            shown = (first.exchange, reading.exchange)
            kind = story.kind.name if story.kind else ""
            yield Evidence(f"task '{story.id}': {message}", shown, first.operation.id, clause=f"task/{kind}/id")


def judge_progress(history: History) -> Iterator[Evidence]:
    """Progress is from 0 to 100, never falls, and is 100 when all is done."""
    for story in history.stories.values():
        for sighting in story.told:
            done = sighting.values.get("$task.progress")
            if isinstance(done, int | Decimal) and done < 100 and story.phases(sighting) == {"succeeded"}:
                message = f"it has succeeded, and its progress is {done}"
                yield _evidence(history, story, (sighting,), message, "progress")
        shown = [s for s in story.sightings if isinstance(s.values.get("$task.progress"), int | Decimal)]
        for sighting in shown:
            if not 0 <= sighting.values["$task.progress"] <= 100:
                yield _evidence(
                    history, story, (sighting,), f"its progress is {sighting.values['$task.progress']}", "progress"
                )
        for earlier, later in pairwise(sorted(shown, key=lambda s: s.seen)):
            before, after = earlier.values["$task.progress"], later.values["$task.progress"]
            if earlier.precedes(later) and after < before:
                yield _evidence(
                    history, story, (earlier, later), f"its progress falls from {before} to {after}", "progress"
                )


def judge_times(history: History) -> Iterator[Evidence]:
    """Times are of their unit, created <= started <= finished, once told they stay, and later creates say so."""
    yield from _judge_creation(history)
    for story in history.stories.values():
        first: dict[str, Sighting] = {}
        for sighting in story.sightings:
            times = _times(sighting)
            for name, value in times.items():
                if not PLAUSIBLE[0] <= value <= PLAUSIBLE[1]:
                    message = f"{name} is {sighting.values[name]}: that is no time of our days in its unit"
                    yield _evidence(history, story, (sighting,), message, "times")
                earlier = first.setdefault(name, sighting)
                if earlier.values[name] != sighting.values[name]:
                    message = f"{name} was {earlier.values[name]} and is {sighting.values[name]}"
                    yield _evidence(history, story, (earlier, sighting), message, "times")
            told = [
                (m, v)
                for m in ("created", "started", "finished")
                for n, v in times.items()
                if n.startswith(f"$task.{m}_")
            ]
            for (one, before), (other, after) in pairwise(told):
                if before > after + 1:
                    message = f"it was {other} {before - after:g} seconds before it was {one}"
                    yield _evidence(history, story, (sighting,), message, "times")


def _judge_creation(history: History) -> Iterator[Evidence]:
    """What was created later says so, and nothing is created after the answer that tells of it, or long before its create."""
    yield from _judge_clock(history)
    made = [story for story in history.stories.values() if story.created]
    made.sort(key=lambda story: story.created.exchange.started if story.created else 0)
    timed = [
        (story, sighting, time) for story in made if (sighting := _first_timed(story)) and (time := _created(sighting))
    ]
    for (earlier, one, before), (later, other, after) in pairwise(timed):
        assert earlier.created and later.created
        if earlier.created.exchange.answered <= later.created.exchange.started and before > after + 2:
            message = f"it was created after '{earlier.id}', and says {before - after:g} seconds before it"
            yield _evidence(history, later, (one, other), message, "times")


def _judge_clock(history: History) -> Iterator[Evidence]:
    """A time is none that is yet to come, and a creation is of the time of its create, by the target's own clock."""
    for story in history.stories.values():
        for sighting in story.sightings:
            exchange, times = sighting.reading.exchange, _times(sighting)
            if sighting.source == "callback":
                continue  # by whose clock, nobody tells
            for name, value in times.items():
                if _is_off(exchange, value - exchange.clock):
                    message = f"{name} is {value - exchange.clock:.0f} seconds after the answer that tells it"
                    yield _evidence(history, story, (sighting,), message, "times")
            created, made = _created(sighting), story.created.exchange if story.created else None
            if made and created is not None and _is_off(made, made.clock - created):
                message = f"it says that it was created {made.clock - created:.0f} seconds before it was"
                yield _evidence(history, story, (sighting,), message, "times")


def _is_off(exchange: Exchange, seconds: float) -> bool:
    """Whether a time that is so far off an answer's is wrong, as far as one knows the target's clock."""
    return exchange.is_dated and seconds > SLACK and bool(exchange.now or seconds < ANOTHER)


def judge_results(history: History) -> Iterator[Evidence]:
    """A succeeded task has all its results, as absolute addresses, as many as were asked for."""
    for story in history.stories.values():
        for sighting in story.told:
            if story.kind is None or story.phases(sighting) != {"succeeded"}:
                continue
            for name, said in _links(sighting):
                problem = _problem_of(story, name, said) if name in story.kind.results else ""
                if problem:
                    yield _evidence(history, story, (sighting,), f"it succeeded, but {problem}", "results")


def judge_early(history: History) -> Iterator[Evidence]:
    """Nothing but a succeeded task has results."""
    for story in history.stories.values():
        for sighting in story.told:
            phases = story.phases(sighting)
            if phases and "succeeded" not in phases and _shows_results(story, sighting):
                state = sighting.values["$task.state"]
                yield _evidence(history, story, (sighting,), f"it shows a result while it is {state!r}", "results")


def judge_reason(history: History) -> Iterator[Evidence]:
    """A failed task says why, where it has words for that; any other has no reason."""
    for story in history.stories.values():
        for sighting in story.told:
            phases = story.phases(sighting)
            names = {e.text for e in _expressions(sighting)} & {"$task.error_code", "$task.error_message"}
            told = [name for name in names if sighting.values.get(name)]
            # A code beside an empty sentence says nothing to whoever reads it.
            wanted = names & {"$task.error_message"} or names
            if phases and phases <= {"failed", "cancelled"} and wanted and not wanted & set(told):
                yield _evidence(history, story, (sighting,), "it failed and does not say why", "reason")
            elif phases and not phases & {"failed", "cancelled"} and told:
                state = sighting.values["$task.state"]
                yield _evidence(history, story, (sighting,), f"it is {state!r} and tells of an error", "reason")
            elif message := _misnamed(story.kind, sighting):
                yield _evidence(history, story, (sighting,), message, "reason")


def _misnamed(kind: Kind | None, sighting: Sighting) -> str:
    """Whether the code of one documented failure stands beside the words of another; '' when not."""
    code, words = (sighting.values.get(f"$task.error_{name}") for name in ("code", "message"))
    known = {name: failure.message for name, failure in kind.failures.items()} if kind else {}
    if code not in known or words == known[code] or words not in known.values():
        return ""
    return f"it failed by {code!r}, and its words are those of another failure: {words!r}"


def judge_agreement(history: History) -> Iterator[Evidence]:
    """What is told of a task that is over is the same whoever tells it, and whenever."""
    for story in history.stories.values():
        known: dict[str, Sighting] = {}
        for sighting in story.told:
            if not story.phases(sighting) or not story.phases(sighting) <= TERMINAL:
                continue
            for name, value in sighting.values.items():
                earlier = known.setdefault(name, sighting)
                if name.startswith(CHANGING) or earlier.values[name] == value:
                    continue
                message = f"{name} was {earlier.values[name]!r} and is {value!r} after its end"
                yield _evidence(history, story, (earlier, sighting), message, "agreement")


def judge_echo(history: History) -> Iterator[Evidence]:
    """What an answer repeats of a task's input is what was put in."""
    for story in history.stories.values():
        created = story.created
        for sighting in story.sightings if created and created.asked is not None else ():
            for expression in _expressions(sighting):
                told = sighting.values.get(expression.text)
                if expression.name != "task.input" or told is None or created is None:
                    continue
                wanted = point(created.asked, expression.path)
                if str(told) != str(wanted):
                    message = f"{expression} is {told!r}, but {wanted!r} was asked for"
                    yield _evidence(history, story, (sighting,), message, "echo")


def _expressions(sighting: Sighting) -> list[Expression]:
    case = sighting.reading.case
    return list(case.body.expressions()) if case else []


def _links(sighting: Sighting) -> Iterator[tuple[str, Any]]:
    """The results that an answer has a member for, and what stands there."""
    for expression in {e.text: e for e in _expressions(sighting)}.values():
        if expression.family in ("task.link", "task.links"):
            yield expression.member, links_of(sighting.values, expression.member)


def _shows_results(story: Story, sighting: Sighting) -> bool:
    """Whether a result is told: where this answer has a member for it, or an address where a success has one."""
    if any(said for _, said in _links(sighting)):
        return True
    reading, kind = sighting.reading, story.kind
    if kind is None or reading.operation is None or sighting.source not in ("task.submit", "task.get", "task.cancel"):
        return False
    for case in reading.operation.reply.cases:
        if "succeeded" in case.phases and (not case.kinds or kind.name in case.kinds):
            values = read(case.body, reading.body).values
            said = [links_of(values, name) for name in kind.results]
            links = [link for each in said for link in (each if isinstance(each, list) else [each])]
            if any(isinstance(link, str) and link.startswith(("http://", "https://")) for link in links):
                return True
    return False


def _problem_of(story: Story, name: str, said: Any) -> str:
    if not said:
        return f"its {name} is missing"
    for link in said if isinstance(said, list) else [said]:
        parts = urlsplit(link) if isinstance(link, str) and link.isprintable() else None
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or " " in link:
            return f"its {name} is no address: {link!r}"
    assert story.kind
    result = story.kind.results.get(name)
    if result and result.count and isinstance(said, list) and story.created and story.created.asked is not None:
        wanted = int(number(result.count(Subject(story.kind, story.created.asked))))
        if len(said) != wanted:
            return f"it has {len(said)} of {wanted} {name}s"
    return ""


def _times(sighting: Sighting) -> dict[str, float]:
    """The times that a sighting tells, in seconds since the epoch, by their names."""
    units = {"_s": 1, "_ms": 1000}
    return {
        name: value / units[unit]
        for name, value in sighting.values.items()
        for unit in units
        if name.startswith("$task.") and name.endswith(unit) and isinstance(value, int)
    }


def _created(sighting: Sighting) -> float | None:
    return next((value for name, value in _times(sighting).items() if name.startswith("$task.created_")), None)


def _first_timed(story: Story) -> Sighting | None:
    return next((sighting for sighting in story.sightings if _created(sighting) is not None), None)


def _id_pattern(kind: Kind, asked: Any) -> re.Pattern[str]:
    parts = []
    for part in kind.id_form:
        if isinstance(part, Drawn):
            parts.append(_UUID if part.kind == "uuid" else f"{_CHARACTERS[part.kind]}{{{part.size}}}")
        else:
            parts.append(re.escape(str(point(asked, part.path)) if isinstance(part, Expression) else part))
    return re.compile("".join(parts))


def _evidence(history: History, story: Story, sightings: tuple[Sighting, ...], message: str, about: str) -> Evidence:
    kind = story.kind.name if story.kind else ""
    citation = history.contract.cite_kind(kind, about) if kind else Citation()
    created = (story.created.exchange,) if story.created else ()
    shown = (*created, *(s.reading.exchange for s in sightings if s.reading is not story.created))
    operation = sightings[-1].reading.operation
    name = operation.id if operation else ""
    return Evidence(
        f"task '{story.id}': {message}", shown, name, citation.facts, citation.assumed, f"task/{kind}/{about}"
    )
