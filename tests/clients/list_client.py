"""A client of the zoo: reads the list of its tasks, page by page, and prints their ids.

BASE_URL=… API_KEY=… python -m tests.clients.list_client "a list"
"""

from typing import Any

from tests.clients.kit.flaws import has
from tests.clients.kit.http import Trouble, bearer, with_query
from tests.clients.kit.providers import at
from tests.clients.kit.runs import Failed, Run, main
from tests.clients.kit.tasks import advised_seconds

SIZE = 6
MOST_PAGES = 40
MOST_TROUBLE = 3
_TRANSIENT = (429, 500, 502, 503, 504)


def fulfil(run: Run) -> dict[str, Any]:
    """All ids, each once: read until a page brings none that is new."""
    ids: list[str] = []
    number, seen = 1, 0
    while number <= MOST_PAGES or has("until_total"):
        page = _page(run, number)
        found = [task_id for item in at(page, "data") or [] if isinstance(task_id := at(item, "taskId"), str)]
        fresh = found if has("item_twice") else [task_id for task_id in dict.fromkeys(found) if task_id not in ids]
        ids, seen, number = [*ids, *fresh], seen + len(found), number + 1
        if _is_last(page, len(found), len(fresh), seen, number - 1):
            return {"result": ids, "count": len(ids)}
    raise Failed("the list has no end")


def _is_last(page: Any, found: int, fresh: int, seen: int, number: int) -> bool:
    total = at(page, "total")
    if has("until_total"):
        return isinstance(total, int) and seen >= total
    if has("counts_pages_itself"):
        return isinstance(total, int) and number * SIZE >= total
    if has("stops_at_short_page"):
        return found < SIZE
    # What was shown before may hide what is new behind it; an empty page hides nothing.
    return found == 0


def _page(run: Run, number: int) -> Any:
    url = with_query(f"{run.base_url}/open-api/v1/video/tasks", pageNo=str(number), pageSize=str(SIZE))
    for attempt in range(MOST_TROUBLE + 1):
        try:
            answer = run.http.ask("GET", url, bearer(run.api_key))
        except Trouble:
            answer = None
        if answer is not None and answer.status not in _TRANSIENT:
            body = answer.json()
            if answer.status != 200 or str(at(body, "code")) != "200":
                raise Failed(f"the list was refused: {answer.status} {answer.body[:200]!r}")
            return at(body, "result")
        if attempt < MOST_TROUBLE:
            run.obey((advised_seconds(answer.headers.get("retry-after", "")) if answer else None) or 0)
    raise Failed("the list cannot be read")


if __name__ == "__main__":
    main(fulfil)
