"""Checks of money: what a task costs, when it is paid, and that the balance moves by exactly that. All in Decimal."""

from collections.abc import Iterator
from decimal import Decimal

from understudy.contracts.finding import Evidence
from understudy.contracts.history import History, Sighting, Story
from understudy.contracts.ledger import iter_steps
from understudy.contracts.pricing import price_of_task
from understudy.specs.expressions import Expression
from understudy.specs.model import TERMINAL

NOTHING_DUE = (None, Decimal(0))


def judge_cost(history: History) -> Iterator[Evidence]:
    """What a task is said to cost or to have been charged is its price."""
    for story, price in _priced(history):
        assert story.kind
        for sighting in story.sightings:
            phases = story.phases(sighting)
            names = ["$task.price", "$task.charged"]
            if phases == {"succeeded"}:
                names.append("$task.cost")
            for name in names:
                said = sighting.values.get(name)
                if said is not None and said != price and isinstance(said, Decimal):
                    yield _evidence(history, story, sighting, f"{name} is {said}, its price is {price}", "price")


def judge_due(history: History) -> Iterator[Evidence]:
    """A task that is paid on success costs nothing before it and nothing without it; then it costs something."""
    for story, price in _priced(history):
        assert story.kind
        if story.kind.charge.when != "success":
            continue
        for sighting in story.told:
            phases, cost = story.phases(sighting), sighting.values.get("$task.cost")
            if phases and "succeeded" not in phases and cost not in NOTHING_DUE:
                state = sighting.values["$task.state"]
                yield _evidence(history, story, sighting, f"it is charged {cost} while it is {state!r}", "due")
            shows_cost = any(e.name == "task.cost" for c in _cases(sighting) for e in c)
            if phases == {"succeeded"} and shows_cost and cost is None and price:
                yield _evidence(history, story, sighting, f"it does not say its cost, which is {price}", "price")


def judge_refund(history: History) -> Iterator[Evidence]:
    """A task that was paid at submit is refunded in full when it fails, once; and not otherwise."""
    for story, price in _priced(history):
        assert story.kind
        for sighting in story.told:
            phases, refunded = story.phases(sighting), sighting.values.get("$task.refunded")
            is_over = bool(phases) and phases <= TERMINAL - {"succeeded"}
            shows = any(e.name == "task.refunded" for c in _cases(sighting) for e in c)
            if story.kind.charge.when != "submit" or not shows:
                continue
            if is_over and refunded != price:
                message = f"it failed, and {refunded or 'nothing'} of {price} is refunded"
                yield _evidence(history, story, sighting, message, "refund")
            elif phases and not is_over and not phases & (TERMINAL - {"succeeded"}) and refunded not in NOTHING_DUE:
                yield _evidence(history, story, sighting, f"{refunded} is refunded though it did not fail", "refund")


def judge_balance(history: History) -> Iterator[Evidence]:
    """Between two looks the balance moves by what became due, and by nothing else."""
    if history.is_spoiled:
        # What was lost on purpose may have been paid.
        return
    for who in ("first", "other"):
        for step in iter_steps(history, who):
            allowed = step.allowed
            if not allowed or step.moved in allowed:
                continue
            wanted = " or ".join(str(amount) for amount in sorted(allowed)[:4])
            message = f"the balance went from {step.before.remaining} to {step.after.remaining}: {step.moved} left, due was {wanted}"
            movements = [movement.exchange for movement in (*step.sure, *step.open)][:4]
            shown = (step.before.reading.exchange, *movements, step.after.reading.exchange)
            operation = step.after.reading.operation
            yield Evidence(message, shown, operation.id if operation else "", clause="balance/moves")


def judge_totals(history: History) -> Iterator[Evidence]:
    """total = used + remaining + held, wherever they stand together."""
    for reading in history.client:
        values = reading.values
        total, used, remaining = (values.get(f"$account.{name}") for name in ("total", "used", "remaining"))
        if total is None or used is None or remaining is None:
            continue
        held = values.get("$account.held", Decimal(0))
        may_hold = (
            any(k.charge.hold for k in history.contract.provider.kinds.values()) and "$account.held" not in values
        )
        difference = total - used - remaining - held
        if difference != 0 and not (may_hold and difference > 0):
            message = f"total {total} is not used {used} + remaining {remaining} + held {held}"
            yield Evidence(
                message, (reading.exchange,), reading.operation.id if reading.operation else "", clause="balance/totals"
            )


def _cases(sighting: Sighting) -> Iterator[list[Expression]]:
    case = sighting.reading.case
    if case is not None:
        yield list(case.body.expressions())


def _priced(history: History) -> Iterator[tuple[Story, Decimal]]:
    for story in history.stories.values():
        if story.kind and story.created and story.created.asked is not None:
            price = price_of_task(story.kind, story.created.asked)
            if price is not None:
                yield story, price


def _evidence(history: History, story: Story, sighting: Sighting, message: str, about: str) -> Evidence:
    assert story.kind and story.created
    word = "price" if about == "price" else "charge"
    citation = history.contract.cite_kind(story.kind.name, word)
    operation = sighting.reading.operation
    return Evidence(
        f"task '{story.id}': {message}",
        (story.created.exchange, sighting.reading.exchange),
        operation.id if operation else "",
        citation.facts,
        citation.assumed,
        f"{about}/{story.kind.name}",
    )
