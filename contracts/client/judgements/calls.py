"""Callbacks: only the provider's are believed, and each counts once."""

from collections import Counter
from collections.abc import Iterator

from understudy.contracts.client.trial import RESULT, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.contract import Contract
from understudy.contracts.finding import Evidence


def forged_refused(trial: Trial, use: Use) -> Iterator[Evidence]:
    """What comes without the provider's secret is nobody's word: nothing is done for it."""
    lies = [sent for sent in trial.callbacks if sent.kind in ("forged", "unsigned")]
    if not lies:
        return
    # Where nothing proves a callback a client can only ask for the task: that is advice.
    is_advice = not _has_secret(use.trial.contract)
    followed = [seen for seen in trial.seen if seen.exchange.where == "elsewhere"]
    if followed:
        yield Evidence(
            "it went to the address that a forged callback named", (followed[0].exchange,), assumed=is_advice
        )
        return
    told = any(sent.kind == "true" for sent in trial.callbacks) or any(seen.has_succeeded for seen in trial.seen)
    if use.succeeds(trial) and not told:
        yield Evidence("it took a forged callback for the provider's, and reports success", (), assumed=is_advice)


def _has_secret(contract: Contract) -> bool:
    """Whether callbacks bring what only the provider and its customer know."""
    headers = (node for o in contract.provider.operations for d in o.deliveries for _, node in d.headers)
    return any(expression.text == "$account.key" for node in headers for expression in node.expressions())


def handled_once(trial: Trial, use: Use) -> Iterator[Evidence]:
    """A callback may come twice; what follows from it is done once."""
    if "doubled" not in trial.case.script.callbacks:
        return
    fetched = Counter(seen.exchange.path for seen in trial.seen if seen.exchange.operation == RESULT)
    usual = Counter(seen.exchange.path for seen in use.trial.seen if seen.exchange.operation == RESULT)
    most = max(usual.values(), default=0)
    for path, count in fetched.items():
        if most and count > most:
            exchanges = tuple(seen.exchange for seen in trial.seen if seen.exchange.path == path)
            yield Evidence(f"a callback that came twice was handled {count} times", exchanges[:2])
            return
