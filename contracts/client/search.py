"""The search: Hypothesis draws scripts, a client is played to, the first judgement that trips ends the run, the script is shrunk."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from understudy.contracts.client.catalogue import entries, is_silent, singles
from understudy.contracts.client.coverage import Coverage, coverage_of
from understudy.contracts.client.drawing import Drawing, case_of
from understudy.contracts.client.judgements import EARLY, confirmed, is_doubtful, judge
from understudy.contracts.client.script import HEALTHY, Script
from understudy.contracts.client.stages import STAGES, Act
from understudy.contracts.client.theatre import Watch
from understudy.contracts.client.trial import Case, Seen, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.client.word import Word
from understudy.contracts.finding import Finding

# Plays one case to the client and gives what was seen; the last is what was seen of it before, where it is looked at again.
Player = Callable[[Case, Watch, Trial | None], Trial]


@dataclass(frozen=True, slots=True)
class Budget:
    """How long and how many: seconds and examples for the whole search; `database` keeps what was found, None nothing.

    `known_first`: each known trouble alone is played before anything is drawn.
    """

    seconds: float
    examples: int
    seed: int
    database: Path | None = None
    known_first: bool = True


@dataclass(frozen=True, slots=True)
class Catch:
    """What tripped a client: the finding and the trial of its shortest script."""

    finding: Finding
    trial: Trial
    seconds: float
    examples: int


@dataclass(slots=True)
class Search:
    """A search under way, and what it found. `told` is called after each example.

    `known`: checks and severities of what need not be found any more.
    """

    use: Use
    player: Player
    budget: Budget
    told: Callable[["Search"], None] = lambda search: None
    known: frozenset[tuple[str, str]] = frozenset()
    caught: list[Catch] = field(default_factory=list)
    examples: int = 0
    coverage: Coverage = field(init=False)
    _began: float = field(init=False, default=0.0)
    _target: str = field(init=False, default="")
    _best: Catch | None = field(init=False, default=None)
    _silence: float = field(init=False, default=0.0)
    _excused: set[tuple[str, str]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.coverage = coverage_of(self.use, [entry.name for entry in entries(self.use, self.budget.seed)])

    @property
    def elapsed(self) -> float:
        """Seconds since the search began."""
        return time.monotonic() - self._began

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return self.elapsed >= self.budget.seconds or self.examples >= self.budget.examples

    def run(self) -> list[Catch]:
        """Search until the budget is used up; each judgement is caught once, by its shortest script."""
        self._began = time.monotonic()
        self._begin_with(singles(self.use, self.budget.seed) if self.budget.known_first else [])
        turn = 0
        scripts = Drawing(self.use, self.budget.seed, self._silence < SOON).scripts()
        while not self.is_over:
            self._target, self._best = "", None
            self._search(self.budget.seed + turn, scripts)
            turn += 1
            self._keep(self._best)
        return self.caught

    def _begin_with(self, chosen: Sequence[Case]) -> None:
        """Each known trouble alone, before anything is drawn: most of what is wrong with a client shows there."""
        trials: list[Trial] = []
        for case in chosen:
            if self.is_over:
                return
            trials.append(self._play(case))
            self._hold(trials[-1:], self.use)
        self._silence = max((trial.word.seconds for trial in trials if is_silent(trial.case.script)), default=0.0)
        for stage in STAGES.values() if trials else ():
            self._staged(Act(stage(self.use, self.budget.seed, trials), self.use))

    def _staged(self, act: Act) -> None:
        """What depends on what was seen of it before."""
        while act.cases and not self.is_over:
            self._hold(*act.take([self._play(case) for case in act.cases]))

    def _hold(self, trials: Sequence[Trial], use: Use) -> None:
        """Keep what is new of what these trials hold against the client; they are as short as can be."""
        for trial in trials:
            for finding in self._new_in(trial, use):
                self._keep(Catch(finding, trial, self.elapsed, self.examples))

    def _keep(self, catch: Catch | None) -> None:
        """Keep what was caught, if anything; a failure says all that a warning of the same judgement said."""
        if catch is None:
            return
        self.caught = [each for each in self.caught if each.finding.check != catch.finding.check]
        self.caught.append(catch)

    def _search(self, number: int, scripts: SearchStrategy[Script]) -> None:
        """One search of Hypothesis: it ends with the first thing that is new, shrunk, or when the budget does."""
        database = DirectoryBasedExampleDatabase(self.budget.database) if self.budget.database else None
        wanted = settings(
            max_examples=max(1, self.budget.examples - self.examples),
            deadline=None,
            database=database,
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
            report_multiple_bugs=False,
        )

        @seed(number)
        @wanted
        @given(scripts)
        def attempt(script: Script) -> None:
            self._attempt(script)

        try:
            attempt()
        except (Tripped, OutOfTime, Flaky, Unsatisfiable):
            # What tripped is kept as it was played; a client that does not do the same twice is no reason to lose it.
            return

    def _attempt(self, script: Script) -> None:
        if self._is_late():
            raise OutOfTime
        self._judge(self._play(case_of(script)))

    def _play(self, case: Case, before: Trial | None = None) -> Trial:
        trial = self.player(case, self._watch(case), before)
        self.examples += 1
        self.coverage.add(trial.seen)
        self.told(self)
        return trial

    def _judge(self, trial: Trial) -> None:
        """Raises Tripped when something new is held against the client."""
        # Of what is drawn only failures are worth the search: odd as it is, it gives much to warn of.
        found = [finding for finding in self._new_in(trial, self.use) if finding.severity == "failure"]
        if not found:
            return
        chosen = next((finding for finding in found if finding.check == self._target), found[0])
        if self._target and chosen.check != self._target:
            return
        self._target = chosen.check
        catch = Catch(chosen, trial, self.elapsed, self.examples)
        if self._best is None or _size(trial.case.script) <= _size(self._best.trial.case.script):
            self._best = catch
        raise Tripped(chosen.check)

    def _new_in(self, trial: Trial, use: Use) -> list[Finding]:
        """What is new of what a trial holds against the client; what only a slow machine, or our hurry, may have caused has to
        show twice."""
        found = [
            finding for finding in judge(trial, use) if self._is_new(finding) and not self._is_excused(finding, trial)
        ]
        if not is_doubtful(found):
            return found
        counts = confirmed(found, judge(self._play(trial.case, trial), use))
        if trial.word.is_hasty:
            # Without hurry it ends; to see that each time would take the time of many others.
            self._excused |= {(each.check, each.operation) for each in found if each not in counts}
        return counts

    def _is_excused(self, finding: Finding, trial: Trial) -> bool:
        return trial.word.is_hasty and (finding.check, finding.operation) in self._excused

    def _is_late(self) -> bool:
        # What was caught may be shrunk a little longer than the search lasts.
        return self.elapsed > self.budget.seconds + (SHRINKING if self._target else 0.0)

    def _is_new(self, finding: Finding) -> bool:
        return self._held.isdisjoint({(finding.check, "failure"), (finding.check, finding.severity)})

    def _watch(self, case: Case) -> Watch:
        """Looks at what was asked so far: a run that has tripped already need not go on."""

        held = self._held

        def watch(seen: Sequence[Seen]) -> str:
            # As long as all is well the client does what it did in the healthy run.
            if len(seen) < 2 or all(each.step is HEALTHY or each.step.is_healthy for each in seen[:-1]):
                return ""
            trial = Trial(case, self.use.trial.contract, self.use.trial.key, tuple(seen), Word("tripped"))
            for judgement in EARLY:
                wanted = self._target in ("", judgement.id) and (judgement.id, "failure") not in held
                if wanted and not all(evidence.assumed for evidence in judgement.judge(trial, self.use)):
                    return judgement.id
            return ""

        return watch

    @property
    def _held(self) -> frozenset[tuple[str, str]]:
        """Checks and severities of what is held against the client already."""
        return self.known | {(catch.finding.check, catch.finding.severity) for catch in self.caught}


# A client that gives up so soon, in seconds, may be met with silence often.
SOON = 3.0
# Seconds for shrinking what was caught when the time was up.
SHRINKING = 20.0


class Tripped(Exception):
    """A client has tripped; by which judgement."""


class OutOfTime(Exception):
    """The budget is used up."""


def _size(script: Script) -> tuple[int, int]:
    steps = [step for replies in script.replies for step in replies.steps]
    return script.size, sum(step.repeat for step in steps)
