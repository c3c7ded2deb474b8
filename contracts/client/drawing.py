"""Whole reply scripts, drawn by Hypothesis: bursts of trouble among healthy answers, odd bodies, cuts at interesting bytes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import strategies as st

from understudy.contracts.client.catalogue import MOST_REPEATS, Entry, bears_for_ever, entries
from understudy.contracts.client.endings import is_stream
from understudy.contracts.client.scenarios import MAY_SUCCEED, MUST_SUCCEED
from understudy.contracts.client.script import Replies, Script, Step
from understudy.contracts.client.trial import RESULT, Case, Seen
from understudy.contracts.client.use import Use

# A script has so many bursts at the most: what takes more is rarely seen, and never told in a line.
MOST_BURSTS = 3
_OFTEN, _REPEATS = st.booleans(), st.integers(1, MOST_REPEATS)
_ODD: tuple[Any, ...] = ("", " ", "null", 0, -1, 0.5, "0", 1e300, 2**53 + 1, True, [], {}, "\u0000", "🐈", "é" * 300)


@dataclass(frozen=True, slots=True)
class Burst:
    """So many healthy answers, then one trouble so many times."""

    before: int
    entry: Entry
    repeat: int


@dataclass(frozen=True)
class Drawing:
    """What scripts are drawn from for one client."""

    use: Use
    seed: int

    def scripts(self) -> st.SearchStrategy[Script]:
        """Scripts of one to three bursts."""
        return st.lists(self.bursts(), min_size=1, max_size=MOST_BURSTS).map(self._script)

    def bursts(self) -> st.SearchStrategy[Burst]:
        """Bursts: mostly of what the scenarios know, else of bodies and cuts made up for this client."""
        known = entries(self.use, self.seed)
        answers = [seen for seen in _answers(self.use) if seen.exchange.operation]
        # Most of what is drawn is what the scenarios know: it goes deepest.
        sources = [known] * 4 + [list(_cuts(answers)), list(_bodies(answers))]
        drawn = [st.sampled_from(source) for source in sources if source]
        return _burst(st.integers(0, len(drawn) - 1), drawn, self.use.operations)

    def _script(self, bursts: Sequence[Burst]) -> Script:
        steps: dict[str, list[Step]] = {}
        for burst in bursts:
            row = steps.setdefault(burst.entry.operation, [])
            if burst.before:
                row.append(Step(repeat=burst.before))
            row.append(replace(burst.entry.step, repeat=burst.repeat))
        replies = tuple(Replies(operation, tuple(row)) for operation, row in steps.items())
        healthy = self.use.trial.case.script
        bears = (
            len(bursts) == 1 and bursts[0].entry.bears and (bursts[0].repeat == 1 or bears_for_ever(bursts[0].entry))
        )
        says = "bears" if bears else ""
        return Script(healthy.provider, replies, healthy.profile, self.seed, says=says)


def case_of(script: Script) -> Case:
    """The case of a drawn script; what a client must bear is known from its only burst."""
    return Case("drawn", "a drawn script", replace(script, says=""), MUST_SUCCEED if script.says else MAY_SUCCEED)


def _answers(use: Use) -> list[Seen]:
    return list({seen.exchange.operation: seen for seen in use.trial.seen}.values())


@st.composite
def _burst(
    draw: st.DrawFn,
    turns: st.SearchStrategy[int],
    sources: Sequence[st.SearchStrategy[Entry]],
    usual: Mapping[str, int],
) -> Burst:
    """A trouble after no more healthy answers than the operation gives when all is well."""
    entry = draw(sources[draw(turns)])
    before = draw(_up_to(max(0, usual.get(entry.operation, 1) - 1)))
    return Burst(before, entry, draw(_REPEATS) if draw(_OFTEN) else 1)


@cache
def _up_to(most: int) -> st.SearchStrategy[int]:
    # Making a strategy takes Hypothesis longer than drawing from it.
    return st.integers(0, most)


def _cuts(answers: Sequence[Seen]) -> Iterator[Entry]:
    """Cuts within a character, between the two ends of a line, after `data:`, and anywhere."""
    for seen in answers:
        for at in interesting(seen.exchange.response_body):
            for end in ("reset", "close"):
                yield Entry("cut", seen.exchange.operation, Step(cut=at, end=end), False)


def interesting(body: bytes) -> list[int]:
    """Places in a body where a cut tells something, a few of each kind."""
    places = {1, len(body) // 2, max(1, len(body) - 1)}
    for mark in (b"data:", b"\n\n", b"}", b",", b": "):
        first, last = body.find(mark), body.rfind(mark)
        places |= {at + len(mark) for at in (first, last) if at >= 0}
    places |= set([at + 1 for at, byte in enumerate(body[:65_536]) if byte >= 0xC0][:2])
    return sorted(at for at in places if 0 < at < len(body))


def _bodies(answers: Sequence[Seen]) -> Iterator[Entry]:
    """Answers with one member odd, or missing."""
    for seen in answers:
        for place in _places_in(seen):
            for edit in ({"at": place}, *({"at": place, "to": value} for value in _ODD)):
                yield Entry("members", seen.exchange.operation, Step(edits=(edit,)), False)


def _places_in(seen: Seen) -> Iterator[str]:
    if seen.exchange.media_type != "application/json" or is_stream(seen) or seen.exchange.operation == RESULT:
        return
    try:
        body = json.loads(seen.exchange.response_body)
    except ValueError:
        return
    yield from _places(body, "")


def _places(value: Any, at: str) -> Iterator[str]:
    if at:
        yield at
    children: Mapping[Any, Any] = (
        value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    )
    for name, child in children.items():
        yield from _places(child, f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}")
