"""Check that every example fits its schema, and that the templates can read the answers among them."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from understudy.specs import extraction, nodes, templates
from understudy.specs.judging import iter_misfits, make_judge
from understudy.specs.lint.subject import Spot, Subject
from understudy.specs.model import Failures
from understudy.specs.problems import Misfit, Place, known
from understudy.specs.vocabulary import iter_described


def check_examples(subject: Subject) -> Iterator[Misfit]:
    """Examples that their own schema rejects."""
    for place, node in iter_described(subject.root):
        if "schema" not in node or place[-1:] == ("properties",):
            continue
        examples = list(iter_examples(node, place))
        if examples:
            schema = subject.resolved(node["schema"])
            yield from _check_values(schema, examples)


def iter_examples(node: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """The examples of a media type, parameter or header."""
    if "example" in node:
        yield (*place, "example"), node["example"]
    examples = node.get("examples")
    for name, example in examples.items() if isinstance(examples, dict) else ():
        if isinstance(example, dict) and "value" in example:
            yield (*place, "examples", name, "value"), example["value"]


def check_defaults(subject: Subject) -> Iterator[Misfit]:
    """Defaults, and examples within schemas, that the schema itself rejects."""
    for place, node in iter_described(subject.root):
        if place[-1:] == ("properties",) or place[:1] == ("x-errors",):
            continue
        said = [((*place, "default"), node["default"])] if "default" in node else []
        if isinstance(node.get("examples"), list):
            said += [((*place, "examples", index), value) for index, value in enumerate(node["examples"])]
        if said and place[-1:] != ("responses",):
            yield from _check_values(subject.resolved(node), said)


def _check_values(schema: Any, values: list[tuple[Place, Any]]) -> Iterator[Misfit]:
    try:
        validator = make_judge(schema)
    except (ValueError, jsonschema_rs.ValidationError):
        return
    for place, value in values:
        for misfit in iter_misfits(validator, schema, value):
            yield Misfit(f"the schema rejects it: {misfit.message}", misfit.advice, (*place, *misfit.place))


def check_readable(subject: Subject) -> Iterator[Misfit]:
    """Examples of answers that neither the answer's template nor the error's can read."""
    built = {(o.method.lower(), o.path): o for o in subject.provider.operations}
    for spot in subject.operations:
        operation = built.get((spot.method, spot.path))
        if operation is None:
            continue
        for status, response, place in subject.responses(spot):
            for media_type, content in response.get("content", {}).items():
                below = (*place, "content", media_type)
                readers = _error_readers(operation.failures, status, media_type)
                if status.replace("X", "0") == str(operation.reply.status) and "x-template" in content:
                    readers += [case.body for case in operation.reply.cases]
                if status.startswith("2") and "x-template" not in content:
                    continue
                yield from _check_content(subject, spot, content, below, readers)


def _error_readers(failures: Failures, status: str, media_type: str) -> list[nodes.Node]:
    """The error template, if such an answer can be an error."""
    if media_type != failures.envelope.media_type:
        return []
    statuses = {str(condition.status) for condition in failures.conditions.values()}
    classes = {text[0] + "XX" for text in statuses}
    return [failures.envelope.template] if status in statuses | classes | {"default"} else []


def _check_content(
    subject: Subject, spot: Spot, content: Any, place: Place, readers: list[nodes.Node]
) -> Iterator[Misfit]:
    required = make_judge(subject.resolved(content.get("schema", {}))).is_valid
    for below, value in iter_examples(content, place):
        if not required(value):
            continue
        readings = [templates.read(reader, value) for reader in readers]
        objections = [_objections(reading) for reading in readings]
        if objections and all(objections):
            best = min(objections, key=len)
            yield Misfit(f"no template reads it: {best[0]}", f"{spot.name} would answer otherwise", below)
            continue
        states = [
            r.values["$task.state"]
            for r, bad in zip(readings, objections, strict=True)
            if not bad and "$task.state" in r.values
        ]
        wires = [s.wire for kind in subject.kinds_of(spot) for s in subject.provider.kinds[kind].states]
        for state in states:
            if state not in wires:
                yield Misfit(f"{state!r} is no state of these tasks", known(state, wires), below)


def _objections(reading: extraction.Extraction) -> list[str]:
    """The departures that count: whether a member must be there is the schema's business."""
    return [str(mismatch) for mismatch in reading.mismatches if not mismatch.is_absence]
