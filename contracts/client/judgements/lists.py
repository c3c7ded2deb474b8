"""Lists in pages: read to their end, each item once."""

from collections.abc import Iterator

from understudy.contracts.client.trial import Seen, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.finding import Evidence

# Shown in this case's expectations where a client that reads pages has to have read all of them.
WHOLE = "whole"


def list_whole(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Who reads more than one page reads all: what the provider said of pages and totals tells how far."""
    if WHOLE not in trial.case.expects or not use.succeeds(trial):
        return
    shown = {task_id for seen in trial.of("task.list") for task_id in ids_of(seen)}
    missed = [task_id for task_id in trial.stock if task_id not in shown]
    if missed:
        asked = trial.of("task.list")
        yield Evidence(
            f"it read no further than page {len(asked)}, and missed {len(missed)} of {len(trial.stock)} tasks",
            tuple(seen.exchange for seen in asked[-1:]),
        )


def items_once(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Whoever shows what is in a list shows each item once, though it came on two pages."""
    if WHOLE not in trial.case.expects or not use.succeeds(trial) or use.listing is None:
        return
    before = use.listing
    if not before.stock or any(before.word.out.count(task_id) != 1 for task_id in before.stock):
        return
    twice = [task_id for task_id in trial.stock if trial.word.out.count(task_id) > 1]
    if twice:
        exchanges = tuple(seen.exchange for seen in trial.of("task.list") if twice[0] in ids_of(seen))
        # What became of the list meanwhile not every program has to care for.
        yield Evidence(f"a task that came on two pages is shown twice: {twice[0]}", exchanges, assumed=True)


def ids_of(seen: Seen) -> tuple[str, ...]:
    """The ids of the tasks on a page."""
    tasks = seen.reading.values.get("$tasks")
    found = [task.get("$task.id") for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
    return tuple(str(task_id) for task_id in found if task_id is not None)
