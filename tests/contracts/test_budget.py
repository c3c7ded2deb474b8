"""The budget of a run: never broken, shared out, and not refused for what is only under way."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Serve
from tests.contracts.driving import VIRTUAL, check_mock
from understudy.contracts.budget import Budget, OverBudget, part_of_budget, shared_out
from understudy.contracts.drivers.together import all_of

counts = st.lists(st.integers(0, 20), max_size=8)


@given(wanted=counts, left=st.integers(-2, 60))
def test_who_wants_few_gets_them_and_nobody_gets_more_than_another_who_wants_it(wanted: list[int], left: int) -> None:
    parts = shared_out(wanted, left)
    assert sum(parts) == min(sum(wanted), max(0, left))
    assert all(part <= want for part, want in zip(parts, wanted, strict=True))
    short = [part for part, want in zip(parts, wanted, strict=True) if part < want]
    assert all(part <= least + 1 for least in short for part in parts)


@given(
    calls=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.booleans()), max_size=30), most=st.integers(0, 8)
)
def test_no_order_of_calls_breaks_it(calls: list[tuple[int, int, bool]], most: int) -> None:
    budget, bound = Budget(most, Decimal(50)), Decimal(50)

    async def call(tasks: int, price: int, is_spent: bool) -> tuple[int, Decimal]:
        try:
            held = await budget.reserve(tasks, Decimal(price))
        except OverBudget:
            return 0, Decimal(0)
        assert budget.tasks <= most
        assert budget.credits <= bound
        await asyncio.sleep(0)
        held.settle(is_spent=is_spent)
        return (tasks, Decimal(price)) if is_spent else (0, Decimal(0))

    async def all_at_once() -> list[tuple[int, Decimal]]:
        return await asyncio.wait_for(asyncio.gather(*(call(*each) for each in calls)), 10)

    spent = asyncio.run(all_at_once())
    assert budget.tasks == sum(tasks for tasks, _ in spent) <= most
    assert budget.credits == sum((price for _, price in spent), Decimal(0)) <= bound


def test_what_is_under_way_is_waited_for_and_what_is_spent_is_not() -> None:
    async def run() -> list[str]:
        budget, told = Budget(1), list[str]()

        async def second() -> None:
            held = await budget.reserve(1, Decimal(0))
            told.append("second")
            held.settle(is_spent=True)

        held = await budget.reserve(1, Decimal(0))
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        told.append("first")
        held.settle(is_spent=False)
        await waiting
        with pytest.raises(OverBudget, match="--max-tasks 1 is reached"):
            await budget.reserve(1, Decimal(0))
        return told

    assert asyncio.run(run()) == ["first", "second"]


def test_a_part_bounds_all_that_it_starts_and_nothing_else() -> None:
    async def take(budget: Budget) -> None:
        (await budget.reserve(1, Decimal(0))).settle(is_spent=True)

    async def run() -> int:
        budget = Budget(9)
        with part_of_budget(2):
            await asyncio.gather(take(budget), take(budget))
            with pytest.raises(OverBudget, match="its part, 2, is reached"):
                await asyncio.create_task(take(budget))
        await take(budget)
        return budget.tasks

    assert asyncio.run(run()) == 3


@pytest.mark.parametrize(("slug", "most"), [("seedance2ai", 20), ("seedance2ai", 5), ("storyclaw", 20), ("juhuo", 1)])
def test_few_tasks_are_shared_out_and_no_more_are_made(slug: str, most: int, world: Serve) -> None:
    served = world(*VIRTUAL)
    result = check_mock(served, slug, provoke=True, control_url=served.control_url, max_tasks=most)
    made = {str(r.values.get("$task.id")) for r in result.history.of("task.submit") if r.is_success}
    assert 0 < len(made) <= most
    assert result.findings == ()
    # What repeats nothing for want of tasks is no matter of what may be provoked.
    unmet = [
        v.reason for v in result.verdicts if v.clause.id.endswith("/idempotency_conflict") and v.status != "passed"
    ]
    assert all("--max-tasks" in reason for reason in unmet)
    assert most > 5 or slug != "seedance2ai" or unmet
    passed = {verdict.clause.id.partition("/")[0] for verdict in result.verdicts if verdict.status == "passed"}
    if most == 20:
        assert {"lifecycle", "price", "ownership", "refund" if slug == "seedance2ai" else "cancel"} <= passed
    if slug == "seedance2ai" and most == 20:
        assert "idempotency" in passed


def test_what_is_left_behind_by_a_reached_budget_asks_nothing_afterwards() -> None:
    asked: list[str] = []

    async def stopped() -> None:
        raise OverBudget("reached")

    async def slow() -> None:
        await asyncio.sleep(0.05)
        asked.append("slow")

    async def run() -> None:
        with pytest.raises(OverBudget):
            await all_of(stopped(), slow())
        assert asked == ["slow"]

    asyncio.run(run())
