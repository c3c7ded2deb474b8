"""The constructs of templates: each compiles itself into a function from a scope, and reads itself from a wire value."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from understudy.specs.expressions import Expression
from understudy.specs.extraction import A_MEMBER, Extraction, text_value, typed_value
from understudy.specs.problems import Place
from understudy.specs.rendering import Code, Frame, compile_code

Getter: TypeAlias = Callable[[Any], Any]


class Resolver(Protocol):
    """How expressions find their values: the mock's scopes, or a dict in a test."""

    def getter(self, expression: Expression) -> Getter:
        """A function from a scope to the expression's value; None is missing."""
        ...

    def bind(self, scope: Any, expression: Expression, item: Any) -> Any:
        """The scope seen by the body of `$each` for one item of the expression's list."""
        ...


class Node(Protocol):
    """One construct of a template."""

    def compile(self, resolver: Resolver) -> Getter:
        """A function that renders this node from a scope."""
        ...

    def code(self, code: Code, frame: Frame) -> str:
        """A Python expression that renders this node from the scope of a frame."""
        ...

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        """Read this node back from a wire value."""
        ...

    def expressions(self) -> Iterator[Expression]:
        """Every expression below."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal. Reading does not judge it: that is the schema's `const`."""

    value: Any

    def compile(self, resolver: Resolver) -> Getter:
        value = self.value
        return lambda scope: value

    def code(self, code: Code, frame: Frame) -> str:
        return code.literal(self.value)

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        return None

    def expressions(self) -> Iterator[Expression]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Value:
    """`$x`: the value with its own type, null when missing."""

    expression: Expression

    def compile(self, resolver: Resolver) -> Getter:
        return resolver.getter(self.expression)

    def code(self, code: Code, frame: Frame) -> str:
        return code.value(self.expression, frame)

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        if value is None:
            return
        typed = typed_value(self.expression.type, value)
        if typed is None:
            into.miss(place, f"{self.expression} ({self.expression.type})", value)
        else:
            into.put(self.expression, typed, place)

    def expressions(self) -> Iterator[Expression]:
        yield self.expression


@dataclass(frozen=True, slots=True)
class Text:
    """`before {$x} after`: values put into a text."""

    parts: tuple[str | Expression, ...]

    def compile(self, resolver: Resolver) -> Getter:
        getters = [resolver.getter(p) if isinstance(p, Expression) else p for p in self.parts]

        def render(scope: Any) -> str:
            values = [part if isinstance(part, str) else part(scope) for part in getters]
            return "".join(_as_text(value) for value in values)

        return render

    def code(self, code: Code, frame: Frame) -> str:
        return code.call(self.compile, frame)

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        found = self.pattern().fullmatch(value) if isinstance(value, str) else None
        if not found:
            return into.miss(place, "".join(map(str, self.parts)), value)
        for expression, text in zip(self.expressions(), found.groups(), strict=True):
            typed = text_value(expression.type, text)
            if typed is None:
                into.miss(place, f"{expression} ({expression.type})", text)
            elif text:
                into.put(expression, typed, place)

    def pattern(self) -> re.Pattern[str]:
        """The regular expression that finds the values again."""
        parts = (re.escape(p) if isinstance(p, str) else "(.*?)" for p in self.parts)
        return re.compile("".join(parts), re.DOTALL)

    def expressions(self) -> Iterator[Expression]:
        return (part for part in self.parts if isinstance(part, Expression))


@dataclass(frozen=True, slots=True)
class Member:
    """A key of an object; `optional` ones are left out when their value is missing."""

    key: str
    optional: bool
    node: Node


@dataclass(frozen=True, slots=True)
class Object:
    """An object with its members in order."""

    members: tuple[Member, ...]

    def compile(self, resolver: Resolver) -> Getter:
        return compile_code(self, resolver)

    def code(self, code: Code, frame: Frame) -> str:
        parts = []
        for member in self.members:
            key, value = repr(member.key), member.node.code(code, frame)
            if member.optional:
                found = code.variable("v")
                parts.append(
                    f"**({{{key}: {found}}} if ({found} := {value}) is not None else {code.name(_NO_MEMBERS)})"
                )
            else:
                parts.append(f"{key}: {value}")
        return f"{{{', '.join(parts)}}}"

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        if not isinstance(value, dict):
            return into.miss(place, "an object", value)
        for member in self.members:
            if member.key in value:
                member.node.read(value[member.key], (*place, member.key), into)
            elif not member.optional:
                into.miss((*place, member.key), A_MEMBER, None)

    def expressions(self) -> Iterator[Expression]:
        for member in self.members:
            yield from member.node.expressions()


_NO_MEMBERS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Array:
    """A list of fixed length."""

    items: tuple[Node, ...]

    def compile(self, resolver: Resolver) -> Getter:
        return compile_code(self, resolver)

    def code(self, code: Code, frame: Frame) -> str:
        return f"[{', '.join(item.code(code, frame) for item in self.items)}]"

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        if not isinstance(value, list) or len(value) < len(self.items):
            return into.miss(place, f"a list of {len(self.items)}", value)
        for index, (item, child) in enumerate(zip(self.items, value, strict=False)):
            item.read(child, (*place, index), into)

    def expressions(self) -> Iterator[Expression]:
        for item in self.items:
            yield from item.expressions()


@dataclass(frozen=True, slots=True)
class Or:
    """`{$or: [$x, default]}`: the default when missing; reads the default back as missing."""

    node: Node
    default: Any

    def compile(self, resolver: Resolver) -> Getter:
        return compile_code(self, resolver)

    def code(self, code: Code, frame: Frame) -> str:
        found, value = code.variable("v"), self.node.code(code, frame)
        return f"({code.literal(self.default)} if ({found} := {value}) is None else {found})"

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        if value != self.default or type(value) is not type(self.default):
            self.node.read(value, place, into)

    def expressions(self) -> Iterator[Expression]:
        return self.node.expressions()


@dataclass(frozen=True, slots=True)
class With:
    """`{$with: $x, $body: …}`: the body when `$x` is there, else null."""

    expression: Expression
    body: Node

    def compile(self, resolver: Resolver) -> Getter:
        return compile_code(self, resolver)

    def code(self, code: Code, frame: Frame) -> str:
        return f"(None if {code.value(self.expression, frame)} is None else {self.body.code(code, frame)})"

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        if value is not None:
            self.body.read(value, place, into)

    def expressions(self) -> Iterator[Expression]:
        yield self.expression
        yield from self.body.expressions()


@dataclass(frozen=True, slots=True)
class Each:
    """`{$each: $tasks, $body: …}`: the body once for each item."""

    expression: Expression
    body: Node

    def compile(self, resolver: Resolver) -> Getter:
        return compile_code(self, resolver)

    def code(self, code: Code, frame: Frame) -> str:
        return f"[{code.each(self.expression, frame, lambda inner: self.body.code(code, inner))}]"

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        if not isinstance(value, list):
            return into.miss(place, "a list", value)
        items = []
        for index, child in enumerate(value):
            inner = Extraction()
            self.body.read(child, (*place, index), inner)
            items.append(inner.values)
            into.mismatches.extend(inner.mismatches)
        into.put(self.expression, items, place)

    def expressions(self) -> Iterator[Expression]:
        yield self.expression
        yield from self.body.expressions()


@dataclass(frozen=True, slots=True)
class EachCase:
    """`{$each: $completion.pieces, $cases: {text: …, tool: …}}`: each item by the case of its type.

    An item of a type without a case is left out. Reading takes the first case whose literals, and whose
    picture if it shows one, are all there.
    """

    expression: Expression
    type: Expression
    cases: Mapping[str, Node]

    def compile(self, resolver: Resolver) -> Getter:
        return compile_code(self, resolver)

    def code(self, code: Code, frame: Frame) -> str:
        kind = code.variable("t")

        def chosen(inner: Frame) -> str:
            types.append(code.value(self.type, inner))
            cases = (f"{node.code(code, inner)} if {kind} == {name!r} else " for name, node in self.cases.items())
            return f"({''.join(cases)}None)"

        types: list[str] = []
        loops = code.each(self.expression, frame, chosen)
        return f"[{loops} for {kind} in ({types[0]},) if {kind} in {tuple(self.cases)!r}]"

    def read(self, value: Any, place: Place, into: Extraction) -> None:
        if not isinstance(value, list):
            return into.miss(place, "a list", value)
        items = []
        for index, child in enumerate(value):
            name = next((name for name, body in self.cases.items() if has_literals(body, child)), None)
            if name is None:
                into.miss((*place, index), f"one of {', '.join(self.cases)}", child)
                continue
            inner = Extraction({self.type.text: name})
            self.cases[name].read(child, (*place, index), inner)
            items.append(inner.values)
            into.mismatches.extend(inner.mismatches)
        into.put(self.expression, items, place)

    def expressions(self) -> Iterator[Expression]:
        yield self.expression
        for body in self.cases.values():
            yield from body.expressions()


def iter_literals(node: Node, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The literals of a template that stand in objects, with their places; those of lists and of what may be null are left out."""
    if isinstance(node, Constant):
        yield place, node.value
    elif isinstance(node, Object):
        for member in node.members:
            yield from iter_literals(member.node, (*place, member.key))


# How base64 of PNG, JPEG and WebP files begins.
_PICTURES = ("iVBORw0KGgo", "/9j/", "UklGR")


def is_picture(value: Any) -> bool:
    """Whether a wire value is a text that begins as a picture in base64 does."""
    return isinstance(value, str) and value.startswith(_PICTURES)


def has_literals(node: Node, value: Any) -> bool:
    """Whether a wire value is an object with a template's members, and its literals where it has them."""
    if not isinstance(node, Object):
        return True
    return isinstance(value, dict) and all(
        member.optional or (member.key in value and _may_be(member.node, value[member.key])) for member in node.members
    )


def _may_be(node: Node, value: Any) -> bool:
    """Whether a wire value is a literal, or a picture where one is wanted; anything may be everything else."""
    if isinstance(node, Value) and node.expression.name == "piece.base64":
        return is_picture(value)
    return not isinstance(node, Constant) or bool(node.value == value)


def _as_text(value: Any) -> str:
    """How a value stands in a text: missing is nothing, true and false are in lower case."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
