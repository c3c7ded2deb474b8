"""What is written about judging clients: every scenario and judgement, and drivers that run as they stand there."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.contracts.zoo import put_through
from understudy.auditions.run import Audition
from understudy.contracts.client.judgements import JUDGEMENTS
from understudy.contracts.client.scenarios import SCENARIOS
from understudy.specs.loader import load, shipped

DOCS = Path(__file__).parents[2] / "docs"
DRIVERS = DOCS / "examples" / "drivers"


@pytest.mark.parametrize("name", [*SCENARIOS, *JUDGEMENTS])
def test_every_scenario_and_judgement_stands_in_the_manual(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "judging-clients.md").read_text("utf-8")


def _judged(*words: str) -> None:
    audition = Audition(load(shipped()["juhuo"]), words, {}, drivers=2)
    done = put_through(audition, ("create-lost", "task-fails"))
    assert not done.unfit
    assert [(finding.check, finding.message) for finding in done.findings] == []


def test_the_driver_in_python_runs() -> None:
    _judged(sys.executable, str(DRIVERS / "driver.py"))


def test_the_driver_in_shell_runs() -> None:
    assert shutil.which("curl"), "make test installs curl"
    _judged("sh", str(DRIVERS / "driver.sh"))


@pytest.mark.toolchain
def test_the_driver_in_node_runs() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node here; make test-all installs it")
    _judged(node, str(DRIVERS / "driver.mjs"))
