"""Where providers are played: a server of this process, and a world of its own for each that is opened."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from understudy.mockserver.running import RunningServer
from understudy.mockserver.site import Site
from understudy.mockserver.world import World
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
    """Keeps what runs; each `open` gives a world that nobody else sees."""

    def __init__(self) -> None:
        self._open: list[RunningServer] = []
        self._lock = threading.Lock()

    def open(self, cast: Cast) -> Seat:
        """Play a provider in a new world; raises ValueError when there is no such provider, spec or profile."""
        stage = stage_of(cast)
        server = RunningServer([stage], cast.settings).start()
        with self._lock:
            self._open.append(server)
        return Seat(server, server.service.world.sites[stage.provider.slug])

    def close(self, seat: Seat) -> None:
        """End what was opened."""
        with self._lock:
            self._open.remove(seat.server)
        seat.server.stop()

    def stop(self) -> None:
        """End all that is still open."""
        with self._lock:
            servers, self._open = self._open, []
        for server in servers:
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
