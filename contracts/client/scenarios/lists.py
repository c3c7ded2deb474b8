"""Scenarios about lists in pages: pages that overlap, are smaller than asked for, empty, or counted wrongly."""

from collections.abc import Iterator
from dataclasses import replace

from understudy.contracts.client.scenarios.parts import EVER, Script, Step, Use, only
from understudy.specs.model import Operation

# Where a client does not say how many items it wants on a page, and the spec does not either.
_USUAL = 20
# More tasks than this are not made for one trial.
MOST_STOCK = 202
_BEYOND = 1_000_000


def none(use: Use) -> Iterator[tuple[str, Script]]:
    """Made once it is known whether the client reads more than one page: see `calm` and `pages`."""
    return iter(())


def calm(use: Use) -> Iterator[tuple[str, Script]]:
    """Two pages, and nothing wrong with them."""
    for operation in use.using("task.list"):
        stock = _size(use, operation) + 2
        if stock <= MOST_STOCK:
            yield "two", Script("", stock=stock)


def pages(use: Use) -> Iterator[tuple[str, bool, Script]]:
    """What pages may be like; whether a careful client still reads all of it, or may give up."""
    for operation in use.using("task.list"):
        size = _size(use, operation)
        stock = size + 2
        rows = {
            "exact": (True, Script("", stock=2 * size) if 2 * size <= MOST_STOCK else None),
            "smaller": (True, only(operation.id, Step(most=-(-stock // 3), repeat=EVER))),
            "overlap": (True, only(operation.id, Step(), Step(grow=1))),
            "empty-last": (False, only(operation.id, _counted(stock + size))),
            "total-grows": (
                False,
                only(operation.id, _counted(stock + 1, 1), _counted(stock + 2, 1), _counted(_BEYOND)),
            ),
            "total-shrinks": (False, only(operation.id, Step(), _counted(1))),
        }
        for name, (is_borne, script) in rows.items():
            if script:
                yield name, is_borne, replace(script, stock=script.stock or stock)


def _counted(total: int, repeat: int = EVER) -> Step:
    """A page that says that there are so many items, and more to come, whatever is true."""
    more = total > 1
    edits = (
        {"at": "$page.total", "to": total},
        {"at": "$page.pages", "to": total},
        {"at": "$page.has_more", "to": more},
    )
    return Step(edits=edits, repeat=repeat)


def _size(use: Use, operation: Operation) -> int:
    """How many items the client asks for on a page."""
    name = str(operation.arguments.get("size", "")).removeprefix("$request.query.")
    asked = [seen.exchange.parameters.get(name, "") for seen in use.trial.of("task.list")]
    if asked and asked[0].isdecimal() and int(asked[0]):
        return int(asked[0])
    found = [p.schema.get("default") for p in operation.parameters if p.name == name and isinstance(p.schema, dict)]
    return next((int(value) for value in found if isinstance(value, int)), _USUAL)
