"""How several workers share out the tests: file by file, the long ones first, some waiting while others compute.

A file goes to one worker as a whole, so that what it sets up is set up once. (`--dist loadgroup` has no effect with
pytest 9.2, and `loadfile` would leave the longest file to one worker.)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.documents import ROOT

WAITING: Sequence[str] = (
    "tests/contracts/test_client_drawing.py",
    "tests/contracts/test_client_search.py",
    "tests/contracts/test_clients.py",
    "tests/contracts/test_checks.py",
    "tests/contracts/test_client_doubts.py",
    "tests/contracts/test_relay_suite.py",
    "tests/contracts/test_check_command.py",
    "tests/contracts/test_finer_lies.py",
    "tests/contracts/test_passive.py",
)
"""Long files that wait for clocks and clients rather than compute, the longest first; their tests go out one by one."""

COMPUTING: Sequence[str] = (
    "tests/contracts/test_node_client.py",
    "tests/console/test_swagger.py",
    "tests/console/test_browser.py",
    "tests/mockserver/test_errors.py",
    "tests/mockserver/test_money.py",
    "tests/mockserver/test_hostile.py",
    "tests/contracts/test_strange_provider.py",
    "tests/mockserver/test_faults.py",
    "tests/mockserver/test_anthropic_messages.py",
    "tests/mockserver/test_callbacks.py",
    "tests/contracts/test_hostile_clients.py",
    "tests/mockserver/completions/test_instances.py",
    "tests/mockserver/test_media.py",
    "tests/console/test_console_feed.py",
    "tests/test_wheel.py",
    "tests/mockserver/test_answers.py",
    "tests/test_documents.py",
    "tests/test_sixth_provider.py",
    "tests/specs/test_lint.py",
)
"""Other long files, the longest first: a run shall end with short ones, so that all workers end together."""

PLACES = {ROOT / name: place for place, name in enumerate((*WAITING, *COMPUTING))}


def unit_of(node_id: str) -> str:
    """What is given to one worker as a whole: a file, or one test of those that wait."""
    file = node_id.partition("::")[0]
    return node_id if file in WAITING else file


def waits(unit: str) -> bool:
    return "::" in unit


def rank_of(path: Path) -> int:
    """The place of a file's tests among the others."""
    return PLACES.get(path, len(PLACES))


class Turns(LoadScopeScheduling):  # type: ignore[misc]
    """Every other worker begins with what waits, and the rest with what computes; whoever is done helps."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        begins_waiting = self.nodes.index(node) % 2 == 1
        chosen = next((unit for unit in self.workqueue if waits(unit) == begins_waiting), None)
        if chosen is not None:
            self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker of several; else the tests keep their order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank_of(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Turns:
    config.option.loadscopereorder = False
    return Turns(config, log)
