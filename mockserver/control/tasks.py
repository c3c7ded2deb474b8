"""Steering tasks: seeing them, and forcing their states and ends."""

from decimal import Decimal
from itertools import islice
from typing import Annotated, Literal, Self

from fastapi import HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from understudy.mockserver.control.routes import Route, ThisSite
from understudy.mockserver.faults.rule import FaultError
from understudy.mockserver.forcing import Impossible, force_end, force_state
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.site import Site
from understudy.mockserver.views import TaskView


class Moment(BaseModel):
    """A state on the task's way, and when it begins, seconds since the epoch."""

    state: str
    phase: str
    at: float


class TaskReport(BaseModel):
    """A task as it stands; money in the provider's credits. `start`, `end`: None while that is not foreseen."""

    serial: int
    id: str
    kind: str
    account: str
    state: str
    phase: str
    progress: int
    created: float
    start: float | None
    end: float | None
    price: Decimal
    cost: Decimal
    error_code: str | None
    error_message: str | None
    callback_url: str | None


class TaskDetail(TaskReport):
    """The same with its way, as it is planned by now."""

    way: list[Moment]


class TaskList(BaseModel):
    """Tasks, newest first; how many are kept, and how many of the oldest were let go."""

    tasks: list[TaskReport]
    kept: int
    dropped: int


class Wanted(BaseModel):
    """Which tasks; what is left out fits every one. `before`: only those with a lower serial number."""

    model_config = ConfigDict(extra="forbid")

    kind: str = ""
    phase: str = ""
    state: str = ""
    account: str = ""
    before: Annotated[int | None, Field(ge=1)] = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class Force(BaseModel):
    """Where a task shall be now: in a running state, for good if it `stays`; or at an end, `failed` with a code."""

    model_config = ConfigDict(extra="forbid")

    state: str = ""
    stays: bool = False
    outcome: Literal["succeeded", "failed", "cancelled", ""] = ""
    code: str = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if bool(self.state) == bool(self.outcome):
            raise ValueError("say either a state or an outcome")
        if (self.code and self.outcome != "failed") or (self.stays and not self.state):
            raise ValueError("a code is for what failed, and only a state can stay")
        return self


class Next(BaseModel):
    """How the next tasks of an operation shall end: failed with a code of their kind; '' is the first that it has.

    The operation may be left out where only one takes tasks on.
    """

    model_config = ConfigDict(extra="forbid")

    operation: str = ""
    code: str = ""
    times: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class Rule(BaseModel):
    """The rule of the world's faults that sees to it."""

    id: str


def _report(site: Site, task: Task) -> TaskReport:
    now = site.now()
    view, state = TaskView(task, now, site.signer), task.state_at(now)
    return TaskReport(
        serial=task.serial,
        id=task.id,
        kind=task.kind.name,
        account=task.account.id,
        state=state.name,
        phase=state.phase,
        progress=view.progress,
        created=task.created,
        start=_finite(task.start),
        end=_finite(task.end),
        price=task.price,
        cost=view.cost,
        error_code=view.error_code,
        error_message=view.error_message,
        callback_url=task.url,
    )


def _finite(moment: float) -> float | None:
    return None if moment == float("inf") else moment


def _find(site: Site, task_id: str) -> Task:
    task = site.tasks.store.find(task_id)
    if task is None:
        raise HTTPException(404, f"no task {task_id!r} at {site.slug}")
    return task


async def list_tasks(site: ThisSite, wanted: Annotated[Wanted, Query()]) -> TaskList:
    """The newest tasks that fit."""
    now, store = site.now(), site.tasks.store

    def fits(task: Task) -> bool:
        state = task.state_at(now)
        said = (wanted.kind, wanted.phase, wanted.state, wanted.account)
        has = (task.kind.name, state.phase, state.name, task.account.id)
        return all(each in ("", own) for each, own in zip(said, has, strict=True))

    newest = store.window(None if wanted.before is None else wanted.before - 1)
    fitting = islice((task for task in newest if fits(task)), wanted.limit)
    return TaskList(tasks=[_report(site, task) for task in fitting], kept=len(store), dropped=store.dropped)


async def get_task(site: ThisSite, task_id: str) -> TaskDetail:
    """One task with its way."""
    task = _find(site, task_id)
    way = [Moment(state=state.name, phase=state.phase, at=at) for at, state in task.iter_way()]
    return TaskDetail(**_report(site, task).model_dump(), way=way)


async def cancel(site: ThisSite, task_id: str) -> None:
    """End a task as its provider would cancel it, also where customers have no way to ask for that."""
    now, task = site.now(), _find(site, task_id)
    if not site.tasks.cancel(task, now):
        state = task.state_at(now).name
        raise HTTPException(409, f"a {task.kind.name} cannot be cancelled while it is {state}")
    site.callbacks.moved(now)


async def force(site: ThisSite, task_id: str, wanted: Force) -> TaskDetail:
    """Put a task into a state, or end it, now; money, slots and callbacks follow."""
    now, task = site.now(), _find(site, task_id)
    try:
        if wanted.state:
            force_state(site.tasks, task, wanted.state, wanted.stays, now)
        else:
            force_end(site.tasks, task, wanted.outcome, wanted.code, now)
    except Impossible as error:
        raise HTTPException(409, str(error)) from None
    site.callbacks.moved(now)
    return await get_task(site, task_id)


async def fail_next(site: ThisSite, wanted: Next) -> Rule:
    """Let the next tasks fail; the rule that sees to it stands among the faults, and can be removed there."""
    codes = sorted({code for kind in site.stage.provider.kinds.values() for code in kind.failures})
    if wanted.code and wanted.code not in codes:
        raise HTTPException(422, f"no task of {site.slug} fails with {wanted.code!r}; there are {', '.join(codes)}")
    submits = [o.id for o in site.stage.provider.operations if o.behavior == "task.submit"]
    operation = wanted.operation or (submits[0] if len(submits) == 1 else "")
    if operation not in submits:
        raise HTTPException(422, f"no task is taken on by {operation!r}; say which of {', '.join(submits)}")
    rule = {"fault": "fail", "provider": site.slug, **wanted.model_dump(), "operation": operation}
    try:
        return Rule(id=site.world.faults.add(rule))
    except FaultError as error:
        raise HTTPException(422, str(error)) from None


ROUTES = (
    Route("GET", "/{slug}/tasks", list_tasks),
    Route("POST", "/{slug}/tasks/next", fail_next, 201),
    Route("GET", "/{slug}/tasks/{task_id}", get_task),
    Route("POST", "/{slug}/tasks/{task_id}/cancel", cancel, 204),
    Route("POST", "/{slug}/tasks/{task_id}/force", force),
)
