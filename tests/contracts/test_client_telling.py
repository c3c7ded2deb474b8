"""A client's own word, and scripts told in words."""

import pytest

from understudy.contracts.client.script import Replies, Script, Step
from understudy.contracts.client.telling import tell
from understudy.contracts.client.word import Word, find_json


@pytest.mark.parametrize(
    ("err", "is_success"),
    [
        ("", True),
        ("the stream broke off", False),
        (
            "(node:7) Warning: Setting NODE_TLS_REJECT_UNAUTHORIZED to '0' is insecure\n(Use `node --trace-warnings ...`)",
            True,
        ),
        ("/a/b.py:7: InsecureRequestWarning: Unverified request, errors may follow\n  warnings.warn(", True),
        ("(node:7) Warning: x\nerror: no result", False),
        ("Warning: the answer was truncated", False),
    ],
)
def test_what_a_runtime_warns_of_is_not_the_clients_word(err: str, is_success: bool) -> None:
    assert Word("exited", 0, "a text", err).claims_success is is_success


def test_json_that_was_printed_last_overrides_what_stands_on_stderr() -> None:
    out = 'started\n{"ok": true}'
    assert Word("exited", 0, out, "error: once", find_json(out)).claims_success


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (Script("a"), "all is well"),
        (Script("a", tls="expired"), "over https, with a certificate that has expired"),
        (
            Script("a", (Replies("x.list", (Step(most=3, repeat=0),)),), stock=8),
            "x.list: 3 on a page from then on; 8 tasks are there before",
        ),
        (
            Script("a", (Replies("x.list", (Step(), Step(grow=1))),), stock=8),
            "x.list: healthy, then 1 more in the list; 8 tasks are there before",
        ),
    ],
)
def test_a_script_is_told_in_words(script: Script, told: str) -> None:
    assert tell(script) == told
