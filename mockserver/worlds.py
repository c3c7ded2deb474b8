"""The worlds of a server: one that is always there, and named ones that are opened and closed."""

import re
from collections.abc import Iterator, Mapping, Sequence

from understudy.mockserver.stage import Stage
from understudy.mockserver.world import Bounds, Settings, World

# Each is bounded by itself; so many of them fit into the memory of a small machine.
MOST_WORLDS = 256
MOST_KEYS = 100
NAMED = Bounds(tasks=20_000, records=4_096, bytes=4_194_304, keys=10_000, conversations=1_000)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class NoRoom(ValueError):
    """A world that cannot be opened; says why and what to do."""


class Worlds:
    """The worlds by name. They share providers, which are compiled once."""

    def __init__(self, stages: Sequence[Stage], settings: Settings) -> None:
        self.stages = stages
        self.settings = settings
        self.default = World(stages, settings)
        self._named: dict[str, World] = {}
        self._is_running = False
        self.opened = 0

    def find(self, name: str) -> World | None:
        """The world of that name; '' is the one that is always there."""
        return self._named.get(name) if name else self.default

    def open(
        self,
        name: str = "",
        settings: Settings | None = None,
        keys: Mapping[str, Sequence[str]] | None = None,
        stages: Sequence[Stage] | None = None,
    ) -> World:
        """A new world, with a name of its own when none is given. Raises NoRoom.

        `keys`: by slug, keys of which it is the world, also where no path says so; they are further keys of
        the provider's first account.
        `stages`: what is played there, if it is not what is played everywhere.
        """
        chosen = name or self._next_name()
        self._refuse(chosen, keys or {})
        played = self.stages if stages is None else stages
        world = World(played, settings or self.settings, chosen, NAMED, keys or {})
        for slug, some in (keys or {}).items():
            self.default.sites[slug].tenants.update(dict.fromkeys(some, world.sites[slug]))
        self._named[chosen] = world
        self.opened += 1
        if self._is_running:
            world.start()
        return world

    async def close(self, name: str) -> bool:
        """End a named world and let go all that it holds; tells whether there was one."""
        world = self._named.pop(name, None)
        if world is None:
            return False
        for slug, general in self.default.sites.items():
            tenants, site = general.tenants, world.sites.get(slug)
            for key in [key for key, tenant in tenants.items() if tenant is site]:
                del tenants[key]
        await world.close()
        return True

    def start(self) -> None:
        """Let the worlds whose clocks move by themselves do what falls due; the loop must be running."""
        self._is_running = True
        for world in (self.default, *self):
            world.start()

    async def stop(self) -> None:
        """End them all."""
        self._is_running = False
        for name in [*self._named]:
            await self.close(name)
        await self.default.close()

    def __iter__(self) -> Iterator[World]:
        """The named ones, in the order in which they were opened."""
        return iter(tuple(self._named.values()))

    def __len__(self) -> int:
        return len(self._named)

    def _next_name(self) -> str:
        number = self.opened + 1
        while f"w{number}" in self._named:
            number += 1
        return f"w{number}"

    def _refuse(self, name: str, keys: Mapping[str, Sequence[str]]) -> None:
        if not _NAME.fullmatch(name):
            raise NoRoom(f"{name!r} is no name of a world: at most 64 letters, digits, '.', '_' and '-'")
        if name in self._named:
            raise NoRoom(f"there is a world {name!r} already; close it first, or choose another name")
        if len(self._named) >= MOST_WORLDS:
            raise NoRoom(f"there are {MOST_WORLDS} worlds, as many as are kept; close those that are done")
        for slug, some in keys.items():
            site = self.default.sites.get(slug)
            if site is None:
                raise NoRoom(f"no provider {slug!r} is served; there are {', '.join(self.default.sites)}")
            if len(some) > MOST_KEYS:
                raise NoRoom(f"{len(some)} keys of {slug} are too many for a world: at most {MOST_KEYS}")
            taken = [key for key in some if key in site.tenants or site.accounts.owner(key)]
            if taken or len(set(some)) < len(some):
                raise NoRoom(f"a key of {slug} is another world's already, or given twice; each has one world")
