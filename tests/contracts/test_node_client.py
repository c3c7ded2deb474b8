"""A careful client in another language, started anew for each wish, is spotless."""

import shutil

import pytest

from tests.contracts.zoo import put_through
from tests.documents import ROOT
from understudy.auditions.run import Audition
from understudy.specs.loader import load, shipped


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_careful_client_in_node_is_spotless() -> None:
    words = ("node", str(ROOT / "tests" / "clients" / "node_client.mjs"), "a cat")
    done = put_through(Audition(load(shipped()["unigateway"]), words, {}), patience=25.0)
    assert not done.unfit
    assert [(finding.check, finding.clause, finding.message) for finding in done.findings] == []
    assert len(done.verdicts) > 40
