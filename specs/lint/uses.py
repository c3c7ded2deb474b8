"""Every expression of a document: where it stands, and what can be known there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from understudy.specs.expressions import Expression, is_expression, parse, split
from understudy.specs.lint.subject import Spot, Subject
from understudy.specs.model import CONDITIONS
from understudy.specs.problems import Misfit, Place
from understudy.specs.vocabulary import iter_described

REQUEST = frozenset({"request"})
_SHOWN = {
    "task.submit": frozenset({"base_url", "request", "task", "account"}),
    "task.get": frozenset({"base_url", "request", "task", "account"}),
    "task.cancel": frozenset({"base_url", "request", "task", "account"}),
    "task.list": frozenset({"base_url", "request", "tasks", "page", "account"}),
    "account.balance": frozenset({"base_url", "request", "account"}),
    "upload.presign": frozenset({"base_url", "request", "account", "upload"}),
    "upload.put": frozenset({"base_url", "request", "upload"}),
    "completion": frozenset({"base_url", "request", "account", "completion"}),
    "images": frozenset({"base_url", "request", "account", "completion"}),
    "speech": frozenset({"base_url", "request", "account"}),
    "models.list": frozenset({"base_url", "request", "account", "models"}),
}
_WORDS = frozenset({"error.field", "error.value", "error.limit"})


@dataclass(frozen=True, slots=True)
class Use:
    """An expression at a place. `knows`: names, or first parts of names, that have a value there.

    `spot`: the operation, if any; `kinds`: the kinds of task that `$task` can be (empty: any).
    """

    place: Place
    expression: Expression | None
    knows: frozenset[str]
    spot: Spot | None = None
    kinds: tuple[str, ...] = ()
    misfit: Misfit | None = None


def iter_uses(subject: Subject) -> Iterator[Use]:
    """Every expression; one that cannot be parsed comes with its misfit."""
    for spot in subject.operations:
        if spot.behavior:
            yield from _iter_operation(subject, spot)
    yield from _iter_errors(subject)
    yield from _iter_messages(subject)
    for name, kind in subject.kinds.items():
        yield from _iter_kind(name, kind)


def _iter_operation(subject: Subject, spot: Spot) -> Iterator[Use]:
    knows = _SHOWN.get(spot.behavior, frozenset())
    knows = knows | {"rate"} if subject.is_guarded(spot) else knows - {"account"}
    base = Use(
        spot.place,
        None,
        knows,
        spot,
        tuple(subject.kinds_of(spot)) if "task" in spot.behavior else (),
    )
    for place, template in iter_templates(subject, spot):
        yield from _iter_cases(template, place, base)
    at_first = replace(base, knows=REQUEST | (knows & {"account", "rate"}))
    yield from _iter_behavior(spot, at_first)
    for index, rule in enumerate(spot.said.get("x-rules", ())):
        yield from _iter_rule(rule, replace(at_first, place=(*spot.place, "x-rules", index)))
    for name, callback in spot.said.get("callbacks", {}).items():
        for url, item in callback.items():
            place = (*spot.place, "callbacks", name, url)
            yield from iter_text(url, replace(at_first, place=place, knows=REQUEST))
            yield from _iter_callback(subject, item.get("post", {}), (*place, "post"), base)


def _iter_callback(subject: Subject, said: Mapping[str, Any], place: Place, base: Use) -> Iterator[Use]:
    later = replace(base, knows=frozenset({"base_url", "task", "account", "request.id"}))
    headers = said.get("x-delivery", {}).get("headers", {})
    yield from _iter_all(headers, replace(later, place=(*place, "x-delivery", "headers")))
    body = subject.placed(said.get("requestBody", {}), (*place, "requestBody"))
    for below, template in _iter_contents(*body):
        yield from _iter_cases(template, below, later)


def iter_templates(subject: Subject, spot: Spot) -> Iterator[tuple[Place, Any]]:
    """The templates of an operation's answers, with their places."""
    for _, response, place in subject.responses(spot):
        yield from _iter_contents(response, place)
        for name, header in response.get("headers", {}).items():
            if "x-template" in header:
                yield (*place, "headers", name, "x-template"), header["x-template"]


def iter_callback_templates(subject: Subject, spot: Spot) -> Iterator[tuple[Place, Any]]:
    """The templates of what an operation calls back with, with their places."""
    for name, callback in spot.said.get("callbacks", {}).items():
        for url, item in callback.items():
            place = (*spot.place, "callbacks", name, url, "post", "requestBody")
            yield from _iter_contents(*subject.placed(item.get("post", {}).get("requestBody", {}), place))


def _iter_contents(body: Mapping[str, Any], place: Place) -> Iterator[tuple[Place, Any]]:
    for media_type, content in body.get("content", {}).items():
        if "x-template" in content:
            yield (*place, "content", media_type, "x-template"), content["x-template"]


def is_case_list(template: Any) -> bool:
    """Whether a template is a list of cases for kinds and phases."""
    return isinstance(template, list) and bool(template) and all(isinstance(c, dict) and "body" in c for c in template)


def as_names(value: Any) -> tuple[str, ...]:
    """A name or a list of names."""
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def _iter_cases(template: Any, place: Place, base: Use) -> Iterator[Use]:
    if not is_case_list(template):
        yield from iter_template(template, replace(base, place=place))
        return
    for index, case in enumerate(template):
        wanted = as_names(case.get("kind", ()))
        kinds = tuple(k for k in base.kinds if k in wanted) if wanted else base.kinds
        yield from iter_template(case["body"], replace(base, place=(*place, index, "body"), kinds=kinds))


def iter_template(template: Any, base: Use) -> Iterator[Use]:
    """The expressions of a template; inside `$each` the item is known."""
    if isinstance(template, list):
        for index, item in enumerate(template):
            yield from iter_template(item, replace(base, place=(*base.place, index)))
    elif isinstance(template, dict):
        inner = base
        if "$each" in template:
            inner = replace(base, knows=base.knows | {_item_of(template["$each"])})
        for key, value in template.items():
            below = inner if key in ("$body", "$cases") else base
            yield from iter_template(value, replace(below, place=(*base.place, key)))
    elif isinstance(template, str):
        yield from iter_text(template, base)


def _item_of(over: Any) -> str:
    """What an item of that list is called; what is no list of items is told elsewhere."""
    try:
        return parse(over).item
    except (Misfit, TypeError):
        return "item"


def iter_text(text: str, base: Use) -> Iterator[Use]:
    """The expressions of a leaf: it is one, or it holds some."""
    try:
        found = [parse(text)] if is_expression(text) else [p for p in split(text) if isinstance(p, Expression)]
    except Misfit as misfit:
        yield replace(base, misfit=misfit)
        return
    for expression in found:
        yield replace(base, expression=expression)


def _iter_all(value: Any, base: Use) -> Iterator[Use]:
    """The expressions of members that are texts, lists or objects."""
    yield from iter_template(value, base)


def _iter_behavior(spot: Spot, base: Use) -> Iterator[Use]:
    place = (*spot.place, "x-behavior", spot.behavior)
    for key, value in spot.arguments.items():
        below = replace(base, place=(*place, key))
        if key == "kind" and isinstance(value, dict):
            inputs = replace(below, knows=base.knows | {"task.input"})
            yield from _iter_all(value.get("by", []), replace(inputs, place=(*place, key, "by")))
        elif key == "where":
            yield from _iter_all(value, below)
        elif key == "price" or isinstance(value, dict):
            yield from _iter_formula(value, replace(below, knows=base.knows | {"task.input", "completion"}))
        elif isinstance(value, str):
            yield from iter_text(value, below)


def _iter_rule(rule: Mapping[str, Any], base: Use) -> Iterator[Use]:
    for name, arguments in rule.items():
        if not isinstance(arguments, Mapping) or name == "schema":
            continue
        for key, value in arguments.items():
            below = replace(base, place=(*base.place, name, key))
            if key == "when":
                for text in value:
                    yield from iter_text(text, replace(below, place=(*below.place, text)))
            elif key in (
                "urls",
                "values",
                "keys",
                "prefix",
                "text",
                "names",
                "members",
                "name",
                "type",
            ):
                yield from _iter_all(value, below)


def _iter_errors(subject: Subject) -> Iterator[Use]:
    base = Use((), None, frozenset({"base_url", "error", "request", "rate"}))
    for name, envelope in subject.errors["envelopes"].items():
        place = ("x-errors", "envelopes", name)
        yield from iter_template(envelope["template"], replace(base, place=(*place, "template")))
        yield from iter_template(envelope.get("headers", {}), replace(base, place=(*place, "headers")))
        yield from _iter_conditions(envelope.get("conditions", {}), replace(base, place=(*place, "conditions")))
    yield from _iter_conditions(subject.errors["conditions"], replace(base, place=("x-errors", "conditions")))
    for spot in subject.operations:
        own = spot.said.get("x-errors", {}).get("conditions", {})
        yield from _iter_conditions(own, replace(base, place=(*spot.place, "x-errors", "conditions"), spot=spot))
    for keyword, text in subject.errors.get("phrases", {}).items():
        knows = base.knows if keyword in CONDITIONS else _WORDS
        yield from iter_text(text, replace(base, place=("x-errors", "phrases", keyword), knows=knows))


def _iter_conditions(conditions: Mapping[str, Any], base: Use) -> Iterator[Use]:
    for name, said in conditions.items():
        place = (*base.place, name)
        yield from iter_text(said.get("message", ""), replace(base, place=(*place, "message")))
        yield from _iter_all(said.get("headers", {}), replace(base, place=(*place, "headers")))


def _iter_messages(subject: Subject) -> Iterator[Use]:
    for place, node in iter_described(subject.root):
        if "x-message" in node and place[-1:] != ("properties",):
            yield from _iter_all(node["x-message"], Use((*place, "x-message"), None, _WORDS))


def _iter_kind(name: str, kind: Mapping[str, Any]) -> Iterator[Use]:
    base = Use(("x-tasks", name), None, frozenset({"task.input"}), kinds=(name,))
    for key in ("price", "states", "results", "failures", "magic"):
        yield from _iter_formula(kind.get(key), replace(base, place=(*base.place, key)))


def _iter_formula(value: Any, base: Use) -> Iterator[Use]:
    if isinstance(value, dict):
        for key, item in value.items():
            # The path of a result has places of its own, which are no expressions.
            if key not in ("table", "x-source", "message", "path"):
                yield from _iter_formula(item, replace(base, place=(*base.place, key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _iter_formula(item, replace(base, place=(*base.place, index)))
    elif is_expression(value):
        yield from iter_text(value, base)
