"""The scenarios that a client is put through: a documented list, derived from its healthy run and the spec.

A scenario is only played to a client that uses the operation which it is about.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from understudy.contracts.client.scenarios import (
    answers,
    callbacks,
    creating,
    lists,
    polling,
    results,
    secure,
    streams,
    uploads,
)
from understudy.contracts.client.script import Script
from understudy.contracts.client.trial import Case
from understudy.contracts.client.use import Use

Scripts = Callable[[Use], Iterable[tuple[str, Script]]]
MAY_SUCCEED: frozenset[str] = frozenset()
MUST_SUCCEED = frozenset({"success"})
# What most would bear, and whoever does not is told, but not blamed.
# Of a list: most read all of it, and whoever says that all went well has.
WHOLE = frozenset({"success", "leniently", "whole"})
SHOULD_SUCCEED = frozenset({"success", "leniently"})


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of trouble. `scripts` gives its variants with a name for each; none where the client is not concerned.

    `bears`: a careful client still fulfils the wish; `should_bear`: it would be better if it did.
    """

    id: str
    title: str
    classes: tuple[str, ...]
    scripts: Scripts
    bears: bool = False
    should_bear: bool = False


_ALL = (
    Scenario("create-lost", "a create is done, but its answer is lost", ("C6", "C7"), creating.lost),
    Scenario(
        "create-broken",
        "a create is done, but a server on the way answers with an error",
        ("C6", "C7"),
        creating.broken,
    ),
    Scenario("create-silent", "a create is done, but no answer comes", ("C6", "C1"), creating.silent),
    Scenario("create-refused", "a create is refused, and would be again", ("C9", "C10"), creating.refused),
    Scenario("create-busy", "a create may be sent again after a time", ("C8",), creating.busy),
    Scenario("create-odd", "a create is answered with what is no task", ("C10",), creating.odd),
    Scenario("task-fails", "the task ends without a result", ("C4", "C2"), polling.failing),
    Scenario("task-stuck", "the task does not move any more", ("C1",), polling.stuck),
    Scenario(
        "state-unknown", "a state comes that nobody knows, and goes again", ("C3",), polling.unknown, should_bear=True
    ),
    Scenario(
        "state-unknown-for-ever", "a state comes that nobody knows, and stays", ("C3", "C1"), polling.unknown_for_ever
    ),
    Scenario("task-regresses", "the task seems to go back", ("C3",), polling.regressing, should_bear=True),
    Scenario("success-without-link", "the task succeeds, and there is no result", ("C5",), polling.no_link),
    Scenario("poll-fails", "a poll fails once", ("C20",), polling.failing_once, bears=True),
    Scenario("poll-fails-often", "polls fail for ever", ("C20", "C1"), polling.failing_for_ever),
    Scenario("poll-busy", "a poll may be sent again after a time", ("C8", "C20"), polling.busy, bears=True),
    Scenario("poll-refused", "polls are refused for ever", ("C9", "C20"), polling.refused),
    Scenario("poll-odd", "a poll is answered with what is no task", ("C10",), polling.odd),
    Scenario("deadline-race", "success comes with the last poll", ("C21",), polling.race),
    Scenario("link-expired", "the link to the result has expired", ("C19",), results.expired),
    Scenario("result-odd", "instead of the result comes a page that says why not", ("C23",), results.odd),
    Scenario("result-cut", "the result breaks off", ("C12",), results.cut),
    Scenario("redirect", "another host is to answer", ("C23",), results.redirected),
    Scenario(
        "members-unknown", "answers have members that nobody knows", ("C17",), answers.unknown_members, bears=True
    ),
    Scenario("members-absent", "answers lack what need not be there", ("C18",), answers.absent_members, bears=True),
    Scenario("numbers", "numbers come in other forms", ("C18",), answers.numbers, bears=True),
    Scenario("pages", "a list has pages that overlap, are small, empty, or counted wrongly", ("C1", "C12"), lists.none),
    Scenario("upload-fails", "an upload is refused, or breaks off", ("C10",), uploads.failing),
    Scenario("answer-cut", "an answer breaks off", ("C12",), answers.cut),
    Scenario("answer-lost", "what is paid for at once is made, but its answer is lost", ("C6",), answers.purchases),
    Scenario("answer-words", "a text ends for a reason that nobody knows", ("C17",), answers.reasons, should_bear=True),
    Scenario("answer-refused", "an operation is refused", ("C9", "C10"), answers.refused),
    Scenario("answer-busy", "an operation may be asked again after a time", ("C8",), answers.busy),
    Scenario("answer-odd", "an operation is answered with what is no answer", ("C10",), answers.odd),
    Scenario("stream-cut", "the stream ends before the answer does", ("C12",), streams.cut),
    Scenario("stream-error", "the stream tells of an error", ("C11",), streams.error),
    Scenario("stream-framed", "the same stream in other frames", ("C15",), streams.framed, bears=True),
    Scenario("stream-split", "the stream comes in the smallest pieces", ("C16",), streams.split, bears=True),
    Scenario("stream-extras", "the stream has events that bring no text", ("C13",), streams.extras, bears=True),
    Scenario(
        "stream-words", "the stream has events and members that nobody knows", ("C17",), streams.words, bears=True
    ),
    Scenario("stream-held", "the connection stays open after the last event", ("C14",), streams.held, bears=True),
    Scenario("callback", "callbacks are forged, doubled, stale, early or lost", ("C22",), callbacks.all_kinds),
    Scenario("tls", "over https the certificate is good, another host's, unknown or expired", ("C23",), secure.none),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.id: scenario for scenario in _ALL}
HEALTHY = "healthy"


def cases(use: Use, seed: int) -> list[Case]:
    """All that a client is put through, in the order of the list."""
    return [case for scenario in _ALL for case in cases_of(scenario, use, seed)]


def cases_of(scenario: Scenario, use: Use, seed: int) -> list[Case]:
    """The variants of one scenario that concern a client."""
    expects = MUST_SUCCEED if scenario.bears else SHOULD_SUCCEED if scenario.should_bear else MAY_SUCCEED
    return [case_of(scenario, name, script, use, seed, expects) for name, script in scenario.scripts(use)]


def case_of(scenario: Scenario, name: str, script: Script, use: Use, seed: int, expects: frozenset[str]) -> Case:
    """One variant of a scenario, as it is played: with the provider, the profile and the stock of the healthy run."""
    plain = use.trial.case.script
    whole = replace(
        script,
        provider=plain.provider,
        profile=plain.profile,
        seed=seed,
        stock=script.stock or plain.stock,
        says=f"{scenario.title}: {name}",
    )
    return Case(f"{scenario.id}/{name}", whole.says, whole, expects, scenario.classes)
