"""What a provider answers step by step: given bodies, reply scripts, scripted completions."""

import json
from pathlib import Path

import pytest

import understudy as api
from tests.understudy.test_provider import VIDEO, send
from understudy import Provider, Visit

BUSY = {"replies": [{"operation": "account.balance", "steps": [{"fault": "refuse", "condition": "service_busy"}]}]}
CHAT = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "what will the weather be?"}]}'


@pytest.fixture
def provider(understudy: Visit) -> Provider:
    return understudy("juhuo")


def balance(provider: Provider) -> str:
    return str(send(provider, "GET", "/open-api/v1/account/balance").json()["code"])


def test_given_bodies(provider: Provider) -> None:
    provider.next("account.balance").returns({"code": "200", "result": [1]}).returns("soon", status=503).returns(
        b"\xff"
    )
    provider.next("video.submit").returns(status=204, headers={"X-Said": "nothing"})
    answers = [send(provider, "GET", "/open-api/v1/account/balance") for _ in range(4)]
    assert answers[0].json() == {"code": "200", "result": [1]}
    assert (answers[1].status, answers[1].body) == (503, b"soon")
    assert answers[2].body == b"\xff"
    assert answers[3].json()["code"] == "200"
    answer = send(provider, "POST", "/open-api/v1/video/submit", VIDEO)
    assert (answer.status, answer.headers["x-said"], answer.body) == (204, "nothing", b"")


def test_a_script_as_an_object_and_as_a_file(understudy: Visit, tmp_path: Path) -> None:
    file = tmp_path / "busy.json"
    file.write_text(json.dumps(BUSY))
    for script in (BUSY, file, str(file)):
        with api.provider("juhuo", script=script) as provider:
            assert [balance(provider), balance(provider)] == ["5003", "200"]
            assert provider.script.get() == BUSY
            assert provider.script.progress["replies"][0]["answered"] == {"": 2}
            provider.script.clear()
            assert provider.script.get() is None
            provider.script.set(script)
            assert balance(provider) == "5003"


def test_scripted_words(understudy: Visit) -> None:
    provider = understudy("clawdrouter")
    provider.script.say("Rain.")
    provider.script.say(tools=[{"name": "get_weather", "arguments": {"city": "Oslo"}}])
    messages = [send(provider, "POST", "/v1/chat/completions", CHAT).json()["choices"][0]["message"] for _ in range(2)]
    assert messages[0]["content"] == "Rain."
    assert messages[1]["tool_calls"][0]["function"]["name"] == "get_weather"


def test_what_is_no_script_is_refused_with_its_place(provider: Provider, tmp_path: Path) -> None:
    wrong = {"replies": [{"operation": "video.gte", "steps": ["healthy"]}]}
    with pytest.raises(ValueError, match=r"replies\[0\].*did you mean 'video\.get'"):
        provider.script.set(wrong)
    with pytest.raises(ValueError, match=r"did you mean 'video\.get'"), api.provider("juhuo", script=wrong):
        pass
    with pytest.raises(ValueError, match="says nothing"):
        provider.script.say()
    with pytest.raises(ValueError, match="cannot be read"):
        api.provider("juhuo", script=tmp_path / "nothing.json")
    (tmp_path / "no.json").write_text("{")
    with pytest.raises(ValueError, match="is no JSON"):
        provider.script.set(tmp_path / "no.json")
    assert balance(provider) == "200"


def test_what_fell_due_is_told_in_the_order_of_time(provider: Provider) -> None:
    task = send(provider, "POST", "/open-api/v1/video/submit", VIDEO).json()["result"]["taskId"]
    began = provider.now
    due = provider.advance(minutes=5)
    assert {each.task for each in due} == {task}
    assert [each.at for each in due] == sorted(each.at for each in due)
    assert began < due[0].at
    assert due[-1].at <= provider.now
    assert [each.state for each in due if each.what == "transition"][-1] == "success"
    assert [each.amount for each in due if each.what == "charge"] == [provider.account.used]
    assert provider.advance(minutes=5) == []
