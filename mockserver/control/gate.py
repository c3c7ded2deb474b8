"""What stands in front of the control API: nobody steers who may not, and no body is too large."""

import asyncio

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.mockserver.trust import OPEN, PREFIX, Guard

# What is sent to the control API: a script of replies is the largest of it.
MOST_BODY = 4_194_304
SECONDS_FOR_BODY = 30.0


class Trust:
    """Lets nobody steer who may not, and no body through that is too large; in front of an ASGI application."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        # The console's page asks for the token itself.
        is_open = place.startswith(OPEN) or (place == f"{PREFIX}/" and self._guard.asks_for_token)
        if scope["type"] != "http" or not place.startswith(PREFIX) or is_open:
            return await self._app(scope, receive, send)
        reason = self._guard.objection(Request(scope))
        if reason:
            return await JSONResponse({"detail": reason}, 403)(scope, receive, send)
        try:
            first = await asyncio.wait_for(_read(receive), SECONDS_FOR_BODY)
        except (TooLarge, TimeoutError) as error:
            too_large = isinstance(error, TooLarge)
            reason = f"more than {MOST_BODY} bytes" if too_large else f"no whole body within {SECONDS_FOR_BODY:g} s"
            answer = JSONResponse({"detail": reason}, 413 if too_large else 408, {"connection": "close"})
            return await answer(scope, receive, send)
        messages = [first]

        async def once() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, once, send)


class TooLarge(Exception):
    """The body has more bytes than it may."""


async def _read(receive: Receive) -> Message:
    """The whole body as one message; raises TooLarge."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BODY:
            raise TooLarge
        if not message.get("more_body"):
            return {"type": "http.request", "body": b"".join(chunks), "more_body": False}
