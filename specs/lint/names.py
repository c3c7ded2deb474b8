"""Check that every expression names something that is known where it stands."""

import re
from collections.abc import Iterator

from understudy.specs.expressions import FAMILIES, NAMES
from understudy.specs.lint.paths import path_names
from understudy.specs.lint.subject import Subject
from understudy.specs.lint.uses import (
    Use,
    as_names,
    is_case_list,
    iter_callback_templates,
    iter_templates,
    iter_uses,
)
from understudy.specs.problems import Misfit, known


def check_names(subject: Subject) -> Iterator[Misfit]:
    """Names that do not exist, or that nobody knows at that place."""
    for use in iter_uses(subject):
        if use.misfit is not None:
            yield Misfit(use.misfit.message, _advice(use, use.misfit), use.place)
        elif use.expression is not None:
            yield from _check_use(subject, use)
    yield from _check_case_kinds(subject)


def _check_use(subject: Subject, use: Use) -> Iterator[Misfit]:
    expression = use.expression
    assert expression
    name = expression.family
    if not {name, name.partition(".")[0]} & use.knows:
        yield Misfit(f"{expression} has no value here", _what_is_known(use), use.place)
        return
    member = expression.member
    match expression.family:
        case "request.path" if use.spot and member not in path_names(use.spot.path):
            yield Misfit(f"the path has no {{{member}}}", known(member, path_names(use.spot.path)), use.place)
        case "request.query" if use.spot:
            declared = [p["name"] for p in subject.parameters(use.spot) if p.get("in") == "query"]
            if member not in declared:
                yield Misfit(
                    f"the query parameter {member!r} is not declared",
                    known(member, declared),
                    use.place,
                )
        case "task.link" | "task.links":
            results = {r for kind in use.kinds for r in subject.kinds[kind].get("results", {})}
            if use.kinds and member not in results:
                yield Misfit(f"there is no result {member!r}", known(member, results), use.place)
        case _:
            return


def _advice(use: Use, misfit: Misfit) -> str:
    """The misfit's own advice; for an unknown name only the names that are known at that place."""
    found = re.fullmatch(r"unknown name '(.*)'", misfit.message)
    return known(found.group(1), _names_known(use)) if found else misfit.advice


def _what_is_known(use: Use) -> str:
    names = _names_known(use)
    return f"known here: {', '.join('$' + name for name in names)}" if names else "nothing is known here"


def _names_known(use: Use) -> list[str]:
    families = [f"{family}.NAME" for family in FAMILIES]
    return [
        name for name in (*NAMES, *families) if {name, name.removesuffix(".NAME"), name.partition(".")[0]} & use.knows
    ]


def _check_case_kinds(subject: Subject) -> Iterator[Misfit]:
    """Cases for kinds that do not exist or that the operation never shows."""
    for spot in subject.operations:
        kinds = subject.kinds_of(spot) if spot.behavior.startswith("task.") else []
        for place, template in (*iter_templates(subject, spot), *iter_callback_templates(subject, spot)):
            for index, case in enumerate(template if is_case_list(template) else ()):
                for name in as_names(case.get("kind", ())):
                    if name not in kinds:
                        yield Misfit(f"there is no kind {name!r} here", known(name, kinds), (*place, index, "kind"))
