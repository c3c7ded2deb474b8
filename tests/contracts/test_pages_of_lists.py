"""Pages of a list that fit together, and such as do not."""

import json

import pytest

from understudy.contracts.checks import judge
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.specs.loader import load, shipped

JSON = (("content-type", "application/json"),)
Page = tuple[int, int, str]
"""The number of a page, its size, and the tasks that it shows, a letter each."""


def _exchange(serial: int, page: Page, total: int, who: str) -> Exchange:
    number, size, shown = page
    data = [
        {"taskId": f"gen_{letter * 12}", "status": "init", "gmtCreate": 1_767_225_600_000 - place}
        for place, letter in enumerate(shown)
    ]
    result = {"pageNo": number, "pageSize": size, "total": total, "data": data}
    told = json.dumps({"code": "200", "message": "Success", "result": result}).encode()
    path = "/open-api/v1/video/tasks"
    query = f"pageNo={number}&pageSize={size}"
    return Exchange(
        serial, "video.list", "GET", f"http://relay.test{path}?{query}", path, query, started=serial,
        answered=serial + 0.5, status=200, response_headers=JSON, response_body=told, who=who,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pages", "is_doubled"),
    [
        ([(1, 1, "a"), (2, 1, "b")], False),
        ([(1, 1, "a"), (2, 1, "a")], True),
        # Of another size a page begins elsewhere.
        ([(3, 1, "c"), (1, 100, "abc")], False),
        ([(2, 2, "cd"), (1, 20, "abcd")], False),
    ],
)
def test_a_task_stands_on_one_page_of_those_of_a_size(pages: list[Page], is_doubled: bool) -> None:
    assert ("list-once" in _found(pages, ["first", "first"])) is is_doubled


def test_pages_of_two_accounts_are_not_compared() -> None:
    assert "list-once" not in _found([(2, 1, "a"), (1, 1, "a")], ["first", "other"])


def _found(pages: list[Page], owners: list[str]) -> set[str]:
    asked = [_exchange(n, page, 9, who) for n, (page, who) in enumerate(zip(pages, owners, strict=True), 1)]
    return {f.check for f in judge(History(Contract(load(shipped()["juhuo"])), asked))}
