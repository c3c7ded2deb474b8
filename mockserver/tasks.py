"""The tasks of a provider: submitting, finding, cancelling, and the money that goes with them."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from understudy.mockserver.accounts import Account
from understudy.mockserver.estimates import Estimate, Estimator
from understudy.mockserver.ledger import NOTHING, Entry
from understudy.mockserver.lifecycle import Task, bend
from understudy.mockserver.namers import Namer, compile_id
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.rules import is_public_host
from understudy.mockserver.schedule import NEVER
from understudy.mockserver.seed import Seed, fraction
from understudy.mockserver.store.memory import MOST_TASKS, MemoryStore
from understudy.mockserver.twist import Twist
from understudy.mockserver.uploads import Uploads
from understudy.specs.expressions import Expression, follower, point
from understudy.specs.model import Kind, State

Follower = Callable[[Any], Any]

# A task takes this much more or less than the spec's typical time.
SPREAD = 0.2


class Desk(Struct, gc=False):
    """What takes on tasks of one kind. `own_failure`: the code in which one with this body fails by itself, or ''."""

    estimate: Callable[[Any], Estimate]
    name: Namer
    own_failure: Callable[[Any, bool], str] | None
    may_owe: bool


class Tasks:
    """The tasks of one provider in one world."""

    def __init__(
        self,
        kinds: dict[str, Kind],
        uploads: Uploads,
        seed: Seed,
        now: Callable[[], float],
        speed: float,
        most: int = MOST_TASKS,
    ) -> None:
        self.store = MemoryStore(now, most)
        self.speed = speed
        self._seed, self._now = seed, now
        self._uploads = uploads
        self._desks = {name: _open_desk(kind, uploads) for name, kind in kinds.items()}
        self._is_mixed = any(_is_unpaid(kind) for kind in kinds.values())
        self._serial = 0
        # Those that are taken on while somebody wants to know; None while nobody does.
        self.fresh: list[Task] | None = None

    def submit(
        self, kind: Kind, account: Account, key: str, body: Any, now: float, twist: Twist, url: str | None, local: bool
    ) -> Task:
        """Take on a task and decide its future; raises Refusal when the money does not allow it.

        `twist`: how its future shall differ; `url`: where its end is called back to;
        `local`: whether loopback hosts count as reachable.
        """
        desk = self._desks[kind.name]
        estimate = desk.estimate(body)
        left = account.ledger.remaining(now)
        if desk.may_owe:
            is_poor = left <= NOTHING
        else:
            is_poor = left < estimate.price or (self._is_mixed and left - account.schedule.owed(now) < estimate.price)
        if is_poor:
            raise Refusal("insufficient_credits")
        self._serial += 1
        drawn = self._seed.draw(f"task {self._serial}")
        pace = (1 - SPREAD + 2 * SPREAD * fraction(drawn[32:])) / self.speed * twist.slower
        failure = twist.failure or (desk.own_failure(body, local) if desk.own_failure else "")
        task = Task(
            id=desk.name(drawn, body),
            serial=self._serial,
            kind=kind,
            account=account,
            key=key,
            created=now,
            earliest=now + estimate.queued * pace,
            pace=pace,
            course=bend(estimate.course(kind, failure), kind, twist),
            price=estimate.price,
            materials=estimate.made,
            remembered=tuple([point(body, e.path) for e in kind.remembered]) if kind.remembered else (),
            url=url,
            twist=twist,
        )
        upsets_others = account.schedule.place(task, now)
        self._book(task, now)
        if upsets_others:
            self.replan(account, now)
        dropped = self.store.add(task)
        if dropped is not None and dropped.end == NEVER:
            self._give_up(dropped, now)
        if self.fresh is not None:
            self.fresh.append(task)
        return task

    def find(self, task_id: Any, account: Account, kinds: frozenset[str]) -> Task:
        """The caller's task of that id; raises Refusal when it is unknown or another's."""
        if type(task_id) is int:
            task_id = str(task_id)
        task = self.store.find(task_id) if isinstance(task_id, str) else None
        if task is None or task.is_gone(self._now()) or (kinds and task.kind.name not in kinds):
            raise Refusal("not_found")
        if task.account is not account:
            raise Refusal(task.kind.foreign)
        return task

    def cancel(self, task: Task, now: float) -> bool:
        """End a task now if its kind allows that in its present phase; tells whether it did."""
        state = task.state_at(now)
        cancelled = task.kind.state("cancelled")
        if state.phase not in task.kind.cancel or cancelled is None:
            return False
        self.end(task, cancelled, "cancelled", cancelled.message, now)
        return True

    def end(self, task: Task, state: State, code: str, message: str, now: float) -> None:
        """End a task now in a terminal state: it is paid for if that is a success, else it costs nothing."""
        task.cut_at(now, state, code, message)
        self.rebook(task)
        self.replan(task.account, now)

    def replan(self, account: Account, now: float) -> None:
        """Place anew what has not started, after a change of money, slots or ends."""
        ledger = account.ledger
        account.schedule.slots = account.slots
        account.schedule.replan(now, ledger.remaining(now), self.rebook)

    def _give_up(self, task: Task, now: float) -> None:
        """End what nobody can ask for any more and would wait for ever: it costs nothing."""
        ended = task.kind.state("cancelled") or task.kind.state("failed")
        assert ended, "the loader checks that a kind has a failed state"
        task.cut_at(now, ended, "", "")
        self.rebook(task)

    def _book(self, task: Task, now: float) -> None:
        """Enter what the task will cost, and when."""
        charge, ledger = task.kind.charge, task.account.ledger
        if charge.when == "submit":
            task.charged = task.price
            ledger.spend(task.price * task.twist.charges)
        elif charge.hold:
            ledger.hold(task.price)
        self._enter_end(task)

    def rebook(self, task: Task) -> None:
        """Date anew what the end of the task does to the money."""
        if task.entry is not None:
            task.account.ledger.void(task.entry)
            task.entry = None
        self._enter_end(task)

    def _enter_end(self, task: Task) -> None:
        """Enter what the end of the task does to the money: a charge, a refund, a release, or nothing.

        One that will never end has no entry until it is planned anew.
        """
        if task.end == NEVER:
            return
        charge = task.kind.charge
        succeeds = task.final.phase == "succeeded"
        if charge.when == "submit":
            amount, held = NOTHING if succeeds else -task.price, NOTHING
        else:
            amount, held = (
                task.price * task.twist.charges if succeeds else NOTHING,
                task.price if charge.hold else NOTHING,
            )
        if amount or held:
            task.entry = task.account.ledger.enter(Entry(task.end, amount, held))


def _is_unpaid(kind: Kind) -> bool:
    """Whether nothing is paid or held before its tasks succeed."""
    return kind.charge.when == "success" and not kind.charge.hold


def _open_desk(kind: Kind, uploads: Uploads) -> Desk:
    return Desk(
        Estimator(kind, uploads).estimate,
        compile_id(kind.id_form),
        _compile_own_failure(kind, uploads),
        _is_unpaid(kind) and kind.charge.refuse == "empty",
    )


def _compile_own_failure(kind: Kind, uploads: Uploads) -> Callable[[Any, bool], str] | None:
    """A function that gives the code in which a task with this body fails by itself, or ''; None when none does."""
    watched = [
        (failure.code, _followers(failure.missing_upload), _followers(failure.not_public))
        for failure in kind.failures.values()
        if failure.missing_upload or failure.not_public
    ]
    named = [e.path[0] for f in kind.failures.values() for e in (*f.missing_upload, *f.not_public)]
    needed = frozenset(named)
    if not needed:
        return None

    def find(body: Any, local: bool) -> str:
        if needed.isdisjoint(body):
            return ""
        for code, missing, not_public in watched:
            if any(not uploads.is_there(key) for key in _all_texts(body, missing)):
                return code
            if any(not _is_reachable(address, local) for address in _all_texts(body, not_public)):
                return code
        return ""

    return find


def _followers(expressions: tuple[Expression, ...]) -> list[Follower]:
    return [follower(expression.path) for expression in expressions]


def _all_texts(body: Any, followers: list[Follower]) -> list[str]:
    found: list[str] = []
    for follow in followers:
        value = follow(body)
        if value is not None:
            found += [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
    return found


def _is_reachable(address: str, local: bool) -> bool:
    host = address.partition("://")[2].partition("/")[0].rpartition("@")[2]
    name = host if host.endswith("]") else host.partition(":")[0] if host.count(":") == 1 else host
    return local or is_public_host(name)
