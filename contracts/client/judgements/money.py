"""One wish is paid for once: no second task where the first may have been made, and idempotency keys that do their work."""

import itertools
from collections.abc import Iterator
from decimal import Decimal

from understudy.contracts.client.trial import Made, Seen, Trial
from understudy.contracts.client.use import PAID, Use
from understudy.contracts.finding import Evidence


def paid_once(trial: Trial, use: Use) -> Iterator[Evidence]:
    """No more tasks than the wish needs; one that was seen to fail may be tried anew, for it costs nothing."""
    made = [(seen, task) for seen in trial.seen for task in seen.made]
    wanted = max(1, use.creates)
    if len(made) > wanted + _failed(trial, [task for _, task in made[:-1]]):
        prices = [task.price for _, task in made]
        paid, due = sum(prices, Decimal(0)), sum(prices[:wanted], Decimal(0))
        yield Evidence(
            f"{len(made)} tasks were created for a wish that needs {wanted}: {_money(paid)} credits instead of {_money(due)}",
            tuple(seen.exchange for seen, _ in made),
        )
    bought, usual = _bought(trial), max(1, len(_bought(use.trial)))
    if len(bought) > usual:
        yield Evidence(
            f"what is paid for at once was made {len(bought)} times for a wish that needs {usual}",
            tuple(seen.exchange for seen in bought),
            # It is little money, and many think a second attempt worth it.
            assumed=True,
        )


def _bought(trial: Trial) -> list[Seen]:
    """What was made and paid for at once, whether its answer came or not."""
    return [
        seen
        for seen in trial.of(*PAID)
        if not seen.step.undone and (seen.step.done or not (seen.step.refuse or seen.reading.is_refusal))
    ]


def key_kept(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Another attempt at the same create, after an answer that leaves open what was done, has the same key."""
    for first, second in _pairs(trial):
        one, other = _key(first), _key(second)
        if one and other and one != other and is_open(first):
            yield Evidence(
                "another attempt at the same create has another idempotency key", (first.exchange, second.exchange)
            )
            return


def key_fresh(trial: Trial, use: Use) -> Iterator[Evidence]:
    """A key belongs to one wish: another body has another key."""
    earlier = use.again.of("task.submit") if use.again and trial is use.trial else []
    creates = [seen for seen in (*earlier, *trial.of("task.submit")) if _key(seen)]
    for index, first in enumerate(creates):
        for second in creates[index + 1 :]:
            if _key(first) == _key(second) and first.body != second.body:
                yield Evidence("two different wishes have the same idempotency key", (first.exchange, second.exchange))
                return


def is_open(seen: Seen) -> bool:
    """Whether an answer to a create leaves open whether it was done: none came, it broke off, or a server failed."""
    return not seen.is_whole or (seen.exchange.status >= 500 and seen.exchange.status != 503)


def _failed(trial: Trial, tasks: list[Made]) -> int:
    """How many of these tasks the client has seen to fail."""
    polls = trial.of("task.get") if tasks else []
    ids = {seen.reading.values.get("$task.id") for seen in polls if seen.has_failed}
    return sum(task.id in ids for task in tasks)


def _pairs(trial: Trial) -> Iterator[tuple[Seen, Seen]]:
    """Creates with the same body, one after the other."""
    creates = trial.of("task.submit")
    for first, second in itertools.pairwise(creates):
        if first.exchange.path == second.exchange.path and first.body == second.body:
            yield first, second


def _key(seen: Seen) -> str:
    idempotency = seen.contract.provider.idempotency
    return seen.exchange.sent_header(idempotency.header) if idempotency else ""


def _money(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
