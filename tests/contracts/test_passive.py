"""Judging what others exchanged: a recording, and live traffic through the proxy."""

import base64
import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import UNDERSTUDY, Serve
from tests.contracts.driving import SPEED, check_mock
from tests.door import SPECS
from tests.liars.lies import LIARS
from tests.liars.relay import Relay, running
from understudy.cli import main
from understudy.commands.judging import subject_of
from understudy.contracts.contract import Contract
from understudy.contracts.proxy import FINDINGS_PATH, Proxy
from understudy.contracts.recording import NoRecording, read_har
from understudy.contracts.report.har import as_har
from understudy.specs.loader import load, shipped
from understudy.specs.model import Profile

CHAT = {"model": "gpt-5.4", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("slug", shipped())
def test_an_honest_recording_is_not_accused(slug: str, world: Serve, tmp_path: Path) -> None:
    served = world(*SPEED)
    result = check_mock(served, slug, scenarios=frozenset(("watched", "texts", "files", "strangers", "lists")))
    har = as_har(subject_of(result))
    again = read_har(Contract(load(SPECS[slug], Profile())), har, served.providers[slug].base_url)
    assert len(again) >= sum(
        exchange.url.startswith(served.providers[slug].base_url) for exchange in result.history.exchanges
    )
    file = tmp_path / "trace.har"
    file.write_text(har, "utf-8")
    assert main(["audit", slug, str(file)]) == 0


def test_a_recorded_lie_is_found(world: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = {"id": "x", "object": "chat.completion", "created": 1, "model": "other", "choices": []}
    entry = _entry("https://relay.example/api/v1/chat/completions", CHAT, 200, told)
    file = tmp_path / "trace.har"
    file.write_text(
        json.dumps({"log": {"entries": [entry, _entry("https://cdn.example/app.js", {}, 200, {})]}}), "utf-8"
    )
    assert main(["audit", "clawdrouter", str(file), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert {"answer-shape", "text-model"} <= {finding["check"] for finding in said["findings"]}
    assert "sk-secret-key" not in json.dumps(said)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "log.entries is looked for"),
        ("no json", "it is no HAR"),
        ('{"log": {"entries": [{}]}}', r"log.entries\[0\]"),
        ('{"log": {"entries": 3}}', "no list"),
    ],
)
def test_what_is_no_recording_is_told(text: str, says: str) -> None:
    with pytest.raises(NoRecording, match=says):
        read_har(Contract(load(SPECS["juhuo"], Profile())), text)


def test_a_recording_of_something_else_judges_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trace.har"
    file.write_text(json.dumps({"log": {"entries": [_entry("https://cdn.example/app.js", {}, 200, {})]}}), "utf-8")
    assert main(["audit", "juhuo", str(file)]) == 2
    assert "nothing can be judged" in capsys.readouterr().err


def test_the_proxy_passes_on_and_judges(world: Serve) -> None:
    provider = world(*SPEED).providers["clawdrouter"]
    headers = {"Authorization": f"Bearer {provider.keys[0]}"}
    contract = Contract(load(SPECS["clawdrouter"], Profile()))
    liar = LIARS["clawdrouter: totals of tokens are wrong"].lie
    with running(Relay(provider.base_url, liar)) as relay, running(Served(contract, relay)) as url:
        told = httpx2.post(f"{url}/v1/chat/completions", json=CHAT, headers=headers)
        streamed = httpx2.post(f"{url}/v1/chat/completions", json={**CHAT, "stream": True}, headers=headers)
        said = httpx2.get(f"{url}{FINDINGS_PATH}").json()
    assert told.headers["x-understudy-findings"] == "text-tokens"
    assert "x-understudy-findings" not in streamed.headers
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert [finding["check"] for finding in said["findings"]] == ["text-tokens"]
    assert (said["seen"], said["dropped"]) == (2, 0)


def test_the_proxy_says_nothing_of_an_honest_provider(world: Serve) -> None:
    served = world(*SPEED)
    contract = Contract(load(SPECS["clawdrouter"], Profile()))
    with running(Served(contract, served.providers["clawdrouter"].base_url)) as url:
        result = check_mock(served, "clawdrouter", url, scenarios=frozenset(("texts", "strangers")))
        said = httpx2.get(f"{url}{FINDINGS_PATH}").json()
    assert [finding.message for finding in result.findings] == []
    assert said["findings"] == []
    assert said["seen"] > 50


def test_a_proxy_that_blocks_answers_in_place_of_a_lie(world: Serve) -> None:
    provider = world(*SPEED).providers["clawdrouter"]
    headers = {"Authorization": f"Bearer {provider.keys[0]}"}
    contract = Contract(load(SPECS["clawdrouter"], Profile()))
    liar = LIARS["clawdrouter: a stream without its last event"].lie
    with running(Relay(provider.base_url, liar)) as relay, running(Served(contract, relay, blocks=True)) as url:
        plain = httpx2.post(f"{url}/v1/chat/completions", json=CHAT, headers=headers)
        streamed = httpx2.post(f"{url}/v1/chat/completions", json={**CHAT, "stream": True}, headers=headers)
    assert plain.status_code == 200
    assert streamed.status_code == 502
    assert "stream-order" in {finding["check"] for finding in streamed.json()["findings"]}


def test_a_provider_that_is_not_there_is_told() -> None:
    contract = Contract(load(SPECS["juhuo"], Profile()))
    with running(Served(contract, "http://127.0.0.1:9")) as url:
        told = httpx2.get(f"{url}/open-api/v1/account/balance")
    assert told.status_code == 502
    assert "did not answer: connect" in told.json()["detail"]


def test_who_leaves_the_proxy_leaves_the_provider(world: Serve) -> None:
    served = world(*SPEED, "--tokens-per-second", "20")
    provider = served.providers["clawdrouter"]
    headers = {"Authorization": f"Bearer {provider.keys[0]}"}
    contract = Contract(load(SPECS["clawdrouter"], Profile()))
    asked = {**CHAT, "messages": [{"role": "user", "content": "left alone"}], "stream": True}
    with running(Served(contract, provider.base_url)) as url:
        with httpx2.stream("POST", f"{url}/v1/chat/completions", json=asked, headers=headers) as answer:
            next(answer.iter_raw())
        found = _wait_for(f"{served.control_url}/journal", "left alone")
        said = httpx2.get(f"{url}{FINDINGS_PATH}").json()
    assert any("the client left" in note for note in found["notes"])
    assert said["findings"] == []


def test_the_proxy_reports_when_it_is_ended(world: Serve, tmp_path: Path) -> None:
    provider = world(*SPEED).providers["clawdrouter"]
    liar = LIARS["clawdrouter: totals of tokens are wrong"].lie
    with running(Relay(provider.base_url, liar)) as relay, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        words = ["env", "--default-signal=INT", str(UNDERSTUDY), "proxy", "clawdrouter", "--json"]
        command = [*words, "--upstream", relay, "--listen", address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            assert address in process.stderr.readline()
            headers = {"Authorization": f"Bearer {provider.keys[0]}"}
            told = httpx2.post(f"http://{address}/v1/chat/completions", json=CHAT, headers=headers)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=20)
    assert told.status_code == 200
    assert process.returncode == 1
    assert {finding["check"] for finding in json.loads(out)["findings"]} == {"text-tokens"}


def _wait_for(journal: str, text: str) -> dict[str, Any]:
    """The record of a request with that text, once it is there."""
    for _ in range(200):
        records: list[dict[str, Any]] = httpx2.get(journal).json()["records"]
        found = [record for record in records if text in record["request"]]
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"no record has {text!r}")


class Served(Proxy):
    """A proxy that can be run as the relays are."""

    own_url = ""


def _entry(url: str, asked: Any, status: int, told: Any) -> dict[str, Any]:
    content = {"text": base64.b64encode(json.dumps(told).encode()).decode(), "encoding": "base64"}
    return {
        "startedDateTime": "2026-01-02T03:04:05Z",
        "time": 12,
        "request": {
            "method": "POST",
            "url": url,
            "headers": [
                {"name": "Authorization", "value": "Bearer sk-secret-key"},
                {"name": "Content-Type", "value": "application/json"},
            ],
            "postData": {"mimeType": "application/json", "text": json.dumps(asked)},
        },
        "response": {
            "status": status,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": content,
        },
    }
