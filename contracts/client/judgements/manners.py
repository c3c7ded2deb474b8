"""How a client asks: only what may be asked again, when the server allows it, until the task has ended, and not for ever."""

import itertools
from collections.abc import Iterator, Sequence

from understudy.contracts.client.trial import RESULT, Seen, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.finding import Evidence

# Refusals after which the same request can only be refused again.
FINAL = frozenset(
    {"invalid_request", "unauthorized", "forbidden", "insufficient_credits", "method_not_allowed", "unknown_path"}
)
# So often a poll may be repeated after such refusals: what was created a moment ago may not be seen everywhere yet.
MOST_HOPEFUL = 5
# Polls of a task after the client has seen it end.
MOST_AFTER_END = 3
# Clocks and schedulers round: a twentieth less is no sooner, and so few seconds are none.
_ROUNDED, _LATENESS = 0.95, 0.05
# A client that has asked so often without news, and asks on, knows no end.
MANY = 60


def refusals_final(trial: Trial, use: Use) -> Iterator[Evidence]:
    """What was refused for what it is, is not sent again as it was."""
    by_request: dict[tuple[str, str, bytes, tuple[str, ...]], list[Seen]] = {}
    for seen in trial.seen:
        exchange = seen.exchange
        who = tuple(seen.contract.keys_of(exchange))
        by_request.setdefault((exchange.method, exchange.path, exchange.request_body, who), []).append(seen)
    for attempts in by_request.values():
        most = MOST_HOPEFUL if attempts[0].exchange.method == "GET" else 0
        again = _sent_again(attempts)
        if len(again) > most:
            refused, repeated = again[0]
            yield Evidence(
                f"sent again {_times(len(again))} after it was refused as {refused.reading.conditions[0]} ({refused.exchange.status})",
                (refused.exchange, repeated.exchange),
                operation=refused.exchange.operation,
            )


def _sent_again(attempts: Sequence[Seen]) -> list[tuple[Seen, Seen]]:
    """Attempts that were refused for good one after another, each with the next one; where that happened often, the most."""
    # Whoever was given a good answer meanwhile asks anew, and has reason to hope again.
    pairs = itertools.groupby(itertools.pairwise(attempts), key=lambda pair: _is_final(pair[0]))
    return max((list(streak) for is_final, streak in pairs if is_final), key=len, default=[])


def retry_after_kept(trial: Trial, use: Use) -> Iterator[Evidence]:
    """A server that says when it may be asked again is not asked before."""
    for index, seen in enumerate(trial.seen):
        advised = seen.exchange.header("retry-after")
        if not advised.isdecimal() or int(advised) < 1 or (seen.exchange.status < 400 and not seen.reading.is_refusal):
            continue
        same = (s for s in trial.seen[index + 1 :] if _address(s) == _address(seen))
        following = next(same, None)
        if following is None:
            continue
        gap = following.exchange.started - seen.exchange.answered
        if gap < int(advised) * _ROUNDED - _LATENESS:
            yield Evidence(
                f"asked again after {gap:.2f} s, though the server said Retry-After: {advised}",
                (seen.exchange, following.exchange),
                operation=seen.exchange.operation,
            )
            return


def advice_kept(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Who is advised how far apart polls should be keeps to it when all is well; whoever is told to hurry need not."""
    if trial.word.hurried or any(not seen.step.is_healthy for seen in trial.seen):
        return
    for first, second in _polls(trial):
        advised = first.contract.operations[first.exchange.operation].arguments.get("every", 0)
        gap = second.exchange.started - first.exchange.answered
        if gap < advised * _ROUNDED - _LATENESS:
            yield Evidence(
                f"asked for the task again after {gap:.2f} s, though the document advises {advised:g} s at least",
                (first.exchange, second.exchange),
                operation=first.exchange.operation,
                # It is advice: nobody is refused for it.
                assumed=True,
            )
            return


def _polls(trial: Trial) -> Iterator[tuple[Seen, Seen]]:
    """Polls of a task that has not ended, each with the next one."""
    last: dict[str, Seen] = {}
    for seen in trial.of("task.get"):
        path = seen.exchange.path
        if path in last and not last[path].is_terminal:
            yield last[path], seen
        last[path] = seen


def stops_at_end(trial: Trial, use: Use) -> Iterator[Evidence]:
    """A task that has ended does not change any more: nobody need ask."""
    ended: dict[str, list[Seen]] = {}
    for seen in trial.seen:
        path = seen.exchange.path
        if seen.behavior == "task.get" and path in ended:
            ended[path].append(seen)
        elif seen.behavior == "task.get" and (seen.has_failed or seen.has_succeeded):
            ended[path] = [seen]
        elif seen.exchange.operation == RESULT:
            # Links run out, and answers break off: asking for a fresh one is fine.
            ended = {path: polls for path, polls in ended.items() if polls[0].has_failed}
    for polls in ended.values():
        if len(polls) - 1 > MOST_AFTER_END:
            state = polls[0].reading.values.get("$task.state")
            yield Evidence(
                f"asked {len(polls) - 1} more times for a task that it had seen end as {state!r}",
                tuple(seen.exchange for seen in polls[:2]),
                operation=polls[0].exchange.operation,
            )


def knows_an_end(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Whatever does not come is waited for within bounds."""
    if trial.word.ending not in ("deadline", "flood") or not trial.seen:
        return
    last = trial.seen[-1]
    same = [seen for seen in trial.seen if _address(seen) == _address(last)]
    quiet = trial.ended - last.exchange.started
    is_asking = quiet < max(5.0, 4 * use.interval) and len(same) > 5
    if trial.word.ending == "flood" or is_asking:
        yield Evidence(
            f"asked {len(same)} times for the same, and was still asking after {trial.word.seconds:.0f} s",
            (same[0].exchange, last.exchange),
            operation=last.exchange.operation,
            # One that asks seldom may have more patience than we have.
            assumed=len(same) < MANY and trial.word.ending != "flood",
        )


def does_not_hang(trial: Trial, use: Use) -> Iterator[Evidence]:
    """After everything was said, or nothing, a client comes to an end."""
    if trial.word.ending != "deadline" or next(knows_an_end(trial, use), None):
        return
    exchanges = tuple(seen.exchange for seen in trial.seen[-1:])
    silent = any(seen.step.silent for seen in trial.seen[-1:])
    said = "an answer that does not come is waited for" if silent else "it neither asks nor ends"
    # A client may have a longer time-out than we have patience.
    yield Evidence(f"{said}: still running after {trial.word.seconds:.0f} s", exchanges, assumed=silent)


def ends_with_stream(trial: Trial, use: Use) -> Iterator[Evidence]:
    """The event that ends a stream ends it; the connection may stay open for others."""
    for seen in trial.seen:
        if seen.exchange.serial in trial.held:
            yield Evidence(
                f"went on reading for {seen.step.hold:g} s after the stream had said that it was over, until it was closed",
                (seen.exchange,),
            )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _is_final(seen: Seen) -> bool:
    reading = seen.reading
    if not seen.is_whole or not reading.is_refusal or not reading.conditions or seen.step.undone:
        return False
    # 429 means "later" to every HTTP client, whatever the code beside it says.
    return (
        set(reading.conditions) <= FINAL and seen.exchange.status not in (408, 425, 429) and seen.exchange.status < 500
    )


def _address(seen: Seen) -> tuple[str, str]:
    return seen.exchange.method, seen.exchange.path
