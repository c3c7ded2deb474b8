"""The console's pulse: a few numbers that tell the page what has changed, sent only when something has."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from understudy.mockserver.world import World

# A page that shows more beats a second would only cost the server more.
SECONDS_A_BEAT = 0.5
# A proxy in between closes what is silent for longer.
SECONDS_OF_SILENCE = 10.0


def beat_of(world: World) -> dict[str, Any]:
    """The clock, how much was asked, and for each provider how many tasks and callbacks there are."""
    return {
        "now": world.clock.now(),
        "clock": world.clock.name,
        "frozen": world.clock.is_still,
        "speed": world.speed,
        "seen": world.journal.seen,
        "dropped": world.journal.dropped,
        "sites": {
            slug: {
                "tasks": len(site.tasks.store),
                "newest": site.tasks.store.newest_serial,
                "dropped": site.tasks.store.dropped,
                "callbacks": site.callbacks.seen,
            }
            for slug, site in world.sites.items()
        },
    }


async def iter_beats(world: World) -> AsyncIterator[bytes]:
    """Server-sent events: a beat when something but the time has changed, else now and then a comment."""
    yield b"retry: 1000\n\n"
    told, silent = b"", 0.0
    while not world.is_closed:
        beat = beat_of(world)
        # A clock that moves by itself is followed by the page.
        sign = orjson.dumps({**beat, "now": beat["now"] if beat["frozen"] else 0})
        if sign != told or silent >= SECONDS_OF_SILENCE:
            told, silent = sign, 0.0
            yield b"event: beat\ndata: %b\n\n" % orjson.dumps(beat)
        await asyncio.sleep(SECONDS_A_BEAT)
        silent += SECONDS_A_BEAT
