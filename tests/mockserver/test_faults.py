"""Every fault of the table, on the wire, through each of the three ways to set one."""

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.conftest import Served, serving
from tests.counter import BOOKS
from tests.receivers import receiving, status
from tests.refusals import Book
from tests.sockets import SECONDS, connected, request
from tests.stand import REQUESTS, Stand, opened, read_cases
from tests.wiretap import SILENCE, Heard, hear
from understudy.mockserver.faults import FAULTS
from understudy.mockserver.faults.book import MOST_RULES, MOST_SPENT
from understudy.mockserver.faults.fault import Fault
from understudy.mockserver.faults.rule import FaultError
from understudy.mockserver.running import RunningServer
from understudy.specs.loader import shipped

LAYERS = ("plans", "calls", "answers", "streams")
ALL = [case for layer in LAYERS for case in read_cases(layer)]
WAYS = ("control", "prefer", "magic")


def set_fault(stand: Stand, way: str, case: Mapping[str, Any]) -> Heard:
    """Ask once, with a rule set in one of the three ways."""
    at, rule, endless = case["at"], case["rule"], case.get("endless", False)
    if way == "control":
        stand.steer("POST", "/faults", rule)
        return stand.ask(at, endless=endless)
    pairs = [f'{name}="{value}"' if name != "fault" else f"{name}={value}" for name, value in rule.items()]
    if way == "prefer":
        return stand.ask(at, {"Prefer": ", ".join(pairs)}, endless=endless)
    return stand.ask(at, prompt=f"[understudy: {' '.join(pairs)}] ", endless=endless)


def named(case: Mapping[str, Any]) -> str:
    return f"{case['rule']['fault']}-{case['at']}"


@pytest.mark.parametrize(
    ("case", "way"),
    [pytest.param(case, way, id=f"{named(case)}-{way}") for case in ALL for way in case.get("ways", WAYS)],
)
def test_a_fault_is_seen_on_the_wire(server: RunningServer, case: Mapping[str, Any], way: str) -> None:
    with receiving(status(200)) as receiver, opened(server, receiver.calls) as stand:
        stand.kept["receiver"] = receiver.url
        show(stand, case, way)


def show(stand: Stand, case: Mapping[str, Any], way: str) -> None:
    """Set the fault, and see it."""
    slug = REQUESTS[case["at"]]["provider"]
    stand.follow(case.get("before", []))
    before = stand.books(slug)
    heard = set_fault(stand, way, case)
    sees = dict(case["sees"])
    committed = sees.pop("committed", case.get("committed"))
    assert heard.fits(sees) == {}
    stand.keep(heard, case.get("keep", {}))
    if committed is not None:
        assert (stand.books(slug) != before) is committed
    assert any(note.startswith(f"fault {case['rule']['fault']}") for note in stand.notes())
    stand.follow(case.get("later", []))


CREATES = ("task.submit", "completion", "images", "speech", "upload.presign")
ALL_CREATES = [
    pytest.param(book, at, id=f"{book.provider}-{at}")
    for book in BOOKS
    for at, said in book.said["at"].items()
    if said["method"] == "POST" and "stop" not in at
]


@pytest.mark.parametrize(("book", "at"), ALL_CREATES)
def test_every_create_can_be_done_and_its_answer_lost(server: RunningServer, book: Book, at: str) -> None:
    said = book.said["at"][at]
    with opened(server) as stand:
        site = stand.world.sites[book.provider]
        path = said["path"].partition("?")[0]
        act = site.stage.routes.find("POST", path)[0]
        assert act is not None
        assert act.operation.behavior in CREATES
        key = stand.key(book.provider)
        keys = {said["key"]: key} if "key" in said else {"Authorization": f"Bearer {key}"}
        headers = {"Content-Type": "application/json", **keys}
        before = stand.books(book.provider)
        target, body = f"/{book.provider}{said['path']}", json.dumps(said["body"]).encode()
        stand.steer("POST", "/faults", {"fault": "commit_drop", "operation": act.operation.id, "times": 1})
        lost = hear(stand.world.base_url, "POST", target, headers, body)
        assert (lost.raw, lost.end) == (b"", "close")
        between = stand.books(book.provider)
        found = hear(stand.world.base_url, "POST", target, headers, body)
        assert found.status < 300, found
        # What was done unheard of was done once, and as much as what was heard of.
        assert stand.books(book.provider) != between
        assert between != before


def test_every_create_of_every_provider_was_lost_once(server: RunningServer) -> None:
    sites = server.service.worlds.default.sites
    lost = [case["at"] for case in ALL if case["rule"] == {"fault": "commit_drop"}]
    asked = [(REQUESTS[at]["provider"], REQUESTS[at]["path"]) for at in lost]
    asked += [(book.provider, said["path"]) for book in BOOKS for said in book.said["at"].values()]
    tried = {(slug, sites[slug].stage.routes.find("POST", path.partition("?")[0])[0]) for slug, path in asked}
    creates = {
        (slug, act)
        for slug, site in sites.items()
        for act in site.stage.acts.values()
        if act.operation.behavior in CREATES
    }
    assert {(slug, act.operation.id) for slug, act in creates - tried} == set()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """All providers behind TLS."""
    folder = tmp_path_factory.mktemp("tls")
    flags = ("--tls", "--tls-dir", str(folder / "ca"), "--clock", "virtual", *shipped())
    with serving(flags, folder / "log") as served:
        yield served
    assert (folder / "log").read_text("utf-8") == ""


ON_THE_WIRE = [
    case
    for case in ALL
    if FAULTS[case["rule"]["fault"]].send is not Fault.send
    and "before" not in case
    and case["rule"]["fault"] != "reply"
]


@pytest.mark.parametrize("case", ON_THE_WIRE, ids=named)
def test_what_is_done_on_the_wire_is_done_within_tls(secure: Served, case: Mapping[str, Any]) -> None:
    said = REQUESTS[case["at"]]
    provider = secure.providers[said["provider"]]
    prefer = ", ".join(f'{name}="{value}"' for name, value in case["rule"].items())
    own = {name: value.replace("<key>", provider.keys[0]) for name, value in said.get("headers", {}).items()}
    headers = {
        "Authorization": f"Bearer {provider.keys[0]}",
        "Content-Type": "application/json",
        **own,
        "Prefer": prefer,
    }
    body = json.dumps(said["body"], ensure_ascii=False).encode()
    trust = ssl.create_default_context(cafile=secure.ca_file)
    patience = SILENCE if case.get("endless") else SECONDS
    heard = hear(provider.base_url, said["method"], said["path"], headers, body, patience=patience, trust=trust)
    assert heard.fits({name: want for name, want in case["sees"].items() if name != "committed"}) == {}


def test_a_connection_goes_on_after_an_answer_that_was_only_odd(server: RunningServer) -> None:
    with opened(server) as stand:
        stand.steer("POST", "/faults", {"fault": "drip", "size": 30, "operation": "account.balance"})
        key = [("Authorization", f"Bearer {stand.key('juhuo')}")]
        asked = request("GET", f"/_w/{stand.world.name}/juhuo/open-api/v1/account/balance", key)
        with connected(stand.world.base_url) as connection:
            answers = []
            for _ in range(3):
                connection.send(asked)
                answers.append(connection.read().body)
    assert answers[0].startswith(b'{"code":"200"')
    assert len(set(answers)) == 1


def test_a_body_of_too_few_pieces_to_be_paused_is_noted(server: RunningServer) -> None:
    with opened(server) as stand:
        stand.steer("POST", "/faults", {"fault": "stall", "events": 9, "operation": "account.balance"})
        key = [("Authorization", f"Bearer {stand.key('juhuo')}")]
        asked = request("GET", f"/_w/{stand.world.name}/juhuo/open-api/v1/account/balance", key)
        with connected(stand.world.base_url) as connection:
            connection.send(asked)
            assert connection.read().status == 200
        assert any("was not paused" in note for note in stand.notes())


@pytest.mark.parametrize("fault", [{"fault": "drop"}, {"fault": "status", "status": 503}])
def test_what_breaks_the_contract_is_noted_though_a_fault_answers(
    server: RunningServer, fault: Mapping[str, Any]
) -> None:
    with opened(server) as stand:
        stand.steer("POST", "/faults", {**fault, "operation": "video.submit", "provider": "juhuo"})
        headers = {"Authorization": f"Bearer {stand.key('juhuo')}", "Content-Type": "application/json"}
        for body in ({"prompt": "x"}, {"prompt": 5}):
            raw = json.dumps(body).encode()
            hear(stand.world.base_url, "POST", "/juhuo/open-api/v1/video/submit", headers, raw)
        assert [record.breach is not None for record in stand.records()] == [False, True]


def test_a_client_that_leaves_frees_what_hangs(server: RunningServer) -> None:
    def open_connections() -> int:
        return server.run(lambda: sum(len(each.server_state.connections) for each in server.service._servers))

    with opened(server) as stand:
        before = open_connections()
        stand.steer("POST", "/faults", {"fault": "hang", "seconds": 3600, "operation": "account.balance"})
        heard = stand.ask("juhuo-balance", endless=True)
        assert heard.raw == b""
        deadline = time.monotonic() + SECONDS
        while open_connections() > before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert open_connections() <= before
        (record,) = [record for record in stand.records() if record.operation == "account.balance"]
        assert record.status == 0
        assert "no answer was sent" in record.notes


def test_what_is_kept_of_rules_is_bounded(server: RunningServer) -> None:
    with opened(server) as stand:
        faults = stand.world.faults

        def fill() -> tuple[int, str]:
            for _ in range(MOST_RULES):
                faults.add({"fault": "drop", "header": "x-never"})
            try:
                faults.add({"fault": "drop"})
            except FaultError as error:
                return len(faults), str(error)
            return len(faults), ""

        count, said = server.run(fill)
        assert (count, said) == (MOST_RULES, f"there are {MOST_RULES} rules; remove some")
        server.run(faults.clear)
        assert not stand.world.is_steered
        for count in (MOST_SPENT - 24, 100):
            for _ in range(count):
                server.run(faults.add, {"fault": "latency", "seconds": 0, "times": 1, "operation": "account.balance"})
            stand.ask("juhuo-balance", aside=0)
        assert len(faults.list()) == MOST_SPENT
        assert faults.dropped == 76
        assert not stand.world.is_steered


def test_every_fault_has_its_cases() -> None:
    assert {case["rule"]["fault"] for case in ALL if "ways" not in case} == set(FAULTS)
