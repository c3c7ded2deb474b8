"""Faults of an answer as a value: a member that is not as it should be, or a body that is no answer at all."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from msgspec import Meta
from msgspec.structs import replace

from understudy.mockserver.faults.fault import AnswerFault
from understudy.mockserver.faults.members import Spot, find, iter_plain, read_json
from understudy.mockserver.scope import number_fragment

if TYPE_CHECKING:
    from understudy.mockserver.exchange import Answer, Exchange
    from understudy.mockserver.streams import Event

Member = Annotated[
    str, Meta(description="a JSON pointer, a shared name such as `$task.state`, or a key; '' is the first plain value")
]


class MemberFault(AnswerFault, frozen=True):
    """One member of a JSON answer is not as it should be; of a stream, in each event that has it."""

    member: Member = ""

    def change(self, holder: Any, key: Any) -> None:
        """Change the member, in place."""
        raise NotImplementedError

    def spots(self, exchange: "Exchange", body: Any) -> "list[Spot]":
        """The members that are changed."""
        found = find(exchange, body, self.member)
        return [] if found is None else [found]

    def alter(self, exchange: "Exchange", answer: "Answer") -> "Answer":
        if answer.events is not None:
            return answer
        body = self._changed(exchange, answer.body)
        if body is None:
            exchange.notes.append(f"the answer has no member {self.member!r}")
            return answer
        return replace(answer, body=body)

    def tell(self, exchange: "Exchange", events: "Iterator[Event]") -> "Iterator[Event]":
        for event in events:
            data = self._changed(exchange, event.data)
            yield event if data is None else replace(event, data=data)

    def _changed(self, exchange: "Exchange", text: bytes) -> bytes | None:
        body = read_json(text)
        spots = self.spots(exchange, body)
        for holder, key in spots:
            self.change(holder, key)
        return orjson.dumps(body, default=number_fragment) if spots else None


class Missing(MemberFault, frozen=True):
    """A member is not there."""

    def change(self, holder: Any, key: Any) -> None:
        del holder[key]


class Renamed(MemberFault, frozen=True):
    """A member has another name: `to`, or its own in the other style, camelCase or snake_case."""

    to: str = ""

    def change(self, holder: Any, key: Any) -> None:
        if isinstance(holder, dict):
            members = [(self.to or _other_style(name) if name == key else name, holder[name]) for name in holder]
            holder.clear()
            holder.update(members)


class Retyped(MemberFault, frozen=True):
    """A member is of another JSON type."""

    to: Literal["", "string", "number", "boolean", "list", "object"] = ""

    def change(self, holder: Any, key: Any) -> None:
        value = holder[key]
        holder[key] = _OF_TYPE[self.to](value) if self.to else _otherwise(value)


class Null(MemberFault, frozen=True):
    """A member is null."""

    def change(self, holder: Any, key: Any) -> None:
        holder[key] = None


class UnknownValue(MemberFault, frozen=True):
    """A member has a value that nobody documented: by default, the state of a task."""

    member: Member = "$task.state"
    value: str = "unheard_of"

    def change(self, holder: Any, key: Any) -> None:
        is_number = isinstance(holder[key], int | Decimal)
        holder[key] = (int(self.value) if self.value.isdecimal() else 4242) if is_number else self.value


class Extra(MemberFault, frozen=True):
    """There is one member more, of which no document tells: in the object at `member`, '' is the whole body."""

    name: str = "x_added_later"

    def spots(self, exchange: "Exchange", body: Any) -> "list[Spot]":
        found = super().spots(exchange, body) if self.member else [([body], 0)]
        return [(holder, key) for holder, key in found if isinstance(holder[key], dict)]

    def change(self, holder: Any, key: Any) -> None:
        holder[key][self.name] = {"since": "tomorrow", "values": [1, None, "?"]}


class NumberForm(MemberFault, frozen=True):
    """Numbers are written in another form of the same value: '' are all of them."""

    form: Literal["string", "float", "exponent"] = "string"

    def spots(self, exchange: "Exchange", body: Any) -> "list[Spot]":
        found = super().spots(exchange, body) if self.member else list(iter_plain(body))
        return [(holder, key) for holder, key in found if _is_number(holder[key])]

    def change(self, holder: Any, key: Any) -> None:
        value = holder[key]
        text = {"string": f'"{value}"', "float": _as_float(value), "exponent": f"{Decimal(value):.6e}"}[self.form]
        holder[key] = orjson.Fragment(text.encode())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _as_float(value: Any) -> str:
    text = str(value)
    return f"{text}0" if "." in text else f"{text}.0"


def _other_style(name: str) -> str:
    """`taskId` for `task_id`, and the other way round; a single word gets a line below."""
    if "_" in name.strip("_"):
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest)
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return snake if snake != name else f"{name}_"


def _otherwise(value: Any) -> Any:
    """A value of another type than the given one."""
    if isinstance(value, str):
        return 12345
    if isinstance(value, dict):
        return []
    return "?" if isinstance(value, list | bool) or value is None else str(value)


_OF_TYPE: dict[str, Any] = {
    "string": str,
    "number": lambda value: 12345,
    "boolean": lambda value: True,
    "list": lambda value: [value],
    "object": lambda value: {"value": value},
}
