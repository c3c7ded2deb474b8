"""Reply scripts: what a provider answers a client, operation by operation; plain JSON that replays anywhere.

The form is published as a JSON Schema, `script.schema.json` beside this file. A script names, for each operation,
the steps that its answers take, one after another, counted for each resource (each path) on its own; when they are
used up, answers are healthy. A step changes a healthy answer, or takes its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

FORMAT = "understudy-replies/1"
# A step with this repeat never ends.
EVER = 0

SCHEMA: dict[str, Any] = orjson.loads(Path(__file__).with_name("script.schema.json").read_bytes())
_VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


class Unreadable(Exception):
    """What is wrong with a script, and where."""


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of answer, `repeat` times (0: for ever). All fields at their defaults: a healthy answer.

    What happens at the provider: `refuse` names an error condition of the spec (the request is not done, unless
    `done`); `outcome` is how a new task ends: a failure code of its kind, or `cancelled`; `stand` keeps the task
    where it is, `finish` takes it to its end. `undone`: the request never reaches the provider; something on the way answers.

    What the answer says: `status`, `headers`, `type` and `text` or `body` take the place of the healthy ones; `edits`
    change the JSON body: `{"at": "/a/b" or "$task.state", "to": value}`, without `to` the member is removed;
    `stream` changes a streamed answer: see `frames`.

    How it travels: `delay` seconds before; `lost`: the connection is reset without an answer; `silent`: it stays
    open without one; `cut`: after so many bytes of the body (or a share of it, below 1) the connection ends, by
    `end`: `reset`, or a plain `close`; `hold`: it stays open so many seconds after all was sent; `pieces`: sent
    in pieces of so many bytes. `redirect`: to the same path at another host.

    Of a list: `most` items stand on a page, however many were asked for; `grow`: so many more tasks are there first.
    """

    repeat: int = 1
    refuse: str = ""
    done: bool = False
    outcome: str = ""
    stand: bool = False
    finish: bool = False
    undone: bool = False
    retry_after: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = ""
    text: str | None = None
    body: Any = None
    edits: tuple[Mapping[str, Any], ...] = ()
    stream: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    lost: bool = False
    silent: bool = False
    cut: float = 0.0
    end: str = "reset"
    hold: float = 0.0
    pieces: int = 0
    redirect: bool = False
    most: int = 0
    grow: int = 0

    @property
    def is_healthy(self) -> bool:
        """Whether this step changes nothing."""
        return self is HEALTHY or all(getattr(self, name) == value for name, value in _CHANGES)


HEALTHY = Step()
_CHANGES = tuple((each.name, getattr(HEALTHY, each.name)) for each in fields(Step) if each.name != "repeat")
_DEFAULTS = {each.name: getattr(HEALTHY, each.name) for each in fields(Step)}


@dataclass(frozen=True, slots=True)
class Replies:
    """The steps of one operation; `resource` narrows them to the so-many-th resource asked for, counted from 1."""

    operation: str
    steps: tuple[Step, ...]
    resource: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """A whole script. `callbacks` names what happens to callbacks: see `CALLBACKS`.

    `tls`: how the provider proves who it is, one of `CERTIFICATES`; '' is plain http. `stock`: so many tasks of the
    account are there already, all of them ended.
    """

    provider: str
    replies: tuple[Replies, ...] = ()
    profile: tuple[str, ...] = ()
    seed: int = 0
    callbacks: tuple[str, ...] = ()
    says: str = ""
    tls: str = ""
    stock: int = 0

    def step(self, operation: str, resource: int, count: int) -> Step:
        """The step that the answer number `count` (from 0) of a resource takes."""
        for replies in self.replies:
            if replies.operation == operation and replies.resource in (0, resource):
                return _nth(replies.steps, count)
        return HEALTHY

    @property
    def size(self) -> int:
        """How many replies are not healthy; one that repeats counts once."""
        return (
            sum(not step.is_healthy for replies in self.replies for step in replies.steps)
            + len(self.callbacks)
            + (self.tls not in ("", GOOD))
        )


# What can happen to callbacks: a forged one before the true one, each twice, one of an earlier state after the last,
# one before the create is answered, none at all.
CALLBACKS = ("forged", "unsigned", "doubled", "stale", "early", "lost")


# What the provider shows over TLS: a certificate that is good, one for another host, one by an authority that nobody
# knows, one that has expired; or such a one only where results are fetched.
GOOD = "good"
CERTIFICATES = (GOOD, "other-host", "unknown-authority", "expired", "result-unknown-authority")


def certificates(tls: str) -> tuple[str, str]:
    """What is shown by the API and by the origin of results."""
    return (GOOD, tls.removeprefix("result-")) if tls.startswith("result-") else (tls, GOOD)


def _nth(steps: tuple[Step, ...], count: int) -> Step:
    for step in steps:
        if step.repeat == EVER or count < step.repeat:
            return step
        count -= step.repeat
    return HEALTHY


def dump(script: Script) -> dict[str, Any]:
    """The script as plain JSON."""
    said: dict[str, Any] = {"format": FORMAT, "provider": script.provider}
    more: dict[str, Any] = {"says": script.says, "seed": script.seed}
    more |= {"profile": list(script.profile), "callbacks": list(script.callbacks)}
    more |= {"tls": script.tls, "stock": script.stock}
    said |= {name: value for name, value in more.items() if value}
    said["replies"] = [_dump_replies(replies) for replies in script.replies]
    return said


def load(said: Any) -> Script:
    """The script that plain JSON says; raises Unreadable."""
    for error in _VALIDATOR.iter_errors(said):
        place = "/".join(map(str, error.instance_path)) or "the script"
        raise Unreadable(f"{place}: {error.message}")
    return Script(
        said["provider"],
        tuple(_load_replies(replies) for replies in said["replies"]),
        tuple(said.get("profile", ())),
        said.get("seed", 0),
        tuple(said.get("callbacks", ())),
        said.get("says", ""),
        said.get("tls", ""),
        said.get("stock", 0),
    )


def read_file(path: Path) -> tuple[Script, dict[str, Any]]:
    """A saved script, and all that the file says; raises Unreadable."""
    try:
        said = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise Unreadable(f"{path}: {error}") from None
    return load(said), said


def _dump_replies(replies: Replies) -> dict[str, Any]:
    said: dict[str, Any] = {"operation": replies.operation}
    if replies.resource:
        said["resource"] = replies.resource
    said["steps"] = [_dump_step(step) for step in replies.steps]
    return said


def _dump_step(step: Step) -> dict[str, Any]:
    values = {name: getattr(step, name) for name in _DEFAULTS}
    said = {name: value for name, value in values.items() if value != _DEFAULTS[name]}
    for name in ("headers", "stream"):
        if name in said:
            said[name] = dict(said[name])
    if step.edits:
        said["edits"] = [dict(edit) for edit in step.edits]
    return said


def _load_replies(said: Mapping[str, Any]) -> Replies:
    steps = tuple(Step(**{**step, "edits": tuple(step.get("edits", ()))}) for step in said["steps"])
    return Replies(said["operation"], steps, said.get("resource", 0))
