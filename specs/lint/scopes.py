"""Sample scopes: what a template would see of a task in each of its states, without a server."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from understudy.specs.expressions import NAMES, Expression, point
from understudy.specs.formulas import number
from understudy.specs.ids import Drawn, Part
from understudy.specs.lint.inputs import MOST, Submission, evaluate, is_number
from understudy.specs.model import Kind, State

_NOTHING = Decimal(0)
_PROGRESS = {"queued": 0, "running": 50, "succeeded": 100, "failed": 50, "cancelled": 0}
_LINK = "https://media.example/{}?expires=1700086400&signature=0f0f0f"
_MOST_LINKS = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """The values that a template may ask for; what is in none of them is missing."""

    values: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    input: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, list[str]] = field(default_factory=dict)
    tasks: tuple["Scope", ...] = ()
    item: Any = None

    def value(self, expression: Expression) -> Any:
        """The value of an expression; None is missing."""
        member = expression.member
        match expression.family:
            case "request.body" | "task.input" | "item" | "piece.arguments" as name:
                whole = {"request.body": self.body, "task.input": self.input, "item": self.item}
                return point(whole.get(name, self.values.get(name)), expression.path)
            case "request.query":
                return self.query.get(member)
            case "request.path":
                return self.path.get(member)
            case "request.header":
                return self.headers.get(member.lower())
            case "task.link":
                return next(iter(self.links.get(member, ())), None)
            case "task.links":
                return self.links.get(member)
            case "tasks":
                return self.tasks
            case name:
                return self.values.get(name)


class ScopeResolver:
    """Finds the values of expressions in sample scopes."""

    def getter(self, expression: Expression) -> Callable[[Scope], Any]:
        """The function for one expression."""
        return lambda scope: scope.value(expression)

    def bind(self, scope: Scope, expression: Expression, item: Any) -> Scope:
        """The scope for one item of a list."""
        if not isinstance(item, Scope):
            return replace(scope, item=item)
        if expression.name != "tasks":
            return replace(scope, values={**scope.values, **item.values})
        return replace(scope, values={**scope.values, **item.values}, input=item.input, links=item.links)


RESOLVER = ScopeResolver()


def shared_values() -> dict[str, Any]:
    """Samples of all names that are not about a task or an error."""
    return {
        name: Decimal(str(sample)) if kind == "money" else sample
        for name, (kind, sample) in NAMES.items()
        if name.partition(".")[0] in ("base_url", "request", "account", "page", "upload", "rate")
    }


def iter_tasks(kind: Kind, said: Any, body: Any, phases: tuple[str, ...]) -> Iterator[tuple[State, Scope]]:
    """A task of a kind in every state of the phases, and with every way to end there."""
    for state in kind.states:
        if state.phase not in phases:
            continue
        for values in _ends(kind, state):
            started = state.phase in ("running", "succeeded") or values.pop("started", True)
            scope = Scope(
                values=_task_values(kind, said, body, state, started and state.phase != "queued") | values,
                body=body,
                input=body,
                links=_links(kind, said, body) if state.phase == "succeeded" else {},
            )
            yield state, scope


def _ends(kind: Kind, state: State) -> list[dict[str, Any]]:
    """The ways to be in a state, as far as they change what is known."""
    if state.phase == "failed":
        return [
            {
                "task.error_code": f.code,
                "task.error_message": f.message,
                "started": f.state != kind.states[0].name,
            }
            for f in kind.failures.values()
        ]
    if state.phase == "cancelled":
        words = {"task.error_code": "cancelled", "task.error_message": state.message}
        return [{**words, "started": started} for started in (True, False)]
    return [{}]


def _task_values(kind: Kind, said: Any, body: Any, state: State, started: bool) -> dict[str, Any]:
    price = price_of(said, body)
    ended = state.phase in ("succeeded", "failed", "cancelled")
    failed = state.phase in ("failed", "cancelled")
    at_submit = kind.charge.when == "submit"
    paid = price if (state.phase == "succeeded" or (at_submit and not failed)) else _NOTHING
    charged = price if at_submit or state.phase == "succeeded" else None
    return {
        "task.id": sample_id(kind.id_form, body),
        "task.number": sample_number(kind.id_form, body),
        "task.kind": kind.name,
        "task.state": state.wire,
        "task.progress": _PROGRESS[state.phase],
        "task.fraction": _PROGRESS[state.phase] / 100,
        "task.price": price,
        "task.cost": paid,
        "task.charged": charged,
        "task.refunded": price if at_submit and failed else None,
        **_times("created", True),
        **_times("started", started),
        **_times("finished", ended),
    }


def _times(moment: str, happened: bool) -> dict[str, Any]:
    names = [name for name in NAMES if name.startswith(f"task.{moment}_")]
    return {name: NAMES[name][1] if happened else None for name in names}


def price_of(said: Any, body: Any) -> Decimal:
    """What an input costs; nothing where that cannot be told."""
    value = evaluate(said["price"], Submission(body, said))
    return number(value) if is_number(value) and number(value) < MOST else _NOTHING


def sample_id(form: tuple[Part, ...], body: Any) -> str:
    """An id of that form."""
    texts = []
    for part in form:
        if isinstance(part, Expression):
            texts.append(str(point(body, part.path) or ""))
        else:
            texts.append(part.sample if isinstance(part, Drawn) else part)
    return "".join(texts)


def sample_number(form: tuple[Part, ...], body: Any) -> int:
    """The number that such an id is; some number where it is none."""
    text = sample_id(form, body)
    return int(text) if text.isdecimal() else int(NAMES["task.number"][1])


def _links(kind: Kind, said: Any, body: Any) -> dict[str, list[str]]:
    links = {}
    for name, result in kind.results.items():
        count = evaluate(said["results"][name].get("count", 1), Submission(body, said))
        most = min(number(count), Decimal(_MOST_LINKS)) if is_number(count) else 1
        task_id = sample_id(kind.id_form, body)
        links[name] = [_LINK.format(result.path_of(task_id, index)) for index in range(int(most))]
    return links
