"""The judgements on a client: pure functions from a trial to evidence, in one table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from understudy.contracts.client.judgements import asking, calls, honesty, lists, manners, money, secrets, uploads
from understudy.contracts.client.trial import Trial
from understudy.contracts.client.use import Use
from understudy.contracts.finding import Evidence, Finding

Judge = Callable[[Trial, Use], Iterator[Evidence]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judgement. `early`: what it holds against the first exchanges it holds against all, so that a run can end.

    `everywhere`: it is one mistake in whatever scenario it shows. `wavers`: a machine that is slow, or a driver
    told to hurry, may be to blame, so that it only counts when it shows twice.
    """

    id: str
    title: str
    classes: tuple[str, ...]
    judge: Judge
    early: bool = False
    everywhere: bool = False
    wavers: bool = False


_ALL = (
    Judgement("requests-valid", "Requests are what the spec takes", (), asking.requests_valid),
    Judgement("key-in-query", "The key stands in no address", ("C23",), secrets.in_query, early=True, everywhere=True),
    Judgement(
        "key-elsewhere",
        "The key is sent to the provider alone",
        ("C23",),
        secrets.elsewhere,
        early=True,
        everywhere=True,
    ),
    Judgement("key-in-output", "The key is not printed", ("C23",), secrets.in_output, everywhere=True),
    Judgement("certificate-checked", "The provider has to prove who it is", ("C23",), secrets.who_it_is),
    Judgement("paid-once", "One wish is paid for once", ("C6", "C19", "C20"), money.paid_once, early=True),
    Judgement("idempotency-key-kept", "All attempts at a create have one key", ("C7",), money.key_kept, early=True),
    Judgement("idempotency-key-fresh", "Each wish has a key of its own", ("C7",), money.key_fresh),
    Judgement("refusals-final", "What cannot succeed is not sent again", ("C9",), manners.refusals_final, early=True),
    Judgement("retry-after-kept", "Retry-After is kept", ("C8",), manners.retry_after_kept, early=True),
    Judgement(
        "polling-advice-kept", "Polls are as far apart as is advised", ("C8",), manners.advice_kept, everywhere=True
    ),
    Judgement("stops-at-end", "Nobody asks for a task that has ended", ("C2",), manners.stops_at_end, early=True),
    Judgement("knows-an-end", "Waiting has an end", ("C1", "C5"), manners.knows_an_end, wavers=True),
    Judgement("does-not-hang", "A client comes to an end", ("C1", "C14"), manners.does_not_hang, wavers=True),
    Judgement("ends-with-stream", "The last event ends a stream", ("C14",), manners.ends_with_stream),
    Judgement(
        "no-false-success",
        "Success is only reported where there is one",
        ("C3", "C4", "C5", "C10", "C11", "C12", "C22", "C23"),
        honesty.no_false_success,
    ),
    Judgement(
        "no-false-failure",
        "What a client has to bear is borne",
        ("C13", "C15", "C17", "C18", "C20"),
        honesty.no_false_failure,
        wavers=True,
    ),
    Judgement("upload-checked", "What a task is made of was uploaded", ("C10",), uploads.upload_checked),
    Judgement("list-whole", "A list is read to its end", ("C12",), lists.list_whole),
    Judgement("items-once", "An item of a list counts once", ("C12",), lists.items_once),
    Judgement("last-word-counts", "The last answer counts", ("C21",), honesty.last_word_counts, wavers=True),
    Judgement("forged-refused", "Only the provider's callbacks count", ("C22",), calls.forged_refused),
    Judgement("handled-once", "A callback counts once", ("C22",), calls.handled_once),
    Judgement("text-whole", "The text is shown as it was sent", ("C15", "C16"), honesty.text_whole),
    Judgement("no-crash", "No answer makes it crash", ("C13", "C17", "C18"), honesty.no_crash),
)
JUDGEMENTS: Mapping[str, Judgement] = {judgement.id: judgement for judgement in _ALL}
EARLY = tuple(judgement for judgement in _ALL if judgement.early)


def judge(trial: Trial, use: Use) -> list[Finding]:
    """All that is held against a client in one trial."""
    return [finding for judgement in _ALL for finding in _findings(judgement, trial, use)]


def is_doubtful(findings: Sequence[Finding]) -> bool:
    """Whether some of this only counts when it shows twice."""
    return any(finding.severity == "failure" and JUDGEMENTS[finding.check].wavers for finding in findings)


def confirmed(findings: Sequence[Finding], again: Sequence[Finding]) -> list[Finding]:
    """What counts of a trial that was played once more: where the second look shows less, no more than that."""
    shown = {finding.check: finding for finding in again}
    return [
        min(finding, shown[finding.check], key=_gravity) if JUDGEMENTS[finding.check].wavers else finding
        for finding in findings
        if not JUDGEMENTS[finding.check].wavers or finding.check in shown
    ]


def _gravity(finding: Finding) -> bool:
    return finding.severity == "failure"


def _findings(judgement: Judgement, trial: Trial, use: Use) -> Iterator[Finding]:
    for evidence in judgement.judge(trial, use):
        where = evidence.operation or (evidence.exchanges[0].operation if evidence.exchanges else "")
        yield Finding(
            judgement.id,
            judgement.title,
            "warning" if evidence.assumed else "failure",
            evidence.facts or _facts(trial, where),
            where,
            evidence.message,
            evidence.exchanges,
            trial.case.scenario,
            trial.case.script.seed,
        )


def _facts(trial: Trial, operation: str) -> tuple[str, ...]:
    """What the spec cites for an operation."""
    found = trial.contract.operations.get(operation)
    return trial.contract.cite(found).facts if found else ()
