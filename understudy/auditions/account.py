"""What is told of an examination: the scorecard of the classes, and for each finding the script in words."""

from collections.abc import Iterator
from dataclasses import replace

from understudy.contracts.clauses import Verdict
from understudy.contracts.clauses.clause import Clause
from understudy.contracts.client.classes import GENERAL, name_of
from understudy.contracts.client.examine import Examination
from understudy.contracts.client.judgements import JUDGEMENTS
from understudy.contracts.client.scenarios import HEALTHY, SCENARIOS
from understudy.contracts.client.telling import tell, tell_trial
from understudy.contracts.client.trial import Trial
from understudy.contracts.finding import Finding
from understudy.contracts.history import History
from understudy.contracts.report import Subject
from understudy.specs.model import Provider

_UNUSED = "the client uses nothing that this is about"


def subject_of(done: Examination, provider: Provider, client: str, key: str, seed: int) -> Subject:
    """The examination as the reports show it: a clause for each scenario, in the family of its class."""
    findings = tuple(_told(finding, done) for finding in done.findings)
    return Subject(
        title=f"{client} as a client of {provider.title}",
        provider=provider.slug,
        target=client,
        findings=findings,
        verdicts=tuple(_verdicts(done, findings)),
        exchanges=tuple(dict.fromkeys(exchange for finding in findings for exchange in finding.exchanges)),
        secrets=frozenset({key} if key else ()),
        seed=seed,
        notes=(done.unfit,) if done.unfit else (),
    )


def trial_of(finding: Finding, done: Examination) -> Trial | None:
    """The trial that a finding comes from."""
    return next((v.trial for v in done.verdicts if finding in v.findings), None)


def _told(finding: Finding, done: Examination) -> Finding:
    trial = trial_of(finding, done)
    told = (
        f"{finding.message} (provider: {tell(trial.case.script)}; client: {tell_trial(trial)})"
        if trial
        else finding.message
    )
    return replace(finding, message=told, clause=_clause_id(finding.clause.partition("/")[0]))


def _verdicts(done: Examination, findings: tuple[Finding, ...]) -> Iterator[Verdict]:
    played = {verdict.trial.case.scenario.partition("/")[0] for verdict in done.verdicts}
    for name, title in ((HEALTHY, "all is well"), *((s.id, s.title) for s in SCENARIOS.values())):
        clause = Clause(_clause_id(name), title, _reached)
        found = [finding for finding in findings if finding.clause == clause.id]
        if any(finding.severity == "failure" for finding in found):
            yield Verdict(clause, "failed", found[0].message)
        elif found:
            yield Verdict(clause, "warned", found[0].message)
        elif name in played:
            yield Verdict(clause, "passed")
        else:
            yield Verdict(clause, "not checked", done.unfit or done.unreached.get(name, _UNUSED))


def _clause_id(scenario: str) -> str:
    family = name_of(SCENARIOS[scenario].classes) if scenario in SCENARIOS else GENERAL
    return f"{family}/{scenario}"


def _reached(history: History) -> bool:
    return True


def classes_of(finding: Finding, scenario: str) -> tuple[str, ...]:
    """The classes of bugs that a finding is of."""
    own = JUDGEMENTS[finding.check].classes
    of_scenario = SCENARIOS[scenario].classes if scenario in SCENARIOS else ()
    return tuple(name for name in of_scenario if name in own) or own[:1] or of_scenario[:1]
