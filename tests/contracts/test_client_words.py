"""What a client says of itself: its exit code, and what it writes to stderr, against what it writes when all is well."""

import pytest

from understudy.contracts.client.script import Script
from understudy.contracts.client.trial import Case, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.client.word import Word
from understudy.contracts.contract import Contract
from understudy.specs.loader import load, shipped

_CONTRACT = Contract(load(shipped()["juhuo"]))
_LOG = 'DEBUG answer {"status": "success", "errorMsg": ""}'


def _trial(code: int, err: str) -> Trial:
    return Trial(Case("drawn", "", Script("juhuo")), _CONTRACT, "sk-key", (), Word("exited", code, err=err))


@pytest.mark.parametrize(
    ("when_well", "code", "err", "succeeds"),
    [
        ("", 0, "", True),
        ("", 0, "error: the task failed", False),
        (_LOG, 0, _LOG, True),
        (_LOG, 1, _LOG, False),
        ("", 1, "", False),
    ],
)
def test_what_is_written_when_all_is_well_denies_nothing(when_well: str, code: int, err: str, succeeds: bool) -> None:
    assert Use(_trial(0, when_well)).succeeds(_trial(code, err)) is succeeds
