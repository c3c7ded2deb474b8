"""Serving: two origins on one event loop, started together and stopped within a second."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any, cast
from urllib.parse import urlsplit

import uvicorn

from understudy.mockserver.app import Application, Gateway
from understudy.mockserver.late import LateApplication
from understudy.mockserver.origin import MediaOrigin
from understudy.mockserver.stage import Stage
from understudy.mockserver.tls import SecureProtocol
from understudy.mockserver.trust import Guard
from understudy.mockserver.wire import WireProtocol
from understudy.mockserver.world import Settings
from understudy.mockserver.worlds import Worlds
from understudy.specs.model import Provider


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen and by which names to be known. Port 0 takes a free one; with `tls` both origins speak https."""

    host: str = "127.0.0.1"
    port: int = 4010
    media_port: int = 4011
    public_url: str = ""
    media_url: str = ""
    allow_hosts: tuple[str, ...] = ()
    control_token: str = ""
    tls: ssl.SSLContext | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which clients may call this server."""
        return tuple(filter(None, (self.host, _host_of(self.public_url), _host_of(self.media_url), *self.allow_hosts)))


@dataclass(frozen=True, slots=True)
class Addresses:
    """What was bound, as base URLs without a slash at the end."""

    base_url: str
    media_url: str

    @property
    def control_url(self) -> str:
        """Where the control API is."""
        return f"{self.base_url}/_understudy"


class PortTaken(Exception):
    """An address that cannot be listened on; says which and why."""


# So many connections are taken up in one turn of the loop. libuv takes one for each socket that listens: where a
# thousand streams make a turn long, a newcomer would wait for as many turns as there are others before it.
TAKEN_AT_ONCE = 32

# How long, in seconds, an answer under way may take after the signal to stop.
LAST_MOMENT = 0.2


_SAYS = logging.getLogger("uvicorn.error")


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us: there are two of them in one process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._leaving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell that requests are answered."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Wait until it is time to leave, without looking ten times a second."""
        await self._leaving.wait()

    def leave(self) -> None:
        """End; asked twice, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave: what is being answered has a moment more, then all is cut off without a word."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=LAST_MOMENT)
        _SAYS.disabled = True


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises PortTaken."""
    listener = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        reason = getattr(error, "strerror", None) or error
        raise PortTaken(f"cannot listen on {host}:{port}: {reason}") from None
    listener.setblocking(False)
    return listener


def serve(
    providers: list[Provider], settings: Settings, binding: Binding, started: Callable[[Addresses], None]
) -> None:
    """Serve until SIGINT or SIGTERM. `started` is told the addresses once requests are answered."""
    service = Service([Stage(provider) for provider in providers], settings, binding)

    def ready() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, service.stop)
        settle_garbage()
        started(service.addresses)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(service.run(ready))


class Service:
    """Both origins, bound and ready to run on a loop; a connection made before that waits. Raises PortTaken."""

    def __init__(self, stages: list[Stage], settings: Settings, binding: Binding) -> None:
        self._binding = binding
        self._sockets = bind_both(binding)
        api, media = self._sockets
        self.addresses = Addresses(
            binding.public_url.rstrip("/") or _url(binding, api),
            binding.media_url.rstrip("/") or _url(binding, media),
        )
        settings = replace(settings, base_url=self.addresses.base_url, media_url=self.addresses.media_url)
        self.worlds = Worlds(stages, settings)
        self._servers: list[_Server] = []

    async def run(self, ready: Callable[[], None]) -> None:
        """Answer requests until stopped; `ready` is called once they are answered."""
        worlds, binding = self.worlds, self._binding
        hosts = tuple(filter(None, (binding.host, _host_of(self.addresses.base_url), *binding.allow_hosts)))
        control = LateApplication(partial(_load_control, worlds, Guard(binding.control_token, hosts)))
        applications = (Gateway(worlds, control), MediaOrigin(worlds))
        self._servers = [_Server(server_config(application, binding.tls)) for application in applications]
        pairs = zip(self._servers, self._sockets, strict=True)
        running = [asyncio.ensure_future(server.serve(sockets=_many(bound))) for server, bound in pairs]
        worlds.start()
        for server in self._servers:
            await server.ready.wait()
        ready()
        try:
            await asyncio.gather(*running)
        finally:
            await worlds.stop()
            self.close()

    def close(self) -> None:
        """Listen no more: for a service that was never run, too."""
        for bound in self._sockets:
            bound.close()

    def stop(self) -> None:
        """Let `run` end, from its own loop; asked twice, at once."""
        for server in self._servers:
            server.leave()


def _many(bound: socket.socket) -> list[socket.socket]:
    """A listening socket as many that are the same one; whoever serves closes them."""
    return [bound, *(bound.dup() for _ in range(TAKEN_AT_ONCE - 1))]


def _load_control(worlds: Worlds, guard: Guard) -> Application:
    # A framework of pages and models takes longer to load than all that providers need.
    return cast(Application, import_module("understudy.mockserver.control").build_control(worlds, guard))


def bind_both(binding: Binding) -> tuple[socket.socket, socket.socket]:
    """Listening sockets for both origins; raises PortTaken."""
    api = bind(binding.host, binding.port)
    try:
        return api, bind(binding.host, binding.media_port)
    except PortTaken:
        api.close()
        raise


def _secure_protocol(context: ssl.SSLContext, **given: Any) -> SecureProtocol:
    return SecureProtocol(context, WireProtocol(**given))


def server_config(application: Application, tls: ssl.SSLContext | None = None) -> uvicorn.Config:
    """How both origins are served: what the benchmarks give the bare application, too."""
    return uvicorn.Config(
        application,
        log_config=None,
        http=WireProtocol if tls is None else partial(_secure_protocol, tls),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
    )


def settle_garbage() -> None:
    """What is ready stays: keep the collector from walking over it at every turn."""
    gc.freeze()
    gc.set_threshold(10_000, 50, 1_000)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop that serves."""
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _url(binding: Binding, listener: socket.socket) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(binding.host, binding.host)
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if binding.tls else 'http'}://{name}:{listener.getsockname()[1]}"


def _host_of(url: str) -> str:
    return (urlsplit(url).hostname or "") if "://" in url else ""
