"""Scripts and findings told in words: what the provider did, and what the client did then."""

from collections.abc import Iterator

from understudy.contracts.client.script import EVER, Script, Step
from understudy.contracts.client.trial import Trial

_TIMES = {1: "", 2: " twice", EVER: " from then on"}
_CALLBACKS = {
    "forged": "a forged callback comes first",
    "unsigned": "a callback without its secret comes first",
    "doubled": "each callback comes twice",
    "stale": "a callback of an earlier state comes last",
    "early": "the callback comes before the create is answered",
    "lost": "no callback comes",
}
_SHOWN = {
    "good": "over https",
    "other-host": "over https, with the certificate of another host",
    "unknown-authority": "over https, with a certificate by an authority that nobody knows",
    "expired": "over https, with a certificate that has expired",
    "result-unknown-authority": "over https; results with a certificate by an authority that nobody knows",
}


def tell(script: Script) -> str:
    """A script in one line, e.g. `video.get: healthy twice, then 503 from then on`."""
    told = [
        f"{replies.operation}: {', then '.join(_told(replies.steps))}" for replies in script.replies if replies.steps
    ]
    told += [_CALLBACKS[name] for name in script.callbacks]
    told += [_SHOWN[script.tls]] if script.tls else []
    told += [f"{script.stock} tasks are there before"] if script.stock else []
    return "; ".join(told) or "all is well"


def tell_trial(trial: Trial) -> str:
    """What the client did: how often it asked what, and how it ended."""
    counts: dict[str, int] = {}
    for seen in trial.seen:
        name = seen.exchange.operation or f"{seen.exchange.method} {seen.exchange.path}"
        counts[name] = counts.get(name, 0) + 1
    asked = ", ".join(f"{name} {count} ×" if count > 1 else name for name, count in counts.items()) or "nothing"
    word = trial.word
    ended = {
        "deadline": f"did not end in {word.seconds:.0f} s",
        "flood": "asked without end",
        "tripped": "was stopped at once",
    }
    return f"asked {asked}; {ended.get(word.ending, f'ended with {word.code} after {word.seconds:.1f} s')}"


def _told(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        times = _TIMES.get(step.repeat, f" {step.repeat} times")
        yield f"{_step(step)}{times}"


def _step(step: Step) -> str:
    """One step in a few words."""
    if step.is_healthy:
        return "healthy"
    done = "done, but " if (step.done or (step.lost and not step.undone)) else ""
    parts = [*_what(step), *_how(step)]
    return done + " ".join(parts) if parts else "another answer"


def _what(step: Step) -> Iterator[str]:
    if step.refuse:
        yield f"refused as {step.refuse}"
    elif step.redirect:
        yield "a redirect to another host"
    elif step.text is not None or step.body is not None:
        said = step.text if step.text is not None else step.body
        short = " ".join(str(said).split())
        yield f"{step.status or 200} {short[:60]}{'…' if len(short) > 60 else ''}"
    elif step.status:
        yield str(step.status)
    if step.outcome:
        yield f"a task that ends as {step.outcome}"
    if step.stand:
        yield "a task that stands still"
    if step.finish:
        yield "a task that has ended"
    if step.edits:
        yield "with " + ", ".join(_edit(edit) for edit in step.edits[:3]) + (" and more" if len(step.edits) > 3 else "")
    if step.stream:
        yield "a stream with " + ", ".join(f"{name} {_short(value)}" for name, value in step.stream.items())


def _how(step: Step) -> Iterator[str]:
    if step.retry_after:
        yield f"with Retry-After: {step.retry_after}"
    if step.delay:
        yield f"after {step.delay:g} s"
    if step.lost:
        yield "the connection is reset"
    if step.silent:
        yield "no answer comes"
    if step.cut:
        share = f"{step.cut:.0%}" if step.cut < 1 else f"{step.cut:g} bytes" if step.cut < 1e9 else "all of that"
        yield f"cut off after {share} by a {step.end}"
    if step.hold:
        yield f"the connection stays open for {step.hold:g} s"
    if step.pieces:
        yield f"in pieces of {step.pieces} bytes"
    if step.most:
        yield f"{step.most} on a page"
    if step.grow:
        yield f"{step.grow} more in the list"


def _edit(edit: object) -> str:
    said = dict(edit) if isinstance(edit, dict) else {}
    return f"{said.get('at')} = {_short(said['to'])}" if "to" in said else f"no {said.get('at')}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
