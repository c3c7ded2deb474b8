"""Requests to be sent, as values: built from an operation, a body and a credential."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from understudy.contracts.exchange import Headers
from understudy.specs.expressions import parse
from understudy.specs.model import Operation

# Requests that look for the bound of the rate, and come after it was met.
RATE_PROBES = ("rate", "after_advice")
# Requests whose answers may come compressed, and are kept as they are when that is undone.
COMPRESSED = "compressed"
# The probe of a file that is sent as it was to be sent, and of one that is sent as another type than its address was asked for.
SENT, UNLIKE_UPLOAD = "upload", "unlike_upload"
# Tasks of what was uploaded before.
UPLOADED = "uploaded"
# How the probe of a request begins whose prompt says in which condition a mock is to refuse it.
PROVOKED = "provoked:"
# How the probe of a request begins whose prompt says in which condition a mock is to break its stream off.
BREAKS = "breaks off:"
# The probe of the last look at a task that was given up.
STILL = "still"
# Seconds of real time after which a relay has looked at its provider, however fast the provider's clock is moved.
SURELY_SEEN = 20.0
# The probe of a request whose documented example wants a picture from a model that says more than that.
DRAWS = "draws"
# The probe of a request to a model that the target lists and the document does not name, though it names its like.
LISTED = "listed"
# The probe of a request to a documented model that is good for something else.
MISUSED = "misused"
# The probe of a request that is good, and that not every model takes.
NOT_FOR_ALL = "not for all"


@dataclass(frozen=True, slots=True)
class Request:
    """A request below a base URL, or to `url` where that is given.

    `alternative`: which of the operation's key schemes; `bearer`: how the name of that scheme is written;
    `leaves_after`: seconds after which nobody listens any more.
    """

    operation: Operation | None
    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    who: str = "first"
    probe: str = ""
    alternative: int = 0
    bearer: str = "Bearer"
    url: str = ""
    leaves_after: float | None = None

    def evolve(self, **changes: Any) -> "Request":
        """A copy with these members changed."""
        return replace(self, **changes)


def ask(
    operation: Operation,
    body: Any = None,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    headers: Headers = (),
    who: str = "first",
    probe: str = "",
) -> Request:
    """A request to an operation; a body that is not None is sent as JSON."""
    filled = operation.path
    for name, value in (path or {}).items():
        filled = filled.replace("{" + name + "}", quote(value, safe=""))
    payload = b"" if body is None else to_json(body)
    typed = (*headers, ("Content-Type", "application/json")) if body is not None else headers
    text = urlencode({name: as_text(value) for name, value in (query or {}).items()})
    return Request(operation, operation.method, filled, text, typed, payload, who, probe)


def ask_for_task(operation: Operation, task_id: str, who: str = "first", probe: str = "") -> Request:
    """A request about one task: its id stands where the operation's behavior says."""
    expression = parse(operation.arguments["id"])
    match expression.family:
        case "request.path":
            return ask(operation, path={expression.member: task_id}, who=who, probe=probe)
        case "request.query":
            return ask(operation, query={expression.member: task_id}, who=who, probe=probe)
        case "request.header":
            return ask(operation, headers=((expression.member, task_id),), who=who, probe=probe)
        case _:
            pass
    body: dict[str, Any] = {}
    put_at(body, expression.path, task_id)
    return ask(operation, body, who=who, probe=probe)


def put_at(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a member of a body, making the objects on the way."""
    for step in path[:-1]:
        body = body.setdefault(step, {})
    body[path[-1]] = value


def to_json(body: Any) -> bytes:
    """JSON in UTF-8; a Decimal is written as a number."""
    return json.dumps(body, ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{value!r} is no JSON")


def as_text(value: Any) -> str:
    """A value as a query says it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
