"""Relays whose provider is ours: what is found of each, and that nothing is said of an honest one."""

import json
import re
from typing import Any

import httpx2
import pytest

from tests.contracts.driving import QUICK, check_behind
from tests.door import SPECS
from tests.liars.behind import BEHIND, CLIENT_KEY, PassingRelay
from tests.liars.relay import running
from understudy.behind import playing_behind
from understudy.commands.check import narrow
from understudy.contracts.checks.upstream import judge_parameters, judge_secrets
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import CALLBACK, Exchange
from understudy.contracts.history import History
from understudy.contracts.run import Settings, run
from understudy.contracts.upstream import UPSTREAM, pairs_of
from understudy.specs.loader import load
from understudy.specs.model import Profile


@pytest.mark.parametrize(
    ("operation", "mistakes"),
    [
        (
            "chat.completions.create",
            {
                "makes one text of parts": ("upstream-parameters", "messages.0.content"),
                "tells bad requests as its own errors": ("upstream-refusal", "400 Bad Request is told as 500"),
                "closes what broke with a word": ("upstream-cut", "is told that it is whole"),
                "asks twice when it takes long": ("upstream-once", "one request became 2"),
                "reads CRLF badly": ("upstream-answer", "(reframe)"),
                "names its client to the provider": ("upstream-secrets", "the client's key is told to the provider"),
            },
        ),
        (
            "chat.completions.create",
            {
                "makes a system of developers": ("upstream-parameters", "role is changed"),
                "answers what is alike once": ("upstream-once", "requests that are alike only"),
            },
        ),
        (
            "chat.completions.create",
            {
                "tells errors in one word": ("upstream-refusal", "is not told"),
                "says something nice instead": ("upstream-answer", "the provider gave no text"),
                "swallows errors in streams": ("upstream-cut", "told an error within its stream"),
            },
        ),
        (
            "messages.create",
            {
                "closes messages that broke": ("upstream-cut", "is told that it is whole"),
                "knows few reasons": ("upstream-answer", 'an answer\'s stop: changed from "pause_turn"'),
                "counts the cache twice": ("upstream-usage", "input tokens are told as"),
                "speaks another version": ("upstream-parameters", "anthropic-version is changed"),
                "drops what is in beta": ("upstream-parameters", "anthropic-beta is lost"),
                "passes the client's key on": ("upstream-secrets", "the client's key is told to the provider"),
            },
        ),
        ("images.create", {"loses the end of the last picture": ("upstream-answer", "a picture has other bytes")}),
    ],
)
def test_it_convicts_who_spoils_something_on_the_way(operation: str, mistakes: dict[str, tuple[str, str]]) -> None:
    found = [f for f in check_behind(" + ".join(mistakes), operation).findings if f.severity == "failure"]
    missed = [
        name
        for name, (check, words) in mistakes.items()
        if not any(f.check == check and words in f.message for f in found)
    ]
    assert missed == []
    changes = [re.search(r"changed.* from (.+) to (.+)$", finding.message) for finding in found]
    assert all(change[1] != change[2] for change in changes if change)


def test_it_tells_each_thing_that_is_lost_or_changed_on_the_way() -> None:
    found = check_behind("is careless with what is asked").findings
    messages = [f.message for f in found if (f.check, f.severity) == ("upstream-parameters", "failure")]
    for wanted in (
        "the header Request-Id is lost",
        "response_format.json_schema.strict is lost",
        "tools.0.function.strict is lost",
        "parallel_tool_calls is lost on the way: it was 'false'",
        "image_url",
        "seed is changed on the way from 9007199254740993 to 9007199254740992",
        "the model 'gpt-4o' was asked for, and of the provider 'gpt-4o-mini'",
    ):
        assert any(wanted in message for message in messages), wanted


def test_it_tells_each_thing_that_is_lost_of_an_answer() -> None:
    found = check_behind("is careless with what is told").findings
    messages = [f.message for f in found if f.severity == "failure" and f.check.startswith("upstream-")]
    assert any("logprobs of an answer is changed" in message for message in messages)
    assert any("error.field 'model' is told as None" in message for message in messages)
    assert any("insufficient_credits is told as rate_limited" in message for message in messages)
    assert any("model of an answer is changed" in message for message in messages)


def test_what_the_provider_says_word_for_word_is_compared_word_for_word() -> None:
    found = check_behind("escapes what is told").findings
    messages = [f.message for f in found if f.severity == "failure" and f.check == "upstream-answer"]
    assert any("an answer's text: changed" in message and "&lt;b&gt;" in message for message in messages)
    assert any("usage.prompt_tokens_details of an answer is lost" in message for message in messages)


def test_it_tells_who_has_little_patience() -> None:
    """Blocks of 4 KiB, a provider that is given up after some seconds, and an answer that is told again for one Request-Id."""
    found = check_behind("has little patience").findings
    messages = {(finding.check, finding.severity): finding.message for finding in found}
    assert " comes in " in messages["upstream-held", "failure"]
    assert messages["upstream-once", "failure"] == "it was answered, and the provider was never asked"
    assert any(f.check == "upstream-refusal" and "answered late" in f.message for f in found)
    assert any("whole (stall), and the client's is not" in finding.message for finding in found)


def test_a_poll_that_goes_wrong_does_not_make_a_task_fail() -> None:
    found = check_behind("fails what it does not know", "", "seedance2ai", pace=QUICK).findings
    messages = [finding.message for finding in found if finding.check == "upstream-task"]
    assert any("the provider never said more than" in message for message in messages)


def test_it_convicts_who_asks_for_a_task_once_and_tells_that_for_ever() -> None:
    told = check_behind("polls once", "", "seedance2ai", pace=QUICK).findings
    found = {finding.check: finding for finding in told}
    assert found["upstream-task"].message.endswith("came to the provider")
    assert found["upstream-task"].severity == "failure"
    assert ("the header Idempotency-Key is lost on the way", "failure") in {(f.message, f.severity) for f in told}


def test_a_parameter_of_the_address_that_is_lost_is_told() -> None:
    path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    body = b'{"contents": [{"parts": [{"text": "hello (ref-0000-0001)"}]}]}'
    asked = Exchange(1, "gemini.stream", "POST", f"http://relay{path}", path, "alt=sse", request_body=body, status=200)
    came = asked.evolve(serial=2, where=UPSTREAM, query="")
    contract = Contract(load(SPECS["unigateway"], Profile()))
    messages = [evidence.message for evidence in judge_parameters(History(contract, [asked, came]))]
    assert messages == ["the query's alt is lost on the way"]


def test_a_relay_speaks_as_its_provider_refuses_and_tells_no_secret_of_it() -> None:
    found = check_behind("finds words of its own", "messages.create").findings
    messages = [f.message for f in found if f.check == "upstream-refusal"]
    assert any("the client is told text/plain that is no refusal" in message for message in messages)
    assert any("told in another envelope: /: 'type' is" in message.replace('"', "'") for message in messages)
    quoted = {(f.check, f.severity) for f in found if "in the provider's own words" in f.message}
    assert quoted == {("upstream-secrets", "warning")}


def test_a_refusal_that_nobody_came_for_is_none_of_the_next_request() -> None:
    provider = narrow(load(SPECS["juhuo"]), ["account.balance"])
    with playing_behind(provider, "127.0.0.1", 0) as behind:
        url, key = f"{behind.base_url}{provider.operations[0].path}", {"Authorization": f"Bearer {behind.key}"}
        with behind.telling("account.balance"):
            refused = httpx2.get(url, headers=key)
        with behind.telling("account.balance"):
            pass
        assert "remainCredits" in httpx2.get(url, headers=key).text
        assert behind.key in refused.text


def test_a_list_keeps_its_order() -> None:
    found = check_behind("turns lists around", "video.submit", "juhuo").findings
    assert ("upstream-parameters", "failure") in {(f.check, f.severity) for f in found}


def test_a_relay_is_driven_as_any_target_too() -> None:
    found = check_behind("asks nobody for a key", scenarios=frozenset(("strangers",))).findings
    assert ("invalid-refused", "failure") in {(finding.check, finding.severity) for finding in found}


def test_callbacks_bring_the_key_of_the_client_and_not_that_of_the_relay() -> None:
    callbacks: dict[str, Any] = {"listen": ("127.0.0.1", 0), "scenarios": frozenset(("callbacks",))}
    found = check_behind("lets its provider call", "", "storyclaw", **callbacks).findings
    assert {"callback-signed", "upstream-secrets"} <= {f.check for f in found if f.severity == "failure"}
    assert check_behind("honest", "", "storyclaw", **callbacks).findings == ()


@pytest.mark.parametrize(
    ("changed", "messages"),
    [
        ({"callback_url": "http://relay.test/1"}, []),
        ({"callback_url": None}, ["callback_url is lost on the way"]),
        ({"prompt": "a dog (ref-0000-0001)"}, ["prompt is changed on the way from"]),
    ],
)
def test_a_relay_may_be_called_at_an_address_of_its_own(changed: dict[str, Any], messages: list[str]) -> None:
    contract = Contract(load(SPECS["storyclaw"]))
    create = next(operation for operation in contract.serving("task.submit") if operation.deliveries)
    place = create.deliveries[0].url.path
    body = {"prompt": "a cat (ref-0000-0001)", place[0]: "http://client.test/1"}
    there = {name: value for name, value in {**body, **changed}.items() if value is not None}
    asked = Exchange(1, create.id, "POST", "", create.path, request_body=json.dumps(body).encode(), status=200)
    came = asked.evolve(serial=2, where=UPSTREAM, request_body=json.dumps(there).encode())
    told = [evidence.message for evidence in judge_parameters(History(contract, [asked, came]))]
    assert len(told) == len(messages)
    assert all(mine.startswith(said) for mine, said in zip(told, messages, strict=True))


HOST, PAID = "127.0.0.1:4710", "sk-" + "Paid" * 8


@pytest.mark.parametrize(
    ("brought", "host", "told"),
    [(CLIENT_KEY, HOST, 2), (CLIENT_KEY, f"{HOST}5", 1), (PAID, f"{HOST}5", 0), (PAID, HOST, 1)],
)
def test_what_a_client_brought_or_another_port_is_no_secret(brought: str, host: str, told: int) -> None:
    asked = Exchange(
        1, "video.submit", "POST", "", "/v1/videos", request_headers=(("Authorization", f"Bearer {brought}"),),
        status=200, who="first",
    )  # fmt: skip
    headers = (("Host", host), ("Authorization", f"Bearer {PAID}"))
    called = Exchange(2, "", "POST", "", "/called", request_headers=headers, where=CALLBACK, status=200)
    history = History(Contract(load(SPECS["storyclaw"])), [asked, called], frozenset((HOST, PAID)))
    assert len(list(judge_secrets(history))) == told


def test_a_relay_that_asks_somebody_else_is_not_driven_on() -> None:
    """Whoever is asked in the place of our provider may want to be paid for it."""
    provider = narrow(load(SPECS["clawdrouter"], Profile()), ["chat.completions.create"])
    with playing_behind(provider, "127.0.0.1", 0) as asked, playing_behind(provider, "127.0.0.1", 0) as ours:
        relay = PassingRelay(asked.base_url, asked.key, BEHIND["honest"](asked.base_url))
        with running(relay) as url:
            result = run(provider, Settings(url, {"first": CLIENT_KEY}, upstream=ours))
    assert len(result.history.exchanges) == 2
    assert "did not arrive behind the relay" in result.reasons["upstream/chat.completions.create"]
    assert {verdict.status for verdict in result.verdicts if verdict.clause.family == "upstream"} == {"not checked"}


def test_it_convicts_who_loses_the_end_of_speech() -> None:
    result = check_behind("loses the end of speech", "speech.create", "unigateway")
    assert any(f.check == "upstream-answer" and "bytes of speech" in f.message for f in result.findings)
    honest = check_behind("honest", "speech.create", "unigateway")
    assert "upstream-answer" not in {finding.check for finding in honest.findings}


@pytest.mark.parametrize(
    "operation", ["chat.completions.create", "messages.create", "responses.create", "images.create"]
)
def test_an_honest_relay_is_not_accused_by_its_provider(operation: str) -> None:
    result = check_behind("honest", operation)
    assert [f"{finding.check}: {finding.message}" for finding in result.findings] == []
    pairs = pairs_of(result.history)
    assert len(pairs) > (50 if operation.startswith("chat") else 10)
    # What shall go wrong did: a fault that nobody knows would judge nothing.
    # Who leaves may be gone before anything goes wrong.
    spoiled = [pair for pair in pairs if pair.fault and pair.client.exchange.probe != "leaves"]
    assert [p.fault for p in spoiled if not any("fault " in e.probe for e in p.exchanges[1:])] == []


@pytest.mark.parametrize("slug", ["juhuo", "seedance2ai", "storyclaw"])
def test_an_honest_relay_of_tasks_is_not_accused_by_its_provider(slug: str) -> None:
    """What was lost on the way on purpose may have been paid: no balance tells of it."""
    result = check_behind("honest", "", slug, provoke=True, pace=QUICK)
    assert [f"{finding.check}: {finding.message}" for finding in result.findings] == []
    assert len(pairs_of(result.history)) > 10
