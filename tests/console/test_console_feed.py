"""What the console is fed with: parts of long lists, what a request broke, money, and the pulse."""

import asyncio
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Serve
from tests.counter import Counter
from tests.door import Door, call, stage_of
from tests.refusals import Case, read_book
from tests.sockets import ask
from understudy.mockserver.console.pulse import iter_beats
from understudy.specs.asking import ask_for
from understudy.specs.loader import shipped

SLUGS = sorted(shipped())
KINDS = [(slug, kind) for slug in SLUGS for kind in stage_of(slug).provider.kinds]


def door_of(slug: str) -> Door:
    return Door(stage_of(slug))


def get(door: Door, path: str) -> Any:
    return door.steer("GET", f"/console{path}").json()


def submit(door: Door, headers: dict[str, str] | None = None, **change: Any) -> str:
    """Submit the provider's first example; gives the id of the task."""
    provider = door.site.stage.provider
    operation = next(each for each in provider.operations if each.behavior == "task.submit")
    said = ask_for(provider, operation, provider.accounts[0].key)
    assert said
    reply = door.ask(said.method, said.path, {**said.body, **change}, {**dict(said.headers), **(headers or {})})
    newest = next(door.site.tasks.store.window(None), None)
    return newest.id if newest else str(reply.status)


def test_about_names_what_the_page_needs() -> None:
    door = door_of("juhuo")
    (provider,) = get(door, "/about")["providers"]
    assert (provider["slug"], provider["document"]) == ("juhuo", "juhuo.txt")
    assert provider["operations"][0]["makes"]
    (kind,) = provider["kinds"]
    assert [state["name"] for state in kind["states"]][:2] == ["queued", "init"]
    assert "clock/advance" in get(door, "/about")["can"]


@pytest.mark.parametrize("slug", SLUGS)
def test_each_curl_of_the_page_asks_what_it_sends(slug: str) -> None:
    for operation in get(door_of(slug), "/about")["providers"][0]["operations"]:
        if not operation["curl"]:
            continue
        words = shlex.split(operation["curl"])
        said = operation["ask"]
        assert words[0] == "curl"
        assert any(word.endswith(f"/{slug}{said['path']}") for word in words)
        assert operation["address"] == f"../{slug}{said['path']}"
        if said["body"] is not None:
            assert json.loads(words[words.index("-d") + 1]) == said["body"]


def test_a_part_of_the_list_of_tasks() -> None:
    door = door_of("juhuo")
    made = [submit(door) for _ in range(9)]
    whole = get(door, "/juhuo/tasks?last=9&count=60")
    assert [row["id"] for row in whole] == made[::-1]
    assert [row["serial"] for row in whole] == list(range(9, 0, -1))
    part = get(door, "/juhuo/tasks?last=6&count=3")
    assert [row["serial"] for row in part] == [6, 5, 4]
    assert part == whole[3:6]
    assert get(door, "/juhuo/tasks?last=0&count=3") == []


def test_tasks_that_are_no_longer_kept_leave_no_hole() -> None:
    door = door_of("juhuo")
    store = door.site.tasks.store
    store._most = 5
    made = [submit(door) for _ in range(8)]
    assert [row["id"] for row in get(door, "/juhuo/tasks?last=8&count=60")] == made[:2:-1]
    assert get(door, "/beat")["sites"]["juhuo"] == {"tasks": 5, "newest": 8, "dropped": 3, "callbacks": 0}


@pytest.mark.parametrize(("slug", "kind"), KINDS)
def test_the_marks_of_a_task_are_its_states_in_time(slug: str, kind: str) -> None:
    """Whatever moment is looked at, the mark that holds then has the name of the state that the task is in."""
    door = door_of(slug)
    submit(door)
    submit(door, {"Prefer": f"outcome={next(iter(stage_of(slug).provider.kinds[kind].failures), '')}"})
    for row in get(door, f"/{slug}/tasks?last=2"):
        task = door.site.tasks.store.find(row["id"])
        assert task
        marks = [(name, phase, float(begin), until and float(until)) for name, phase, begin, until in row["marks"]]
        assert marks[0][2] == task.created
        assert [mark[3] for mark in marks[:-1]] == [mark[2] for mark in marks[1:]], "no gap, no overlap"
        assert marks[-1][3] is None
        for name, phase, begin, until in marks:
            middle = begin if until is None else (begin + until) / 2
            assert (task.state_at(middle).name, task.state_at(middle).phase) == (name, phase)


def test_a_task_that_waits_for_money_has_no_end() -> None:
    door = door_of("juhuo")
    door.steer("POST", "/juhuo/accounts", {"id": "poor", "key": "sk-poor", "credits": "0.01"})
    submit(door, {"Authorization": "Bearer sk-poor"})
    (row,) = get(door, "/juhuo/tasks?last=1")
    assert (row["end"], row["marks"]) == (None, [["queued", "queued", row["created"], None]])


def test_tasks_are_found_by_text_and_phase() -> None:
    door = door_of("juhuo")
    first, second = submit(door), submit(door)
    failed = submit(door, {"Prefer": "outcome=PIPELINE_TIMEOUT"})
    door.advance(1_000)

    def ids(query: str) -> list[str]:
        return [row["id"] for row in get(door, f"/juhuo/tasks/search?{query}")]

    assert ids("phase=succeeded") == [second, first]
    assert ids("phase=failed") == [failed]
    assert ids(f"text={second[4:].upper()}") == [second]
    assert ids("text=user123&phase=running") == []
    assert len(ids("text=video")) == 3


def test_a_task_with_its_results_and_the_curl_that_polls_it(serve: Serve) -> None:
    served = serve("--clock", "virtual")
    counter = Counter(read_book("juhuo"), served, "virtual")
    task = counter.submit({})
    counter.steer("POST", "/clock/advance", {"seconds": 1_000})
    row = counter.steer("GET", f"/console/juhuo/tasks/{task}")
    assert {result["name"]: result["type"] for result in row["results"]} == {
        "video": "video/mp4",
        "cover": "image/jpeg",
    }
    for result in row["results"]:
        path = result["url"].removeprefix(served.media_url)
        assert ask(served.media_url, "GET", path).media_type == result["type"]
    shown = subprocess.run(["bash", "-c", row["curl"] + " -sS"], capture_output=True, text=True, check=True).stdout
    assert json.loads(shown)["result"]["status"] == "success"
    assert (row["state"], row["progress"], row["cost"], row["code"]) == ("success", 100, 4.25, "")
    answer = ask(served.control_url, "GET", "/_understudy/console/juhuo/tasks/gen_none")
    assert (answer.status, answer.json()["detail"]) == (404, "no task 'gen_none' at juhuo")


def iter_cases() -> Iterator[Any]:
    """Refused requests whose fault is in what they carry, one of each group, as a document's facts have them."""
    for slug in SLUGS:
        book = read_book(slug)
        for group in book.said["refused"]:
            is_about_body = "body" in book.said["at"].get(group["at"], {}) and not group.keys() & {
                "headers", "key", "serve", "first", "path", "repeat",
            }  # fmt: skip
            if is_about_body:
                change = group.get("change", [{}])[0]
                name = f"{slug}-{group['at']}-{'-'.join(change)}-{'-'.join(group['facts'])}"
                yield pytest.param(Case(name, book, group, change, ""), id=name)


@pytest.fixture(scope="module")
def wide(serve: Serve) -> Any:
    return serve("--clock", "virtual", "--seed", "9")


@pytest.mark.parametrize("case", list(iter_cases()))
def test_what_a_refused_request_broke_is_told_with_its_source(case: Case, wide: Any) -> None:
    counter = Counter(case.book, wide, "virtual")
    counter.perform(case, "x")
    serial = counter.steer("GET", "/console/beat")["seen"]
    row = counter.steer("GET", f"/console/requests/{serial}")
    assert row["condition"], row
    assert row["breaches"], row
    provider = stage_of(case.book.provider).provider
    known = {source.fact for source in provider.sources}
    for breach in row["breaches"]:
        assert breach["said"], breach
        assert breach["fact"] == "" or breach["fact"] in known
        assert re.fullmatch(r"(\d+(-\d+)?(\+\d+(-\d+)?)*)?", breach["lines"])
    sourced = [breach for breach in row["breaches"] if breach["lines"] or breach["assumed"]]
    assert sourced, row["breaches"]


def test_the_line_of_the_document_that_a_request_broke() -> None:
    door = door_of("juhuo")
    submit(door, duration=99)
    row = get(door, "/requests/1")
    first = row["breaches"][0]
    assert (first["place"], first["fact"], first["lines"], first["assumed"]) == ("duration", "JH-045", "111+123", "")
    assert row["document"] == "juhuo.txt"


def test_a_good_request_broke_nothing() -> None:
    door = door_of("juhuo")
    submit(door)
    assert get(door, "/requests/1")["breaches"] == []


def test_a_part_of_the_list_of_requests() -> None:
    door = door_of("juhuo")
    for number in range(7):
        door.ask("GET", f"/nowhere/{number}")
    whole = get(door, "/requests?last=7&count=60")
    assert [row["path"] for row in whole] == [f"/nowhere/{number}" for number in range(6, -1, -1)]
    assert get(door, "/requests?last=3&count=2") == whole[4:6]
    assert [row["serial"] for row in get(door, "/requests/search?text=WHERE/5")] == [6]


def test_only_what_is_wrong() -> None:
    door = door_of("juhuo")
    submit(door)
    submit(door, duration=99)
    submit(door)
    assert [row["serial"] for row in get(door, "/requests/search?wrong=true")] == [2]
    assert [row["serial"] for row in get(door, "/requests/search?text=gen_")] == [3, 1], "a body is searched, too"


def test_a_request_can_be_asked_again(serve: Serve) -> None:
    """Its curl has a key that works in the place of the one that is not shown."""
    served = serve("--clock", "virtual")
    counter = Counter(read_book("juhuo"), served, "virtual")
    counter.submit({"prompt": 'it\'s "late" & 100% 晚'})
    seen = counter.steer("GET", "/console/beat")["seen"]
    first = counter.steer("GET", f"/console/requests/{seen}")
    subprocess.run(["bash", "-c", first["curl"] + " -sS"], capture_output=True, check=True)
    again = counter.steer("GET", f"/console/requests/{seen + 1}")
    assert again["request"] == first["request"]
    assert (again["status"], again["condition"]) == (200, "")
    assert counter.keys[0] not in json.dumps([first["headers"], first["request"]])


def test_what_is_not_kept_is_said() -> None:
    door = door_of("juhuo")
    with pytest.raises(AssertionError, match="404"):
        get(door, "/requests/1")
    with pytest.raises(AssertionError, match="no file"):
        door.steer("GET", "/assets/console/__init__.py")


def test_money_is_balances_and_entries() -> None:
    door = door_of("juhuo")
    submit(door)
    said = get(door, "/juhuo/money")
    assert [entry["is_due"] for entry in said["entries"]] == [False]
    door.advance(1_000)
    said = door.steer("GET", "/console/juhuo/money").json()
    (entry,) = said["entries"]
    assert (entry["what"], entry["amount"], entry["is_due"]) == ("charge", Decimal("4.25"), True)
    account = said["accounts"][0]
    assert account["total"] - account["used"] - account["held"] == account["remaining"] == 10_000 - entry["amount"]


def test_what_is_paid_at_once_is_an_entry_too() -> None:
    door = door_of("storyclaw")
    (create,) = (each for each in door.site.stage.provider.operations if each.behavior == "completion")
    said = ask_for(door.site.stage.provider, create, door.site.stage.provider.accounts[0].key)
    assert said
    assert door.ask(said.method, said.path, said.body, dict(said.headers)).status == 200
    money = get(door, "/storyclaw/money")
    (entry,) = money["entries"]
    assert (entry["what"], entry["task"], entry["is_due"]) == ("charge", create.id, True)
    assert Decimal(entry["amount"]) == Decimal(money["accounts"][0]["used"]) > 0


@pytest.mark.parametrize("slug", SLUGS)
def test_the_entries_add_up_to_what_was_used(slug: str) -> None:
    door = door_of(slug)
    for number in range(4):
        failures = next(iter(stage_of(slug).provider.kinds.values())).failures
        submit(door, {"Prefer": f"outcome={next(iter(failures))}"} if number == 2 else {})
    door.advance(10_000)
    said = get(door, f"/{slug}/money")
    moved = sum(Decimal(e["amount"]) for e in said["entries"] if e["what"] in ("charge", "refund") and e["is_due"])
    assert moved == sum(Decimal(account["used"]) for account in said["accounts"]) > 0


def test_the_pulse_tells_what_changed_and_then_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.mockserver.console.pulse.SECONDS_A_BEAT", 0.001)
    monkeypatch.setattr("understudy.mockserver.console.pulse.SECONDS_OF_SILENCE", 1_000.0)
    door = door_of("juhuo")

    async def listen() -> list[Any]:
        beats = iter_beats(door.world)
        told = [await anext(beats), await anext(beats)]
        waiting = asyncio.ensure_future(anext(beats))
        await asyncio.sleep(0.05)
        assert not waiting.done(), "nothing changed"
        submit(door)
        told.append(await waiting)
        await door.world.close()
        assert [beat async for beat in beats] == [], "it ends with its world"
        return told

    retry, first, second = asyncio.run(listen())
    assert retry == b"retry: 1000\n\n"
    numbers = [json.loads(beat.partition(b"data: ")[2]) for beat in (first, second)]
    assert [each["seen"] for each in numbers] == [0, 1]
    assert [each["sites"]["juhuo"]["newest"] for each in numbers] == [0, 1]


def test_a_silent_pulse_still_beats_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.mockserver.console.pulse.SECONDS_A_BEAT", 0.001)
    monkeypatch.setattr("understudy.mockserver.console.pulse.SECONDS_OF_SILENCE", 0.003)
    door = door_of("juhuo")

    async def listen() -> bytes:
        beats = iter_beats(door.world)
        for _ in range(2):
            await anext(beats)
        return await anext(beats)

    assert asyncio.run(listen()).startswith(b"event: beat\n")


def test_the_page_may_load_nothing_from_elsewhere() -> None:
    door = door_of("juhuo")
    for path in ("/_understudy/", "/_understudy/assets/console/app.js"):
        reply = asyncio.run(call(door._api, "GET", path, {"Host": "127.0.0.1"}, b""))
        policy = reply.header("content-security-policy")
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "media-src 'self' http://media.test" in policy
