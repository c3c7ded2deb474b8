"""One exchange of a played provider, for people and assertions: keys redacted, bodies as JSON says them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from understudy.mockserver.journal import Record as MockRecord
from understudy.mockserver.journal import stable
from understudy.mockserver.redaction import Keys
from understudy.playing.house import Seat


@dataclass(frozen=True, slots=True)
class Record:
    """One exchange. `at`: the world's time; `operation`: '' for a path that none has; `condition`: '' for a success.

    `breach`: what of the contract the request broke, `{rule, field, message, sources}`, None when nothing.
    """

    serial: int
    at: float
    provider: str
    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    request: str
    account: str
    status: int
    condition: str
    breach: Mapping[str, Any] | None
    response_type: str
    response_headers: Mapping[str, str]
    response: str
    notes: tuple[str, ...]

    @property
    def sent(self) -> Any:
        """The request's body as JSON says it, numbers with a point as Decimal; None for anything else."""
        return _json(self.request)

    @property
    def answered(self) -> Any:
        """The same of the answer."""
        return _json(self.response)


def shown(record: MockRecord, seat: Seat) -> Mapping[str, Any]:
    """A record as it may be shown: no key is in it."""
    site = seat.site
    return stable(record, site.stage.redactor, Keys(site.accounts.every_key))


def record_of(record: MockRecord, seat: Seat) -> Record:
    """The same as a value."""
    said = shown(record, seat)
    return Record(**{name: said[name] for name in Record.__slots__ if name != "notes"}, notes=tuple(said["notes"]))


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None
