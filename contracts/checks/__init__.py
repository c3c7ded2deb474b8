"""The checks: small functions from a history to evidence, in one literal table.

A check never sends anything: what it judges may come from a driver, a proxy, a journal or a recording.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from understudy.contracts.checks import (
    answers,
    behind,
    billing,
    callbacks,
    characters,
    context,
    errors,
    followed,
    headers,
    lifecycle,
    limits,
    lists,
    lost,
    media,
    models,
    privacy,
    repeats,
    requests,
    streams,
    tasks,
    texts,
    uploads,
    upstream,
)
from understudy.contracts.finding import SEVERITIES, Evidence, Finding
from understudy.contracts.history import History

Judge = Callable[[History], Iterator[Evidence]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check with its family, the sentence that is its title, how grave it is at most, and the judge itself.

    `facts`: what it rests on where its evidence cites nothing better: ids of facts, or a standard (`RFC 9110`).
    """

    id: str
    family: str
    title: str
    severity: str
    judge: Judge
    facts: tuple[str, ...] = field(default=())


CHECKS: tuple[Check, ...] = (
    Check("answer-shape", "schema", "an answer is what the spec's schema says", "failure", answers.judge_shape),
    Check("answer-described", "schema", "an answer's status and media type are described", "failure", answers.judge_described),
    Check("answer-whole", "schema", "every request gets an answer, and all of it", "failure", lost.judge_whole, ("RFC 9112",)),
    Check("said-alike", "schema", "what an answer says in two places it says alike", "failure", answers.judge_agreement),
    Check("members-there", "schema", "an answer has the members that the documented answers have", "warning", answers.judge_members),
    Check("characters-whole", "schema", "no character of an answer was broken or misread", "failure", characters.judge_characters, ("RFC 8259",)),
    Check("refusal-words", "errors", "a refusal has a documented status and code", "failure", errors.judge_words),
    Check("refusal-kept", "errors", "a refusal keeps its condition and its headers", "failure", errors.judge_kept),
    Check("refusal-field", "errors", "a refusal names a member that is wrong", "warning", errors.judge_field),
    Check("invalid-refused", "requests", "what the document forbids is refused", "failure", requests.judge_refused),
    Check("refusal-fits", "requests", "a refusal names what is wrong with the request", "failure", requests.judge_condition),
    Check("valid-accepted", "requests", "what the document takes is taken", "failure", requests.judge_accepted),
    Check("terminal-stays", "lifecycle", "a task never leaves a terminal state", "failure", lifecycle.judge_terminal),
    Check("state-known", "lifecycle", "a state is one of the kind's", "failure", tasks.judge_state),
    Check("task-ends", "lifecycle", "a task comes to an end in its time", "failure", tasks.judge_end),
    Check("id-stays", "lifecycle", "a task keeps its id, of the documented form", "failure", tasks.judge_id),
    Check("progress-rises", "lifecycle", "progress never falls", "failure", tasks.judge_progress),
    Check("times-in-order", "lifecycle", "a task's times are in order and stay", "failure", tasks.judge_times),
    Check("results-there", "lifecycle", "a succeeded task has its results", "failure", tasks.judge_results),
    Check("no-early-results", "lifecycle", "only a succeeded task has results", "failure", tasks.judge_early),
    Check("failure-has-reason", "lifecycle", "a failed task says why", "failure", tasks.judge_reason),
    Check("witnesses-agree", "lifecycle", "all who tell of a finished task agree", "failure", tasks.judge_agreement),
    Check("input-echoed", "lifecycle", "what is repeated of an input is what was put in", "failure", tasks.judge_echo),
    Check("replay-is-one", "idempotency", "one key makes one task", "failure", repeats.judge_replay),
    Check("cancel-holds", "cancel", "a cancelled task stays so", "failure", repeats.judge_cancelled),
    Check("cancel-works", "cancel", "a task that can be cancelled is", "failure", repeats.judge_cancellable),
    Check("list-own", "lists", "a list shows own tasks only", "failure", lists.judge_own),
    Check("list-once", "lists", "a list shows no task twice", "failure", lists.judge_doubled),
    Check("list-newest-first", "lists", "a list shows the newest task first", "failure", lists.judge_order),
    Check("list-complete", "lists", "a list lacks none of the newest tasks", "failure", lists.judge_complete),
    Check("list-pages", "lists", "a page is the one that was asked for, and is counted rightly", "failure", lists.judge_pages),
    Check("callback-comes", "callbacks", "a task's end is told to the address that was given", "failure", callbacks.judge_delivered),
    Check("callback-once", "callbacks", "a callback that was taken does not come again", "failure", callbacks.judge_once),
    Check("callback-signed", "callbacks", "a callback has its promised headers", "failure", callbacks.judge_signed),
    Check("callback-fits", "callbacks", "a callback says what it must, of the task that it is for", "failure", callbacks.judge_body),
    Check("inside-untold", "leakage", "no member of the target's inside is told", "failure", privacy.judge_untold),
    Check("request-id", "schema", "each request has an id of its own", "failure", headers.judge_request_ids),
    Check("headers-echoed", "schema", "a header that is sent back comes back as it was sent", "failure", headers.judge_echoes),
    Check("models-told", "schema", "the models that answer are those that are listed", "failure", models.judge_models),
    Check("limit-running", "limits", "no more tasks run at a time than the tier lets; what is more waits", "failure", limits.judge_running),
    Check("limit-freed", "limits", "what failed keeps no place", "warning", limits.judge_freed),
    Check("limit-rate", "limits", "who asks too often is told when to come again, and nobody else is refused", "failure", limits.judge_rate),
    Check("headers-there", "schema", "described headers are there", "failure", headers.judge_headers),
    Check("cost-is-price", "billing", "a task costs what the price rule says", "failure", billing.judge_cost),
    Check("cost-when-due", "billing", "a task is charged when that is due", "failure", billing.judge_due),
    Check("refund-in-full", "billing", "a failed task is refunded in full", "failure", billing.judge_refund),
    Check("balance-moves", "billing", "the balance moves by exactly what is due", "failure", billing.judge_balance),
    Check("balance-adds-up", "billing", "total = used + remaining + held", "failure", billing.judge_totals),
    Check("states-in-order", "lifecycle", "a task's states come in their order", "failure", lifecycle.judge_order),
    Check("stream-as-asked", "streams", "who asks for a stream gets one, and nobody else does", "failure", streams.judge_kind),
    Check("stream-framing", "streams", "a stream's bytes are whole events of UTF-8 text", "failure", streams.judge_framing),
    Check("stream-order", "streams", "events come in the protocol's order, with one end and nothing after it", "failure", streams.judge_order),
    Check("stream-broken", "streams", "a stream that breaks off says so in the envelope of a refusal, and of no success", "failure", streams.judge_broken),
    Check("stream-sum", "streams", "the pieces of a stream do not contradict each other", "failure", streams.judge_sum),
    Check("stream-events", "streams", "each event is what its schema says", "failure", streams.judge_events),
    Check("stream-usage", "streams", "a stream tells the tokens used where they are asked for, once", "failure", streams.judge_usage),
    Check("text-model", "texts", "an answer names the model that was asked for", "failure", texts.judge_model),
    Check("text-tokens", "texts", "the counts of tokens are whole, and their sums are right", "failure", texts.judge_tokens),
    Check("text-limit", "texts", "an answer is no longer than it may be", "failure", texts.judge_limit),
    Check("text-stop-reason", "texts", "why an answer ended is a word of the protocol, and fits what came", "failure", texts.judge_stop),
    Check("text-stop-sequence", "texts", "what was to stop an answer does not stand in it", "failure", texts.judge_stops),
    Check("text-choices", "texts", "as many answers come as were asked for", "failure", texts.judge_choices),
    Check("text-tool-calls", "texts", "a tool call is of a tool that was offered, with arguments that it takes", "failure", texts.judge_calls),
    Check("text-json", "texts", "what was to be JSON is", "failure", texts.judge_json),
    Check("text-thinking", "texts", "thinking that was asked for comes, signed where the protocol signs it", "failure", texts.judge_thoughts),
    Check("text-empty", "texts", "a whole answer says something", "failure", texts.judge_empty),
    Check("text-id", "texts", "each answer has an id of its own", "failure", texts.judge_ids),
    Check("text-time", "texts", "an answer is said to be made when it was", "failure", texts.judge_time),
    Check("text-plain-and-streamed", "texts", "a question has as many tokens plain and streamed", "failure", texts.judge_plain_and_streamed),
    Check("text-context", "texts", "what is said before a question is read, and counted", "failure", context.judge_context),
    Check("media-pictures", "media", "pictures are as many, of the type and of the size that was asked for", "failure", media.judge_pictures),
    Check("media-speech", "media", "speech is of the format that was asked for, and can be heard", "failure", media.judge_speech),
    Check("media-results", "media", "a task's result is there, as it was asked for, and plays", "failure", media.judge_results),
    Check("uploads-own", "media", "an address to upload to is one file's", "failure", uploads.judge_addresses),
    Check("links-own", "media", "a link leads to one result of one task", "failure", media.judge_own_links),
    Check("links-last", "media", "a link leads to its result as long as is promised", "failure", media.judge_lasting_links),
    Check("upstream-once", "upstream", "one request here is one request at the provider behind", "failure", upstream.judge_once),
    Check("upstream-parameters", "upstream", "what was asked arrives at the provider as it was asked", "failure", upstream.judge_parameters),
    Check("upstream-answer", "upstream", "what the provider said is what the client hears", "failure", behind.judge_answer),
    Check("upstream-usage", "upstream", "the tokens used are those that the provider told", "failure", behind.judge_usage),
    Check("upstream-refusal", "upstream", "a refusal of the provider is told as that refusal", "failure", behind.judge_status),
    Check("upstream-cut", "upstream", "a stream that broke off is not told as a whole one", "failure", behind.judge_cut),
    Check("upstream-task", "upstream", "what is told of a task is what the provider told of it", "failure", followed.judge_tasks),
    Check("upstream-left", "upstream", "when the client leaves, the provider is left, too", "failure", upstream.judge_leaving),
    Check("upstream-held", "upstream", "the pieces of a stream are passed on when they come", "failure", behind.judge_holding),
    Check("upstream-recovers", "upstream", "after the provider failed, the next good request is answered", "failure", behind.judge_recovery),
    Check("upstream-secrets", "upstream", "no client sees a key or an address of the provider behind, and no provider a client's key", "failure", upstream.judge_secrets),
)  # fmt: skip


def judge(history: History, checks: Iterable[Check] = CHECKS, seed: int = 0) -> list[Finding]:
    """What the checks find, each thing once, with the fewest exchanges that show it."""
    found: dict[tuple[str, ...], Finding] = {}
    for check in checks:
        for evidence in check.judge(history):
            finding = _finding(check, evidence, seed)
            known = found.get(finding.identity)
            if known is None or _rank(finding) < _rank(known):
                found[finding.identity] = finding
    return list(found.values())


def _rank(finding: Finding) -> tuple[int, int]:
    """Of findings that are the same, the gravest stands for all; of these the one that takes the fewest exchanges to show."""
    return SEVERITIES.index(finding.severity), len(finding.exchanges)


def _finding(check: Check, evidence: Evidence, seed: int) -> Finding:
    severity = "warning" if evidence.assumed else check.severity
    facts = evidence.facts or check.facts
    return Finding(
        check.id, check.title, severity, facts, evidence.operation, evidence.message, evidence.exchanges,
        evidence.clause, seed,
    )  # fmt: skip
