"""What a client says at the end agrees with what it was told: no success without one, no failure in spite of one."""

from collections.abc import Iterator

from understudy.contracts.client.endings import is_stream, read_ending
from understudy.contracts.client.script import GOOD
from understudy.contracts.client.trial import RESULT, Seen, Trial
from understudy.contracts.client.use import PAID, TEXTS, Use, contains, text_of
from understudy.contracts.finding import Evidence
from understudy.contracts.reading import NOT_JSON, parse_json

_REPLACEMENT = "\ufffd"


def no_false_success(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Who says that all went well has what was wished for."""
    if not use.succeeds(trial):
        return
    for why, exchange in _missing(trial, use):
        yield Evidence(f"it reports success, though {why}", (exchange.exchange,) if exchange else ())
        return


def no_false_failure(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Who was given what was wished for does not say that it failed."""
    if not trial.word.claims_failure or "success" not in trial.case.expects:
        return
    said = (trial.word.mistake or trial.word.err.strip() or trial.word.out.strip()).splitlines()
    shown = said[-1][:200] if said else f"exit code {trial.word.code}"
    odd = next((seen for seen in trial.seen if not seen.step.is_healthy), None)
    yield Evidence(
        f"it gives up on what a client has to bear: {shown}",
        (odd.exchange,) if odd else (),
        assumed="leniently" in trial.case.expects,
    )


def last_word_counts(trial: Trial, use: Use) -> Iterator[Evidence]:
    """A success that came with the last poll is a success, whatever the clock says meanwhile."""
    tried = any(seen.exchange.operation == RESULT for seen in trial.seen)
    is_doubtful = trial.case.script.tls not in ("", GOOD)
    if not trial.word.claims_failure or not use.polls or not use.creates or tried or is_doubtful:
        return
    last = trial.seen[-1] if trial.seen else None
    if last and last.behavior == "task.get" and last.has_succeeded and _is_plain(last):
        yield Evidence("its last poll told of success, with the result, and it reports failure", (last.exchange,))


def text_whole(trial: Trial, use: Use) -> Iterator[Evidence]:
    """The text that was sent is the text that is shown."""
    if not use.prints_text or not use.succeeds(trial):
        return
    whole = [seen for seen in trial.of(*TEXTS) if is_complete(seen)]
    if not whole:
        return
    if _REPLACEMENT in trial.word.out or "\\ufffd" in trial.word.out:
        yield Evidence("characters were lost where the bytes of one came in two pieces", (whole[-1].exchange,))
    elif not any(contains(trial.word.out, text_of(seen)) for seen in whole):
        yield Evidence("the text that it shows is not the text that it was sent", (whole[-1].exchange,))


def no_crash(trial: Trial, use: Use) -> Iterator[Evidence]:
    """An answer may be anything; a program tells what was wrong with it, and does not fall over it."""
    if trial.word.mistake:
        odd = next((seen for seen in reversed(trial.seen) if not seen.step.is_healthy), None)
        # Who falls over what no provider would answer is told, but not blamed.
        absurd = odd is not None and not _is_documented(odd)
        yield Evidence(f"it crashed: {trial.word.mistake[:200]}", (odd.exchange,) if odd else (), assumed=absurd)


def _is_documented(seen: Seen) -> bool:
    """Whether an answer is one that the spec describes, or no answer in its words at all: a refusal, a cut, a stream."""
    operation = seen.contract.operations.get(seen.exchange.operation)
    if operation is None or seen.exchange.status >= 400 or not (seen.step.edits or seen.step.body or seen.step.text):
        return True
    shape = seen.contract.answer_shape(operation, seen.exchange.status, seen.exchange.media_type)
    body = parse_json(seen.exchange.response_body)
    return shape is not None and body is not NOT_JSON and shape.is_valid(body)


def is_complete(seen: Seen) -> bool:
    """Whether a text was answered wholly."""
    if is_stream(seen):
        return read_ending(seen).finished
    return seen.is_whole and seen.reading.is_success and seen.step.text is None and seen.step.body is None


def _is_plain(seen: Seen) -> bool:
    return not seen.step.edits and not seen.step.cut and not seen.step.lost


def _missing(trial: Trial, use: Use) -> Iterator[tuple[str, Seen | None]]:
    """Why a wish cannot have been fulfilled, with what shows it."""
    if use.creates:
        yield from _missing_task(trial, use)
    for behaviors, what in ((TEXTS, "text"), (PAID, "file")):
        if use.using(*behaviors):
            asked = trial.of(*behaviors)
            if not any(is_complete(seen) for seen in asked):
                yield (
                    (f"no {what} came whole: {_last(asked[-1])}", asked[-1])
                    if asked
                    else (f"it asked for no {what}", None)
                )


def _missing_task(trial: Trial, use: Use) -> Iterator[tuple[str, Seen | None]]:
    creates, polls = trial.of("task.submit"), trial.of("task.get")
    if not any(seen.is_whole and (seen.made or seen.reading.values.get("$task.id")) for seen in creates):
        yield (
            (f"no task was taken on: {_last(creates[-1])}", creates[-1]) if creates else ("it asked for no task", None)
        )
    told = any(sent.kind == "true" and sent.status for sent in trial.callbacks)
    if use.polls and not told and not any(seen.has_succeeded for seen in polls):
        yield (f"no poll told of a result: {_last(polls[-1])}", polls[-1]) if polls else ("it asked for no state", None)
    if use.calls_back and not use.polls and not told and not any(seen.has_succeeded for seen in polls):
        yield "the callback that told of a result was not the provider's", None
    if use.fetches:
        files = [seen for seen in trial.seen if seen.exchange.operation == RESULT]
        if not any(_is_file(seen) for seen in files):
            yield (f"no file came: {_last(files[-1])}", files[-1]) if files else ("it fetched no file", None)


def _is_file(seen: Seen) -> bool:
    replaced = seen.step.text is not None or seen.step.body is not None or seen.step.redirect
    return seen.is_whole and seen.exchange.status in (200, 206) and not replaced


def _last(seen: Seen) -> str:
    """What an answer was, in a few words."""
    exchange, reading = seen.exchange, seen.reading
    if exchange.error:
        return {"timeout": "no answer came", "reset": "the connection was reset", "cut": "the answer broke off"}[
            exchange.error
        ]
    if reading.is_refusal and reading.conditions:
        return f"it was refused as {reading.conditions[0]} ({exchange.status})"
    if is_stream(seen):
        ending = read_ending(seen)
        return "the stream told of an error" if ending.broken else "the stream stopped before the answer had ended"
    state = reading.values.get("$task.state")
    if state is not None:
        return f"the state was {state!r}" + ("" if seen.links or not seen.is_terminal else ", without a link")
    return f"{exchange.status} {exchange.media_type or 'without a body'}"
