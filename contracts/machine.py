"""A guided state machine for a kind of task, made from the spec alone: Hypothesis draws what happens, every step is judged.

What naive machines lack is built in: each run makes a task at once, rules reach far by themselves (run to the end; poll,
cancel, poll), keys are few so that they collide, the balance is looked at after every step, and what was reached is counted.
"""

import asyncio
from collections import Counter
from typing import Any, ClassVar
from uuid import uuid4

from hypothesis import Phase
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from understudy.contracts.budget import OverBudget
from understudy.contracts.checks import CHECKS, judge
from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import look
from understudy.contracts.history import History, id_of
from understudy.contracts.inputs import find_task_body
from understudy.contracts.reading import Reading, states_of
from understudy.contracts.requests import Request, ask_for_task
from understudy.contracts.variants import find_failing, iter_variants
from understudy.specs.model import Kind, Operation

KEYS = 3
MOST_POLLS = 3
ANY = st.integers(0, 9)


class Bench:
    """Where a machine works: one drive, asked from outside its loop; what was reached is counted by name."""

    def __init__(self, loop: asyncio.AbstractEventLoop, drive: Drive, operation: Operation, kind: Kind) -> None:
        self.loop, self.drive, self.operation, self.kind = loop, drive, operation, kind
        self.reached: Counter[str] = Counter()
        base = find_task_body(drive.contract, operation, kind)
        assert base is not None, f"no documented example makes a {kind.name}"
        self.bodies = [base, *iter_variants(drive.contract, operation, kind, drive.dice, 2)]
        self.failing = find_failing(drive.contract, operation, kind, base) if drive.provoke else None
        self.canceller = next((o for o in drive.contract.serving("task.cancel") if kind.cancel), None)

    def send(self, request: Request) -> Reading:
        """Send a request and wait for its answer."""
        reading = self.loop.run_until_complete(self.drive.target.send(request))
        self.reached[f"{reading.behavior}: {'refused' if reading.is_refusal else 'done'}"] += 1
        return reading

    def finish(self, created: Reading) -> None:
        """Follow a task to its end."""
        last = self.loop.run_until_complete(self.drive.follow(self.kind, created))
        for state in states_of(self.kind, last.values.get("$task.state")) if last else ():
            self.reached[f"state: {state.phase}"] += 1

    def look(self) -> None:
        """Look at the balance."""
        self.loop.run_until_complete(look(self.drive))

    def wanted(self) -> list[str]:
        """What a run must have reached to count at all."""
        names = ["task.submit: done", "state: succeeded"]
        names += ["state: failed"] if self.failing is not None else []
        return names + (["task.cancel: done"] if self.canceller else [])


class TaskMachine(RuleBasedStateMachine):
    """Each run ends with all its tasks over, so that nothing is owed to the next. `bench` is set by a subclass."""

    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.created: list[Reading] = []
        self.begun = len(self.bench.drive.target.log.exchanges)
        self.salt = uuid4()

    def make(self, body: Any, **more: Any) -> None:
        try:
            reading = self.bench.send(self.bench.drive.ask(self.bench.operation, body, **more))
        except OverBudget:
            return
        if reading.is_success and id_of(reading.values) not in [id_of(r.values) for r in self.created]:
            self.created.append(reading)

    def chosen(self, index: int) -> Reading | None:
        return self.created[index % len(self.created)] if self.created else None

    @initialize(index=ANY)
    def begin(self, index: int) -> None:
        self.bench.look()
        self.make(self.bench.bodies[index % len(self.bench.bodies)])

    @rule(index=ANY)
    def create(self, index: int) -> None:
        self.make(self.bench.bodies[index % len(self.bench.bodies)])

    @precondition(lambda self: self.bench.failing is not None)
    @rule()
    def create_failing(self) -> None:
        self.make(self.bench.failing)

    @precondition(lambda self: self.bench.drive.contract.provider.idempotency is not None)
    @rule(key=st.integers(1, KEYS), index=st.integers(0, 1))
    def create_once(self, key: int, index: int) -> None:
        header = self.bench.drive.contract.provider.idempotency
        assert header
        pair = ((header.header, f"machine-{self.salt}-{key}"),)
        self.make(self.bench.bodies[index % len(self.bench.bodies)], headers=pair)

    @rule(index=ANY, times=st.integers(1, MOST_POLLS))
    def poll(self, index: int, times: int) -> None:
        created, getter = self.chosen(index), self.bench.drive.getter_of(self.bench.kind)
        for _ in range(times if created and getter else 0):
            assert created and getter
            self.bench.send(ask_for_task(getter, id_of(created.values)))

    @rule(index=ANY)
    def run_to_the_end(self, index: int) -> None:
        created = self.chosen(index)
        if created:
            self.bench.finish(created)

    @precondition(lambda self: self.bench.canceller is not None)
    @rule(index=ANY)
    def poll_cancel_poll(self, index: int) -> None:
        created = self.chosen(index)
        if created and self.bench.canceller:
            self.poll(index, 1)
            self.bench.send(ask_for_task(self.bench.canceller, id_of(created.values)))
            self.poll(index, 1)

    @rule()
    def list_tasks(self) -> None:
        for operation in self.bench.drive.contract.serving("task.list"):
            self.bench.send(self.bench.drive.ask(operation))

    @invariant()
    def every_check_holds(self) -> None:
        self.bench.look()
        exchanges = self.bench.drive.target.log.exchanges[self.begun :]
        found = judge(History(self.bench.drive.contract, exchanges), CHECKS)
        wrong = [f"{finding.check}: {finding.message}" for finding in found if finding.severity == "failure"]
        assert not wrong, "\n".join(wrong)

    def teardown(self) -> None:
        for created in self.created:
            self.bench.finish(created)
        self.every_check_holds()


def machine_of(bench: Bench) -> type[TaskMachine]:
    """The machine of a bench."""
    return type("TaskMachine", (TaskMachine,), {"bench": bench})


def run_machine(bench: Bench, runs: int, steps: int, seed: int) -> None:
    """So many runs of so many steps; raises AssertionError with the steps that show what is wrong.

    They are not shrunk: each try would make and pay tasks anew, and there are few of them.
    """
    machine = machine_of(bench)
    bounds = limits(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(machine, settings=bounds)
    missing = [name for name in bench.wanted() if not bench.reached[name]]
    assert not missing, f"the machine never reached {', '.join(missing)}: nothing is said of it"
