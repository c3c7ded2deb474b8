"""What was seen: asked about, judged, shown as an archive, without keys, and never guessed at when it is gone."""

import json
import logging
from typing import Any

import pytest

from tests.door import Door, stage_of
from understudy.mockserver.journal import MOST_BODY, Journal, Record
from understudy.mockserver.queries import Claim, Forgotten, Query, count, judge
from understudy.mockserver.redaction import NO_KEYS, REDACTED, Redactor
from understudy.mockserver.refusals import Breach

KEY = "sk-" + "a1B2" * 8
WRONG = "sk-" + "z9Y8" * 8
ODD = "my odd one"
SUBMIT = "/open-api/v1/video/submit"
BALANCE = "/open-api/v1/account/balance"


@pytest.fixture
def door() -> Door:
    door = Door(stage_of("juhuo"))
    door.steer("POST", "/juhuo/accounts", {"id": "mine", "key": KEY, "credits": 1_000})
    door.steer("POST", "/juhuo/accounts", {"id": "odd", "key": ODD})
    return door


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def read(door: Door, path: str) -> Any:
    return json.loads(door.steer("GET", path).body)


# Where a key may stand, of a caller or of another, good or never good.
PLACES: dict[str, Any] = {
    "the header that it belongs to": lambda door, key: door.ask("GET", BALANCE, None, bearer(key)),
    "a header without a scheme": lambda door, key: door.ask("GET", BALANCE, None, {"Authorization": key}),
    "a foreign header": lambda door, key: door.ask("GET", BALANCE, None, {"X-Trace": f"a {key} b"}),
    "a header of another provider": lambda door, key: door.ask("GET", BALANCE, None, {"Api-Token": key}),
    "a cookie": lambda door, key: door.ask("GET", BALANCE, None, {"Cookie": f"session={key}; a=b"}),
    "the prompt": lambda door, key: door.ask("POST", SUBMIT, {"prompt": f"my key is {key}."}, bearer(KEY)),
    "a member": lambda door, key: door.ask("POST", SUBMIT, {"prompt": "a", "api_key": key}, bearer(KEY)),
    "the name of a member": lambda door, key: door.ask("POST", SUBMIT, {"prompt": "a", key: 1}, bearer(KEY)),
    "letters as numbers": lambda door, key: door.ask("POST", SUBMIT, _escaped(key), bearer(KEY)),
    "no JSON": lambda door, key: door.ask("POST", SUBMIT, f"key={key}&a=b".encode(), bearer(KEY)),
    "a query": lambda door, key: door.ask("GET", f"{BALANCE}?api_key={key.replace(' ', '%20')}", None, bearer(KEY)),
    "a query, encoded": lambda door, key: door.ask("GET", f"{BALANCE}?a={_percent(key)}", None, bearer(KEY)),
    "the path": lambda door, key: door.ask("GET", f"/no/{key}/path", None, bearer(KEY)),
    "what is refused": lambda door, key: door.ask("POST", SUBMIT, {"prompt": "a", "model": key}, bearer(KEY)),
}


def _escaped(key: str) -> bytes:
    letters = "".join(f"\\u{ord(letter):04x}" for letter in key)
    return f'{{"prompt": "a {letters} b"}}'.encode()


def _percent(key: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in key)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "key", [KEY, WRONG, ODD], ids=["a key that works", "one that never did", "one of another form"]
)
def test_a_key_is_nowhere_in_what_is_shown(door: Door, place: str, key: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        PLACES[place](door, key)
    shown = [json.dumps(read(door, f"/journal{page}"), ensure_ascii=False) for page in ("", "/har", "/unmatched")]
    text = "\n".join([*shown, caplog.text])
    for form in (key, KEY, _percent(key), _escaped(key)[15:-6].decode(), key.replace(" ", "%20")):
        assert form not in text, place
    assert '"method": "' in shown[0], "something was seen"


@pytest.mark.parametrize("member", ["password", "api_key", "apiKey", "client_secret", "Authorization", "access_token"])
def test_what_others_keep_secret_is_taken_out_whatever_it_looks_like(door: Door, member: str) -> None:
    door.ask("POST", SUBMIT, {"prompt": "a", member: "hunter2"}, bearer(KEY))
    door.ask("GET", f"{BALANCE}?{member}=hunter2", None, {**bearer(KEY), f"X-{member}": "hunter2"})
    shown = json.dumps(read(door, "/journal"))
    assert "hunter2" not in shown and shown.count("[redacted]") >= 4


def test_a_text_full_of_words_for_secrets_is_gone_through_once() -> None:
    """Tried again at each of its words, this one would take hours."""
    hide = Redactor(frozenset(), frozenset(), "").hider(frozenset(), NO_KEYS)
    name = "api-key" * 300_000
    assert hide(f'"{name} {{"{name}": "x", "n": 1}}') == f'"{name} {{"{name}": "{REDACTED}", "n": 1}}'


def test_what_is_no_key_is_shown() -> None:
    door = Door(stage_of("juhuo"))
    headers = {"Authorization": "Bearer nobody", "Idempotency-Key": "once", "X-Request-Id": "r-1"}
    door.ask("POST", SUBMIT, {"prompt": "a cat", "max_tokens": 5}, headers)
    (record,) = read(door, "/journal")["records"]
    assert record["request"] == '{"prompt": "a cat", "max_tokens": 5}'
    assert {"idempotency-key": "once", "x-request-id": "r-1"}.items() <= record["headers"].items()


def test_what_was_sent_in_a_cookie_is_taken_out_elsewhere_too() -> None:
    door = Door(stage_of("juhuo"))
    door.ask("POST", SUBMIT, {"prompt": "I am moss-and-fern"}, {**bearer(KEY), "Cookie": "a=b; session=moss-and-fern"})
    (record,) = read(door, "/journal")["records"]
    assert record["request"] == '{"prompt": "I am [redacted]"}'


@pytest.mark.parametrize("left", [8, 9, 24])
def test_of_a_body_that_is_cut_no_half_a_key_is_left(left: int) -> None:
    door = Door(stage_of("juhuo"))
    begin = b'{"prompt": "'
    body = begin + b"a" * (MOST_BODY - len(begin) - left) + KEY.encode() + b'"}'
    door.ask("POST", SUBMIT, body, bearer(KEY))
    (record,) = read(door, "/journal")["records"]
    assert KEY[:8] not in record["request"] and record["request"].endswith("a[redacted]")


def test_a_breach_is_told_with_its_source(door: Door) -> None:
    door.ask("POST", SUBMIT, {"prompt": "a", "duration": 99}, bearer(KEY))
    (record,) = read(door, "/journal?broken=true")["records"]
    assert record["operation"] == "video.submit"
    assert (record["breach"]["rule"], record["breach"]["field"]) == ("maximum", "duration")
    assert any(source.startswith("JH-") for source in record["breach"]["sources"])
    assert record["breach"]["message"] in record["response"]


NEAR = {
    ("POST", "/open-api/v1/video/sumbit"): ("video.submit", "'sumbit' stands where 'submit' is meant"),
    ("POST", "/v1/video/submit"): ("video.submit", "'open-api' is missing"),
    ("POST", "/open-api/v1/v1/video/submit"): ("video.submit", "'v1' is too much"),
    ("GET", "/open-api/v1/video/task/gen_1/state"): ("video.get", "'state' is too much"),
    ("PUT", BALANCE): ("account.balance", "it takes GET, not PUT"),
    ("GET", BALANCE + "/"): ("account.balance", "its path differs in slashes"),
}


@pytest.mark.parametrize(("method", "path"), NEAR)
def test_a_request_that_no_operation_has_is_told_what_it_may_have_meant(door: Door, method: str, path: str) -> None:
    door.ask(method, path, None, bearer(KEY))
    (request,) = read(door, "/journal/unmatched")["requests"]
    assert request["record"]["operation"] == "" and request["record"]["breach"]["rule"] in ("path", "method")
    operation, why = NEAR[method, path]
    assert (request["near"][0]["operation"], request["near"][0]["why"]) == (operation, why)


def test_what_is_far_from_all_is_near_to_none(door: Door) -> None:
    door.ask("GET", "/favicon.ico", None, bearer(KEY))
    assert read(door, "/journal/unmatched")["requests"][0]["near"] == []


FILTERS = {
    "": [1, 2, 3, 4],
    "operation=video.*": [1, 2],
    "operation=": [4],
    "status=404": [4],
    "condition=": [1, 3],
    "condition=invalid_request": [2],
    "account=mine": [1, 2, 3],
    "path=/open-api/*/video/submit": [1, 2],
    "method=GET": [3, 4],
    "since=2": [3, 4],
    "broken=true": [2, 4],
    "broken=false": [1, 3],
    "provider=juhuo&operation=video.submit&broken=true": [2],
    "limit=1": [4],
}


def ask_four(door: Door) -> None:
    door.ask("POST", SUBMIT, {"prompt": "a"}, bearer(KEY))
    door.ask("POST", SUBMIT, {"prompt": 1}, bearer(KEY))
    door.ask("GET", BALANCE, None, bearer(KEY))
    door.ask("GET", "/nowhere")


def test_records_are_found_and_counted_by_what_they_are_like(door: Door) -> None:
    ask_four(door)
    for said, serials in FILTERS.items():
        records = read(door, f"/journal?{said}")["records"]
        assert [record["serial"] for record in records] == serials, said
        if "limit" not in said:
            assert read(door, f"/journal/count?{said}") == {"count": len(serials)}, said
    assert read(door, "/journal/2")["serial"] == 2


CLAIMS = [
    ({"filter": {"operation": "video.submit"}, "count": 2}, ""),
    ({"filter": {"operation": "video.submit"}, "count": 1}, "at most 1 were to fit, and 2 do"),
    ({"filter": {"operation": "video.submit"}, "count": 3}, "at least 3 were to fit, and 2 do"),
    ({"at_least": 4}, ""),
    ({"at_least": 5}, "at least 5 were to fit, and 4 do"),
    ({"at_most": 4}, ""),
    ({"at_most": 3}, "at most 3 were to fit, and 4 do"),
    ({"at_least": 1, "at_most": 4}, ""),
    ({"filter": {"status": 500}, "never": True}, ""),
    ({"filter": {"status": 404}, "never": True}, "at most 0 were to fit, and 1 do"),
    ({"in_order": [{"operation": "video.submit"}, {"operation": "account.balance"}]}, ""),
    (
        {"in_order": [{"operation": "account.balance"}, {"operation": "video.submit"}]},
        "of 2 in order, number 2 did not come after the one before it",
    ),
]


def test_claims_are_judged(door: Door) -> None:
    ask_four(door)
    for claim, failure in CLAIMS:
        verdict = door.steer("POST", "/verify", {"claims": [claim]}).json()
        assert verdict == {"ok": not failure, "failures": [failure]}, claim
    all_at_once = door.steer("POST", "/verify", {"claims": [claim for claim, _ in CLAIMS]}).json()
    assert all_at_once == {"ok": False, "failures": [failure for _, failure in CLAIMS]}


EMPTY_CLAIMS: list[Any] = [{}, {"never": True, "count": 1}, {"filter": {"statuss": 1}, "never": True}, {"in_order": []}]


@pytest.mark.parametrize("claim", EMPTY_CLAIMS)
def test_a_claim_that_says_nothing_or_two_things_is_refused(door: Door, claim: Any) -> None:
    with pytest.raises(AssertionError, match="422"):
        door.steer("POST", "/verify", {"claims": [claim]})


def kept(*operations: str, most: int) -> Journal:
    journal = Journal(most)
    for operation in operations:
        breach = Breach("path") if not operation else None
        journal.add(Record(0, 0.0, "p", operation, "GET", "/", b"", b"", b"", "", "", 200, "", b"", (), breach=breach))
    return journal


A, B = Query(operation="a"), Query(operation="b")
# Of five records the last three are kept: b a b.
KNOWN: dict[str, tuple[Claim, str]] = {
    "enough are kept": (Claim(A, least=1), ""),
    "too many are kept": (Claim(B, most=1), "at most 1 were to fit, and 2 do"),
    "asked since then": (Claim(Query(operation="a", since=2), least=1, most=1), ""),
    "an absence since then": (Claim(Query(operation="c", since=2), most=0), ""),
    "the order is kept": (Claim(order=(A, B)), ""),
    "an order since then": (
        Claim(order=(Query(operation="a", since=2), Query(operation="a", since=2))),
        "of 2 in order, number 2 did not come after the one before it",
    ),
}
UNKNOWN = {
    "an absence": Claim(Query(operation="c"), most=0),
    "a count": Claim(A, least=1, most=1),
    "at most": Claim(A, most=1),
    "more than are kept": Claim(A, least=2),
    "an order": Claim(order=(A, A)),
    "an order of which only the beginning may be gone": Claim(order=(A, Query(operation="a", since=2))),
    "an absence since a moment that is gone": Claim(Query(operation="c", since=1), most=0),
}


@pytest.mark.parametrize("claim", KNOWN)
def test_what_is_kept_may_be_enough_to_know(claim: str) -> None:
    said, why = KNOWN[claim]
    assert judge(kept("a", "a", "b", "a", "b", most=3), said) == why


@pytest.mark.parametrize("claim", UNKNOWN)
def test_what_is_asked_about_records_that_are_gone_is_not_answered(claim: str) -> None:
    journal = kept("a", "a", "b", "a", "b", most=3)
    with pytest.raises(Forgotten, match="no longer kept"):
        judge(journal, UNKNOWN[claim])
    with pytest.raises(Forgotten):
        count(journal, Query())
    assert count(journal, Query(since=2)) == 3


def test_over_http_too_nothing_is_said_of_what_is_gone(door: Door) -> None:
    door.world.journal = Journal(most_records=2)
    ask_four(door)
    for path, body in (
        ("/journal/count?status=500", None),
        ("/verify", {"claims": [{"filter": {"status": 500}, "never": True}]}),
    ):
        with pytest.raises(AssertionError, match="no longer kept"):
            door.steer("GET" if body is None else "POST", path, body)
    assert read(door, "/journal")["dropped"] == 2
    assert read(door, "/journal/har")["log"]["comment"] == "2 earlier exchanges are no longer kept"
    with pytest.raises(AssertionError, match="no longer kept"):
        door.steer("GET", "/journal/1")


def test_the_archive_has_what_har_asks_for(door: Door) -> None:
    ask_four(door)
    log = read(door, "/journal/har?since=1")["log"]
    assert log["version"] == "1.2" and log["creator"].keys() == {"name", "version"}
    entry = log["entries"][0]
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
    assert entry["startedDateTime"] == "2026-01-01T00:00:00.000+00:00"
    asked, answered = entry["request"], entry["response"]
    assert asked["url"] == door.site.base_url + SUBMIT and asked["postData"]["text"] == '{"prompt": 1}'
    assert asked["postData"]["mimeType"] == "application/json"
    assert (answered["status"], answered["statusText"]) == (200, "OK")
    assert json.loads(answered["content"]["text"])["code"] == "4000"
    assert answered["content"]["mimeType"] == "application/json"
    assert entry["_operation"] == "video.submit" and entry["_breach"]["rule"] == "type"
    assert [each["_serial"] for each in log["entries"]] == [2, 3, 4]


def test_a_journal_that_is_cleared_knows_nothing_and_lacks_nothing(door: Door) -> None:
    ask_four(door)
    door.steer("DELETE", "/journal")
    assert read(door, "/journal") == {"records": [], "seen": 0, "dropped": 0}
