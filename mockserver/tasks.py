"""The tasks of a provider: submitting, finding, cancelling, and the money that goes with them."""

from collections.abc import Callable
from typing import Any

from understudy.mockserver.accounts import Account
from understudy.mockserver.estimates import Estimator
from understudy.mockserver.ledger import NOTHING, Entry
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.rules import is_public_host
from understudy.mockserver.seed import Seed, alnum, alnum_both, fraction, uuid
from understudy.mockserver.store.memory import MemoryStore
from understudy.mockserver.uploads import Uploads
from understudy.specs.expressions import Expression, follower, point
from understudy.specs.expressions import parse as parse_expression
from understudy.specs.model import Kind
from understudy.specs.problems import Misfit

Follower = Callable[[Any], Any]

# A task takes this much more or less than the spec's typical time.
SPREAD = 0.2


class Tasks:
    """The tasks of one provider in one world."""

    def __init__(self, kinds: dict[str, Kind], uploads: Uploads, seed: Seed, now: Callable[[], float], speed: float) -> None:
        self.store = MemoryStore(now)
        self.speed = speed
        self._seed = seed
        self._uploads = uploads
        self._estimators = {name: Estimator(kind, uploads) for name, kind in kinds.items()}
        self._own_failures = {name: _compile_own_failures(kind) for name, kind in kinds.items()}
        self._namers = {name: _compile_id(kind.id_form) for name, kind in kinds.items()}
        self._serial = 0

    def submit(
        self, kind: Kind, account: Account, key: str, body: Any, now: float, failure: str, url: str | None, local: bool
    ) -> Task:
        """Take on a task and decide its future; raises Refusal when the money does not allow it.

        `failure`: the code in which it shall fail, else ''; `url`: where its end is called back to;
        `local`: whether loopback hosts count as reachable.
        """
        estimate = self._estimators[kind.name].estimate(body)
        ledger = account.ledger
        left = ledger.remaining(now)
        if left <= NOTHING if kind.charge.refuse == "empty" else left < estimate.price:
            raise Refusal("insufficient_credits")
        self._serial += 1
        drawn = self._seed.draw(f"task {self._serial}")
        pace = (1 - SPREAD + 2 * SPREAD * fraction(drawn[32:])) / self.speed
        failure = failure or self._own_failure(kind, body, local)
        task = Task(
            id=self._namers[kind.name](drawn, body),
            serial=self._serial,
            kind=kind,
            account=account,
            key=key,
            created=now,
            earliest=now + estimate.queued * pace,
            pace=pace,
            course=estimate.course(kind, failure),
            price=estimate.price,
            materials=estimate.made,
            remembered=tuple([point(body, e.path) for e in kind.remembered]) if kind.remembered else (),
            url=url,
        )
        account.schedule.place(task, now, ledger.total)
        self._book(task, now)
        self.store.add(task)
        return task

    def find(self, task_id: Any, account: Account, kinds: frozenset[str]) -> Task:
        """The caller's task of that id; raises Refusal when it is unknown or another's."""
        task = self.store.find(task_id) if isinstance(task_id, str) else None
        if task is None or (kinds and task.kind.name not in kinds):
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
        self._unbook(task, now)
        task.cut_at(now, cancelled, "cancelled", cancelled.message)
        self.replan(task.account, now)
        return True

    def replan(self, account: Account, now: float) -> None:
        """Place anew what has not started, after a change of money, slots or ends."""
        ledger = account.ledger
        account.schedule.slots = account.slots
        account.schedule.replan(now, ledger.total, ledger.used(now), lambda task: self._rebook(task))

    def _own_failure(self, kind: Kind, body: Any, local: bool) -> str:
        for code, missing, not_public in self._own_failures[kind.name]:
            if any(not self._uploads.is_there(key) for key in _all_texts(body, missing)):
                return code
            if any(not _is_reachable(address, local) for address in _all_texts(body, not_public)):
                return code
        return ""

    def _book(self, task: Task, now: float) -> None:
        """Enter what the task will cost, and when."""
        charge, ledger = task.kind.charge, task.account.ledger
        succeeds = task.final.phase == "succeeded"
        if charge.when == "submit":
            task.charged = task.price
            ledger.enter(Entry(now, task.price, NOTHING, task.id))
            if not succeeds:
                task.entry = ledger.enter(Entry(task.end, -task.price, NOTHING, task.id))
            return
        if charge.hold:
            ledger.hold(task.price)
        if succeeds or charge.hold:
            self._rebook(task)

    def _rebook(self, task: Task) -> None:
        """Enter the end of the task at its present date."""
        ledger = task.account.ledger
        if task.entry is not None:
            ledger.void(task.entry)
        held = task.price if task.kind.charge.hold else NOTHING
        amount = -task.price if task.kind.charge.when == "submit" else task.charge_at_end
        if task.kind.charge.when == "submit" and task.final.phase == "succeeded":
            return
        task.entry = ledger.enter(Entry(task.end, amount, held, task.id))

    def _unbook(self, task: Task, now: float) -> None:
        """A cancelled task costs nothing: what it was to pay is void, what it paid or held comes back."""
        ledger, charge = task.account.ledger, task.kind.charge
        if task.entry is not None:
            ledger.void(task.entry)
            task.entry = None
        if charge.when == "submit":
            ledger.enter(Entry(now, -task.price, NOTHING, task.id))
        elif charge.hold:
            ledger.enter(Entry(now, NOTHING, task.price, task.id))


def _compile_own_failures(kind: Kind) -> list[tuple[str, list[Follower], list[Follower]]]:
    """The failures that happen by themselves: code, and what finds the keys and links that matter."""
    return [
        (failure.code, _followers(failure.missing_upload), _followers(failure.not_public))
        for failure in kind.failures.values()
        if failure.missing_upload or failure.not_public
    ]


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


def _compile_id(form: str) -> Callable[[bytes, Any], str]:
    """A function that fills an id form from drawn bytes and the input."""
    parts: list[Callable[[bytes, Any], str]] = []
    offset = 0
    for part in _split_form(form):
        if part.startswith("{") and part.endswith("}"):
            make, used = _id_part(part[1:-1], offset)
            offset += used
            parts.append(make)
        else:
            parts.append(lambda drawn, body, text=part: text)  # type: ignore[misc]
    if offset > 32:
        raise Misfit(f"the id form {form!r} draws more than 32 characters", "shorten it")
    return lambda drawn, body: "".join([part(drawn, body) for part in parts])


def _split_form(form: str) -> list[str]:
    pieces = form.replace("{", "\0{").replace("}", "}\0").split("\0")
    return [piece for piece in pieces if piece]


def _id_part(word: str, offset: int) -> tuple[Callable[[bytes, Any], str], int]:
    if word.startswith("$"):
        path = parse_expression(word).path
        return (lambda drawn, body: str(point(body, path) or "")), 0
    name, _, length = word.partition(":")
    size = int(length) if length else 16
    end = offset + (size + 1) // 2 if name == "hex" else offset + size
    makers: dict[str, Callable[[bytes, Any], str]] = {
        "alnum": lambda drawn, body: alnum(drawn[offset:end]),
        "ALNUM": lambda drawn, body: alnum_both(drawn[offset:end]),
        "hex": lambda drawn, body: drawn[offset:end].hex()[:size],
        "uuid": lambda drawn, body: uuid(drawn[offset:end]),
    }
    if name not in makers:
        raise Misfit(f"an id has no {{{word}}}", f"known: {', '.join(makers)}, $task.input#/…")
    return makers[name], end - offset
