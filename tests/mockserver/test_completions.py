"""Text answers through the front door: an invented provider, plain and streamed, and what is paid for them."""

import asyncio
import json
import socket
import time
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.conftest import Serve
from tests.door import PARLEY, Door, Reply, call, stage_of
from tests.sockets import request
from understudy.mockserver.streams import MOST_KEPT, Event, Pace, Transmission

KEY = {"Authorization": "Bearer par_abcdefgh"}
KEY_AND_TYPE = {**KEY, "Content-Type": "application/json", "Host": "127.0.0.1"}
POOR = {"Authorization": "Bearer par_hgfedcba"}
HELLO = {"model": "quip", "messages": [{"role": "user", "content": "Hello there"}]}


@pytest.fixture
def door() -> Door:
    return Door(stage_of("parley"))


def say(door: Door, headers: dict[str, str] | None = None, **members: Any) -> Reply:
    return door.listen("/say", {**HELLO, **members}, KEY if headers is None else headers)


def events_of(body: bytes) -> list[bytes]:
    assert body.endswith(b"\n\n"), "the last event is whole"
    return [block.removeprefix(b"data: ") for block in body.removesuffix(b"\n\n").split(b"\n\n")]


def test_a_stream_says_what_the_plain_answer_says(door: Door) -> None:
    plain = say(door, n=2).json()
    *chunks, last = events_of(say(door, n=2, stream=True).body)
    assert last == b"[DONE]"
    texts, reasons = ["", ""], ["", ""]
    for chunk in map(json.loads, chunks):
        (choice,) = chunk["choices"]
        texts[choice["index"]] += choice["delta"].get("content") or ""
        reasons[choice["index"]] = choice["finish_reason"]
    assert texts == [choice["message"]["content"] for choice in plain["choices"]]
    assert reasons == [choice["finish_reason"] for choice in plain["choices"]] == ["stop", "stop"]


def test_ids_differ_and_words_do_not(door: Door) -> None:
    first, second = say(door).json(), say(door).json()
    assert first["id"] != second["id"]
    assert first["choices"] == second["choices"]


def test_the_caller_pays_for_tokens_once(door: Door) -> None:
    price = Decimal("0.001") * say(door).json()["usage"]["total_tokens"]
    account = door.site.accounts.named("p-1")
    assert account
    assert account.ledger.used(door.now) == price
    say(door, stream=True)
    assert account.ledger.used(door.now) == price * 2
    assert say(door, POOR).status == 402
    assert say(door, model="nobody").status == 404
    assert account.ledger.used(door.now) == price * 2


def test_a_model_that_an_account_does_not_see_is_not_there(door: Door) -> None:
    assert [model["id"] for model in door.ask("GET", "/models", headers=POOR).json()] == ["quip"]
    assert [model["id"] for model in door.ask("GET", "/models", headers=KEY).json()] == ["quip", "sage", "brush"]
    assert say(door, POOR, model="sage").status == 404
    assert say(door, model="brush").status == 400


def test_a_stream_may_end_in_an_error(door: Door) -> None:
    reply = say(door, {**KEY, "Prefer": "condition=service_busy, after=2"}, stream=True)
    *first, last = events_of(reply.body)
    assert reply.status == 200
    assert len(first) == 2
    assert json.loads(last) == {"error": {"code": "service_busy", "message": "service busy"}}
    assert say(door, {**KEY, "Prefer": "condition=service_busy"}, stream=True).status == 503


def test_words_in_a_prompt_refuse(door: Door) -> None:
    message = {"role": "user", "content": "now [understudy: refuse=rate_limited]"}
    assert say(door, messages=[message]).status == 429


def test_a_tool_that_nothing_can_be_called_with_is_refused(door: Door) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 2, "maximum": 1}}, "required": ["n"]}
    reply = say(door, tools=[{"type": "function", "function": {"name": "t", "parameters": schema}}])
    assert reply.status == 400
    assert reply.json()["error"]["message"].startswith("minimum: ")


def test_a_stream_stands_in_the_journal_as_it_was_sent(door: Door) -> None:
    sent = say(door, stream=True)
    (record,) = door.steer("GET", "/journal").json()["records"]
    assert record["operation"] == "say"
    assert record["response"].encode() == sent.body


def test_pace_and_a_client_that_leaves(serve: Serve) -> None:
    served = serve("--spec", str(PARLEY), "--ttft", "0.2", "--tokens-per-second", "20")
    place = urlsplit(served.providers["parley"].base_url)
    assert place.hostname and place.port
    body = json.dumps({**HELLO, "stream": True, "max_tokens": 12}).encode()
    asked = request("POST", place.path + "/say", [*KEY.items(), ("Content-Type", "application/json")], body)
    with socket.create_connection((place.hostname, place.port), 20) as connection:
        started = time.monotonic()
        connection.sendall(asked)
        received = b""
        moments = []
        while b"[DONE]" not in received:
            received += connection.recv(65_536)
            moments.append(time.monotonic() - started)
        tokens = received.count(b'"content":') - 1
    assert len(moments) > tokens / 2, "events come one after the other"
    assert moments[-1] >= 0.2 + (tokens - 1) / 20
    with socket.create_connection((place.hostname, place.port), 20) as connection:
        connection.sendall(asked)
        connection.recv(65_536)
    records: list[dict[str, Any]] = []
    for _ in range(100):
        with urlopen(f"{served.control_url}/journal") as answer:
            records = json.load(answer)["records"]
        if len(records) == 2:
            break
        time.sleep(0.05)
    assert any("the client left" in note for note in records[-1]["notes"] + records[0]["notes"])


def test_a_long_stream_is_kept_in_part_and_the_journal_says_so(door: Door) -> None:
    long = [{"role": "user", "content": "Write an essay of 500 words"}]
    sent = asyncio.run(
        call(
            door._api,
            "POST",
            "/parley/say",
            KEY_AND_TYPE,
            json.dumps({**HELLO, "messages": long, "stream": True}).encode(),
        )
    )
    (record,) = door.steer("GET", "/journal").json()["records"]
    assert len(sent.body) > MOST_KEPT
    assert sent.body.decode().startswith(record["response"][:60_000])
    assert 60_000 < len(record["response"]) <= MOST_KEPT
    assert any(f"only the first {MOST_KEPT} of {len(sent.body)} bytes" in note for note in record["notes"])


def test_a_stream_under_way_keeps_no_more_than_the_journal_takes(door: Door) -> None:
    async def send(message: Any) -> None:
        assert message["type"] == "http.response.body"

    events = iter([Event("", b"a" * MOST_KEPT), Event("", b"b")])
    transmission = Transmission(events, Pace(), door.world)
    asyncio.run(transmission.run(send, lambda: False))
    assert len(transmission.kept) == MOST_KEPT < transmission.sent


def test_when_tokens_are_due() -> None:
    assert [Pace(0.5, 10).due(tokens) for tokens in (0, 1, 5)] == [0.5, 0.6, 1.0]
    assert Pace().is_immediate
    assert not Pace(0.1).is_immediate
