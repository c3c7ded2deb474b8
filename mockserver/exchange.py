"""One request on its way to its answer."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from understudy.mockserver.journal import Headers, pack_headers
from understudy.mockserver.streams import Event

if TYPE_CHECKING:
    from understudy.mockserver.accounts import Account
    from understudy.mockserver.faults.fault import Fault
    from understudy.mockserver.faults.rule import Rule
    from understudy.mockserver.refusals import Breach
    from understudy.mockserver.site import Site
    from understudy.mockserver.stage import Act
    from understudy.mockserver.wording import Wording


Getters = Sequence[tuple[bytes, Callable[[Any], Any]]]


class Answer(Struct, gc=False):
    """What goes back: status, media type, further headers, and the whole body.

    The body of a streamed answer comes as `events`; one that takes long is made by `make`, off the loop, and `tell` makes events there.
    """

    status: int
    media_type: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    condition: str = ""
    events: Iterator[Event] | None = None
    make: Callable[[], bytes] | None = None
    tell: Callable[[], Iterator[Event]] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether its body is there already."""
        return self.events is None and self.make is None and self.tell is None


class Binary(Struct, gc=False):
    """A body that is no template: its media type, and what makes it, off the loop."""

    media_type: str
    make: Callable[[], bytes]


class Request(Struct, frozen=True, gc=False):
    """What the head of a request says: which operation of which provider it asks for, and with what.

    `methods`: those that its path has, where it has not this one. `lines`: its headers as the journal keeps them.
    `is_lasting`: whether another request with the very same head is for the same, as long as the server runs.
    """

    site: "Site"
    act: "Act | None"
    method: str
    path: str
    path_values: dict[str, str]
    query: bytes
    header_list: Headers
    headers: dict[bytes, bytes]
    lines: bytes
    methods: tuple[str, ...] = ()
    is_lasting: bool = False

    @classmethod
    def read(
        cls,
        site: "Site",
        act: "Act | None",
        method: str,
        path: str,
        path_values: dict[str, str],
        query: bytes,
        headers: Headers,
        methods: tuple[str, ...] = (),
        *,
        is_lasting: bool = False,
    ) -> "Request":
        """A request with these headers."""
        lines = pack_headers(headers)
        return cls(site, act, method, path, path_values, query, headers, dict(headers), lines, methods, is_lasting)


class Exchange:
    """A request with what the pipeline learns about it; also the scope in which templates are rendered."""

    account: "Account | None" = None
    key: str = ""
    etag: str = ""
    body: Any = None
    task: Any = None
    tasks: Any = ()
    page: Any = None
    upload: Any = None
    error: Any = None
    item: Any = None
    completion: Any = None
    choice: Any = None
    piece: Any = None
    token: Any = None
    models: Any = ()
    model: Any = None
    is_streamed: bool = False
    in_array: bool = False
    takes_long: bool = False
    binary: "Binary | None" = None
    # What of the contract the request broke.
    breach: "Breach | None" = None
    _id: str = ""
    # What goes wrong: all of it, what of it is played on the wire, and what waits for the task to be created.
    faults: "tuple[Fault, ...]" = ()
    wire_faults: "tuple[Fault, ...]" = ()
    planted: "tuple[Rule, ...]" = ()
    cleaned: bytes | None = None
    query: dict[str, Any] = {}  # noqa: RUF012 - replaced as a whole, never written to

    def __init__(self, request: Request, payload: bytes, now: float) -> None:
        self.request = request
        self.site, self._act = request.site, request.act
        self.method, self.path = request.method, request.path
        self.path_values, self.query_text = request.path_values, request.query
        self.headers = request.headers
        self.payload = payload
        self.now = now
        self.notes: list[str] = []

    @property
    def act(self) -> "Act":
        """The operation; only asked for once there is one."""
        assert self._act, "an exchange without an operation is refused before its act is asked for"
        return self._act

    @property
    def wording(self) -> "Wording":
        """The words in which it is refused."""
        return self._act.wording if self._act else self.site.stage.media_wording

    @property
    def id(self) -> str:
        """The id of this request: seeded, drawn when first asked for, the same ever after."""
        if not self._id:
            self._id = self.site.request_id()
        return self._id

    def header(self, name: str) -> str | None:
        """A request header by its lower-case name."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    def render_headers(self, getters: Getters) -> tuple[tuple[bytes, bytes], ...]:
        """Headers of an answer; one whose value is missing is left out."""
        found = []
        for name, get in getters:
            value = get(self)
            if value is not None:
                found.append((name, _as_header(value)))
        return tuple(found)


def _as_header(value: Any) -> bytes:
    """What came in as a header goes out with the same bytes; what Latin-1 cannot say is UTF-8."""
    text = str(value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


class Row:
    """An exchange seen from within `$each`: `name` (task, piece, item…) is one of the list."""

    def __init__(self, outer: Any, name: str, item: Any) -> None:
        self._outer = outer
        setattr(self, name, item)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outer, name)
