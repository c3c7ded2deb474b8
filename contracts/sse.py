"""Server-sent events, read as the WHATWG standard says, with the time at which each was complete."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its `event:` name ('' when it has none), its data lines joined by line breaks, when it was complete."""

    name: str
    data: str
    at: float = 0.0


class EventReader:
    """Takes a stream's bytes as they come. `broken_text`: bytes that are no UTF-8; `rest`: an event that was not ended."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line, self._name, self._data = "", "", list[str]()
        self._after_return = False
        self.broken_text = False

    def feed(self, data: bytes, at: float = 0.0) -> Iterator[Event]:
        """The events that these bytes complete."""
        text = self._decoder.decode(data)
        self.broken_text = self.broken_text or "\ufffd" in text
        if self._after_return and text.startswith("\n"):
            text = text[1:]
        if text:
            self._after_return = text.endswith("\r")
        *lines, self._line = _LINE.split(self._line + text)
        for line in lines:
            event = self._take(line, at)
            if event:
                yield event

    @property
    def rest(self) -> str:
        """What an event that no empty line ended says so far."""
        return "\n".join(self._data) or self._line

    def _take(self, line: str, at: float) -> Event | None:
        if not line:
            event = Event(self._name, "\n".join(self._data), at) if self._data else None
            self._name, self._data = "", []
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None


def read_events(chunks: Iterable[tuple[float, bytes]]) -> tuple[list[Event], EventReader]:
    """All events of a recorded stream, and the reader in the state in which it was left."""
    reader = EventReader()
    events = [event for at, data in chunks for event in reader.feed(data, at)]
    return events, reader
