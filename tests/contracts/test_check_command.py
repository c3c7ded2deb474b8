"""`understudy check` on the command line: exit codes, reports, the baseline, the budget, Ctrl-C."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import httpx2
import jsonschema
import pytest

from tests.conftest import UNDERSTUDY, Serve, Served, read_announcement
from tests.contracts.driving import SPEED, VIRTUAL, check_mock
from tests.liars.lies import LIARS
from tests.liars.relay import Relay, running
from understudy.commands.check import Standing
from understudy.contracts.control import Control, NoControl
from understudy.contracts.exchange import Exchange

SCHEMA = json.loads((Path(__file__).parents[2] / "contracts" / "report" / "report.schema.json").read_text("utf-8"))
FEW = ("--skip", "streams", "--poll", "0.05", "--provoke")


def words(served: Served, *more: str, base_url: str = "") -> list[str]:
    provider = served.providers["juhuo"]
    where = ("--base-url", base_url or provider.base_url, "--api-key", provider.keys[0])
    return [str(UNDERSTUDY), "check", "juhuo", *where, *FEW, *more]


def run(served: Served, *more: str, base_url: str = "") -> subprocess.CompletedProcess[str]:
    command = words(served, *more, base_url=base_url)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    return report


def test_the_mock_is_found_to_be_right_and_all_reports_are_written(serve: Serve, tmp_path: Path) -> None:
    served = serve(*SPEED)
    files = [f"{form}={tmp_path / form}" for form in ("junit", "html", "json", "har")]
    done = run(served, "--report", *files)
    assert done.returncode == 0, done.stdout
    assert "0 failures, 0 warnings" in done.stdout
    assert "at most" in done.stderr
    assert json.loads((tmp_path / "json").read_text("utf-8"))["score"] == 1
    assert parse(tmp_path / "junit").getroot().findall(".//testcase")
    page = (tmp_path / "html").read_text("utf-8")
    assert "<script" not in page and "src=" not in page
    entries = json.loads((tmp_path / "har").read_text("utf-8"))["log"]["entries"]
    assert len(entries) > 50
    key = served.providers["juhuo"].keys[0]
    assert not any(key in (tmp_path / form).read_text("utf-8") for form in ("junit", "html", "json", "har"))


def test_a_liar_is_told_and_its_findings_can_be_accepted(world: Serve, tmp_path: Path) -> None:
    served = world(*SPEED)
    with running(Relay(served.providers["juhuo"].base_url, LIARS["juhuo: one cent more"].lie)) as url:
        found = run(served, "--json", base_url=url)
        (tmp_path / "known.json").write_text(found.stdout, "utf-8")
        accepted = run(served, "--json", "--baseline", str(tmp_path / "known.json"), base_url=url)
    assert (found.returncode, accepted.returncode) == (1, 0)
    report = report_of(found)
    assert "cost-is-price" in {finding["check"] for finding in report["findings"]}
    assert all(
        finding["curl"] and finding["facts"] for finding in report["findings"] if finding["check"] == "cost-is-price"
    )
    assert report_of(accepted)["findings"] == []
    assert report_of(accepted)["accepted"]


def test_the_budget_holds(world: Serve) -> None:
    served = world(*SPEED)
    report = report_of(run(served, "--json", "--max-tasks", "1"))
    assert report["findings"] == []
    reasons = {clause["reason"] for clause in report["clauses"] if clause["status"] == "not checked"}
    assert "--max-tasks 1 is reached" in reasons


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--only", "nothing"), 2, "there is no check 'nothing'"),
        (("--baseline", "/nowhere"), 2, "--baseline"),
        (("--callback-listen", "here"), 2, "HOST:PORT"),
        (("--base-url", "http://127.0.0.1:1"), 3, "nobody answers"),
        (("--control-url", "http://127.0.0.1:1"), 3, "127.0.0.1:1"),
    ],
)
def test_other_ends(more: tuple[str, ...], code: int, said: str, world: Serve) -> None:
    done = run(world(*SPEED), *more)
    assert done.returncode == code
    assert said in done.stderr


def test_a_clock_that_stands_still_is_told_at_once(serve: Serve) -> None:
    served = serve("--clock", "virtual")
    process = subprocess.Popen(words(served), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    line = next(line for line in process.stderr if "stands still" in line)
    assert "Thu, 01 Jan 2026 00:00:00 GMT" in line and "--control-url" in line
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode in (0, 1) and "stands still" not in told


def test_a_clock_that_moves_is_not_told_to_stand() -> None:
    def answered(at: float, date: str) -> Exchange:
        return Exchange(1, "a", "GET", "", "/", answered=at, response_headers=(("date", date),))

    stands = Standing()
    moving = [answered(at * 0.5, f"second {at // 2}") for at in range(40)]
    assert not any(map(stands.begins, [*moving, *(answered(20.0 + at, "") for at in range(20))]))
    assert [stands.begins(answered(50.0 + at, "the same")) for at in range(8)] == [False] * 5 + [True] + [False] * 2


def test_ctrl_c_tells_what_there_is(serve: Serve) -> None:
    served = serve("--speed", "1")
    # Who runs the tests in the background ignores the signal, and so would all that they start.
    command = ["env", "--default-signal=INT", *words(served, "--json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        process.stderr.readline()
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    report = json.loads(out)
    assert report["stopped"] == "interrupted"
    assert report["exchanges"]


def test_a_target_that_goes_away_ends_the_run_and_is_told_of(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [str(UNDERSTUDY), "serve", "--port", "0", "--media-port", "0", "--json", *VIRTUAL]
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as server,
    ):
        assert server.stdout is not None
        served = read_announcement(server.stdout, log)
        process = subprocess.Popen(
            words(served, "--json", "--control-url", served.control_url),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        end = time.monotonic() + 60
        while httpx2.get(f"{served.control_url}/journal").json()["seen"] < 20:
            assert time.monotonic() < end
            time.sleep(0.01)
        server.kill()
    told, _ = process.communicate(timeout=120)
    report = json.loads(told)
    jsonschema.validate(report, SCHEMA)
    assert process.returncode == 1
    assert report["stopped"] or "answer-whole" in {finding["check"] for finding in report["findings"]}


def test_a_clock_that_nobody_moves_any_more_ends_the_run_with_what_it_had(
    world: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a time that does not come would wait for ever."""
    moves = iter(range(3))

    async def advance(control: Control, seconds: float) -> None:
        if next(moves, None) is None:
            raise NoControl("it is gone")

    monkeypatch.setattr(Control, "advance", advance)
    served = world(*VIRTUAL)
    result = check_mock(served, "juhuo", control_url=served.control_url, scenarios=frozenset(("watched",)))
    assert result.stopped == "cut short: it is gone"
    assert result.history.exchanges
