"""An examination: a client is put through every scenario that concerns it, several at a time, and judged."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from understudy.contracts.client.judgements import JUDGEMENTS, judge
from understudy.contracts.client.scenarios import HEALTHY, MAY_SUCCEED, SCENARIOS, WHOLE, case_of, cases, lists, secure
from understudy.contracts.client.scenarios.polling import race_at
from understudy.contracts.client.script import GOOD, Script
from understudy.contracts.client.theatre import Client, Theatre
from understudy.contracts.client.trial import Case, Trial
from understudy.contracts.client.use import Use
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
    """A client to be examined: `play` runs one wish; `vary` gives the client for another wish, None where that cannot be."""

    play: Callable[[float], Client]
    vary: Callable[[Trial], "Cast | None"] = lambda trial: None


async def examine(
    theatre: Theatre, cast: Cast, script: Script, bounds: Bounds, progress: Progress, only: Sequence[str] = ()
) -> Examination:
    """Put a client through all scenarios, or those of `only`; `script` names provider, profile and seed."""
    done = await rehearse(theatre, cast, script, bounds)
    use = done.use
    if use is None:
        return done
    chosen = [case for case in cases(use, script.seed) if not only or case.scenario.partition("/")[0] in only]
    patience = min(bounds.patience, max(LEAST_PATIENCE, TIMES * use.trial.word.seconds + 10))
    plays = _Plays(theatre, cast, use, bounds, patience, progress)
    # What only shows after long waiting begins first.
    await plays.all(sorted(chosen, key=lambda case: not case.scenario.startswith(_LONG)))
    for name, act in _STAGED.items():
        if not only or name in only:
            reason = await act(plays, use, script)
            if reason:
                done.unreached[name] = reason
    done.verdicts += plays.verdicts
    return done


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
    plain = replace(case.script, replies=(), callbacks=())
    healthy = await theatre.run(Case(HEALTHY, "all is well", plain), cast.play(bounds.patience))
    done.unfit = unfit(healthy)
    if not done.unfit:
        done.use = Use(healthy, healthy)
        trial = await theatre.run(case, cast.play(bounds.patience))
        done.verdicts.append(Verdict(trial, tuple(judge(trial, done.use))))
    return done


def unfit(healthy: Trial) -> str:
    """Why a client cannot be judged by its healthy run; '' when it can."""
    if healthy.word.ending != "exited":
        return f"it did not end by itself though all was well: {healthy.word.ending} after {healthy.word.seconds:.0f} s"
    if not healthy.seen:
        return "it asked nothing at all of the address in BASE_URL: tell it with --env NAME={base_url}"
    if not healthy.word.exits_well:
        last = (healthy.word.err.strip() or healthy.word.out.strip()).splitlines()[-1:]
        return f"it failed though all was well: exit code {healthy.word.code}; {' '.join(last)[:300]}"
    return ""


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
        """Play these cases."""
        self.verdicts += await self.apart(chosen)

    async def apart(self, chosen: Sequence[Case]) -> list[Verdict]:
        """Play these cases; whether they count is for the caller to say."""
        self._planned += len(chosen)
        return await asyncio.gather(*(self._one(case) for case in chosen))

    @property
    def has_tls(self) -> bool:
        """Whether cases can be played over https."""
        return self._theatre.has_tls

    def compare(self, use: Use) -> None:
        """Judge what follows by another healthy run."""
        self._use = use

    async def _one(self, case: Case) -> Verdict:
        async with self._places:
            trial = await self._theatre.run(case, self._cast.play(self._patience))
        findings = tuple(judge(trial, self._use))
        self._done += 1
        self._progress(self._done, self._planned, case.scenario)
        return Verdict(trial, findings)


async def _race(plays: _Plays, use: Use, script: Script) -> str:
    """The race between the last poll and the client's deadline, where the client has one that was seen."""
    for verdict in plays.verdicts:
        trial = verdict.trial
        polls = trial.of("task.get")
        if trial.case.scenario.startswith("task-stuck") and trial.word.ending == "exited" and len(polls) > 2:
            gaps = [b.exchange.started - a.exchange.started for a, b in itertools.pairwise(polls)]
            await plays.all(list(_race_cases(use, script, len(polls), sorted(gaps)[len(gaps) // 2])))
            return ""
    return "the client polls nothing" if not use.polls else "no deadline of the client's was seen"


def _race_cases(use: Use, script: Script, polls: int, interval: float) -> Iterator[Case]:
    scenario = SCENARIOS["deadline-race"]
    for name, raced in race_at(use, polls, interval):
        yield case_of(scenario, name, raced, use, script.seed, MAY_SUCCEED)


async def _read_pages(plays: _Plays, use: Use, script: Script) -> str:
    """Two pages first: only of a client that reads the second one is anything demanded. Why nothing is, or ''."""
    scenario = SCENARIOS["pages"]
    calm = [case_of(scenario, name, each, use, script.seed, WHOLE) for name, each in lists.calm(use)]
    if not calm:
        return "the client reads no list" if not use.lists else "it asks for pages that are too big to be filled here"
    verdict = (await plays.apart(calm))[0]
    trial = verdict.trial
    if len(trial.of("task.list")) < 2 or not use.succeeds(trial):
        return f"it reads the first page only, of a list of {len(trial.stock)} tasks"
    plays.compare(replace(use, listing=trial))
    plays.verdicts.append(Verdict(trial, tuple(judge(trial, use))))
    await plays.all(
        [
            case_of(scenario, name, each, use, script.seed, WHOLE if borne else MAY_SUCCEED)
            for name, borne, each in lists.pages(use)
        ]
    )
    return ""


async def _prove(plays: _Plays, use: Use, script: Script) -> str:
    """A good certificate first: of a client that cannot do https nothing is demanded. Why nothing is, or ''."""
    if not plays.has_tls:
        return "no certificates could be made here"
    scenario = SCENARIOS["tls"]
    verdict = (await plays.apart([case_of(scenario, GOOD, secure.good(), use, script.seed, MAY_SUCCEED)]))[0]
    reason = unfit(verdict.trial)
    if reason:
        return f"over https, with a certificate that is good by the file in SSL_CERT_FILE, it does not work: {reason}"
    plays.verdicts.append(verdict)
    await plays.all([case_of(scenario, name, each, use, script.seed, MAY_SUCCEED) for name, each in secure.bad(use)])
    return ""


# What is only known to concern a client when it was tried, by the scenario's name; gives why it does not, or ''.
_STAGED = {"deadline-race": _race, "pages": _read_pages, "tls": _prove}
