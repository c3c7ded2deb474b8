"""What a client asks for is what the spec takes."""

from collections.abc import Iterator

from understudy.contracts.client.trial import RESULT, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.finding import Evidence

_OURS = frozenset(
    {"invalid_request", "unauthorized", "unknown_path", "method_not_allowed", "not_found", "idempotency_conflict"}
)


def requests_valid(trial: Trial, use: Use) -> Iterator[Evidence]:
    """When all is well no request is refused for what it is."""
    if trial is not use.trial and trial.case.scenario != "healthy":
        return
    for seen in trial.seen:
        reading = seen.reading
        if reading.is_refusal and _OURS & set(reading.conditions) and seen.exchange.operation != RESULT:
            detail = (
                reading.values.get("$error.message") or reading.values.get("$error.detail") or reading.conditions[0]
            )
            yield Evidence(
                f"{seen.exchange.method} {seen.exchange.path} was refused: {detail}",
                (seen.exchange,),
                operation=seen.exchange.operation,
            )
