"""A provider that does much otherwise, described by the manual alone: played, judged, recorded, and asked in two ways."""

import asyncio
import json
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import httpx2
import pytest

import understudy
from tests.conftest import Serve, Served
from tests.contracts.driving import VIRTUAL, check_mock
from tests.door import PROVIDERS
from understudy.cli import main
from understudy.commands.judging import subject_of
from understudy.contracts.report.har import as_har
from understudy.contracts.run import Settings, run
from understudy.contracts.timing import Pace, Turns, Waiting
from understudy.specs.asking import ask_for
from understudy.specs.loader import load
from understudy.specs.model import Profile

ZOETROP, MURMEL = PROVIDERS / "zoetrop.yaml", PROVIDERS / "murmel.yaml"
KEY, OTHER, POOR = (f"zt_{digits}" for digits in ("0123456789abcdef01234567", "a" * 24, "b" * 24))
# Why the mock itself cannot be asked for the rest.
EXPLAINED = (
    "the provider behind is not ours",
    "a relay may keep accounts, lists, models and uploads of its own",
    "no answer shows it",
    "it may have passed between two polls",
    "no answer tells the price",
)


@pytest.fixture
def served(world: Serve) -> Served:
    return world(*VIRTUAL, "--spec", str(ZOETROP))


def test_all_of_it_is_reached_and_nothing_is_found(served: Served) -> None:
    result = check_mock(served, "zoetrop", control_url=served.control_url, provoke=True)
    assert result.findings == ()
    odd = [v for v in result.verdicts if v.status != "passed" and not any(why in v.reason for why in EXPLAINED)]
    assert odd == []
    told = {v.clause.text for v in result.verdicts}
    assert 'datei.anmelden refuses a body that breaks required ["name", "typ"]' in told
    refused = [r for r in result.history.client if "rate_limited" in r.conditions]
    looking = {"rate", "provoked:rate_limited"}
    assert {r.exchange.probe for r in refused} == looking, "only who looks for the bound meets it"


def test_whoever_used_the_key_before_is_not_held_against_the_target(serve: Serve) -> None:
    served = serve(*VIRTUAL, "--spec", str(MURMEL))
    provider = served.providers["murmel"]
    for _ in range(20):
        httpx2.get(f"{provider.base_url}/api/llm/budget", headers={"X-Murmel-Token": provider.keys[0]})
    result = check_mock(served, "murmel", control_url=served.control_url, provoke=True)
    assert result.findings == ()
    assert [v for v in result.verdicts if v.status != "passed" and not any(why in v.reason for why in EXPLAINED)] == []


@understudy.client(str(MURMEL), only=("answer-words",))
def test_to_give_up_on_a_text_that_ends_for_an_unknown_reason_is_no_failure(base_url: str, key: str) -> str:
    body = {"model": "murmel-klein", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    said = httpx2.post(f"{base_url}/api/llm/chat", headers={"X-Murmel-Token": key}, json=body).text
    chunks = [json.loads(line[6:])["choices"][0] for line in said.splitlines() if line.startswith("data: {")]
    if chunks[-1]["finish_reason"] != "stop":
        raise RuntimeError("it did not end well")
    return "".join(chunk["delta"].get("content", "") for chunk in chunks)


@understudy.client(str(ZOETROP), only=("callback",))
def test_callbacks_say_what_a_poll_says(base_url: str, key: str) -> str:
    """A client that is told of the end believes what it is told when a poll says the same."""
    told: SimpleQueue[Any] = SimpleQueue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server, httpx2.Client(params={"schluessel": key}) as http:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            wish = {"text": "A kite", "rueckruf": f"http://127.0.0.1:{server.server_port}/"}
            number = http.post(f"{base_url}/auftraege/film", json=wish).json()["data"]["nr"]
            for _ in range(20):
                with suppress(Empty):
                    heard = told.get(timeout=1.0)["data"]
                    if type(heard["nr"]) is not int or heard["preis"] != 3:
                        raise AssertionError(f"no such callback is documented: {heard}")
                task = http.get(f"{base_url}/auftraege/{number}").json()["data"]
                if task["stand"] == 90:
                    return str(httpx2.get(task["film"]).raise_for_status().headers["content-type"])
        finally:
            server.shutdown()
    raise RuntimeError("not done in time")


def test_an_honest_recording_with_keys_in_odd_places(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = check_mock(served, "zoetrop", control_url=served.control_url, scenarios=frozenset(("watched", "forms")))
    file = tmp_path / "trace.har"
    # As strangers record it: nobody says whose request it was, and no key is taken out.
    entries = json.loads(as_har(subject_of(result)))
    for entry, exchange in zip(entries["log"]["entries"], result.history.exchanges, strict=True):
        del entry["_who"]
        entry["request"]["url"] = exchange.url
        entry["request"]["headers"] = [{"name": n, "value": v} for n, v in exchange.request_headers]
    file.write_text(json.dumps(entries), "utf-8")
    assert main(["audit", "--spec", str(ZOETROP), str(file), "--json"]) == 0
    assert KEY not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("account", "is_taken"), [("k100", True), (KEY, True), ("k200", False), (OTHER, False), ("", False)]
)
def test_two_headers_that_make_one_key(served: Served, account: str, is_taken: bool) -> None:
    headers = {"X-Zt-Geheim": KEY, "X-Zt-Konto": account}
    answer = httpx2.get(f"{served.providers['zoetrop'].base_url}/konto", headers=headers)
    assert answer.json()["ok"] is is_taken


def test_any_key_is_taken_in_two_headers_unless_they_speak_of_two_accounts(serve: Serve) -> None:
    served = serve(*VIRTUAL, "--any-key", "--spec", str(ZOETROP))
    url = f"{served.providers['zoetrop'].base_url}/konto"

    def ask(key: str, account: str) -> bool:
        return bool(httpx2.get(url, headers={"X-Zt-Geheim": key, "X-Zt-Konto": account}).json()["ok"])

    assert [ask("zt_of_anybody", "me"), ask("zt_of_anybody", ""), ask("zt_of_anybody", "k100")] == [True, False, False]
    assert [ask(KEY, "k100"), ask(KEY, OTHER)] == [True, False]
    accounts = httpx2.get(f"{served.control_url}/zoetrop/accounts").json()
    assert len(accounts) == 3 + 1, "what is no key opens no account"


@pytest.mark.parametrize(("wish", "passed"), [({"ton": True}, True), ({"ton": False}, False), ({}, False)])
def test_a_switch_that_is_off_asks_for_no_step(served: Served, wish: dict[str, Any], passed: bool) -> None:
    url = served.providers["zoetrop"].base_url
    made = httpx2.post(f"{url}/auftraege/film?schluessel={OTHER}", json={"text": "x", **wish}).json()["data"]["nr"]
    due = httpx2.post(f"{served.control_url}/clock/advance", json={"seconds": 300}).json()["due"]
    assert ("ton" in [each.get("state") for each in due if each.get("task") == str(made)]) is passed


def test_a_number_is_the_cursor(served: Served) -> None:
    url = f"{served.providers['zoetrop'].base_url}/auftraege"
    for _ in range(3):
        httpx2.post(f"{url}/bild?schluessel={OTHER}", json={"text": "x"})
    first = httpx2.get(f"{url}?schluessel={OTHER}&menge=2").json()["data"]
    assert first["weiter"] == first["auftraege"][-1]["nr"]
    last = httpx2.get(f"{url}?schluessel={OTHER}&menge=50&nach={first['weiter']}").json()["data"]
    assert last["weiter"] is None
    assert {0 <= task["anteil"] <= 1 for task in (*first["auftraege"], *last["auftraege"])} == {True}


def test_the_console_asks_again_with_a_key_that_works(served: Served) -> None:
    wrong = f"zt_{'f' * 24}"
    httpx2.get(f"{served.providers['zoetrop'].base_url}/auftraege?menge=2&schluessel={wrong}")
    newest = httpx2.get(f"{served.control_url}/journal").json()["records"][-1]["serial"]
    shown = httpx2.get(f"{served.control_url}/console/requests/{newest}").json()
    assert f"/auftraege?menge=2&schluessel={KEY}" in shown["curl"]
    assert wrong not in json.dumps(shown)


def test_an_address_that_is_none_is_refused(served: Served) -> None:
    url = f"{served.providers['zoetrop'].base_url}/auftraege/film?schluessel={OTHER}"
    answer = httpx2.post(url, json={"text": "x", "rueckruf": "no address"}).json()
    assert answer["err"] == {"no": 40, "text": "rueckruf ist falsch"}


def test_a_poor_key_of_ones_own_is_used(served: Served) -> None:
    credentials = {"first": KEY, "poor": POOR}
    settings = Settings(
        served.providers["zoetrop"].base_url,
        credentials,
        control_url=served.control_url,
        scenarios=frozenset(("poor",)),
    )
    result = run(load(ZOETROP, Profile()), settings)
    assert "refusal/film.bestellen/insufficient_credits" in {
        v.clause.id for v in result.verdicts if v.status == "passed"
    }


def test_it_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["specs", "show", "--spec", str(ZOETROP)]) == 0
    assert "idempotency_conflict" in capsys.readouterr().out
    assert main(["specs", "page", "--spec", str(ZOETROP)]) == 0
    page = capsys.readouterr().out
    assert f"/auftraege/film?schluessel={KEY}" in page
    assert "understudy serve --spec FILE" in page


def test_the_key_of_a_request_to_try_stands_in_the_query() -> None:
    provider = load(ZOETROP, Profile())
    operation = next(o for o in provider.operations if o.id == "datei.anmelden")
    asked = ask_for(provider, operation, "a b")
    assert asked is not None
    assert asked.path == "/dateien?schluessel=a%20b"
    assert asked.body == {"name": "hund.png", "typ": "image/png"}


def test_turns_keep_to_the_rate() -> None:
    """Five requests where two may come in ten seconds: those taken together are neither parted nor overtaken."""
    moments: dict[str, float] = {}

    async def play() -> None:
        waiting = Waiting(Pace(), _no_sleep)
        turns = Turns(2, 10, waiting)

        async def send(name: str) -> None:
            await turns.enter("first")
            moments[name] = waiting.now()
            turns.leave("first")

        async def pair() -> None:
            async with turns.together("first", 2):
                await send("a")
                await send("b")

        ticker = asyncio.ensure_future(waiting.tick(lambda: True))
        await asyncio.gather(send("one"), pair(), send("two"), send("three"))
        ticker.cancel()

    asyncio.run(play())
    assert moments == {"one": 0, "a": 11, "b": 11, "two": 22, "three": 22}, "a step of the clock is a second"


async def _no_sleep(seconds: float) -> None:
    """A clock that is moved."""
