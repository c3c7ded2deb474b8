"""Checks of uploads: whose address it is that a file is sent to, and whether it is there then."""

import re
from collections.abc import Iterator
from typing import Any

from understudy.contracts.citing import NOTHING
from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Sighting
from understudy.contracts.reading import Reading
from understudy.specs.expressions import point
from understudy.specs.model import Failure, Kind, Operation

# A place of a prefix that stands for an account's id, once it is escaped.
_PLACE = re.compile(r"\\\{.*?\\\}")
_SHOWN = {"$upload.url": "address", "$upload.key": "key"}


def judge_addresses(history: History) -> Iterator[Evidence]:
    """An address to upload to, and the key of what is there, are one file's of one account: a second would replace the first.

    What was taken there is there for the tasks that use it.
    """
    yield from _judge_kept(history)
    seen: dict[tuple[str, str], Reading] = {}
    for reading in history.of("upload.presign"):
        if not reading.is_success or reading.operation is None:
            continue
        yield from _judge_key(history, reading, reading.operation)
        for name, word in _SHOWN.items():
            told = reading.values.get(name)
            earlier = seen.setdefault((name, told), reading) if isinstance(told, str) and told else reading
            if _file(history, earlier) == _file(history, reading):
                continue
            message = f"two files are to be uploaded to one {word}: {told!r}"
            citation = history.contract.cite(reading.operation)
            clause = f"upload/{reading.operation.id}/own"
            shown = (earlier.exchange, reading.exchange)
            yield Evidence(message, shown, reading.operation.id, citation.facts, citation.assumed, clause)


def _judge_kept(history: History) -> Iterator[Evidence]:
    """No task fails for want of a file whose upload was taken before; a warning, where that meaning of the failure is assumed."""
    sent = {r.exchange.url: r for r in history.of("upload.put") if r.is_success}
    kept = {
        (str(signed.values.get("$upload.key")), signed.exchange.who): sent[url]
        for signed in history.of("upload.presign")
        if (url := signed.values.get("$upload.url")) in sent
    }
    for story in history.stories.values():
        over = story.first_in("failed")
        created, failure = story.created, _failure_of(story.kind, over) if over else None
        if created is None or over is None or failure is None:
            continue
        found = (point(created.asked, place.path) for place in failure.missing_upload)
        wanted = [str(key) for keys in found for key in (keys if isinstance(keys, list) else [keys]) if key is not None]
        puts = [kept[key, story.who] for key in wanted if (key, story.who) in kept]
        if puts and len(puts) == len(wanted) and all(p.exchange.answered <= created.exchange.started for p in puts):
            signed = puts[0].operation
            message = f"task '{story.id}' failed for want of a file whose upload was taken"
            shown = (puts[0].exchange, created.exchange, over.reading.exchange)
            name = signed.id if signed else ""
            # What else the failure may mean only a document tells: a file may be there, and be none that serves.
            citation = history.contract.cite_kind(story.kind.name, "failures", failure.code) if story.kind else NOTHING
            yield Evidence(message, shown, name, citation.facts, not citation.is_certain, f"answer/{name}")


def _failure_of(kind: Kind | None, sighting: Sighting) -> Failure | None:
    """The documented failure for want of a file that a sighting tells of."""
    told = sighting.values.get("$task.error_code")
    failure = kind.failures.get(str(told)) if kind else None
    return failure if failure and failure.missing_upload else None


def _file(history: History, reading: Reading) -> tuple[str, Any]:
    """Whose file it is, and which: by its name, where it has one, for one account's file of a name replaces the other."""
    operation = reading.operation
    name = operation.arguments.get("name") if operation else None
    told = history.contract.value(operation, reading.exchange, reading.sent, name) if operation and name else None
    return reading.exchange.who, reading.asked if told is None else told


def _judge_key(history: History, reading: Reading, operation: Operation) -> Iterator[Evidence]:
    """A key is one that the operations take which want keys of uploads."""
    key = reading.values.get("$upload.key")
    rules = [(taker, rule) for taker in history.contract.provider.operations for rule in taker.rules]
    for taker, rule in rules if isinstance(key, str) else ():
        prefix = rule.arguments.get("prefix") if rule.name == "upload_key" else None
        if isinstance(prefix, str) and not re.match(_PLACE.sub("[^/]+", re.escape(prefix)), str(key)):
            message = f"the key {key!r} of what is uploaded is none that {taker.id} takes"
            citation = history.contract.cite(operation)
            clause = f"upload/{operation.id}/own"
            yield Evidence(message, (reading.exchange,), operation.id, citation.facts, citation.assumed, clause)
            return
