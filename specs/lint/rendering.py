"""Check that what the templates make is what their schemas say: answers, callbacks and refusals."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from understudy.specs.ids import parse_id
from understudy.specs.judging import iter_misfits, make_judge
from understudy.specs.lint.answers import iter_answers, sample_models
from understudy.specs.lint.inputs import iter_entrances
from understudy.specs.lint.pointers import may_have
from understudy.specs.lint.scopes import RESOLVER, Scope, iter_tasks, sample_id, shared_values
from understudy.specs.lint.subject import Spot, Subject
from understudy.specs.model import PHASES, Case, Operation
from understudy.specs.problems import Misfit, Place
from understudy.specs.streams import DIALECTS, TOOLS, data_schema

_OPEN = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a body goes: the place of its template, its schema, and the cases that make it."""

    place: Place
    schema: Any
    cases: tuple[Case, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A scope with the words that say which it is, and the kind and phase that choose the case."""

    words: str
    scope: Scope
    kind: str = ""
    phase: str = ""


def check_replies(subject: Subject) -> Iterator[Misfit]:
    """Success answers that their schema rejects, for every kind and state that they can show."""
    for spot, operation in iter_pairs(subject):
        target = _reply_target(subject, spot, operation)
        if target is not None:
            yield from _check_target(target, _iter_reply_scopes(subject, spot))


def iter_pairs(subject: Subject) -> Iterator[tuple[Spot, Operation]]:
    """Every operation, as said and as built."""
    built = {(o.method.lower(), o.path): o for o in subject.provider.operations}
    for spot in subject.operations:
        operation = built.get((spot.method, spot.path))
        if operation is not None:
            yield spot, operation


def _reply_target(subject: Subject, spot: Spot, operation: Operation) -> Target | None:
    for status, response, place in subject.responses(spot):
        content = response.get("content", {}).get(operation.reply.media_type, {})
        if _is_reply(status, operation) and "x-template" in content:
            below = (*place, "content", operation.reply.media_type, "x-template")
            is_list = len(operation.reply.cases) > 1 or isinstance(content["x-template"], list)
            schema = subject.resolved(content.get("schema", True))
            if "x-stream" in content and (data := data_schema(schema)) is not None:
                schema = data
            return Target(below, schema, operation.reply.cases, is_list)
    return None


def _is_reply(status: str, operation: Operation) -> bool:
    return status.replace("X", "0") == str(operation.reply.status)


def _check_target(target: Target, scopes: Iterator[Seen]) -> Iterator[Misfit]:
    validator = make_judge(target.schema)
    renderers = [case.body.compile(RESOLVER) for case in target.cases]
    told: set[tuple[Place, str]] = set()
    for seen in scopes:
        fitting = [i for i, case in enumerate(target.cases) if case.fits(seen.kind, seen.phase)]
        if not fitting:
            yield Misfit(
                f"there is no case for {seen.words}",
                "end the list with a case for the rest",
                target.place,
            )
            continue
        body = plain(renderers[fitting[0]](seen.scope))
        place = (*target.place, fitting[0], "body") if target.is_list and len(target.cases) > 1 else target.place
        for misfit in iter_misfits(validator, target.schema, body):
            if (misfit.place, misfit.message) not in told:
                told.add((misfit.place, misfit.message))
                yield Misfit(f"for {seen.words} the schema rejects it: {described(misfit)}", misfit.advice, place)


def described(misfit: Misfit) -> str:
    """A misfit's message with its place within the body."""
    return f"{'/'.join(map(str, misfit.place))}: {misfit.message}" if misfit.place else misfit.message


def plain(value: Any) -> Any:
    """A rendered body as it arrives: numbers as JSON writes them."""
    return orjson.loads(orjson.dumps(value, default=lambda number: orjson.Fragment(format(number, "f"))))


def _iter_reply_scopes(subject: Subject, spot: Spot) -> Iterator[Seen]:
    for words, bare in _iter_requests(subject, spot):
        match spot.behavior:
            case "task.submit":
                yield from _iter_submitted(subject, spot, bare)
            case "task.get":
                yield from _iter_shown(subject, spot, bare, PHASES)
            case "task.cancel":
                yield from _iter_shown(subject, spot, bare, ("cancelled",))
            case "task.list":
                yield Seen("an empty page", _on_page(bare, None))
                for seen in _iter_shown(subject, spot, bare, PHASES):
                    yield Seen(f"a page with {seen.words}", replace(_on_page(bare, seen.scope), tasks=(seen.scope,)))
            case "completion" | "images":
                yield from _iter_answered(subject, spot, bare)
            case "models.list":
                yield Seen("no models", bare)
                yield Seen("two models", replace(bare, values={**bare.values, "models": sample_models()}))
            case _:
                yield Seen(words, bare)


def _iter_requests(subject: Subject, spot: Spot) -> Iterator[tuple[str, Scope]]:
    """Scopes that know the request alone: with everything that is optional, and with nothing of it."""
    body = next(iter(subject.request_examples(spot)), None)
    parameters = subject.parameters(spot)
    values = shared_values()
    full = Scope(values, body=body, headers=_Always(), **_given(parameters, lambda p: True))
    least = Scope(values, body=body, headers={}, **_given(parameters, _is_sure))
    yield "a request", full
    if spot.behavior not in ("task.get", "task.list"):
        yield "a request without what is optional", least


def _iter_answered(subject: Subject, spot: Spot, bare: Scope) -> Iterator[Seen]:
    dialect = DIALECTS.get(spot.arguments.get("dialect", ""))
    answer_id = sample_id(parse_id(spot.arguments["id"]), bare.body)
    may_call = may_have(subject.request_schema(spot), TOOLS)
    for words, values in iter_answers(dialect.stops if dialect else {}, "image" if spot.behavior == "images" else ""):
        if may_call or not values["completion.tools"]:
            yield Seen(words, replace(bare, values={**bare.values, **values, "completion.id": answer_id}))


def _on_page(bare: Scope, last: Scope | None) -> Scope:
    """The scope of a list whose next part follows a task, or that is at its end."""
    following = {"page.next": "task.id", "page.next_number": "task.number"}
    found = {name: last.values[of] if last else None for name, of in following.items()}
    return replace(bare, values={**bare.values, "page.has_more": last is not None, **found})


class _Always(dict[str, str]):
    """Headers of which each is there."""

    def get(self, key: str, default: Any = None) -> Any:
        return "text"


def _is_sure(parameter: Any) -> bool:
    return bool(parameter.get("required") or "default" in parameter.get("schema", {}))


def _given(parameters: list[Any], is_given: Any) -> dict[str, Any]:
    def value(parameter: Any) -> Any:
        schema = parameter.get("schema", {})
        return schema.get("default", schema.get("minimum", 1) if schema.get("type") == "integer" else "text")

    wanted = [p for p in parameters if is_given(p)]
    return {
        "query": {p["name"]: value(p) for p in wanted if p["in"] == "query"},
        "path": {p["name"]: "text" for p in wanted if p["in"] == "path"},
    }


def _iter_submitted(subject: Subject, spot: Spot, bare: Scope) -> Iterator[Seen]:
    for name in subject.kinds_of(spot):
        kind, said = subject.provider.kinds[name], subject.kinds[name]
        phases = _OPEN[:1] if kind.states[0].seconds is not None else _OPEN
        for entrance in iter_entrances(subject, name):
            for body in entrance.bodies if entrance.spot is spot else ():
                normal = entrance.normalise(body)
                for state, scope in iter_tasks(kind, said, normal, phases):
                    yield Seen(
                        f"a new {name!r} in state {state.name!r}",
                        _joined(bare, scope, normal),
                        name,
                        state.phase,
                    )


def _iter_shown(subject: Subject, spot: Spot, bare: Scope, phases: tuple[str, ...]) -> Iterator[Seen]:
    for name in subject.kinds_of(spot):
        kind, said = subject.provider.kinds[name], subject.kinds[name]
        inputs = [e.normalise(body) for e in iter_entrances(subject, name) for body in e.bodies] or [{}]
        for normal in inputs:
            for state, scope in iter_tasks(kind, said, normal, phases):
                yield Seen(
                    f"a {name!r} in state {state.name!r}",
                    _joined(bare, scope, bare.body),
                    name,
                    state.phase,
                )


def _joined(bare: Scope, task: Scope, body: Any) -> Scope:
    return replace(bare, values={**bare.values, **task.values}, body=body, input=task.input, links=task.links)


def check_callbacks(subject: Subject) -> Iterator[Misfit]:
    """Callbacks that their schema rejects, in the phases in which they are sent."""
    for spot, operation in iter_pairs(subject):
        places = [
            (
                *spot.place,
                "callbacks",
                name,
                url,
                "post",
                "requestBody",
                "content",
                "application/json",
                "x-template",
            )
            for name, callback in spot.said.get("callbacks", {}).items()
            for url, item in callback.items()
            if "x-delivery" in item.get("post", {})
        ]
        bare = Scope(shared_values())
        for place, delivery in zip(places, operation.deliveries, strict=True):
            target = Target(place, delivery.schema, delivery.cases, len(delivery.cases) > 1)
            yield from _check_target(
                target,
                _iter_shown(subject, spot, bare, tuple(p for p in PHASES if p in delivery.on)),
            )
