"""Checks of lists of tasks: own ones only, the newest first, none twice, none left out, pages that fit together."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Story, id_of
from understudy.contracts.reading import Reading
from understudy.specs.expressions import parse
from understudy.specs.formulas import key_of


def judge_own(history: History) -> Iterator[Evidence]:
    """A list shows no other account's tasks."""
    for reading, ids in _lists(history):
        for name in ids:
            story = history.stories.get(name)
            if story and story.created and story.who != reading.exchange.who:
                yield _evidence(history, reading, f"it shows task '{name}' of another account", "own")


def judge_doubled(history: History) -> Iterator[Evidence]:
    """No task stands twice in a list, nor on two pages of it while nothing was created."""
    for reading, ids in _lists(history):
        doubled = {name for name in ids if ids.count(name) > 1}
        if doubled:
            yield _evidence(history, reading, f"task '{min(doubled)}' stands in it twice", "once")
    for (one, first), (other, second) in pairwise(_pages(history)):
        both = set(first) & set(second)
        is_other_page = _number(one) != _number(other) and _sort(history, one) == _sort(history, other)
        if both and is_other_page and not _created_between(history, one, other):
            yield _evidence(history, other, f"task '{min(both)}' stands on two pages", "pages", one)


def judge_order(history: History) -> Iterator[Evidence]:
    """The newest task comes first."""
    for reading, ids in _lists(history):
        stories = [history.stories[name] for name in ids if name in history.stories and history.stories[name].created]
        for above, below in pairwise(stories):
            assert above.created and below.created
            if above.created.exchange.answered <= below.created.exchange.started:
                message = f"task '{above.id}' stands above '{below.id}', which was created after it"
                yield _evidence(history, reading, message, "order")
                break


def judge_complete(history: History) -> Iterator[Evidence]:
    """The first page lacks none of the newest tasks."""
    for reading, ids in _lists(history):
        if _number(reading) not in (None, 1) or reading.values.get("$page.offset") or _is_filtered(reading):
            continue
        own = [story for story in history.stories.values() if _is_there(history, story, reading)]
        size = reading.values.get("$page.size") or len(ids)
        missing = [story.id for story in own if story.id not in ids]
        if missing and (len(ids) < min(size, len(own)) or any(_is_newer(history, name, ids) for name in missing)):
            yield _evidence(history, reading, f"it lacks task '{missing[-1]}', which was created before", "complete")


def judge_pages(history: History) -> Iterator[Evidence]:
    """A page is the one that was asked for, no longer than asked for, filtered as asked for, and the totals fit."""
    yield from _judge_filter(history)
    for reading, ids in _lists(history):
        operation, values = reading.operation, reading.values
        assert operation
        for word, name in (("page", "$page.number"), ("size", "$page.size"), ("offset", "$page.offset")):
            wanted, told = _asked(history, reading, word), values.get(name)
            if wanted is not None and told is not None and told != wanted:
                yield _evidence(history, reading, f"{name} is {told}, asked for was {wanted}", "pages")
        size = _asked(history, reading, "size")
        if size is not None and len(ids) > size:
            yield _evidence(history, reading, f"it has {len(ids)} tasks, asked for were {size}", "pages")
        total = values.get("$page.total")
        if total is not None and not _is_filtered(reading):
            known = sum(_is_there(history, story, reading) for story in history.stories.values())
            if total < max(known, len(ids)):
                yield _evidence(
                    history, reading, f"$page.total is {total}, there are at least {max(known, len(ids))}", "total"
                )
            problem = _problem_of_total(history, reading, ids, total, size)
            if problem:
                yield _evidence(history, reading, problem, "total")


def _judge_filter(history: History) -> Iterator[Evidence]:
    """A filtered list holds what was asked for only."""
    for reading, _ in _lists(history):
        operation = reading.operation
        assert operation
        for name, text in operation.arguments.get("where", {}).items():
            wanted = history.contract.value(operation, reading.exchange, reading.sent, text)
            told = [item.get(f"$task.{name}") for item in reading.values.get("$tasks", ())]
            wrong = [value for value in told if value is not None and key_of(value) not in str(wanted).split(",")]
            if wanted not in (None, "") and wrong:
                yield _evidence(history, reading, f"asked for {name} {wanted!r}, it shows {wrong[0]!r}", "filter")


def _problem_of_total(history: History, reading: Reading, ids: list[str], total: int, size: int | None) -> str:
    """What is wrong with the number of pages, or with a page's length, given the total."""
    pages, number = reading.values.get("$page.pages"), _number(reading)
    if size and pages is not None and pages not in (-(-total // size), max(1, -(-total // size))):
        return f"{total} tasks at {size} a page are not {pages} pages"
    if size and number is not None and len(ids) < min(size, max(0, total - (number - 1) * size)):
        return f"page {number} has {len(ids)} tasks of {size}, though there are {total}"
    return ""


def _lists(history: History) -> list[tuple[Reading, list[str]]]:
    """Every answered list with the ids that it shows."""
    return [(r, [id_of(item) for item in r.values.get("$tasks", ())]) for r in history.of("task.list") if r.is_success]


def _pages(history: History) -> list[tuple[Reading, list[str]]]:
    """Those that have a page's number, of one size and account, in order."""
    numbered = [each for each in _lists(history) if _number(each[0]) is not None and not _is_filtered(each[0])]
    return sorted(numbered, key=lambda each: (*_sort(history, each[0]), _number(each[0])))


def _sort(history: History, reading: Reading) -> tuple[str, str]:
    """Whose pages a page is one of, and of which size: only such fit together."""
    return reading.exchange.who, str(_asked(history, reading, "size"))


def _number(reading: Reading) -> Any:
    return reading.values.get("$page.number")


def _asked(history: History, reading: Reading, word: str) -> int | None:
    """A number that the request asks for, its default included; None where it does not."""
    operation = reading.operation
    text = operation.arguments.get(word) if operation else None
    if operation is None or not isinstance(text, str):
        return None
    name = parse(text).member
    default = next((p.schema.get("default") for p in operation.parameters if p.name == name), None)
    found = history.contract.value(operation, reading.exchange, reading.sent, text)
    return int(found) if str(found).isdecimal() else default


def _is_filtered(reading: Reading) -> bool:
    assert reading.operation
    names = [parse(text).member for text in reading.operation.arguments.get("where", {}).values()]
    return any(reading.exchange.parameters.get(name) for name in names)


def _is_there(history: History, story: Story, reading: Reading) -> bool:
    """Whether a task surely existed, and was the asker's, before a list was asked for."""
    kinds = history.contract.kinds_of(reading.operation) if reading.operation else ()
    is_own = story.created is not None and story.who == reading.exchange.who and story.kind in kinds
    return is_own and story.created is not None and story.created.exchange.answered <= reading.exchange.started


def _is_newer(history: History, name: str, ids: list[str]) -> bool:
    """Whether a task was created after one that is shown."""
    created = history.stories[name].created
    shown = [history.stories[i].created for i in ids if i in history.stories]
    return created is not None and any(s and s.exchange.answered <= created.exchange.started for s in shown)


def _created_between(history: History, one: Reading, other: Reading) -> bool:
    first, last = sorted((one.exchange, other.exchange), key=lambda exchange: exchange.started)
    creates = [reading.exchange for reading in history.of("task.submit")]
    return any(c.answered >= first.started and c.started <= last.answered for c in creates)


def _evidence(history: History, reading: Reading, message: str, about: str, other: Reading | None = None) -> Evidence:
    operation = reading.operation
    assert operation
    citation = history.contract.cite(operation)
    shown = (other.exchange, reading.exchange) if other else (reading.exchange,)
    return Evidence(message, shown, operation.id, citation.facts, citation.assumed, f"list/{operation.id}/{about}")
