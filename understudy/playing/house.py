"""Where providers are played: a server of this process, and a world of its own for each that is opened."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from understudy.mockserver.running import RunningServer
from understudy.mockserver.site import Site
from understudy.mockserver.stage import Stage
from understudy.mockserver.world import Settings, World
from understudy.mockserver.worlds import Worlds
from understudy.playing.casting import Cast, stage_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seat:
    """One provider in one world of a running server."""

    server: RunningServer
    site: Site

    @property
    def world(self) -> World:
        """The world that it is played in."""
        return self.site.world

    def ask(self, function: Callable[[float], T]) -> T:
        """The result of a function of the world's time, called on the server's loop."""
        return self.server.run(lambda: function(self.world.clock.now()))


class House:
    """One server, started by the first `open`; each gives a world that nobody else sees. Threads may share it."""

    def __init__(self) -> None:
        self._server: RunningServer | None = None
        self._lock = threading.Lock()

    def open(self, cast: Cast) -> Seat:
        """Play a provider in a new world; raises ValueError when there is no such provider, spec, profile or script."""
        stage = stage_of(cast)
        server = self._started()
        seat = Seat(server, server.run(self._open, server.service.worlds, stage, cast.settings))
        if cast.script:
            try:
                server.run(seat.world.script.set, json.loads(cast.script))
            except ValueError:
                self.close(seat)
                raise
        return seat

    def close(self, seat: Seat) -> None:
        """End what was opened: its addresses are gone, and all that it held."""
        seat.server.call(seat.server.service.worlds.close(seat.world.name))

    def stop(self) -> None:
        """End the server with all that is still open."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _started(self) -> RunningServer:
        with self._lock:
            if self._server is None:
                self._server = RunningServer([], Settings(clock="virtual")).start()
            return self._server

    @staticmethod
    def _open(worlds: Worlds, stage: Stage, settings: Settings) -> Site:
        urls = worlds.settings
        settings = replace(settings, base_url=urls.base_url, media_url=urls.media_url)
        return worlds.open(settings=settings, stages=[stage]).sites[stage.provider.slug]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
