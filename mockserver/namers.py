"""Making ids of the forms that a spec gives them, out of drawn bytes and the input."""

from collections.abc import Callable
from typing import Any

from understudy.mockserver.seed import alnum, alnum_both, digits, uuid
from understudy.specs.expressions import Expression, point
from understudy.specs.ids import Drawn, Part

Namer = Callable[[bytes, Any], str]


def compile_id(form: tuple[Part, ...]) -> Namer:
    """A function that fills an id form from drawn bytes and the input."""
    if len(form) == 2 and isinstance(form[0], str) and isinstance(form[1], Drawn) and form[1].kind in _LETTERS:
        prefix, size, make = form[0], form[1].size, _DRAW[form[1].kind]  # most are; without a call for each part
        return lambda drawn, body: prefix + make(drawn[:size])
    makers: list[Namer] = []
    offset = 0
    for part in form:
        end = offset + (part.bytes if isinstance(part, Drawn) else 0)
        makers.append(_id_part(part, offset, end))
        offset = end
    return lambda drawn, body: "".join([make(drawn, body) for make in makers])


def _id_part(part: Part, start: int, end: int) -> Namer:
    match part:
        case str():
            return lambda drawn, body: part
        case Expression():
            return lambda drawn, body: str(point(body, part.path) or "")
        case Drawn(kind, size):
            make = _DRAW[kind]
            return lambda drawn, body: make(drawn[start:end])[:size]


# One for each drawn byte.
_LETTERS = ("alnum", "ALNUM")

_DRAW: dict[str, Callable[[bytes], str]] = {
    "alnum": alnum,
    "ALNUM": alnum_both,
    "digits": digits,
    "hex": bytes.hex,
    "uuid": uuid,
}
