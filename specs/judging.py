"""What a JSON Schema finds in a value, as misfits: place, message, and the names that would be right."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from understudy.specs.problems import Misfit, Place, known

_LONGEST = 160


def iter_misfits(validator: Any, schema: Any, value: Any) -> Iterator[Misfit]:
    """Every defect of the value; of alternatives, the defects of the one that fits best."""
    for error in validator.iter_errors(value):
        yield from _explain(error, schema, value, ())


def place_in(value: Any, path: Any) -> Place:
    """The path with every step as the value has it: members are texts, `200` too."""
    place: list[str | int] = []
    for step in path:
        if isinstance(value, dict):
            place.append(str(step))
            value = value.get(str(step))
        else:
            place.append(step)
            value = value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None
    return tuple(place)


def make_judge(schema: Any) -> Any:
    """A validator that holds values to `format`, too; raises ValueError for a schema that is none."""
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def member_at(value: Any, path: Any) -> Any:
    """What stands at a place; None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def shorten(value: Any) -> str:
    """A value in a message."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _explain(error: Any, schema: Any, value: Any, above: Place) -> Iterator[Misfit]:
    kind = error.kind
    context = getattr(kind, "context", None)
    if context:
        best = max(context, key=lambda errors: (_depth(errors), -len(errors)))
        if _depth(best) > len(error.instance_path):
            for inner in best:
                yield from _explain(inner, schema, value, above)
            return
    place = (*above, *place_in(value, error.instance_path))
    unexpected = getattr(kind, "unexpected", None)
    if unexpected:
        names = _siblings(schema, error.schema_path)
        for name in unexpected:
            yield Misfit(f"unknown member {name!r}", known(name, names), (*place, name))
        return
    if type(kind).__name__ == "PropertyNames":
        inner = kind.error
        yield Misfit(shorten(f"unknown name: {inner.message}"), _options(inner), place)
        return
    yield Misfit(shorten(error.message), _options(error), place)


def _depth(errors: Any) -> int:
    return max((len(error.instance_path) for error in errors), default=0)


def _options(error: Any) -> str:
    if type(error.kind).__name__ != "Enum":
        return ""
    return known(error.instance, error.kind.options)


def _siblings(schema: Any, path: Any) -> list[str]:
    parent = member_at(schema, list(path)[:-1])
    return list(parent.get("properties", {})) if isinstance(parent, dict) else []
