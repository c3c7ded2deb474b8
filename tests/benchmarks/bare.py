"""The limit of the stack: an ASGI app that answers one constant JSON body and looks at nothing.

Stock uvicorn can serve it; `python -m tests.benchmarks.bare PORT` serves it as ours is served, by the same protocol
on the same loop with the same settings, so that what is compared is the work between question and answer.
"""

import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from understudy.mockserver.server import bind, server_config, settle_garbage

HOST = "127.0.0.1"
Message = MutableMapping[str, Any]

BODY = os.environ.get("BARE_BODY", '{"code":"200","message":"Success","result":null}').encode()
START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ],
}
END: Message = {"type": "http.response.body", "body": BODY}


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answers every request with the constant, without waiting for its body."""
    if scope["type"] == "http":
        await send(START)
        await send(END)


EVENTS = (
    [event + b"\n\n" for event in Path(os.environ["BARE_EVENTS"]).read_bytes().split(b"\n\n") if event]
    if ("BARE_EVENTS" in os.environ)
    else []
)


async def stream(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answers every request with the prepared events, one message for each."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for event in EVENTS:
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    settle_garbage()
    uvicorn.Server(server_config(app)).run(sockets=[bind(HOST, int(sys.argv[1]))])
