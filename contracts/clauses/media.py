"""Clauses about files: pictures, speech, and each result of each kind of task."""

from collections.abc import Callable, Iterator

from understudy.contracts.clauses.clause import Clause
from understudy.contracts.contract import Contract
from understudy.contracts.history import History
from understudy.specs.model import Operation

_UNSEEN = "no task of this kind was seen with a result"


def iter_media(contract: Contract) -> Iterator[Clause]:
    """What is made is of the type, size and length asked for, and can be decoded."""
    for operation in contract.serving("images", "speech"):
        text = f"{operation.id} makes what was asked for, and it can be decoded"
        yield Clause(f"media/{operation.id}", text, _answered(operation), contract.cite(operation))
    for kind in contract.provider.kinds.values():
        for name, result in kind.results.items():
            yield Clause(
                f"media/{kind.name}/{name}",
                f"the {name} of a {kind.name} is there, as it was asked for, and plays",
                _fetched(f"result:{kind.name}:{name}"),
                contract.cite_kind(kind.name, "results", name),
                _UNSEEN,
            )
            yield Clause(
                f"links/{kind.name}/{name}/again",
                f"a link to the {name} of a {kind.name} is its own, and leads there more than once",
                _fetched(f"again:{kind.name}:{name}"),
                contract.cite_kind(kind.name, "results", name),
                _UNSEEN,
            )
            yield Clause(
                f"links/{kind.name}/{name}/kept",
                f"a link to the {name} of a {kind.name} leads there until shortly before its end",
                _fetched(f"kept:{kind.name}:{name}"),
                contract.cite_kind(kind.name, "results", name),
                _UNSEEN,
            )
            if result.renewed:
                yield Clause(
                    f"links/{kind.name}/{name}/renewed",
                    f"who asks for a {kind.name} again after that gets a link to its {name} that leads there",
                    _fetched(f"renewed:{kind.name}:{name}"),
                    contract.cite_kind(kind.name, "results", name),
                    _UNSEEN,
                )


def _answered(operation: Operation) -> Callable[[History], bool]:
    return lambda history: any(r.is_success and r.operation is operation for r in history.of(operation.behavior))


def _fetched(probe: str) -> Callable[[History], bool]:
    return lambda history: any(e.probe == probe and not e.error for e in history.exchanges)
