"""Clients judged: the careful ones of the zoo are spotless, and each flaw is found by what has to find it."""

from typing import Any

import pytest

from tests.contracts.zoo import ZOO, audition, put_through
from understudy.contracts.client.classes import CLASSES


@pytest.mark.parametrize("name", ZOO["clients"])
def test_a_careful_client_is_spotless(name: str) -> None:
    done = put_through(audition(name))
    assert not done.unfit
    assert [(f.check, f.clause, f.message) for f in done.findings] == []
    assert len(done.verdicts) > 15


@pytest.mark.parametrize("row", ZOO["flaws"], ids=lambda row: f"{row['client']}-{row['flaw']}")
def test_a_flaw_is_found_by_what_has_to_find_it(row: dict[str, Any]) -> None:
    done = put_through(audition(row["client"], row["flaw"]), tuple(row["scenarios"]))
    found = [(f, v.trial.case.script.size) for v in done.verdicts for f in v.findings]
    assert row["found_by"] in {finding.check for finding, _ in found}
    assert min(size for finding, size in found if finding.check == row["found_by"]) <= 4


def test_the_zoo_has_a_flaw_of_every_class_and_every_provider() -> None:
    assert {name for row in ZOO["flaws"] for name in row["classes"]} == set(CLASSES)
    providers = {ZOO["clients"][row["client"]]["provider"] for row in ZOO["flaws"]}
    assert providers == {"clawdrouter", "juhuo", "seedance2ai", "storyclaw", "unigateway"}
    assert len(ZOO["flaws"]) >= 40
