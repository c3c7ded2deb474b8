"""One exchange as a witness saw it: what was sent, what came back and when; frozen."""

from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

Headers = tuple[tuple[str, str], ...]

# The side on which the target is the client: it calls back.
CALLBACK = "callback"
# Why there is no whole answer; '' when there is one. `left`: its client went; `endless`: it was too long to be kept.
TRANSPORT_ERRORS = ("", "connect", "timeout", "reset", "cut", "left", "endless")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer.

    `path` is relative to the provider's base URL, `query` without its question mark; times are seconds since the epoch;
    `status` is 0 without an answer; `chunks` are the pieces of the body as they came. `who` names the credential
    (`first`, `other`, `wrong`, `none`), `where` the side of the relay, `probe` what its driver tried beyond what the
    wire shows (`unknown_id`, `foreign`, `replay`, …). `now` is the target's own time, where its control API tells it.
    """

    serial: int
    operation: str
    method: str
    url: str
    path: str
    query: str = ""
    request_headers: Headers = ()
    request_body: bytes = b""
    started: float = 0.0
    answered: float = 0.0
    status: int = 0
    response_headers: Headers = ()
    response_body: bytes = b""
    chunks: tuple[tuple[float, bytes], ...] = field(default=(), repr=False)
    error: str = ""
    who: str = "first"
    where: str = "client"
    probe: str = ""
    now: float = 0.0

    def evolve(self, **changes: Any) -> "Exchange":
        """A copy with these members changed."""
        return replace(self, **changes)

    @property
    def media_type(self) -> str:
        """The media type of the answer, in lower case, without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; the last of a name wins."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def clock(self) -> float:
        """The time of the answer by the target's own clock, seconds since the epoch: its Date, else when it came."""
        told = self.now or self.date("date")
        return self.answered if told is None else told

    @property
    def is_dated(self) -> bool:
        """Whether the target's own clock is known. A relay may date its answers by another: what is `now` is surer."""
        return bool(self.now) or self.date("date") is not None

    def date(self, name: str) -> float | None:
        """The date that a response header says, seconds since the epoch; None where it says none."""
        try:
            return parsedate_to_datetime(self.header(name)).timestamp()
        except (TypeError, ValueError):
            return None

    def header(self, name: str) -> str:
        """The first response header of that name, '' when there is none."""
        return find_header(self.response_headers, name)

    def sent_header(self, name: str) -> str:
        """The first request header of that name, '' when there is none."""
        return find_header(self.request_headers, name)


def find_header(headers: Headers, name: str) -> str:
    """The first header of that name, whatever its case; '' when there is none."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")
