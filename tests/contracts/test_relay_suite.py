"""The suite as pytest modules, run by pytest as a user would, and the drawn layers."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from tests.conftest import Serve
from tests.contracts.driving import SPEED, check_mock
from tests.door import SPECS
from tests.liars.lies import LIARS
from tests.liars.relay import Relay, running
from understudy.contracts.drivers.limits import NO_NARROW
from understudy.contracts.relay.session import run_once
from understudy.contracts.run import Settings
from understudy.specs.loader import load

pytestmark = pytest.mark.slow


def run_suite(folder: Path, told: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    flags = [word for flag, value in told.items() for word in (f"--understudy-{flag}", value)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "understudy.contracts.relay"]
    return subprocess.run([*command, *flags, *words], cwd=folder, capture_output=True, text=True, check=False)


def test_the_mock_passes_on_two_workers(world: Serve, tmp_path: Path) -> None:
    provider = world(*SPEED).providers["juhuo"]
    told = {
        "provider": "juhuo",
        "base-url": provider.base_url,
        "api-key": provider.keys[0],
        "poll": "0.05",
        "machine-runs": "2",
    }
    done = run_suite(tmp_path, told, "--understudy-provoke", "-n", "2", "--junitxml", "out.xml")
    assert done.returncode == 0, done.stdout
    assert "test_machine[video]" in (tmp_path / "out.xml").read_text("utf-8")
    creates = (tmp_path / "out.xml").read_text("utf-8").count("test_check[")
    assert creates > 40


def test_a_liar_fails_by_the_machine_and_by_the_check(world: Serve, tmp_path: Path) -> None:
    liar = LIARS["juhuo: one cent more"]
    provider = world(*SPEED).providers["juhuo"]
    with running(Relay(provider.base_url, liar.lie)) as url:
        told = {"provider": "juhuo", "base-url": url, "api-key": provider.keys[0], "poll": "0.05", "machine-runs": "1"}
        done = run_suite(tmp_path, told, "-k", "cost-is-price or machine")
    assert done.returncode == 1, done.stdout
    assert "2 failed" in done.stdout, done.stdout
    assert "test_check[cost-is-price]" in done.stdout
    assert provider.keys[0] not in done.stdout


def test_further_accounts_are_judged_where_they_are_given(world: Serve, tmp_path: Path) -> None:
    served = world(*SPEED)
    provider = served.providers["juhuo"]
    keys = {"poor": "sk-" + "p" * 32, "narrow": "sk-" + "n" * 32}
    for who, key in keys.items():
        account = {"id": who, "key": key, "credits": "0" if who == "poor" else "1000"}
        httpx2.post(f"{served.control_url}/juhuo/accounts", json=account).raise_for_status()
    told = {"provider": "juhuo", "base-url": provider.base_url, "api-key": provider.keys[0], "poll": "0.05"}
    wanted = ("-k", "insufficient_credits or limits/running", "-rs")
    without = run_suite(tmp_path, told, *wanted)
    given = run_suite(tmp_path, {**told, **{f"{who}-api-key": key for who, key in keys.items()}}, *wanted)
    assert "2 skipped" in without.stdout and "--narrow-api-key" in without.stdout, without.stdout
    assert "2 passed" in given.stdout and "skipped" not in given.stdout, given.stdout


def test_who_reads_the_run_of_another_worker_says_the_same(world: Serve, tmp_path: Path) -> None:
    announced = world(*SPEED).providers["juhuo"]
    settings = Settings(announced.base_url, {"first": announced.keys[0]}, scenarios=frozenset(("queued",)))
    provider = load(SPECS["juhuo"])
    driven, read = (run_once(provider, settings, tmp_path) for _ in range(2))
    assert driven.history.exchanges == read.history.exchanges
    said = [[(v.clause.id, v.status, v.reason) for v in result.verdicts] for result in (driven, read)]
    assert said[0] == said[1]
    assert NO_NARROW in {verdict.reason for verdict in read.verdicts}


def test_without_a_target_nothing_is_said(tmp_path: Path) -> None:
    done = run_suite(tmp_path, {}, "-k", "checks", "-rs")
    assert "passed" not in done.stdout
    assert "--understudy-provider" in done.stdout


def test_drawn_bodies_are_judged_alike(world: Serve) -> None:
    result = check_mock(world(*SPEED), "juhuo", examples=4, scenarios=frozenset(("drawn",)))
    assert [finding.message for finding in result.findings] == []
    # What costs nothing is asked good and bad, what costs something bad only.
    assert sum(exchange.operation == "upload.presign" for exchange in result.history.exchanges) > 1
    assert not result.history.stories
