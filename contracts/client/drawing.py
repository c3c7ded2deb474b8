"""Whole reply scripts, drawn by Hypothesis: bursts of trouble among healthy answers, odd bodies, cuts at interesting bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import groupby
from operator import attrgetter

from hypothesis import strategies as st

from understudy.contracts.client.bodies import Row, rows
from understudy.contracts.client.catalogue import AT_ONCE, MOST_REPEATS, Entry, bears_for_ever, entries
from understudy.contracts.client.scenarios import MAY_SUCCEED, MUST_SUCCEED
from understudy.contracts.client.script import EVER, Replies, Script, Step
from understudy.contracts.client.trial import Case, Seen
from understudy.contracts.client.use import Use

# A script has so many bursts at the most: what takes more is rarely seen, and never told in a line.
MOST_BURSTS = 3
MOST_EDITS = 4
# How often a trouble comes one after another: once, some times, or for ever, which takes a client's whole patience.
_TURNS, _REPEATS = st.integers(0, 15), st.integers(1, MOST_REPEATS)
_SOME, _EVER = 10, 15
# How often each source is drawn from: most of what the scenarios know, for that goes deepest. What makes a client wait
# takes the time of a hundred others.
_WEIGHTS = {"known": 480, "cut": 120, "fine": 120, "broken": 120, "slow": 1}


@dataclass(frozen=True, slots=True)
class Burst:
    """So many healthy answers, then one trouble so many times."""

    before: int
    entry: Entry
    repeat: int


@dataclass(frozen=True)
class Drawing:
    """What scripts are drawn from for one client. `silence`: whether answers may fail to come: it gives up soon."""

    use: Use
    seed: int
    silence: bool = False

    def scripts(self) -> st.SearchStrategy[Script]:
        """Scripts of one to three bursts."""
        return st.lists(self.bursts(), min_size=1, max_size=MOST_BURSTS).map(self._script)

    def bursts(self) -> st.SearchStrategy[Burst]:
        """Bursts: mostly of what the scenarios know, else of bodies and cuts made up for this client."""
        sources = [source for name, source in self._sources.items() for _ in range(_WEIGHTS[name])]
        return _burst(st.integers(0, len(sources) - 1), sources, self.use.operations)

    @cached_property
    def _sources(self) -> dict[str, st.SearchStrategy[Entry]]:
        known = [entry for entry in entries(self.use, self.seed) if self.silence or not entry.step.silent]
        seen = [seen for seen in self.use.trial.seen if seen.exchange.operation]
        drawn = [row for each in _shapes_of(seen) for row in rows(each)]
        tables: dict[str, list[Entry]] = {
            "known": [entry for entry in known if not entry.is_slow],
            "slow": [entry for entry in known if entry.is_slow],
            "cut": list(_cuts(_shapes_of(seen))),
            "broken": [_edited([row]) for row in drawn if not row.is_fine],
        }
        made = {name: st.sampled_from(table) for name, table in tables.items() if table}
        fine = [row for row in drawn if row.is_fine]
        odd = [_fine(list(found)) for _, found in groupby(fine, key=attrgetter("operation"))]
        return {**made, "fine": st.one_of(odd)} if odd else made

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
        return replace(healthy, replies=replies, seed=self.seed, says=says)


def case_of(script: Script) -> Case:
    """The case of a drawn script; what a client must bear is known from its only burst."""
    return Case("drawn", "a drawn script", replace(script, says=""), MUST_SUCCEED if script.says else MAY_SUCCEED)


def _shapes_of(seen: Sequence[Seen]) -> list[Seen]:
    """The answers, the last of each operation in each state of a task."""
    return list({(each.exchange.operation, each.phases): each for each in seen}.values())


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
    turn = 0 if entry.is_slow else draw(_TURNS)
    if turn >= _EVER and entry.step.retry_after != AT_ONCE:
        return Burst(before, entry, EVER)
    return Burst(before, entry, 1 if turn < _SOME else draw(_REPEATS))


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


def _fine(table: Sequence[Row]) -> st.SearchStrategy[Entry]:
    """Answers of one operation that the schema takes, odd in some places."""
    return st.lists(st.sampled_from(table), min_size=1, max_size=MOST_EDITS).map(_edited)


def _edited(found: Sequence[Row]) -> Entry:
    edits = tuple(edit for row in found for edit in row.edits)
    return Entry("members", found[0].operation, Step(edits=edits), False)
