"""Check refusals: that their envelope's schema takes them, and that the operations describe them."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.specs.judging import iter_misfits, make_judge
from understudy.specs.lint.errors import iter_raised
from understudy.specs.lint.rendering import described, iter_pairs, plain
from understudy.specs.lint.scopes import RESOLVER, Scope
from understudy.specs.lint.subject import Spot, Subject
from understudy.specs.model import Condition, Failures, Operation
from understudy.specs.problems import Misfit, Place


def check_refusals(subject: Subject) -> Iterator[Misfit]:
    """Refusals that their envelope's schema rejects, and those that the operation does not describe."""
    provider = subject.provider
    envelopes: dict[str, Failures] = {provider.failures.envelope.name: provider.failures}
    for failures in (*provider.prefixes.values(), *(o.failures for o in provider.operations)):
        envelopes.setdefault(failures.envelope.name, failures)
    for name, failures in envelopes.items():
        place = ("x-errors", "envelopes", name, "template")
        yield from _check_refusals(failures, failures.envelope.schema, place, tuple(failures.conditions))
    for spot, operation in iter_pairs(subject):
        yield from _check_described(subject, spot, operation)


def _check_refusals(failures: Failures, schema: Any, place: Place, conditions: tuple[str, ...]) -> Iterator[Misfit]:
    validator = make_judge(schema)
    render = failures.envelope.template.compile(RESOLVER)
    told: set[str] = set()
    for name in conditions:
        for scope in _error_scopes(name, failures.conditions[name]):
            for misfit in iter_misfits(validator, schema, plain(render(scope))):
                if misfit.message not in told:
                    told.add(misfit.message)
                    yield Misfit(f"for {name!r} the schema rejects it: {described(misfit)}", misfit.advice, place)


def _error_scopes(name: str, condition: Condition) -> Iterator[Scope]:
    for field in ("duration", None):
        values = {
            "request.id": "req-0001",
            "error.condition": name,
            "error.status": condition.status,
            "error.code": condition.code,
            "error.type": condition.type or None,
            "error.detail": name.replace("_", " "),
            "error.field": field,
            "error.value": field and "16",
            "error.limit": field and "15",
            "error.retry_after": 1,
        }
        message = condition.message.compile(RESOLVER)(Scope(values))
        yield Scope({**values, "error.message": message})


def _check_described(subject: Subject, spot: Spot, operation: Operation) -> Iterator[Misfit]:
    """Every condition that the operation can raise has a response, whose schema takes the refusal."""
    failures = operation.failures
    responses: Mapping[str, tuple[Any, Place]] = {
        status: (response, place) for status, response, place in subject.responses(spot)
    }
    told: set[Place] = set()
    for name, reason in iter_raised(subject, spot):
        status = str(failures.conditions[name].status)
        found = next((s for s in (status, status[0] + "XX", "default") if s in responses), None)
        if found is None:
            advice = f"{name}: {reason}"
            yield Misfit(f"the answer {status} is not described", advice, (*spot.place, "responses"))
            continue
        response, place = responses[found]
        below = (*place, "content", failures.envelope.media_type)
        content = response.get("content", {}).get(failures.envelope.media_type)
        if content is None and below not in told:
            told.add(below)
            message = f"the refusal {name!r} comes as {failures.envelope.media_type}, which is not described"
            below = (*place, "content") if "content" in response else place
            yield Misfit(message, f"{name}: {reason}", below)
        elif content is not None:
            schema = subject.resolved(content.get("schema", True))
            yield from _check_refusals(failures, schema, (*below, "schema"), (name,))
