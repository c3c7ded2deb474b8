"""Each check holds."""

import warnings

import pytest

from understudy.contracts.checks import CHECKS, Check
from understudy.contracts.report.redact import Redactor
from understudy.contracts.run import Result


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_check(check: Check, result: Result) -> None:
    redactor = Redactor(result.settings.credentials.values())
    found = [finding for finding in result.findings if finding.check == check.id]
    told = {
        severity: [
            "\n".join((finding.message, *finding.facts, *map(redactor.curl, finding.exchanges)))
            for finding in found
            if finding.severity == severity
        ]
        for severity in ("failure", "warning")
    }
    for text in told["warning"]:
        warnings.warn(f"{check.title}: {redactor.text(text)}", stacklevel=1)
    if told["failure"]:
        pytest.fail(f"{check.title}\n\n" + redactor.text("\n\n".join(told["failure"])), pytrace=False)
