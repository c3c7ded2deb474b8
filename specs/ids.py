"""The forms of task ids: what they are made of. Drawing the characters is the mock's business."""

import re
from dataclasses import dataclass

from understudy.specs.expressions import Expression, is_expression, parse
from understudy.specs.problems import Misfit, known

# Kind of part -> how many drawn bytes one character takes, in halves.
DRAWN = {"alnum": 2, "ALNUM": 2, "digits": 2, "hex": 1}
UUID_BYTES = 16
MOST_BYTES = 32

_PIECE = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")
_SAMPLES = {"alnum": "a1", "ALNUM": "aZ9", "digits": "70", "hex": "0f"}
_SAMPLE_UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@dataclass(frozen=True, slots=True)
class Drawn:
    """`{alnum:12}`: so many characters of a kind, or a `uuid`; `size` is the number of characters."""

    kind: str
    size: int

    @property
    def bytes(self) -> int:
        """How many drawn bytes it takes."""
        return UUID_BYTES if self.kind == "uuid" else (self.size * DRAWN[self.kind] + 1) // 2

    @property
    def sample(self) -> str:
        """A text of that form."""
        if self.kind == "uuid":
            return _SAMPLE_UUID
        letters = _SAMPLES[self.kind]
        return (letters * self.size)[: self.size]


Part = str | Drawn | Expression


def parse_id(form: str) -> tuple[Part, ...]:
    """The parts of an id form; raises Misfit at what an id cannot have."""
    parts = tuple(_part(form, *found.groups()) for found in _PIECE.finditer(form))
    drawn = sum(part.bytes for part in parts if isinstance(part, Drawn))
    if drawn > MOST_BYTES:
        raise Misfit(f"the id form {form!r} draws {drawn} bytes", f"at most {MOST_BYTES}: shorten it")
    if drawn == 0:
        raise Misfit(
            f"all ids of the form {form!r} are alike",
            "draw something: {alnum:12}, {hex:16}, {uuid}",
        )
    return parts


def _part(form: str, inner: str | None, text: str | None, stray: str | None) -> Part:
    if text is not None:
        return text
    if stray is not None or inner is None:
        raise Misfit(f"the id form {form!r} has a stray {stray!r}", "write {alnum:12}")
    if is_expression(inner):
        expression = parse(inner)
        if expression.name != "task.input":
            raise Misfit(f"an id cannot hold {expression}", "only $task.input#/… is known when it is drawn")
        return expression
    kind, colon, size = inner.partition(":")
    if kind == "uuid" and not colon:
        return Drawn("uuid", 36)
    if kind not in DRAWN:
        raise Misfit(
            f"an id has no {{{inner}}}",
            known(inner, [*(f"{k}:N" for k in DRAWN), "uuid", "$task.input#/…"]),
        )
    if not size.isdecimal() or not 0 < int(size) <= 64:
        raise Misfit(f"{{{inner}}} does not say how many characters", f"write {{{kind}:12}}")
    return Drawn(kind, int(size))
