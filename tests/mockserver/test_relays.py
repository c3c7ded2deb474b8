"""What relays add to every answer, and what strictness makes of operations and keys that are only assumed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.door import SPECS, Door, Reply, stage_of
from tests.shops import CLAWDROUTER, UNIGATEWAY, Ask, order_horse, order_veo
from understudy.mockserver.stage import Stage
from understudy.specs.loader import load
from understudy.specs.model import Profile

VALID = Path(__file__).parents[1] / "cases" / "lint" / "valid.yaml"


def door_of(slug: str, strictness: str = "default") -> Door:
    return Door(Stage(load(SPECS[slug], Profile(strictness))))


def key_of(door: Door) -> str:
    return door.site.stage.provider.accounts[0].key


def send(door: Door, ask: Ask, **more: str) -> Reply:
    headers = {"Authorization": f"Bearer {key_of(door)}", **{k.replace("_", "-"): v for k, v in more.items()}}
    return door.ask(ask.method, ask.path, ask.body, headers)


def notes(door: Door) -> list[str]:
    return list(list(door.world.journal)[-1].notes)


@pytest.mark.facts("CR-094", "CR-102", "CR-016")
def test_an_answer_has_one_id_and_the_callers_own() -> None:
    door = door_of("clawdrouter")
    order = order_veo(4).ask
    bad = replace(order, body={})
    ids = set()
    for ask, own in ((order, ""), (order, "mine"), (bad, "mine"), (Ask("GET", "/v1/nowhere"), "mine")):
        reply = send(door, ask, **({"Request_Id": own} if own else {}))
        ids.add(reply.header("x-request-id"))
        assert reply.header("request-id") == own
        assert ("request-id" in dict(reply.headers)) == bool(own)
        if reply.status != 200:
            assert reply.json()["error"]["message"].endswith(f"(request id: {reply.header('x-request-id')})")
    assert len(ids) == 4
    assert all(len(each) == 32 for each in ids)


def test_a_header_goes_back_with_its_own_bytes() -> None:
    reply = send(door_of("clawdrouter"), order_veo(4).ask, Request_Id="ÿ/é")
    assert reply.header("request-id") == "ÿ/é"


@pytest.mark.facts("CR-016", "CR-102")
def test_the_same_request_id_is_not_the_same_task() -> None:
    door = door_of("clawdrouter")
    replies = [send(door, order_veo(4).ask, Request_Id="mine") for _ in range(2)]
    assert len({CLAWDROUTER.read_id(reply) for reply in replies}) == 2


@pytest.mark.facts("CR-101", "CR-102", "UG-147")
@pytest.mark.parametrize("slug", ["clawdrouter", "unigateway"])
def test_the_form_of_anthropic(slug: str) -> None:
    reply = send(door_of(slug), Ask("GET", "/v1/messages/nothing"))
    body: dict[str, Any] = reply.json()
    assert reply.status == 404
    assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")
    assert body["request_id"] in body["error"]["message"]


@pytest.mark.facts("UG-147")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1beta/nothing", {"error": {"code": 404, "status": "NOT_FOUND"}}),
        ("/v1/video/nothing", {"code": "invalid_url", "data": None}),
        ("/v1/videos/nothing/more", {"code": "invalid_url", "data": None}),
        ("/v1/nothing", {"error": {"code": "invalid_url", "type": "invalid_request_error", "param": None}}),
    ],
)
def test_unknown_paths_speak_as_their_neighbours(path: str, form: dict[str, Any]) -> None:
    body = send(door_of("unigateway"), Ask("GET", path)).json()
    assert (body.get("error") or body).pop("message")
    assert body == form


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/models/a%2Fb:generateContent", 404),
        ("POST", "/v1beta/models/a%2fb:generateContent", 404),
        ("GET", "/v1/video/generations/a%2Fb", 400),
        ("GET", "/v1/nothing/a%2Fb", 404),
    ],
)
def test_a_slash_that_is_escaped_is_of_the_name_in_which_it_stands(method: str, path: str, status: int) -> None:
    door = door_of("unigateway")
    key = door.site.stage.provider.accounts[0].key
    body = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]} if method == "POST" else None
    with_it, without = (send(door, Ask(method, p, body), x_goog_api_key=key) for p in (path, path.replace("%2", "x")))
    assert with_it.status == without.status == status
    assert form_of(with_it.json()) == form_of(without.json())


def form_of(value: Any) -> Any:
    """What is left of an answer without its texts."""
    return {name: form_of(child) for name, child in value.items()} if isinstance(value, dict) else type(value)


@pytest.mark.facts("CR-064", "CR-098")
def test_two_durations_are_noted_where_they_differ() -> None:
    door = door_of("clawdrouter")
    body = order_veo(4).ask.body
    for change, noted in (({}, False), ({"duration": 8}, True), ({"metadata": {}}, False)):
        assert send(door, Ask("POST", "/v1/video/generations", {**body, **change})).status == 200
        assert any("durationSeconds" in note for note in notes(door)) == noted
    without = {name: value for name, value in body.items() if name != "duration"}
    assert send(door, Ask("POST", "/v1/video/generations", without)).status == 200
    assert notes(door) == []


@pytest.mark.facts("UG-072", "UG-074")
def test_what_is_advised_against_is_noted() -> None:
    door = door_of("unigateway")
    order = order_horse(3, "720P", "i2v", media=[{"type": "input_image", "url": "data:image/png;base64,AAAA"}])
    assert send(door, order.ask).status == 200
    assert any("base64" in note for note in notes(door))
    order.ask.body["duration"] = 4
    assert send(door, order.ask).status == 200
    assert any("ignored here" in note for note in notes(door))


@pytest.mark.facts("CR-063", "CR-097")
@pytest.mark.parametrize("strictness", ["default", "lenient", "strict-doc", "upstream-strict"])
def test_an_operation_that_is_only_assumed_is_not_there_for_the_strict(strictness: str) -> None:
    door = door_of("clawdrouter", strictness)
    task = CLAWDROUTER.read_id(send(door, order_veo(4).ask))
    reply = send(door, CLAWDROUTER.poll(task))
    assert (reply.status == 404) == (strictness == "strict-doc")
    assert reply.status in (200, 404)
    if reply.status == 404:
        assert reply.json()["error"]["code"] == "invalid_url"


@pytest.mark.parametrize(
    ("strictness", "key", "status"),
    [
        ("default", {"X-Key": "mk-a"}, 200),
        ("default", {"Authorization": "Bearer mk-a"}, 200),
        ("default", {"X-Other": "mk-a"}, 401),
        ("lenient", {"X-Other": "mk-a"}, 200),
        ("lenient", {"X-Key": "mk-a"}, 200),
        ("lenient", {}, 401),
        ("strict-doc", {"Authorization": "Bearer mk-a"}, 200),
        ("strict-doc", {"X-Key": "mk-a"}, 401),
    ],
)
def test_keys_by_strictness(tmp_path: Path, strictness: str, key: dict[str, str], status: int) -> None:
    """An assumed scheme is not for the strict; the lenient takes all that the root names."""
    text = VALID.read_text("utf-8")
    schemes = "{type: apiKey, in: header, name: X-Key, x-source: 'assumed: seen'}"
    for old, new in {
        "security: [{bearer: []}]\n": "security: [{bearer: []}, {other: []}]\n",
        "  securitySchemes:\n": f"  securitySchemes:\n    own: {schemes}\n"
        "    other: {type: apiKey, in: header, name: X-Other}\n",
        "operationId: money\n": "operationId: money\n      security: [{bearer: []}, {own: []}]\n",
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    spec = tmp_path / "mini.yaml"
    spec.write_text(text, "utf-8")
    door = Door(Stage(load(spec, Profile(strictness))))
    assert door.ask("GET", "/money", headers=key).status == status


@pytest.mark.facts("UG-139", "UG-083", "UG-087")
def test_a_task_is_cancelled_by_the_control_api() -> None:
    """It costs nothing then, and is not cancelled twice; customers see it."""
    door = Door(stage_of("unigateway"))
    ledger = door.site.accounts.find(key_of(door)).ledger  # type: ignore[union-attr]
    order = order_horse(3, "720P")
    task = UNIGATEWAY.read_id(send(door, order.ask))
    assert ledger.used(door.now) == order.price
    door.steer("POST", f"/unigateway/tasks/{task}/cancel")
    body = send(door, UNIGATEWAY.poll(task, "happyhorse")).json()
    assert (body["status"], body["metadata"], body["error"]) == ("cancelled", {}, None)
    assert ledger.used(door.now) == 0
    refused = {"tasks/nothing": "404", f"tasks/{task}": "cancelled while it is cancelled"}
    for path, words in refused.items():
        with pytest.raises(AssertionError, match=words):
            door.steer("POST", f"/unigateway/{path}/cancel")
