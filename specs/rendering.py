"""Templates as Python: one expression for all of a template, compiled when it is first rendered.

A function for each node would spend most of its time on calling the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.specs.expressions import Expression
    from understudy.specs.nodes import Getter, Node, Resolver

_PLAIN = (str, int, float, bool, type(None))


@dataclass(slots=True)
class Frame:
    """Where code stands: `scope` is the variable of its scope; within a list `item` is that of the item, which is called `called`.

    `made`: code that makes the scope, for who stands further inside and needs it for few items.
    """

    scope: str
    made: str
    outer: "Frame | None" = None
    called: str = ""
    item: str = ""
    # Whether any code needs the scope as a whole; it is not made for what is found without it.
    is_asked: bool = False

    def ask(self) -> str:
        """The variable of the scope."""
        self.is_asked = True
        return self.scope

    def reach(self, path: str) -> str:
        """Code for an attribute of the scope, or of the item of that name."""
        head, dot, rest = path.partition(".")
        if self.outer is None:
            return f"{self.scope}.{path}"
        return f"{self.item}{dot}{rest}" if head == self.called else self.outer.reach(path)


class Code:
    """What the code of one template refers to, by made-up names."""

    def __init__(self, resolver: "Resolver") -> None:
        self._resolver = resolver
        self.names: dict[str, Any] = {}

    def name(self, value: Any) -> str:
        """A name for a value."""
        name = f"_{len(self.names)}"
        self.names[name] = value
        return name

    def variable(self, prefix: str) -> str:
        """A name that is given a value by the code itself."""
        return self.name(None) + prefix

    def literal(self, value: Any) -> str:
        """A constant as it is written, so that each answer has its own."""
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key!r}: {self.literal(child)}" for key, child in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self.literal, value)) + "]"
        is_written = type(value) in _PLAIN and value == value and value not in (float("inf"), -float("inf"))
        return repr(value) if is_written else self.name(value)

    def value(self, expression: "Expression", frame: Frame) -> str:
        """An expression's value; what is an attribute of the scope is asked for as such."""
        getter = self._resolver.getter(expression)
        if isinstance(getter, attrgetter):
            made_of: Any = getter.__reduce__()  # the class, and what it was called with
            return frame.reach(made_of[1][0])
        return f"{self.name(getter)}({frame.ask()})"

    def call(self, compiled: "Callable[[Resolver], Getter]", frame: Frame) -> str:
        """What a function of its own makes of the scope."""
        return f"{self.name(compiled(self._resolver))}({frame.ask()})"

    def each(self, over: "Expression", frame: Frame, body: Callable[[Frame], str]) -> str:
        """The loops that give each item of a list to a body: the body, and what stands behind it in a comprehension."""
        items, item = self.value(over, frame), self.variable("i")
        made = f"{self.name(self._resolver.bind)}({frame.made}, {self.name(over)}, {item})"
        inner = Frame(self.variable("s"), made, frame, over.item, item)
        text = body(inner)
        loops = f"for {item} in {items} or ()"
        if inner.is_asked:
            loops += f" for {inner.scope} in ({made},)"
        return f"{text} {loops}"


def compile_code(node: "Node", resolver: "Resolver") -> "Getter":
    """A function that renders a template from a scope."""
    made: Getter | None = None

    def render(scope: Any) -> Any:
        nonlocal made
        if made is None:
            made = _make(node, resolver)
        return made(scope)

    return render


def _make(node: "Node", resolver: "Resolver") -> "Getter":
    code = Code(resolver)
    text = f"lambda scope: {node.code(code, Frame('scope', 'scope'))}"
    made: Getter = eval(compile(text, "<template>", "eval"), code.names)  # noqa: S307 - written above
    return made
