"""Where the lies find things in what each provider says: written from the documents, not from the specs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.liars.relay import Ask


@dataclass(frozen=True)
class Shape:
    """One kind of asynchronous task on the wire. Places are paths of member names."""

    creates: tuple[str, ...]
    polls: re.Pattern[str]
    inside: tuple[str, ...]
    id: str
    created_id: tuple[str, ...]
    words: Mapping[str, Any]
    """Of `queued`, `running`, `succeeded`, `failed`: the value of `state` on the wire."""
    url: tuple[str | int, ...]
    state: str = "status"
    cost: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    progress: str = ""
    created: str = ""

    def is_create(self, ask: Ask) -> bool:
        """Whether a task is asked for."""
        return ask.method == "POST" and ask.bare_path in self.creates

    def polled(self, ask: Ask) -> str:
        """The id of the task that is polled, '' when none is."""
        found = self.polls.fullmatch(ask.bare_path) if ask.method == "GET" else None
        return found[1] if found else ""

    def task(self, body: Any) -> dict[str, Any] | None:
        """The task within an answer, to be altered in place; None when there is none."""
        found = at(body, self.inside)
        return found if isinstance(found, dict) and self.state in found else None

    def phase(self, task: Mapping[str, Any]) -> str:
        """The phase of a task; what is no end and no start is running."""
        return next((phase for phase, word in self.words.items() if word == task[self.state]), "running")


def at(value: Any, place: tuple[str | int, ...]) -> Any:
    """What stands at a place, None when nothing does."""
    for step in place:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def put(value: Any, place: tuple[str | int, ...], new: Any) -> None:
    """Put something at a place whose surroundings are there."""
    holder, last = at(value, place[:-1]), place[-1]
    if isinstance(last, int):
        if isinstance(holder, list) and len(holder) > last:
            holder[last] = new
    elif isinstance(holder, dict):
        holder[last] = new


JUHUO = Shape(
    creates=("/open-api/v1/video/submit",),
    polls=re.compile(r"/open-api/v1/video/task/([^/]+)"),
    inside=("result",),
    id="taskId",
    created_id=("result", "taskId"),
    words={"queued": "queued", "running": "generating", "succeeded": "success", "failed": "fail"},
    url=("outputUrl",),
    cost=("creditCost",),
    reason=("errorCode",),
    created="gmtCreate",
)
STORYCLAW = Shape(
    creates=("/v1/router/task/create",),
    polls=re.compile(r"/v1/router/tasks/([^/]+)"),
    inside=(),
    id="task_id",
    created_id=("task_id",),
    words={"queued": 0, "running": 1, "succeeded": 2, "failed": 3},
    url=("results", 0, "urls", 0),
    cost=("cost",),
    reason=("error_msg",),
)
SEEDANCE2AI = Shape(
    creates=("/api/v1/video/seedance", "/api/v1/image/gpt-image-2", "/api/v1/image/nano-banana-pro"),
    polls=re.compile(r"/api/v1/tasks/([^/]+)"),
    inside=(),
    id="id",
    created_id=("id",),
    words={"queued": "queued", "running": "processing", "succeeded": "completed", "failed": "failed"},
    url=("output", "video_url"),
    cost=("credits_used",),
    reason=("error",),
)
_GENERATION_WORDS = {"queued": "QUEUED", "running": "IN_PROGRESS", "succeeded": "SUCCESS", "failed": "FAILURE"}
VEO = Shape(
    creates=("/v1/video/generations",),
    polls=re.compile(r"/v1/video/generations/([^/]+)"),
    inside=("data",),
    id="task_id",
    created_id=("task_id",),
    words=_GENERATION_WORDS,
    url=("result_url",),
    reason=("fail_reason",),
    progress="progress",
    created="submit_time",
)
HAPPYHORSE = Shape(
    creates=("/v1/videos",),
    polls=re.compile(r"/v1/videos/([^/]+)"),
    inside=(),
    id="task_id",
    created_id=("task_id",),
    words={"queued": "queued", "running": "in_progress", "succeeded": "completed", "failed": "failed"},
    url=("metadata", "url"),
    reason=("error", "message"),
    progress="progress",
    created="created_at",
)

# The kind of task that the lies about tasks are told of, by provider.
SHAPES = {
    "juhuo": JUHUO,
    "storyclaw": STORYCLAW,
    "seedance2ai": SEEDANCE2AI,
    "clawdrouter": VEO,
    "unigateway": HAPPYHORSE,
}
