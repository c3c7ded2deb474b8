"""Lies about the links to results: they lead to another task's file, to nobody, once only, or not as long as promised."""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from tests.liars.relay import Ask, Lie, Relay, Told
from tests.liars.shapes import HAPPYHORSE, JUHUO, SEEDANCE2AI, SHAPES, STORYCLAW, Shape, at, put

GONE = Told(403, (("content-type", "text/plain"),), b"the link has expired")
HALF_A_DAY = 43_200


def _relinked(shape: Shape, change: Callable[[Relay, str], str]) -> Lie:
    """The link of a polled task is another."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        return _with_link(shape, ask, await relay.fetch(ask), lambda link: change(relay, link))

    return lie


def _passed_through(
    shape: Shape, is_there: Callable[[Relay, str, float], bool], kept: Callable[[int], int] = int
) -> Lie:
    """Results are fetched through the relay: as long as `is_there` says so, and so many of their bytes as are `kept`."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        if ask.path.startswith("/files/"):
            known = relay.memory.get(ask.path)
            told = await relay.follow(known) if known else GONE
            return told.cut(kept(len(told.body))) if known and is_there(relay, ask.path, _clock(told)) else GONE
        told = await relay.fetch(ask)

        def through(link: str) -> str:
            path = f"/files/{len(relay.memory)}.mp4"
            relay.memory[path] = link
            relay.memory["made", path] = _clock(told)
            return relay.own_url + path

        return _with_link(shape, ask, told, through)

    return lie


def _with_link(shape: Shape, ask: Ask, told: Told, change: Callable[[str], str]) -> Told:
    """An answer to a poll with another link; others as they are."""
    body = told.json()
    task = shape.task(body) if shape.polled(ask) else None
    link = at(task, shape.url)
    if task is None or not isinstance(link, str) or not link:
        return told
    put(task, shape.url, change(link))
    return told.with_json(body)


def _clock(told: Told) -> float:
    """The time of an answer by the provider's clock."""
    return parsedate_to_datetime(dict(told.headers)["date"]).timestamp()


def _once(relay: Relay, path: str, now: float) -> bool:
    seen: Any = relay.memory.get(("seen", path), False)
    relay.memory["seen", path] = True
    return not seen


def _for_half_a_day(relay: Relay, path: str, now: float) -> bool:
    return bool(now - relay.memory["made", path] < HALF_A_DAY)


def _always(relay: Relay, path: str, now: float) -> bool:
    return True


def _first_for_all(relay: Relay, link: str) -> str:
    found: str = relay.memory.setdefault("link", link)
    return found


def _nowhere(relay: Relay, link: str) -> str:
    return "http://127.0.0.1:9/video.mp4"


def _first_of_its_own() -> Lie:
    """What a task that succeeded told once it tells for ever."""

    async def lie(relay: Relay, ask: Ask) -> Told:
        told = await relay.fetch(ask)
        if JUHUO.polled(ask) and at(told.json(), ("result", "status")) == JUHUO.words["succeeded"]:
            return relay.memory.setdefault((ask.key, ask.path), told)  # type: ignore[no-any-return]
        return told

    return lie


LIES: Mapping[str, tuple[str, Lie]] = {
    **{f"one link for all of {slug}": (slug, _relinked(shape, _first_for_all)) for slug, shape in SHAPES.items()},
    "links lead nowhere": ("juhuo", _relinked(JUHUO, _nowhere)),
    "links lead nowhere, too": ("unigateway", _relinked(HAPPYHORSE, _nowhere)),
    "links work once": ("juhuo", _passed_through(JUHUO, _once)),
    "links work once, too": ("storyclaw", _passed_through(STORYCLAW, _once)),
    "links die early": ("juhuo", _passed_through(JUHUO, _for_half_a_day)),
    "links die early, too": ("storyclaw", _passed_through(STORYCLAW, _for_half_a_day)),
    "links are not renewed": ("juhuo", _first_of_its_own()),
    "a third of each result is lost": ("juhuo", _passed_through(JUHUO, _always, lambda size: size * 2 // 3)),
    "results are cut": ("seedance2ai", _passed_through(SEEDANCE2AI, _always, lambda size: 3_000)),
}
