"""Several searches at once are told as one."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from understudy.auditions.outcome import Caught, Outcome, merge
from understudy.contracts.clauses import Verdict
from understudy.contracts.clauses.clause import Clause
from understudy.contracts.client.coverage import Coverage
from understudy.contracts.finding import Finding
from understudy.contracts.history import History
from understudy.contracts.report import Subject


def _finding(check: str, message: str) -> Finding:
    return Finding(check, check, "failure", (), "job.create", message, ())


def _caught(check: str, message: str, replies: int, seconds: float) -> Caught:
    return Caught(_finding(check, message), "told", "did", {}, replies, seconds, 10)


def _always(history: History) -> bool:
    return True


def _outcome(*caught: Caught, status: str = "passed", met: str = "lost", seconds: float = 5.0) -> Outcome:
    findings = (_finding("requests-valid", "when all is well"), *(catch.finding for catch in caught))
    clause = Clause("general/healthy", "all is well", _always)
    subject = Subject("a client", "lumen", "client", findings, (Verdict(clause, status),), secrets=frozenset({"k"}))
    coverage = Coverage(("no task yet",), ("lost", "cut"), Counter({("no task yet", met): 2}))
    return Outcome(subject, caught=caught, examples=100, seconds=seconds, coverage=coverage)


def test_each_judgement_is_told_once_by_its_shortest_script() -> None:
    first = _outcome(_caught("paid-once", "long", 3, 1.0), _caught("no-crash", "alone", 2, 1.0))
    second = _outcome(_caught("paid-once", "short", 1, 9.0), status="failed", met="cut", seconds=7.0)
    merged = merge([first, second])
    assert [(c.finding.check, c.finding.message) for c in merged.caught] == [
        ("paid-once", "short"),
        ("no-crash", "alone"),
    ]
    told = {(finding.check, finding.message) for finding in merged.subject.findings}
    assert told == {("requests-valid", "when all is well"), ("paid-once", "short"), ("no-crash", "alone")}
    assert len(merged.subject.findings) == 3
    assert (merged.examples, merged.seconds) == (200, 7.0)
    assert merged.subject.verdicts[0].status == "failed"
    assert merged.coverage is not None
    assert merged.coverage.reached == 2


def test_why_a_client_is_unfit_survives() -> None:
    unfit = Outcome(_outcome().subject, "it asked nothing at all")
    merged = merge([unfit, unfit])
    assert (merged.unfit, merged.coverage, merged.examples) == ("it asked nothing at all", None, 0)


def test_two_workers_print_one_document_and_save_each_catch_once(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    own = ("--driver", "--json", "--workers", "2", "--examples", "24", "--seconds", "30", "--save", str(folder))
    flaw = ("--env", "FLAWS=retries_lost_create", "--env", "CLIENT_TIMEOUT=1")
    client = (sys.executable, "-m", "tests.clients.task_client", "juhuo", "a cat", "--driver")
    command = (sys.executable, "-m", "understudy", "fuzz", *own, *flaw, "juhuo", "--", *client)
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 1, told.stderr
    said = json.loads(told.stdout)["search"]
    assert [catch["check"] for catch in said["caught"]] == ["paid-once"]
    assert [str(path) for path in folder.glob("*.json")] == [said["scripts"]["paid-once"]]
    assert said["examples"] > 12
