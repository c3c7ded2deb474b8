"""Whole reply scripts, drawn by Hypothesis: bursts of trouble among healthy answers, odd bodies, cuts at interesting bytes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
        # Most of what is drawn is what the scenarios know: it goes deepest.
        sources = [st.sampled_from(known)] * 4 if known else []
        answers = [seen for seen in _answers(self.use) if seen.exchange.operation]
        if answers:
            sources += [_cuts(answers), _bodies(answers)]
        return st.one_of(*sources).flatmap(self._burst)

    def _burst(self, entry: Entry) -> st.SearchStrategy[Burst]:
        """A trouble after no more healthy answers than the operation gives when all is well."""
        usual = self.use.operations.get(entry.operation, 1)
        repeats = st.one_of(st.just(1), st.integers(1, MOST_REPEATS))
        return st.builds(Burst, st.integers(0, max(0, usual - 1)), st.just(entry), repeats)

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


def _cuts(answers: Sequence[Seen]) -> st.SearchStrategy[Entry]:
    """Cuts within a character, between the two ends of a line, after `data:`, and anywhere."""
    rows = [(seen, at) for seen in answers for at in interesting(seen.exchange.response_body)]
    ends = st.sampled_from(("reset", "close"))
    return st.builds(
        lambda row, end: Entry("cut", row[0].exchange.operation, Step(cut=row[1], end=end), False),
        st.sampled_from(rows or [(answers[0], 1)]),
        ends,
    )


def interesting(body: bytes) -> list[int]:
    """Places in a body where a cut tells something, a few of each kind."""
    places = {1, len(body) // 2, max(1, len(body) - 1)}
    for mark in (b"data:", b"\n\n", b"}", b",", b": "):
        first, last = body.find(mark), body.rfind(mark)
        places |= {at + len(mark) for at in (first, last) if at >= 0}
    places |= set([at + 1 for at, byte in enumerate(body[:65_536]) if byte >= 0xC0][:2])
    return sorted(at for at in places if 0 < at < len(body))


def _bodies(answers: Sequence[Seen]) -> st.SearchStrategy[Entry]:
    """Answers with some members odd: taken from what the schema allows first, then from what it does not."""
    rows = [(seen, place, value) for seen in answers for place, value in _leaves_of(seen)]
    if not rows:
        return st.nothing()
    one = st.builds(_odd_entry, st.sampled_from(rows), st.sampled_from(_ODD))
    return st.one_of(one, st.builds(_removed, st.sampled_from(rows)))


def _odd_entry(row: tuple[Seen, str, Any], value: Any) -> Entry:
    return Entry("members", row[0].exchange.operation, Step(edits=({"at": row[1], "to": value},)), False)


def _removed(row: tuple[Seen, str, Any]) -> Entry:
    return Entry("members", row[0].exchange.operation, Step(edits=({"at": row[1]},)), False)


def _leaves_of(seen: Seen) -> Iterator[tuple[str, Any]]:
    if seen.exchange.media_type != "application/json" or is_stream(seen) or seen.exchange.operation == RESULT:
        return
    try:
        body = json.loads(seen.exchange.response_body)
    except ValueError:
        return
    yield from _places(body, "")


def _places(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if at:
        yield at, value
    children: Mapping[Any, Any] = (
        value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    )
    for name, child in children.items():
        yield from _places(child, f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}")
