"""What fell due while a clock was moved: changes of state, charges, and attempts to call back, in the order of time."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from understudy.mockserver.ledger import NOTHING
from understudy.mockserver.lifecycle import Task

if TYPE_CHECKING:
    from understudy.mockserver.callbacks import Attempt
    from understudy.mockserver.site import Site

MOST_KEPT = 4_096

# In this order where they happen at one moment.
TRANSITION, CHARGE, CALLBACK = "transition", "charge", "callback"


class Due(Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing that fell due.

    A transition has `state` and `phase`, by the spec's names; a charge has `amount`, negative for a refund, and
    `released`, what is no longer held; a callback has the receiver's `status`, 0 with a `reason` without an answer.
    """

    at: float
    what: str
    provider: str
    account: str
    task: str
    state: str = ""
    phase: str = ""
    amount: Decimal = NOTHING
    released: Decimal = NOTHING
    status: int = -1
    reason: str = ""


class Chronicle:
    """Writes down what falls due at the sites of a world, and keeps the latest of it."""

    def __init__(self, sites: "Mapping[str, Site]") -> None:
        self._sites = sites
        self.clear()

    def clear(self) -> None:
        """Forget everything, the count too."""
        self._latest: deque[Due] = deque(maxlen=MOST_KEPT)
        self.seen = 0

    @property
    def dropped(self) -> int:
        """How many are no longer kept."""
        return self.seen - len(self._latest)

    def keep(self, dues: list[Due]) -> None:
        """Keep what fell due; the oldest go when there are too many."""
        self._latest.extend(dues)
        self.seen += len(dues)

    def since(self, number: int) -> list[Due]:
        """Those that came after the first `number`, as far as they are kept."""
        return list(islice(self._latest, max(0, number - self.dropped), None))

    @contextmanager
    def open(self, since: float) -> Iterator[Callable[[float], list[Due]]]:
        """While it is open all is noted; the function gives what fell due after `since`, up to a moment."""
        noted: list[tuple[Site, list[Task], list[tuple[Task, Attempt]]]] = []
        for site in self._sites.values():
            tasks = [task for account in site.accounts for task in account.schedule.open_tasks()]
            attempts: list[tuple[Task, Attempt]] = []
            site.tasks.fresh, site.callbacks.fresh = tasks, attempts
            noted.append((site, tasks, attempts))
        try:
            yield lambda until: _told(noted, since, until)
        finally:
            for site, _, _ in noted:
                site.tasks.fresh = site.callbacks.fresh = None


def _told(noted: "list[tuple[Site, list[Task], list[tuple[Task, Attempt]]]]", since: float, until: float) -> list[Due]:
    dues: list[Due] = []
    for what in (_transitions, _charges):
        for site, tasks, _ in noted:
            dues += [due for task in tasks for due in what(site.slug, task, since, until)]
    for site, _, attempts in noted:
        dues += [
            Due(a.at, CALLBACK, site.slug, t.account.id, t.id, status=a.status, reason=a.reason) for t, a in attempts
        ]
    dues.sort(key=lambda due: due.at)  # what is due at one moment keeps this order
    return dues


def _transitions(slug: str, task: Task, since: float, until: float) -> Iterator[Due]:
    for moment, state in task.iter_way():
        if moment > until:
            return
        if moment > max(since, task.created):
            yield Due(moment, TRANSITION, slug, task.account.id, task.id, state.name, state.phase)


def _charges(slug: str, task: Task, since: float, until: float) -> Iterator[Due]:
    entry = task.entry
    if entry is not None and not entry.void and since < entry.at <= until:
        yield Due(entry.at, CHARGE, slug, task.account.id, task.id, amount=entry.charge, released=entry.release)
