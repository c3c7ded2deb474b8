"""`@understudy.client`: a Python function as a client under trial, in whatever test runner calls it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from understudy.auditions.account import trial_of
from understudy.auditions.run import Audition, run
from understudy.contracts.client.examine import Bounds, Cast, Examination, examine
from understudy.contracts.client.script import Script
from understudy.contracts.client.telling import tell, tell_trial
from understudy.contracts.client.theatre import Theatre
from understudy.specs.loader import load, shipped


class Tripped(AssertionError):
    """A client was found wanting; the message tells by which replies, and what it did."""


def client(
    provider: str, *, only: Sequence[str] = (), seed: int = 0, patience: float = 50.0, workers: int = 8
) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Make a test of a function of base URL and key: it is put through the scenarios, and the test fails with what is found.

    The function fulfils one wish; what it returns is the result, what it raises says that there is none. It may be a
    coroutine function. `provider` is a slug or the path of a spec; `only` names scenarios; `patience` is in seconds.
    Raises Tripped, from the test.
    """

    def decorate(function: Callable[..., Any]) -> Callable[[], None]:
        def test() -> None:
            path = shipped().get(provider) or Path(provider)
            audition = Audition(load(path), (), {}, function=function)
            done = run(audition.hold(act(audition)))
            failures = [finding for finding in done.findings if finding.severity == "failure"]
            if done.unfit or failures:
                raise Tripped(_told(done, done.unfit))

        test.__name__, test.__doc__, test.__module__ = function.__name__, function.__doc__, function.__module__
        return test

    def act(audition: Audition) -> Callable[[Theatre, Cast], Any]:
        async def examined(theatre: Theatre, cast: Cast) -> Examination:
            script = Script(audition.provider.slug, seed=seed)
            return await examine(theatre, cast, script, Bounds(patience, workers), lambda *told: None, only)

        return examined

    return decorate


def _told(done: Examination, unfit: str) -> str:
    lines = [f"the client cannot be judged: {unfit}"] if unfit else []
    for finding in done.findings:
        trial = trial_of(finding, done)
        lines.append(f"{finding.severity}: {finding.title} ({finding.check}): {finding.message}")
        if trial:
            lines.append(f"  provider: {tell(trial.case.script)}\n  client:   {tell_trial(trial)}")
    return "\n".join(lines)
