"""Each check: documented, convicting its liar, silent about the mock."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.conftest import Serve
from tests.contracts.driving import SLOWER, SPEED, check_liar, check_mock
from understudy.contracts.checks import CHECKS, Check
from understudy.specs.loader import shipped

ROOT = Path(__file__).parents[2]


@cache
def convicted_by() -> dict[str, str]:
    said: dict[str, str] = yaml.safe_load((Path(__file__).parent / "liars.yaml").read_text("utf-8"))
    return said


def test_each_check_has_a_liar_and_a_line_of_docs() -> None:
    manual = (ROOT / "contracts" / "README.md").read_text("utf-8").partition("## The checks")[2]
    rows = re.findall(r"^\| `([a-z-]+)` \|", manual, re.MULTILINE)
    names = [check.id for check in CHECKS]
    assert len(names) == len(set(names))
    assert sorted(convicted_by()) == sorted(names)
    assert sorted(rows) == sorted(names)


# Family of checks -> the scenarios in which its liars lie; those that are not here need all.
SCENARIOS = {
    "billing": ("watched",),
    "cancel": ("cancels",),
    "errors": ("strangers",),
    "idempotency": ("repetitions",),
    "leakage": ("watched",),
    "lifecycle": ("watched",),
    "lists": ("watched", "foreign", "lists"),
    "media": ("watched", "files"),
    "requests": ("watched", "negatives"),
    "schema": ("watched", "strangers"),
    "streams": ("texts",),
    "texts": ("texts",),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_it_convicts_its_liar(check: Check, serve: Serve) -> None:
    # What is to be cancelled must live long enough for it.
    served = serve(*(SLOWER if check.family == "cancel" else SPEED))
    scenarios = frozenset(SCENARIOS.get(check.family, ()))
    result = check_liar(served, convicted_by()[check.id], provoke=True, scenarios=scenarios)
    assert check.id in {finding.check for finding in result.findings}


@pytest.mark.parametrize("slug", shipped())
def test_it_says_nothing_of_the_mock(slug: str, serve: Serve) -> None:
    result = check_mock(serve(*SPEED), slug, provoke=True)
    assert [f"{finding.check}: {finding.message}" for finding in result.findings] == []
    assert result.tally.checked > 10
