"""The mock as the provider behind a theatre's doors: a world of its own for each trial, asked without a socket."""

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from decimal import Decimal
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

import orjson

from understudy.contracts.client.answering import Plain
from understudy.contracts.client.door import Request
from understudy.contracts.client.theatre import House
from understudy.mockserver.app import Application, Gateway
from understudy.mockserver.clock import PollClock, VirtualClock
from understudy.mockserver.exchange import Exchange
from understudy.mockserver.exchange import Request as Asked
from understudy.mockserver.origin import MediaOrigin, find_result
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.stage import Stage
from understudy.mockserver.world import Settings, World
from understudy.mockserver.worlds import Worlds
from understudy.specs.asking import ask_for
from understudy.specs.model import Operation, Provider

# Files of results that are kept: making a film takes longer than all the rest of a trial.
MOST_FILES = 256
_NOT_FOUND = b'{"detail":"Not Found"}'


class Company:
    """One provider, played in as many worlds as there are trials."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._stages = [Stage(provider)]
        self._files: dict[str, Plain] = {}

    def arrive(self, api_url: str, media_url: str) -> None:
        """Know the addresses of the doors."""
        self._settings = Settings(clock="poll", allow_local_callbacks=True, base_url=api_url, media_url=media_url)
        self._worlds = Worlds(self._stages, self._settings)
        self._lanes: dict[str, Application] = {
            "client": Gateway(self._worlds, _nothing),
            "media": MediaOrigin(self._worlds),
        }

    def open(self, name: str, seed: int, api_url: str, media_url: str) -> House:
        """A new world behind these doors, with nothing in it."""
        settings = replace(self._settings, seed=seed, base_url=api_url, media_url=media_url)
        world = self._worlds.open(name, settings)
        return MockHouse(self.provider, world, self._lanes, self._files)

    async def close(self, name: str) -> None:
        """Let a world go."""
        await self._worlds.close(name)


class MockHouse:
    """One provider in one world, for one trial."""

    def __init__(
        self, provider: Provider, world: World, lanes: dict[str, Application], files: dict[str, Plain]
    ) -> None:
        self._world, self._lanes, self._files = world, lanes, files
        self._site = world.sites[provider.slug]
        self._account = next(iter(self._site.accounts))
        # Time passes with polls here, so that nobody can keep to a rate; a script puts off whom it wants.
        self._site.rate = None
        self.base_url = self._site.base_url
        self.key = provider.accounts[0].key

    async def respond(self, request: Request, path: str, prefer: str, pace: str) -> Plain:
        """The healthy answer to a request; `prefer` steers it; `pace` is that of tasks."""
        bare, _, query = path.partition("?")
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
        if prefer:
            headers.append((b"prefer", prefer.encode()))
        if request.door == "media" and request.method == "GET" and not prefer:
            return await self._file(request, bare, query, headers, pace)
        return await self._ask(request, bare, query, headers, pace)

    async def _file(
        self, request: Request, bare: str, query: str, headers: list[tuple[bytes, bytes]], pace: str
    ) -> Plain:
        """A result behind a good link: films of the same measures are the same one here, made once."""
        path = bare.partition(f"/{self._site.slug}")[2]
        asked = Asked.read(self._site, None, "GET", path, {}, query.encode("latin-1"), headers)
        exchange = Exchange(asked, b"", self._world.clock.now())
        try:
            _, made, _ = find_result(exchange)
        except Refusal:
            return await self._ask(request, bare, query, headers, pace)
        key = f"{made.content_type} {made.width} {made.height} {made.seconds} {made.sound}"
        if key not in self._files or b"range" in dict(headers):
            plain = await self._ask(request, bare, query, headers, pace)
            if plain.status != 200 or len(self._files) >= MOST_FILES:
                return plain
            self._files[key] = plain
        return self._files[key]

    async def stock(self, operation: Operation, count: int) -> None:
        """Have so many more tasks, all of them ended: what the documented example asks for, again and again."""
        asked = ask_for(self._site.stage.provider, operation, self.key)
        if asked is None:
            return
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in asked.headers]
        path, _, query = (urlsplit(self.base_url).path + asked.path).partition("?")
        for _ in range(count):
            request = Request("client", "POST", path.encode(), (), orjson.dumps(asked.body), 0.0, wants_close=True)
            await self._ask(request, path, query, headers, "stand")
            self._end_all()

    def _end_all(self) -> None:
        clock = self._world.clock
        assert isinstance(clock, VirtualClock)
        ends = [task.end for task in self._site.tasks.store.newest(self._account.id, None)]
        clock.move_to(max((end for end in ends if isfinite(end)), default=0.0))

    def made(self) -> Sequence[tuple[str, Decimal]]:
        """Id and price of every task that was created so far, in order."""
        tasks = self._site.tasks.store.newest(self._account.id, None)
        return [(task.id, task.price) for task in tasks][::-1]

    def cancel(self, task_id: str) -> None:
        """End a task as the provider would cancel it."""
        task = self._site.tasks.store.find(task_id)
        if task:
            self._site.tasks.cancel(task, self._world.clock.now())
            self._site.callbacks.moved(self._world.clock.now())

    async def _ask(
        self, request: Request, bare: str, query: str, headers: list[tuple[bytes, bytes]], pace: str
    ) -> Plain:
        scope = {
            "type": "http",
            "method": request.method,
            "path": bare,
            "raw_path": bare.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": headers,
        }
        clock = self._world.clock
        assert isinstance(clock, VirtualClock)
        # What asks for the clock's name takes one that stands for one that is moved by polls, or not.
        clock.name = PollClock.name if pace == "step" else VirtualClock.name
        if pace == "finish":
            self._end_all()
        answer = _Answer(request.body)
        await self._lanes[request.door](scope, answer.receive, answer.send)
        return answer.plain


class _Answer:
    """Both ends of an ASGI call."""

    def __init__(self, body: bytes) -> None:
        self._request = {"type": "http.request", "body": body, "more_body": False}
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def receive(self) -> MutableMapping[str, Any]:
        return self._request

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        else:
            self._body += message.get("body", b"")

    @property
    def plain(self) -> Plain:
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers)
        return Plain(self._status, headers, bytes(self._body))


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """What lies behind the providers' lane: nothing."""
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": _NOT_FOUND})
