"""An examination: a client is put through every scenario that concerns it, several at a time, and judged."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from understudy.contracts.client.judgements import JUDGEMENTS, confirmed, is_doubtful, judge
from understudy.contracts.client.scenarios import HEALTHY, cases
from understudy.contracts.client.script import Script
from understudy.contracts.client.stages import STAGES, Act
from understudy.contracts.client.theatre import Client, Theatre
from understudy.contracts.client.trial import Case, Trial
from understudy.contracts.client.use import Use, unfit
from understudy.contracts.finding import Finding

# A client is given so many seconds for one wish, however fast it is; and so many times what it takes when all is well.
LEAST_PATIENCE = 25.0
TIMES = 6.0
# Tasks that are there already for a client that only lists them.
STOCK = 3

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in one trial."""

    trial: Trial
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Examination:
    """All trials of a client. `unfit`: why it could not be judged, '' when it could; `unreached`: why not by a scenario."""

    use: Use | None = None
    unfit: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    unreached: dict[str, str] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """All findings: what is the same in several trials once, by the shortest script; the gravest first."""
        found: dict[tuple[str, ...], tuple[tuple[bool, int, int], Finding]] = {}
        for verdict in self.verdicts:
            for finding in verdict.findings:
                size = (finding.severity == "warning", verdict.trial.case.script.size, len(verdict.trial.seen))
                key = _sameness(finding)
                if key not in found or size < found[key][0]:
                    found[key] = (size, finding)
        return sorted((finding for _, finding in found.values()), key=lambda finding: finding.severity)


def _sameness(finding: Finding) -> tuple[str, ...]:
    """What makes findings of several trials one: the check alone where it holds whatever is played."""
    if JUDGEMENTS[finding.check].everywhere:
        return (finding.check,)
    return (finding.check, finding.operation, finding.clause.partition("/")[0])


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how many: seconds for a trial at most, trials at once."""

    patience: float = 50.0
    workers: int = 8


@dataclass(frozen=True, slots=True)
class Cast:
    """A client to be examined: `play` runs one wish; `vary` gives the client for another wish, None where that cannot be.

    `calm` runs one without hurry, where `play` hurries.
    """

    play: Callable[[float], Client]
    vary: Callable[[Trial], "Cast | None"] = lambda trial: None
    calm: Callable[[float], Client] | None = None

    def again(self, trial: Trial, patience: float) -> Client:
        """The client for another look at a trial: without hurry where the hurry itself may be to blame."""
        return (self.calm if self.calm and trial.word.is_hasty else self.play)(patience)


async def examine(
    theatre: Theatre, cast: Cast, script: Script, bounds: Bounds, progress: Progress, only: Sequence[str] = ()
) -> Examination:
    """Put a client through all scenarios, or those of `only`; `script` names provider, profile and seed."""
    done = await rehearse(theatre, cast, script, bounds)
    use = done.use
    if use is None:
        return done
    chosen = [case for case in cases(use, script.seed) if not only or case.scenario.partition("/")[0] in only]
    patience = patience_for(use, bounds)
    plays = _Plays(theatre, cast, use, bounds, patience, progress)
    # What only shows after long waiting begins first.
    await plays.all(sorted(chosen, key=lambda case: not case.scenario.startswith(_LONG)))
    for name, stage in STAGES.items():
        if not only or name in only:
            earlier = [verdict.trial for verdict in plays.verdicts]
            reason = await plays.staged(Act(stage(use, script.seed, earlier), use))
            if reason:
                done.unreached[name] = reason
    done.verdicts += plays.verdicts
    return done


def patience_for(use: Use, bounds: Bounds) -> float:
    """How long to wait for a client that takes so long when all is well, in seconds."""
    return min(bounds.patience, max(LEAST_PATIENCE, TIMES * use.trial.word.seconds + 10))


async def rehearse(theatre: Theatre, cast: Cast, script: Script, bounds: Bounds) -> Examination:
    """The healthy runs: two of them, for two wishes where that can be."""
    done = Examination()
    healthy = await theatre.run(Case(HEALTHY, "all is well", script), cast.play(bounds.patience))
    reason = unfit(healthy)
    if not reason and healthy.of("task.list") and not healthy.made:
        # Who only looks shall have something to see.
        script = replace(script, stock=STOCK)
        healthy = await theatre.run(Case(HEALTHY, "all is well", script), cast.play(bounds.patience))
        reason = unfit(healthy)
    done.verdicts.append(Verdict(healthy, tuple(judge(healthy, Use(healthy)))))
    if reason:
        done.unfit = reason
        return done
    another = cast.vary(healthy)
    again = await theatre.run(Case(HEALTHY, "all is well", script), (another or cast).play(bounds.patience))
    use = done.use = Use(healthy, again)
    done.verdicts[0] = Verdict(healthy, tuple(judge(healthy, use)))
    return done


_LONG = (
    "create-silent",
    "task-stuck",
    "state-unknown-for-ever",
    "success-without-link",
    "poll-fails-often",
    "stream-held",
)


async def replay(theatre: Theatre, cast: Cast, case: Case, bounds: Bounds) -> Examination:
    """Play one case once more, after a healthy run to compare it with."""
    done = Examination()
    plain = replace(case.script, replies=(), callbacks=(), tls="")
    healthy = await theatre.run(Case(HEALTHY, "all is well", plain), cast.play(bounds.patience))
    done.unfit = unfit(healthy)
    if not done.unfit:
        done.use = Use(healthy, healthy)
        trial = await theatre.run(case, cast.play(bounds.patience))
        done.verdicts.append(Verdict(trial, tuple(judge(trial, done.use))))
    return done


class _Plays:
    """Trials under way, so many at once."""

    def __init__(
        self, theatre: Theatre, cast: Cast, use: Use, bounds: Bounds, patience: float, progress: Progress
    ) -> None:
        self._theatre, self._cast, self._use = theatre, cast, use
        self._places = asyncio.Semaphore(bounds.workers)
        self._patience, self._progress = patience, progress
        self._done = self._planned = 0
        self.verdicts: list[Verdict] = []

    async def all(self, chosen: Sequence[Case]) -> None:
        """Play these cases, and judge what was seen."""
        await self._count(await self._play(chosen), self._use)

    async def staged(self, act: Act) -> str:
        """Play a scenario that depends on what was seen of it before; why it does not concern the client, or ''."""
        while act.cases:
            await self._count(*act.take(await self._play(act.cases)))
        return act.reason

    async def _count(self, trials: Sequence[Trial], use: Use) -> None:
        self.verdicts += await asyncio.gather(*(self._judged(trial, use) for trial in trials))

    async def _judged(self, trial: Trial, use: Use) -> Verdict:
        """What is held against the client; what only a slow machine, or our hurry, may have caused has to show twice."""
        findings = judge(trial, use)
        if is_doubtful(findings):
            self._planned += 1
            again = await self._one(trial.case, self._cast.again(trial, self._patience))
            findings = confirmed(findings, judge(again, use))
        return Verdict(trial, tuple(findings))

    async def _play(self, chosen: Sequence[Case]) -> list[Trial]:
        self._planned += len(chosen)
        return await asyncio.gather(*(self._one(case, self._cast.play(self._patience)) for case in chosen))

    async def _one(self, case: Case, client: Client) -> Trial:
        async with self._places:
            trial = await self._theatre.run(case, client)
        self._done += 1
        self._progress(self._done, self._planned, case.scenario)
        return trial
