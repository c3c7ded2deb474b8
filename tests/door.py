"""The mock in process, asked through its front door: the ASGI applications, without sockets."""

import asyncio
import json
from collections.abc import Coroutine, Mapping, MutableMapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from understudy.mockserver.app import Application, Gateway, Receive, Scope, Send
from understudy.mockserver.control import build_control
from understudy.mockserver.origin import MediaOrigin
from understudy.mockserver.site import Site
from understudy.mockserver.stage import Stage
from understudy.mockserver.trust import Guard
from understudy.mockserver.world import Settings
from understudy.mockserver.worlds import Worlds
from understudy.specs.loader import load, shipped
from understudy.specs.model import Profile

T = TypeVar("T")

PROVIDERS = Path(__file__).parent / "providers"
LUMEN = PROVIDERS / "lumen.yaml"
PARLEY = PROVIDERS / "parley.yaml"
SPECS: Mapping[str, Path] = {**shipped(), "lumen": LUMEN, "parley": PARLEY}
ALL_PROVIDERS = (*shipped(), "--spec", str(LUMEN))
"""Arguments of `serve`."""
MEDIA_URL = "http://media.test"


@cache
def stage_of(slug: str, *options: tuple[str, str]) -> Stage:
    """The provider compiled, in the given options: `("errors", "mapped")`."""
    return Stage(load(SPECS[slug], Profile(options=dict(options))))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as a client sees it; header names are lower-case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def media_type(self) -> str:
        return self.header("content-type").partition(";")[0]

    def json(self) -> Any:
        """The body; numbers with a point are Decimal."""
        return json.loads(self.body, parse_float=Decimal)


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing: it needs no loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise AssertionError("the providers' lane waited for something")


async def call(
    application: Application,
    method: str,
    address: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Reply:
    """One request to an ASGI application, from loopback."""
    url = urlsplit(address)
    sent: list[MutableMapping[str, Any]] = []
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 4010),
    }
    asked = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal asked
        if asked:
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asgi_receive: Receive = receive
    asgi_send: Send = send
    await application(scope, asgi_receive, asgi_send)
    begin, *chunks = sent
    pairs = tuple((name.decode(), value.decode()) for name, value in begin["headers"])
    assert all(name == name.lower() for name, _ in pairs), "ASGI asks for lower-case names"
    return Reply(begin["status"], pairs, b"".join(chunk.get("body", b"") for chunk in chunks))


class Door:
    """One provider in a world of its own, on a virtual clock at the speed of the spec."""

    def __init__(self, stage: Stage, settings: Settings | None = None) -> None:
        chosen = settings or Settings(clock="virtual", speed=1.0, media_url=MEDIA_URL)
        self.worlds = Worlds([stage], chosen)
        self.world = self.worlds.default
        self.slug = stage.provider.slug
        self._api = Gateway(self.worlds, self._behind)
        self._media = MediaOrigin(self.worlds)

    @property
    def site(self) -> Site:
        return self.world.sites[self.slug]

    @cached_property
    def _control(self) -> Application:
        return build_control(self.worlds, Guard())

    async def _behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._control(scope, receive, send)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask the provider; `path` is the document's, a body is sent as JSON unless it is bytes."""
        given = {"Host": "127.0.0.1", **(headers or {})}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if raw and not isinstance(body, bytes):
            given.setdefault("Content-Type", "application/json")
        return finish(call(self._api, method, f"/{self.slug}{path}", given, raw))

    def at(self, path: str, headers: Mapping[str, str]) -> Reply:
        """A GET of a path of the server's, not of the provider's."""
        return finish(call(self._api, "GET", path, {"Host": "127.0.0.1", **headers}, b""))

    def listen(self, path: str, body: Any, headers: Mapping[str, str]) -> Reply:
        """Ask for a stream: a long one leaves in pieces, and others have their turn in between."""
        given = {"Host": "127.0.0.1", "Content-Type": "application/json", **headers}
        return asyncio.run(call(self._api, "POST", f"/{self.slug}{path}", given, json.dumps(body).encode()))

    def steer(self, method: str, path: str, body: Any = None) -> Reply:
        """Ask the control API; the answer must be a success."""
        given = {"Host": "127.0.0.1", "Content-Type": "application/json"}
        raw = b"" if body is None else json.dumps(body).encode()
        reply = asyncio.run(call(self._api, method, f"/_understudy{path}", given, raw))
        assert reply.status < 300, reply
        return reply

    def behind(self, path: str) -> bytes:
        """The body of a page that lies behind the providers' lane."""
        reply = asyncio.run(call(self._api, "GET", path, {"Host": "127.0.0.1"}, b""))
        assert reply.status == 200, reply
        return reply.body

    def fetch(
        self,
        link: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes = b"",
    ) -> Reply:
        """Follow a link to the second origin."""
        path = link.removeprefix(MEDIA_URL)
        given = {"Host": "media.test", **(headers or {})}
        return asyncio.run(call(self._media, method, path, given, body))

    def advance(self, seconds: float) -> None:
        """Move the clock; callbacks that fall due are tried."""
        asyncio.run(self.world.advance(seconds))

    @property
    def now(self) -> float:
        return self.world.clock.now()
