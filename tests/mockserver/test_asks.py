"""What the dialects read in a request's body, as data."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.mockserver.dialects import SPEAKERS

CASES = yaml.load((Path(__file__).parents[1] / "cases" / "asks.yaml").read_text("utf-8"), yaml.CSafeLoader)


def test_every_dialect_has_cases() -> None:
    assert set(CASES) == set(SPEAKERS)


@pytest.mark.parametrize(
    ("dialect", "case"),
    [pytest.param(dialect, case, id=f"{dialect}-{case['name']}") for dialect, cases in CASES.items() for case in cases],
)
def test_what_a_body_asks_for(dialect: str, case: Any) -> None:
    ask = SPEAKERS[dialect].ask(case["body"], "model")
    told = {name: getattr(ask, name) for name in case["ask"]}
    told |= {"tools": [[tool.name, tool.schema, tool.description] for tool in ask.tools]} if "tools" in told else {}
    told |= {"stops": list(ask.stops)} if "stops" in told else {}
    assert told == case["ask"]
    assert ask.model == "model"
