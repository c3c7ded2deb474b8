"""Streams of events taken apart and put together again: other framings of the same, cut, with more or fewer events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from understudy.contracts.client.edits import apply


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it was sent: its name ('' for none) and its data."""

    name: str
    data: bytes

    @property
    def is_end(self) -> bool:
        """Whether it is no JSON: a word that says that the stream is over."""
        return self.data[:1] != b"{"

    def value(self) -> Any:
        """The data as JSON; None where it is none."""
        return None if self.is_end else orjson.loads(self.data)


def split(body: bytes) -> list[Event]:
    """The events of a stream that is framed in the plainest way: LF, one line of data."""
    events = []
    for block in body.split(b"\n\n"):
        lines = [line.partition(b": ")[::2] for line in block.split(b"\n") if line]
        if lines:
            fields = dict(lines)
            events.append(Event(fields.get(b"event", b"").decode(), fields.get(b"data", b"")))
    return events


def join(events: Sequence[Event], frame: str = "") -> bytes:
    """The events as bytes, framed in one of the ways of FRAMES ('' is the plainest); all mean the same."""
    return FRAMES[frame](events)


def change(body: bytes, said: Mapping[str, Any]) -> bytes:
    """A stream with what a step says of it done."""
    events = split(body)
    for edit in said.get("edits", ()):
        if edit["event"] < len(events) and (value := events[edit["event"]].value()) is not None:
            changed = apply(value, [{name: edit[name] for name in ("at", "to") if name in edit}], {})
            events[edit["event"]] = Event(events[edit["event"]].name, orjson.dumps(changed))
    for more in sorted(said.get("insert", ()), key=lambda each: -int(each["at"])):
        events.insert(more["at"], Event(more.get("name", ""), _as_data(more["data"])))
    if "after" in said:
        events = events[: said["after"]]
    if said.get("drop_end") and events:
        events = events[:-1]
    return join(events, said.get("frame", ""))


def _as_data(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


def _plain(event: Event, line_end: bytes = b"\n", space: bytes = b" ") -> bytes:
    name = b"event:" + space + event.name.encode() + line_end if event.name else b""
    return name + b"data:" + space + event.data + line_end * 2


def _each(frame: Callable[[Event], bytes]) -> Callable[[Sequence[Event]], bytes]:
    return lambda events: b"".join(map(frame, events))


def _multiline(event: Event) -> bytes:
    """The JSON with line breaks where they mean nothing, each line with a field of its own."""
    if event.is_end:
        return _plain(event)
    pretty = orjson.dumps(orjson.loads(event.data), option=orjson.OPT_INDENT_2)
    lines = b"".join(b"data: " + line + b"\n" for line in pretty.split(b"\n"))
    return (b"event: " + event.name.encode() + b"\n" if event.name else b"") + lines + b"\n"


def _commented(event: Event) -> bytes:
    return b": keep-alive\n\n" + _plain(event)


def _with_fields(event: Event) -> bytes:
    """With fields that are to be passed over, one of them unknown."""
    return b"id: 7\nretry: 3000\nx-unknown: 1\n" + _plain(event)


def _unfinished(events: Sequence[Event]) -> bytes:
    return b"".join(map(_plain, events)).removesuffix(b"\n")


FRAMES: Mapping[str, Callable[[Sequence[Event]], bytes]] = {
    "": _each(_plain),
    "crlf": _each(lambda event: _plain(event, b"\r\n")),
    "cr": _each(lambda event: _plain(event, b"\r")),
    "comments": _each(_commented),
    "multiline": _each(_multiline),
    "nospace": _each(lambda event: _plain(event, space=b"")),
    "fields": _each(_with_fields),
    "bom": lambda events: b"\xef\xbb\xbf" + b"".join(map(_plain, events)),
    "unfinished": _unfinished,
}
