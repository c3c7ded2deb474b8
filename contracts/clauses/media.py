"""Clauses about files: pictures, speech, and each result of each kind of task."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.contracts.texts import draws, texts_of
from understudy.specs.model import Operation

_NO_PICTURE = "no documented example asks for a picture"
_UNSEEN = "no task of this kind was seen with a result"
# How a link is followed, by the probe that does so, and what is looked at by it.
_LINKS = {
    "again": "a link to the {result} of a {kind} is its own, and leads there more than once",
    "kept": "a link to the {result} of a {kind} leads there until shortly before its end",
    "renewed": "who asks for a {kind} again after that gets a link to its {result} that leads there",
}


def iter_media(contract: Contract) -> Iterator[Clause]:
    """What is made is of the type, size and length asked for, and can be decoded."""
    for operation in contract.serving("images", "speech"):
        text = f"{operation.id} makes what was asked for, and it can be decoded"
        yield Clause(f"media/{operation.id}", text, _answered(operation), contract.cite(operation))
    for operation in filter(draws, contract.serving("completion")):
        text = f"{operation.id} draws where it is asked to, and its pictures can be decoded"
        yield Clause(f"media/{operation.id}", text, _drawn(operation), contract.cite(operation), _NO_PICTURE)
    for kind in contract.provider.kinds.values():
        for name, result in kind.results.items():
            cited, place = contract.cite_kind(kind.name, "results", name), f"{kind.name}/{name}"
            text = f"the {name} of a {kind.name} is there, as it was asked for, and plays"
            yield Clause(f"media/{place}", text, _fetched(f"result:{kind.name}:{name}"), cited, _UNSEEN)
            for probe, words in _LINKS.items():
                if probe != "renewed" or result.renewed:
                    text = words.format(result=name, kind=kind.name)
                    yield Clause(
                        f"links/{place}/{probe}", text, _fetched(f"{probe}:{kind.name}:{name}"), cited, _UNSEEN
                    )


def _answered(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(r.is_success and r.operation is operation for r in history.of(operation.behavior))


def _drawn(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(
        text.operation is operation and choice.pictures for text in texts_of(history) for choice in text.choices
    )


def _fetched(probe: str) -> Callable[[History], bool]:
    return lambda history: any(e.probe == probe and not e.error for e in history.exchanges)
