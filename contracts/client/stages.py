"""Scenarios in stages: what is only known to concern a client when it was tried; pure, whoever plays them.

A stage is a generator: it yields a healthy run to compare with and cases, is sent their trials, and returns why the scenario does
not concern the client, or ''. When it does not, the trials that were sent last do not count.
"""

import itertools
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace

from understudy.contracts.client.scenarios import MAY_SUCCEED, SCENARIOS, WHOLE, case_of, lists, secure
from understudy.contracts.client.scenarios.polling import race_at
from understudy.contracts.client.script import GOOD
from understudy.contracts.client.trial import Case, Trial
from understudy.contracts.client.use import Use, unfit

Stage = Generator[tuple[Use, list[Case]], list[Trial], str]


def _race(use: Use, seed: int, earlier: Sequence[Trial]) -> Stage:
    """The race between the last poll and the client's deadline, where the client has one that was seen."""
    for trial in earlier:
        polls = trial.of("task.get")
        if trial.case.scenario.startswith("task-stuck") and trial.word.ending == "exited" and len(polls) > 2:
            gaps = [b.exchange.started - a.exchange.started for a, b in itertools.pairwise(polls)]
            found = race_at(use, len(polls), sorted(gaps)[len(gaps) // 2])
            yield (
                use,
                [case_of(SCENARIOS["deadline-race"], name, each, use, seed, MAY_SUCCEED) for name, each in found],
            )
            return ""
    return "no deadline of the client's was seen" if use.polls else "the client polls nothing"


def _read_pages(use: Use, seed: int, earlier: Sequence[Trial]) -> Stage:
    """Two pages first: only of a client that reads the second one is anything demanded."""
    scenario = SCENARIOS["pages"]
    calm = [case_of(scenario, name, each, use, seed, WHOLE) for name, each in lists.calm(use)]
    if not calm:
        return "it asks for pages that are too big to be filled here" if use.lists else "the client reads no list"
    trial = (yield use, calm)[0]
    if len(trial.of("task.list")) < 2 or not use.succeeds(trial):
        return f"it reads the first page only, of a list of {len(trial.stock)} tasks"
    cases = [
        case_of(scenario, name, each, use, seed, WHOLE if borne else MAY_SUCCEED)
        for name, borne, each in lists.pages(use)
    ]
    yield replace(use, listing=trial), cases
    return ""


def _prove(use: Use, seed: int, earlier: Sequence[Trial]) -> Stage:
    """A good certificate first: of a client that cannot do https nothing is demanded."""
    scenario = SCENARIOS["tls"]
    trial = (yield use, [case_of(scenario, GOOD, secure.good(), use, seed, MAY_SUCCEED)])[0]
    reason = unfit(trial)
    if reason:
        return f"over https, with a certificate that is good by the file in SSL_CERT_FILE, it does not work: {reason}"
    yield use, [case_of(scenario, name, each, use, seed, MAY_SUCCEED) for name, each in secure.bad(use)]
    return ""


class Act:
    """A stage under way: `cases` are to be played next, none when it is over; `reason`: why it does not concern the client, or ''."""

    def __init__(self, stage: Stage, use: Use) -> None:
        self._stage, self._use = stage, use
        self.cases: list[Case] = []
        self.reason = ""
        self._go_on(None)

    def take(self, trials: list[Trial]) -> tuple[list[Trial], Use]:
        """Go on with what was played: those trials that count, and the healthy run to judge them by."""
        use = self._use
        self._go_on(trials)
        return ([] if self.reason else trials), use

    def _go_on(self, trials: list[Trial] | None) -> None:
        try:
            self._use, self.cases = next(self._stage) if trials is None else self._stage.send(trials)
        except StopIteration as ended:
            self.cases, self.reason = [], ended.value


# By the scenario's name; from the healthy run, the seed and the trials there were.
STAGES: Mapping[str, Callable[[Use, int, Sequence[Trial]], Stage]] = {
    "deadline-race": _race,
    "pages": _read_pages,
    "tls": _prove,
}
