"""What happens in a world, as it happens: server-sent events that a listener can take up again where it left off."""

import asyncio
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import Header, HTTPException
from fastapi.responses import StreamingResponse
from msgspec import to_builtins

from understudy.mockserver.control.journal import iter_views
from understudy.mockserver.control.routes import Route, ThisWorld
from understudy.mockserver.scope import number_fragment
from understudy.mockserver.world import World

MOST_LISTENERS = 16
# Seconds between two looks; a line of comment after so many without news keeps the connection alive.
LOOK, SILENCE = 0.1, 150
TOLD = ("serial", "at", "provider", "operation", "method", "path", "account", "status", "condition", "breach")

_ID = re.compile(r"(\d{1,15})-(\d{1,15})-(\d{1,15})")


class Feed:
    """One listener's place in what happened: how often the world began, the last exchange, the last thing that fell due."""

    def __init__(self, world: World, last_id: str) -> None:
        self._world = world
        found = _ID.fullmatch(last_id)
        given = (int(found[1]), int(found[2]), int(found[3])) if found else None
        self._turn, self._serial, self._number = given or (world.turn, world.journal.seen, world.chronicle.seen)

    def news(self) -> list[bytes]:
        """All that was not told yet, exchanges before what fell due; what is no longer kept is counted."""
        events: list[bytes] = []
        journal, chronicle = self._world.journal, self._world.chronicle
        if self._turn != self._world.turn or self._serial > journal.seen or self._number > chronicle.seen:
            self._turn, self._serial, self._number = self._world.turn, 0, 0
            events.append(self._event("reset", {}))
        lost = {
            "exchanges": max(0, journal.dropped - self._serial),
            "due": max(0, chronicle.dropped - self._number),
        }
        if any(lost.values()):
            self._serial = max(self._serial, journal.dropped)
            self._number = max(self._number, chronicle.dropped)
            events.append(self._event("dropped", lost))
        fresh = [record for record in journal if record.serial > self._serial] if journal.seen > self._serial else []
        for said in iter_views(self._world, fresh):
            self._serial = said["serial"]
            events.append(self._event("exchange", {name: said[name] for name in TOLD}))
        for due in chronicle.since(self._number):
            self._number += 1
            events.append(self._event("due", to_builtins(due, builtin_types=(Decimal,))))
        return events

    def _event(self, name: str, said: Any) -> bytes:
        data = orjson.dumps(said, default=number_fragment)
        return b"id: %d-%d-%d\nevent: %b\ndata: %b\n\n" % (
            self._turn,
            self._serial,
            self._number,
            name.encode(),
            data,
        )


async def _tell(world: World, feed: Feed) -> AsyncIterator[bytes]:
    quiet = 0
    world.listeners += 1
    try:
        yield b": listening\n\n"
        while not world.is_closed:
            events = feed.news()
            quiet = 0 if events else quiet + 1
            if events:
                yield b"".join(events)
            elif quiet % SILENCE == 0:
                yield b": nothing new\n\n"
            await asyncio.sleep(LOOK)
    finally:
        world.listeners -= 1


async def events(world: ThisWorld, last_event_id: Annotated[str, Header(max_length=60)] = "") -> StreamingResponse:
    """Exchanges, and what fell due when the clock was moved, from now on or after the event that `Last-Event-ID` names.

    `exchange`: one line of the journal; `due`: as `clock/advance` tells it; `dropped`: how much came between that is no
    longer kept; `reset`: the world is back at its start. The stream ends when the world is closed.
    """
    if world.listeners >= MOST_LISTENERS:
        raise HTTPException(429, f"{MOST_LISTENERS} listen to this world already, as many as may")
    told = _tell(world, Feed(world, last_event_id))
    return StreamingResponse(told, media_type="text/event-stream", headers={"cache-control": "no-store"})


ROUTES = (Route("GET", "/events", events),)
