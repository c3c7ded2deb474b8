"""The templates of one media type, and the tasks that each is for."""

from collections.abc import Mapping
from typing import Any

from understudy.specs import model, templates
from understudy.specs.problems import Misfit, at, known

_CASE = ("kind", "phase", "body")


def build_cases(said: Any, place: tuple[str, ...] = ()) -> tuple[model.Case, ...]:
    """The templates of one media type: one for all, or a list of cases."""
    is_list = isinstance(said, list) and bool(said) and all(isinstance(item, dict) and "body" in item for item in said)
    try:
        if not is_list:
            return (model.Case(templates.parse(said), frozenset(), frozenset()),)
        return tuple(at(index, _case, case) for index, case in enumerate(said))
    except Misfit as misfit:
        raise misfit.under(*place) from None


def _case(said: Mapping[str, Any]) -> model.Case:
    def names(key: str) -> frozenset[str]:
        value = said.get(key, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise Misfit(f"{value!r} is neither a name nor a list of names", place=(key,))
        return frozenset(texts)

    for key in said:
        if key not in _CASE:
            raise Misfit(f"a case has no {key!r}", known(key, _CASE))
    unknown = names("phase") - set(model.PHASES)
    if unknown:
        raise Misfit(f"unknown phase {min(unknown)!r}", known(min(unknown), model.PHASES), ("phase",))
    return model.Case(at("body", templates.parse, said["body"]), names("kind"), names("phase"))
