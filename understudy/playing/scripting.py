"""The reply script of a played provider: what it answers step by step, and what its language models say."""

import json
from collections.abc import Mapping
from typing import Any

from understudy.playing.casting import Said, read_script
from understudy.playing.house import Seat


class Script:
    """Set, told and cleared as a whole; its form has a published JSON Schema (`/_understudy/replies/schema`)."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def set(self, script: Said) -> None:
        """Play a script from its beginning, in place of any other: an object, or the file that holds one.

        Raises ValueError, with the place, when it is none or names what is not there.
        """
        self._seat.server.run(self._seat.world.script.set, json.loads(read_script(script)))

    def say(self, text: str | None = None, **line: Any) -> None:
        """Script one completion more: a text, `thinking`, `tools`, or an `error`; and `when` it is said.

        Without `when` it answers once, so that several are a sequence. Raises ValueError for what is no line.
        """
        said = line if text is None else {"text": text, **line}
        self._seat.server.run(self._seat.world.script.say, said)

    def get(self) -> Mapping[str, Any] | None:
        """The script as it was set; None when there is none."""
        return self._seat.server.run(self._seat.world.script.get)

    @property
    def progress(self) -> Mapping[str, Any]:
        """How often each part answered, by resource, and each line."""
        return self._seat.server.run(self._seat.world.script.progress)

    def clear(self) -> None:
        """Play none."""
        self._seat.server.run(self._seat.world.script.clear)
