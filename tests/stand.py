"""A provider in a world of its own, asked over bare sockets, whatever goes wrong there."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.receivers import Call
from tests.sockets import SECONDS
from tests.wiretap import ASIDE, SILENCE, Heard, hear
from understudy.mockserver.journal import Record
from understudy.mockserver.running import RunningServer
from understudy.mockserver.world import World

CASES = Path(__file__).parent / "cases" / "faults"
REQUESTS: Mapping[str, Any] = yaml.load((CASES / "requests.yaml").read_text("utf-8"), yaml.CSafeLoader)
NAMES = count(1)


def read_cases(name: str) -> list[Any]:
    cases: list[Any] = yaml.load((CASES / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return cases


@dataclass(frozen=True, slots=True)
class Stand:
    """A world, and what was kept of its answers, by name, to be put into later paths and bodies."""

    server: RunningServer
    world: World
    kept: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def ask(
        self, at: str, headers: Mapping[str, str] = {}, prompt: str = "", *, endless: bool = False, aside: float = ASIDE
    ) -> Heard:
        """Send a request by its name; `prompt` stands before its own."""
        said = REQUESTS[at]
        body, slug = said.get("body"), said["provider"]
        raw = b""
        if isinstance(body, str):
            raw = body.encode()
        elif body is not None:
            raw = json.dumps(with_prompt(body, said.get("prompt", ""), prompt), ensure_ascii=False).encode()
        path = self.filled(said["path"])
        url = self.world.media_url if said.get("media") else self.world.base_url
        target = path.removeprefix(url) if "://" in path else f"/{slug}{path}"
        own = {name: value.replace("<key>", self.key(slug)) for name, value in said.get("headers", {}).items()}
        if not said.get("media"):
            own = {"Authorization": f"Bearer {self.key(slug)}", "Content-Type": "application/json", **own}
        patience = SILENCE if endless else SECONDS
        return hear(
            url,
            said["method"],
            target,
            {**own, **headers},
            self.filled(raw.decode()).encode(),
            patience=patience,
            aside=aside,
        )

    def follow(self, steps: list[Any]) -> None:
        """Ask one after the other: each sees what it says, and keeps what later ones need."""
        for number, step in enumerate(steps):
            if "at" not in step:
                self._other(step)
                continue
            if "passes" in step:
                assert self._states(step["at"], step["of"], step["passes"][-1]) == step["passes"]
                continue
            heard = self.ask(
                step["at"], step.get("headers", {}), step.get("prompt", ""), endless=step.get("endless", False)
            )
            assert heard.fits(step["sees"]) == {}, f"step {number}: {step}"
            self.keep(heard, step.get("keep", {}))

    def _other(self, step: Mapping[str, Any]) -> None:
        """Let time pass, or look at what nobody is asked for: money paid, callbacks that came."""
        match step:
            case {"advance": seconds}:
                self.server.call(self.world.advance(seconds))
            case {"paid": times}:
                assert self.server.run(self._paid) == times
            case {"called": calls}:
                came = [f"{call.headers.get('x-auth')} {call.json()['status']}" for call in self.calls]
                assert len(came) == len(calls), came
                assert all(re.fullmatch(want, found) for want, found in zip(calls, came, strict=True)), came
            case _:
                raise AssertionError(f"no such step: {step}")

    def _paid(self) -> Any:
        """How many times the price of all tasks was paid."""
        now, sites = self.world.clock.now(), self.world.sites.values()
        accounts = [(site, account) for site in sites for account in site.accounts]
        prices = [t.price for site, account in accounts for t in site.tasks.store.newest(account.id, None)]
        return sum(account.ledger.used(now) for _, account in accounts) / sum(prices)

    def _states(self, at: str, pattern: str, last: str) -> list[str]:
        """The states that polls tell, one after the other, until the last of them comes, or for long enough."""
        states: list[str] = []
        for _ in range(200):
            found = re.search(pattern, self.ask(at, aside=0).body.decode())
            assert found
            if found[1] != (states or [""])[-1]:
                states.append(found[1])
            if found[1] == last:
                break
            self.server.call(self.world.advance(2))
        return states

    def keep(self, heard: Heard, wanted: Mapping[str, str]) -> None:
        """Keep the first group of each expression, as found in a body."""
        for name, pattern in wanted.items():
            found = re.search(pattern, heard.body.decode())
            assert found, f"{pattern} is not in {heard.body!r}"
            self.kept[name] = found[1]

    def filled(self, text: str) -> str:
        for name, value in self.kept.items():
            text = text.replace(f"<{name}>", value)
        return text

    def key(self, slug: str) -> str:
        return next(iter(self.world.sites[slug].accounts.keys()))

    def books(self, slug: str) -> Any:
        """What tells whether anything was done: the accounts' money and tasks, and what is uploaded."""

        def look() -> Any:
            site, now = self.world.sites[slug], self.world.clock.now()
            used = [(account.ledger.used(now), account.ledger.held(now)) for account in site.accounts]
            tasks = [site.tasks.store.count(account.id, frozenset()) for account in site.accounts]
            return used, tasks, site.uploads.promised, site.uploads.arrived

        return self.server.run(look)

    def steer(self, method: str, path: str, body: Any = None, status: int = 0) -> Any:
        """Ask the control API; a success, unless another status is expected."""
        raw = b"" if body is None else json.dumps(body).encode()
        url = f"{self.world.base_url}/_understudy"
        heard = hear(url, method, path, {"Content-Type": "application/json"}, raw, aside=0)
        assert heard.status == status if status else heard.status < 300, heard
        return json.loads(heard.body) if heard.body else None

    def records(self) -> list[Record]:
        return self.server.run(lambda: list(self.world.journal))

    def notes(self) -> list[str]:
        return [note for record in self.records() for note in record.notes]


def with_prompt(body: Any, place: str, text: str) -> Any:
    """The body with a text before the prompt."""
    if not text:
        return body
    *way, last = [int(step) if step.isdecimal() else step for step in place.split("/")]
    copy = json.loads(json.dumps(body))
    holder = copy
    for step in way:
        holder = holder[step]
    holder[last] = f"{text}{holder[last]}"
    return copy


@contextmanager
def opened(server: RunningServer, calls: list[Call] | None = None) -> Iterator[Stand]:
    """A new world of a server, for a while."""
    world = server.run(server.service.worlds.open, f"stand-{next(NAMES)}")
    try:
        yield Stand(server, world, calls=[] if calls is None else calls)
    finally:
        server.call(server.service.worlds.close(world.name))
