"""How several workers share out the tests: file by file, so that what a file sets up is set up once, the long ones first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.documents import ROOT

LONGEST: Sequence[str] = (
    "tests/contracts/test_checks.py",
    "tests/contracts/test_clients.py",
    "tests/mockserver/test_money.py",
    "tests/contracts/test_client_drawing.py",
    "tests/console/test_swagger.py",
    "tests/console/test_browser.py",
    "tests/contracts/test_check_command.py",
    "tests/test_wheel.py",
    "tests/contracts/test_passive.py",
    "tests/contracts/test_client_search.py",
    "tests/contracts/test_finer_lies.py",
    "tests/contracts/test_client_doubts.py",
)
"""Files that take long, the longest first: the last of a run shall be short ones, so that all workers end together."""

IN_PARTS = frozenset(
    (
        "tests/contracts/test_checks.py",
        "tests/contracts/test_clients.py",
        "tests/contracts/test_client_drawing.py",
        "tests/mockserver/test_money.py",
    )
)
"""Files so long that their tests are given out one by one; none sets up much for the others."""


def unit_of(node_id: str) -> str:
    """What is given to one worker as a whole: a file, or one test of a long one."""
    file = node_id.partition("::")[0]
    return node_id if file in IN_PARTS else file


def rank_of(path: Path) -> int:
    """The place of a file's tests in the run."""
    name = path.relative_to(ROOT).as_posix()
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker of several; else the tests keep their order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank_of(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Units in the order of the tests. (`--dist loadgroup` has no effect with pytest 9.2, `loadfile` splits nothing.)"""
    config.option.loadscopereorder = False
    turns = LoadScopeScheduling(config, log)
    turns._split_scope = unit_of
    return turns
