"""The callback laboratory: what StoryClaw owes a receiver, and what it does with bad ones."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Serve
from tests.counter import Counter
from tests.receivers import Call, Handler, drip, flood, hang, raw, receiving, status
from tests.refusals import read_book
from understudy.mockserver.outbound import Outcome, post
from understudy.specs.loader import shipped

BOOK = read_book("storyclaw")
PATIENCE_SECONDS = 15.0
LONG_SECONDS = 3_600
SPACING = [1, 5, 15]


@pytest.fixture(scope="module")
def counter(serve: Serve) -> Counter:
    """StoryClaw, whose callbacks may go to this machine, on a clock that stands."""
    served = serve("--clock", "virtual", "--allow-local-callbacks", "storyclaw")
    counter = Counter(BOOK, served, "virtual")
    counter.steer("POST", "/storyclaw/accounts/user1/credit", {"credits": 1_000_000})
    return counter


@pytest.fixture(scope="module")
def hasty_spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    """StoryClaw's spec, but it waits a third of a second for an answer, not ten."""
    text = shipped()["storyclaw"].read_text("utf-8")
    assert text.count("timeout: 10") == 1
    path = Path(tmp_path_factory.mktemp("specs")) / "storyclaw.yaml"
    path.write_text(text.replace("timeout: 10", "timeout: 0.3"), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def hasty(serve: Serve, hasty_spec: str) -> Counter:
    served = serve("--clock", "virtual", "--allow-local-callbacks", "--spec", hasty_spec)
    return Counter(BOOK, served, "virtual")


def advance(counter: Counter, seconds: float) -> float:
    return float(counter.steer("POST", "/clock/advance", {"seconds": seconds})["now"])


def deliveries(counter: Counter, task: str) -> list[dict[str, Any]]:
    listed = counter.steer("GET", "/storyclaw/callbacks")["deliveries"]
    return [delivery for delivery in listed if delivery["task"] == task]


def delivery_of(counter: Counter, task: str) -> dict[str, Any]:
    (delivery,) = deliveries(counter, task)
    return delivery


def moments(delivery: dict[str, Any]) -> list[float]:
    at = [attempt["at"] for attempt in delivery["attempts"]]
    return [round(later - earlier, 3) for earlier, later in pairwise(at)]


def cancel(counter: Counter, task: str) -> None:
    path = "/v1/router/task/stop"
    answer = counter.call("POST", path, counter.headers_of({}), f'{{"task_id": "{task}"}}'.encode())
    assert answer.status == 200, answer


def wait_until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def poll_raw(counter: Counter, task: str) -> dict[str, Any]:
    answer = counter.call("GET", f"/v1/router/tasks/{task}", counter.headers_of({}))
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.json()
    return body


GOOD = [
    status(200),
    status(201),
    status(204),
    status(299),
    raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    raw("HTTP/1.0 200 OK\r\n\r\nfine"),
]


@pytest.mark.facts("SC-116", "SC-119")
@pytest.mark.parametrize("handler", GOOD)
def test_delivered_once(handler: Handler, counter: Counter) -> None:
    with receiving(handler) as receiver:
        task = counter.submit({"callback_url": receiver.url})
        advance(counter, LONG_SECONDS)
        delivery = delivery_of(counter, task)
        assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)
        advance(counter, LONG_SECONDS)
        assert len(receiver.calls) == 1
        assert delivery_of(counter, task) == delivery


BAD: dict[str, tuple[Handler, int]] = {
    "500": (status(500), 500),
    "404": (status(404), 404),
    "401": (status(401), 401),
    "302": (status(302, "Location: {other}"), 302),
    "304": (status(304), 304),
    "closed": (raw(""), 0),
    "garbage": (raw("hello\r\n\r\n"), 0),
    "cut": (raw("HTTP/1.1 200 OK\r\nContent-"), 0),
    "other-protocol": (raw("SSH-2.0-OpenSSH_9.6\r\n"), 0),
    "nul": (raw("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"), 0),
    "flood": (flood, 0),
}


@pytest.mark.facts("SC-119")
@pytest.mark.parametrize(("handler", "said"), BAD.values(), ids=BAD)
def test_tried_four_times(handler: Handler, said: int, counter: Counter) -> None:
    with receiving(handler) as receiver:
        task = counter.submit({"callback_url": receiver.url})
        advance(counter, LONG_SECONDS)
        delivery = delivery_of(counter, task)
        assert delivery["state"] == "given up"
        assert [attempt["status"] for attempt in delivery["attempts"]] == [said] * 4
        assert all(attempt["reason"] for attempt in delivery["attempts"] if not said)
        assert moments(delivery) == SPACING
        advance(counter, LONG_SECONDS)
        assert len(receiver.calls) == 4
        assert len({call.body for call in receiver.calls}) == 1
        assert {call.headers["x-auth"] for call in receiver.calls} == {counter.keys[0]}


@pytest.mark.facts("SC-119")
@pytest.mark.parametrize("handler", [hang, drip])
def test_receiver_that_never_answers(handler: Handler, hasty: Counter) -> None:
    with receiving(handler, handler, status(200)) as receiver:
        task = hasty.submit({"callback_url": receiver.url})
        advance(hasty, LONG_SECONDS)
        delivery = delivery_of(hasty, task)
        assert delivery["state"] == "delivered"
        assert [attempt["status"] for attempt in delivery["attempts"]] == [0, 0, 200]
        assert moments(delivery) == SPACING[:2]
        assert "no answer within" in delivery["attempts"][0]["reason"] or handler is drip


@pytest.mark.facts("SC-119")
@pytest.mark.parametrize("failures", [1, 2, 3])
def test_not_sent_again_after_success(failures: int, counter: Counter) -> None:
    with receiving(*[status(503)] * failures, status(200), status(503)) as receiver:
        task = counter.submit({"callback_url": receiver.url})
        advance(counter, LONG_SECONDS)
        delivery = delivery_of(counter, task)
        assert delivery["state"] == "delivered"
        assert moments(delivery) == SPACING[:failures]
        assert len(receiver.calls) == failures + 1


def test_a_redirect_is_not_followed(counter: Counter) -> None:
    with receiving(status(200)) as other:
        with receiving(status(307, f"Location: {other.url}")) as receiver:
            counter.submit({"callback_url": receiver.url})
            advance(counter, LONG_SECONDS)
            assert len(receiver.calls) == 4
        assert other.calls == []


def test_nobody_there(counter: Counter) -> None:
    with receiving(status(200)) as receiver:
        url = receiver.url
    task = counter.submit({"callback_url": url})
    advance(counter, LONG_SECONDS)
    delivery = delivery_of(counter, task)
    assert delivery["state"] == "given up"
    assert all("onnect" in attempt["reason"] for attempt in delivery["attempts"]), delivery


ENDS: dict[str, tuple[dict[str, Any], int]] = {
    "success": ({}, 2),
    "failure": ({"input/prompt": "[understudy: fail=generation_failed]"}, 3),
    "cancel": ({}, 3),
}


@pytest.mark.facts("SC-013", "SC-116", "SC-120", "SC-121", "SC-122", "SC-123", "SC-124", "SC-125")
@pytest.mark.parametrize(("change", "wire"), ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("at", ["text", "image", "omni"])
def test_says_what_a_poll_says(
    at: str, change: dict[str, Any], wire: int, counter: Counter, request: pytest.FixtureRequest
) -> None:
    polled: list[dict[str, Any]] = []

    def note(call: Call) -> None:
        polled.append(poll_raw(counter, call.json()["task_id"]))

    with receiving(status(500), status(200)) as receiver:
        receiver.note = note
        task = counter.submit({**change, "callback_url": receiver.url}, at)
        if "cancel" in request.node.callspec.id:
            cancel(counter, task)
        advance(counter, LONG_SECONDS)
        call, again = receiver.calls
    assert call.line == "POST /callback HTTP/1.1"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert call.headers["x-auth"] == counter.keys[0]
    body, poll = call.json(), polled[0]
    assert again.body == call.body == delivery_of(counter, task)["body"].encode()
    assert body["task_id"] == task
    assert body["status"] == poll["status"] == wire
    assert body["error_msg"] == poll["error_msg"]
    assert body["result"]["cost"] == poll["cost"]
    assert body["result"]["urls"] == [url for result in poll["results"] for url in result["urls"]]
    assert bool(body["result"]["urls"]) == (wire == 2)


def test_the_key_that_was_used(counter: Counter) -> None:
    """An account may have several keys; x-auth is the one that created the task."""
    counter.steer("POST", "/storyclaw/accounts", {"id": "user1", "key": "second-key"})
    with receiving(status(200)) as receiver:
        counter.submit({"callback_url": receiver.url}, headers={"Authorization": "Bearer second-key"})
        advance(counter, LONG_SECONDS)
        assert [call.headers["x-auth"] for call in receiver.calls] == ["second-key"]


def test_nothing_is_owed_without_an_address(counter: Counter) -> None:
    tasks = [counter.submit(change) for change in ({}, {"callback_url": ""})]
    advance(counter, LONG_SECONDS)
    assert [deliveries(counter, task) for task in tasks] == [[], []]


def test_sent_in_the_order_in_which_the_tasks_end(counter: Counter) -> None:
    with receiving(status(200)) as receiver:
        seconds = [10, 4] * 4
        tasks = [counter.submit({"callback_url": receiver.url, "input/duration": each}) for each in seconds]
        now = advance(counter, LONG_SECONDS)
        sent = [call.json()["task_id"] for call in receiver.calls]
    ends = {task: delivery_of(counter, task)["attempts"][0]["at"] for task in tasks}
    assert sent == sorted(tasks, key=lambda task: ends[task])
    assert sent != tasks, "long ones were submitted before short ones"
    assert max(ends.values()) < now


def test_two_who_advance_at_once(hasty: Counter) -> None:
    """Each moves the clock by its own seconds, one after the other."""
    with receiving(hang, status(200)) as receiver:
        task = hasty.submit({"callback_url": receiver.url})
        before = advance(hasty, 0)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: advance(hasty, LONG_SECONDS), range(4)))
        assert advance(hasty, 0) == before + 4 * LONG_SECONDS
        assert moments(delivery_of(hasty, task)) == SPACING[:1]
        assert len(receiver.calls) == 2


ADDRESSES = {
    "by-name": "http://localhost:{port}/callback",
    "by-name-upper": "http://LOCALHOST:{port}/callback",
    "no-path": "http://127.0.0.1:{port}",
    "query": "http://127.0.0.1:{port}/a?x=1&y={{}}",
    "chinese": "http://127.0.0.1:{port}/回调?名=值",
    "fragment": "http://127.0.0.1:{port}/a#b",
    "dots": "http://127.0.0.1:{port}/a/../b",
}
TARGETS = {
    "no-path": "/",
    "query": "/a?x=1&y=%7B%7D",
    "chinese": "/%E5%9B%9E%E8%B0%83?%E5%90%8D=%E5%80%BC",
    "fragment": "/a",
    "dots": "/a/../b",
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_addresses(name: str, counter: Counter) -> None:
    with receiving(status(200)) as receiver:
        counter.submit({"callback_url": ADDRESSES[name].format(port=receiver.port)})
        advance(counter, LONG_SECONDS)
        assert [call.line for call in receiver.calls] == [f"POST {TARGETS.get(name, '/callback')} HTTP/1.1"]


# Hosts that are not public, however they are written.
LOCAL = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0X7F.0.0.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "localhost",
    "LocalHost",
    "localhost.",
    "foo.localhost",
    "FOO.LOCALHOST.",
    "0.0.0.0",
    "0",
    "[::]",
]
PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "[ff02::1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:db8::1]",
    "198.51.100.7",
    "printer.local",
    "db.internal",
    "router.home.arpa",
    "intranet",
]
DISGUISED = [
    "127.0.0.1.",
    "127.0.0.1..",
    "１２７.0.0.1",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "127．0．0．1",
    "127.0.0.1\u200b",
    "ⓛocalhost",
    "user@127.0.0.1",
    "user:password@example.com",
    "example.com@127.0.0.1",
    "127.0.0.1#@example.com",
    "127.0.0.1?@example.com",
    "127.0.0.1\\@example.com",
    "example..com",
    "exa mple.com",
    "example.com:0x50",
    ".",
    "..",
    "[127.0.0.1]",
    "[::1",
]


@pytest.mark.facts("SC-117", "SC-118")
@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", [*LOCAL, *PRIVATE, *DISGUISED])
def test_host_that_is_refused(host: str, scheme: str, counter_of: Callable[..., Counter]) -> None:
    counter = counter_of(BOOK, "default")
    before = counter.look()
    url = f"{scheme}://{host}/callback"
    answer = counter.call("POST", "/v1/router/task/create", counter.headers_of({}), body_with(url))
    assert answer.status == 400, answer
    assert "callback_url" in answer.json()["message"]
    assert counter.look() == before


@pytest.mark.facts("SC-118")
@pytest.mark.parametrize("host", PRIVATE)
def test_private_host_is_refused_even_where_local_ones_are_not(host: str, counter: Counter) -> None:
    url = f"https://{host}/callback"
    answer = counter.call("POST", "/v1/router/task/create", counter.headers_of({}), body_with(url))
    assert answer.status == 400, answer


@pytest.mark.facts("SC-117")
@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "EXAMPLE.com",
        "example.com.",
        "8.8.8.8",
        "[2606:4700::1111]",
        "例え.テスト.com",
        "127.0.0.1.example.com",
        "10.example.com",
        "localhost.example.com",
        "a_b.example.com:8443",
    ],
)
def test_public_host_is_taken(host: str, counter_of: Callable[..., Counter]) -> None:
    counter = counter_of(BOOK, "default")
    url = f"https://{host}/callback"
    answer = counter.call("POST", "/v1/router/task/create", counter.headers_of({}), body_with(url))
    assert answer.status == 200, answer


def body_with(url: str) -> bytes:
    return json.dumps({**BOOK.said["at"]["text"]["body"], "callback_url": url}).encode()


@pytest.fixture
def resolve_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets every name be these addresses."""

    def resolve(*addresses: str) -> None:
        async def getaddrinfo(self: Any, host: str, port: int, **_: Any) -> list[Any]:
            return [(2, 1, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)

    return resolve


def post_now(url: str, *, allow_local: bool) -> Outcome:
    return asyncio.run(post(url, b"{}", {"x-auth": "key"}, 5.0, allow_local))


@pytest.mark.facts("SC-118")
@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.0.0.1",),
        ("8.8.8.8", "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8"),
        ("::1",),
        ("::ffff:127.0.0.1",),
        ("169.254.169.254",),
        ("fe80::1%lo",),
    ],
)
def test_name_that_leads_inside_is_refused_at_delivery(
    addresses: Sequence[str], resolve_to: Callable[..., None]
) -> None:
    with receiving(status(200)) as receiver:
        resolve_to(*addresses)
        for scheme in ("http", "https"):
            outcome = post_now(f"{scheme}://rebinding.example:{receiver.port}/", allow_local=False)
            assert outcome.status == 0
            assert "not public" in outcome.reason, outcome
        assert receiver.calls == []


def test_http_is_for_loopback_only(resolve_to: Callable[..., None]) -> None:
    resolve_to("8.8.8.8")
    assert post_now("http://example.com/", allow_local=True) == Outcome(0, "http is only for loopback")


@pytest.mark.parametrize("addresses", [("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "127.0.0.2")])
def test_the_next_address_is_tried(addresses: Sequence[str], resolve_to: Callable[..., None]) -> None:
    """localhost is often ::1 first, where nobody listens."""
    with receiving(status(200)) as receiver:
        resolve_to(*addresses)
        assert post_now(f"http://localhost:{receiver.port}/", allow_local=True) == Outcome(200)


def test_a_key_that_is_not_ascii() -> None:
    with receiving(status(200)) as receiver:
        outcome = asyncio.run(post(receiver.url, b"{}", {"x-auth": "schlüssel"}, 5.0, allow_local=True))
        assert outcome == Outcome(200)


@pytest.fixture
def real(serve: Serve) -> Counter:
    return Counter(BOOK, serve("--speed", "1000", "--allow-local-callbacks", "storyclaw"), "real")


def test_by_the_clock_on_the_wall(real: Counter) -> None:
    """Nobody advances anything."""
    with receiving(status(500), status(200)) as receiver:
        task = real.submit({"callback_url": receiver.url})
        wait_until(lambda: len(receiver.calls) == 2)
        wait_until(lambda: delivery_of(real, task)["state"] == "delivered")
        assert moments(delivery_of(real, task))[0] >= 1


def test_waits_after_an_answer_that_never_came(serve: Serve, hasty_spec: str) -> None:
    """The second comes a second after the first was given up, not after it was begun."""
    flags = ("--speed", "1000", "--allow-local-callbacks", "--spec", hasty_spec)
    counter = Counter(BOOK, serve(*flags), "real")
    with receiving(hang, status(200)) as receiver:
        task = counter.submit({"callback_url": receiver.url})
        wait_until(lambda: len(receiver.calls) == 2)
        wait_until(lambda: delivery_of(counter, task)["state"] == "delivered")
        assert moments(delivery_of(counter, task))[0] >= 1.3


def test_by_polls(serve: Serve) -> None:
    """On the clock that polls move, the poll that shows the end brings the callback."""
    flags = ("--clock", "poll", "--speed", "0.001", "--allow-local-callbacks", "storyclaw")
    served = serve(*flags)
    counter = Counter(BOOK, served, "poll")
    with receiving(status(200)) as receiver:
        task = counter.submit({"callback_url": receiver.url})
        stopped = counter.submit({"callback_url": receiver.url})
        cancel(counter, stopped)
        wait_until(lambda: len(receiver.calls) == 1)
        assert not deliveries(counter, task)
        wait_until(lambda: poll_raw(counter, task)["status"] == 2)
        wait_until(lambda: len(receiver.calls) == 2)
        assert [call.json()["task_id"] for call in receiver.calls] == [stopped, task]


def test_deliveries_are_listed(counter: Counter) -> None:
    listed = counter.steer("GET", "/storyclaw/callbacks")
    assert listed["dropped"] == 0
    assert all(each["state"] in ("delivered", "given up") for each in listed["deliveries"])
