"""What can grow is bounded, says what it dropped, and one thing that fails keeps nothing else from being done."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.door import Door, stage_of
from understudy.mockserver import accounts, journal, uploads
from understudy.mockserver.agenda import Agenda
from understudy.mockserver.estimates import Estimator
from understudy.mockserver.exchange import Answer
from understudy.mockserver.idempotency import Conflict, Idempotency
from understudy.mockserver.journal import Journal, Record, stable
from understudy.mockserver.redaction import Redactor
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.seed import Seed
from understudy.mockserver.store.memory import UNSEEN, MemoryStore
from understudy.mockserver.tasks import Tasks
from understudy.mockserver.twist import PLAIN
from understudy.mockserver.uploads import Upload, Uploads
from understudy.mockserver.validation import BodyReader, Phrases
from understudy.mockserver.views import TaskView
from understudy.mockserver.world import Settings
from understudy.specs import templates
from understudy.specs.builders.kinds import build_kinds
from understudy.specs.model import Body, Limits

KEY = "sk-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"
SUBMIT = "/open-api/v1/video/submit"


def _record(body: bytes = b"", query: bytes = b"") -> Record:
    return Record(0, 0.0, "p", "o", "GET", "/", query, b"", b"", "", "", 200, "", body, ())


def _door(**settings: Any) -> Door:
    return Door(stage_of("juhuo"), Settings(clock="virtual", **settings))


def _submit(door: Door, key: str = KEY) -> Any:
    return door.ask("POST", SUBMIT, {"prompt": "a kite"}, {"Authorization": f"Bearer {key}"}).json()


def test_the_journal_keeps_the_latest_and_counts_the_rest() -> None:
    kept = Journal()
    for _ in range(journal.MOST_RECORDS + 3):
        kept.add(_record())
    assert (kept.dropped, len(list(kept))) == (3, journal.MOST_RECORDS)
    assert next(iter(kept)).serial == 4


def test_the_journal_lets_go_of_large_bodies_before_there_are_many() -> None:
    kept = Journal()
    most = journal.MOST_BYTES // journal.MOST_BODY
    for _ in range(most + 5):
        kept.add(_record(b"x" * journal.MOST_BODY))
    assert (kept.dropped, len(list(kept))) == (5, most)
    kept.clear()
    for _ in range(most):
        kept.add(_record(b"x" * journal.MOST_BODY))
    assert kept.dropped == 0


def test_a_long_answer_is_cut_and_the_journal_says_so() -> None:
    kept = Journal()
    kept.add(_record(b"x" * (journal.MOST_BODY + 1)))
    (record,) = kept
    assert len(record.body) == journal.MOST_BODY
    assert "response body" in record.notes[0]


def test_keys_in_a_query_never_leave_the_journal() -> None:
    shown = stable(_record(query=b"a=1&key=secret&b="), Redactor(frozenset(), frozenset([b"key"]), ""))
    assert shown["query"] == "a=1&key=[redacted]&b="


def test_the_oldest_idempotency_key_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Idempotency(60, 2)
    for name in ("a", "b", "c"):
        assert store.begin((name,), {}, 0.0) is None
        store.finish((name,), Answer(200, "", b""))
    assert store.dropped == 1
    assert store.begin(("c",), {}, 1.0) is not None
    with pytest.raises(Conflict):
        store.begin(("b",), {"other": 1}, 1.0)
    assert store.begin(("a",), {"other": 1}, 1.0) is None, "it was let go"


def test_an_idempotency_key_that_is_used_anew_is_the_latest() -> None:
    store = Idempotency(60, 2)
    for name, moment in (("a", 0.0), ("b", 1.0), ("a", 60.0), ("c", 60.5)):
        assert store.begin((name,), {}, moment) is None, f"{name} is no repetition at {moment}"
        store.finish((name,), Answer(200, "", b""))
    assert store.begin(("a",), {}, 60.9) is not None, "b was the oldest"
    assert store.dropped == 1


def test_the_oldest_upload_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_UPLOADS", 2)
    kept = Uploads()
    for name in ("a", "b", "c"):
        kept.put(Upload(name, "image/png", "me", 1))
    assert kept.dropped == 1
    assert [name for name in "abc" if kept.find(name)] == ["b", "c"]


def test_an_upload_that_is_promised_again_is_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_UPLOADS", 2)
    door = _door()

    def promise(name: str) -> str:
        asked = {"fileName": f"{name}.png", "contentType": "image/png"}
        said = door.ask("POST", "/open-api/v1/upload/presign", asked, {"Authorization": f"Bearer {KEY}"}).json()
        return str(said["result"]["ossKey"])

    keys = {name: promise(name) for name in ("a", "b", "a", "c")}
    assert [name for name, key in keys.items() if door.site.uploads.find(key)] == ["a", "c"]


def test_the_oldest_task_goes_first_and_the_control_api_counts_it() -> None:
    door = _door()
    door.site.tasks.store = MemoryStore(door.world.clock.now, most=2)
    ids = [_submit(door)["result"]["taskId"] for _ in range(3)]
    assert [door.site.tasks.store.find(name) is not None for name in ids] == [False, True, True]
    counts = door.steer("GET", "/juhuo/dropped").json()
    assert counts.pop("tasks") == 1
    assert set(counts.values()) == {0}
    listed = door.ask("GET", "/open-api/v1/video/tasks", headers={"Authorization": f"Bearer {KEY}"}).json()
    assert listed["result"]["total"] == 2


def test_a_finished_task_goes_before_an_older_one_that_runs() -> None:
    door = _door()
    store = door.site.tasks.store = MemoryStore(door.world.clock.now, most=2)
    first, second = (store.find(_submit(door)["result"]["taskId"]) for _ in range(2))
    assert first and second
    second.cut_at(door.world.clock.now(), second.course.states[-1], "", "")
    third = store.find(_submit(door)["result"]["taskId"])
    owner = first.account.id
    assert store.page(owner, frozenset(), 0, 20) == [third, first]
    assert store.page(owner, frozenset({"video"}), 1, 20) == [first]
    assert [store.find(task.id) for task in (first, second)] == [first, None]
    assert [store.count(owner, frozenset(kinds)) for kinds in ((), ("video",), ("image",))] == [2, 2, 0]


def test_where_no_old_task_has_finished_the_next_ones_go_unseen() -> None:
    door, looks = _door(), list[float]()

    def now() -> float:
        looks.append(door.world.clock.now())
        return looks[-1]

    store = door.site.tasks.store = MemoryStore(now, most=2)
    for _ in range(2 + 1 + UNSEEN):
        _submit(door)
    assert (store.dropped, len(looks)) == (1 + UNSEEN, 1)
    door.steer("POST", "/clock/advance", {"seconds": 3600})
    running = store.find(_submit(door)["result"]["taskId"])
    assert (store.dropped, len(looks)) == (2 + UNSEEN, 2)
    assert running
    last = store.find(_submit(door)["result"]["taskId"])
    assert store.page(running.account.id, frozenset(), 0, 20) == [last, running], "the finished one went first"
    assert len(looks) == 3


def test_what_waits_for_ever_is_given_up_when_it_is_dropped() -> None:
    """Without money a task never starts: those that nobody can ask for any more are planned for no longer."""
    door = _door()
    account = next(iter(door.site.accounts))
    account.schedule.spend(account.ledger.total)
    door.site.tasks.store = MemoryStore(door.world.clock.now, most=5)
    for _ in range(100):
        assert _submit(door)["result"]
    assert len(door.site.tasks.store) == 5
    assert 5 <= len(list(account.schedule.open_tasks())) < 20


def test_what_is_stuck_holds_no_money_when_it_is_dropped() -> None:
    door = Door(stage_of("storyclaw"), Settings(clock="virtual"))
    account = next(iter(door.site.accounts))
    door.site.tasks.store = MemoryStore(door.world.clock.now, most=2)
    create = {
        "task": "Txt2Video",
        "model": "seedance-2.0-pro",
        "mode": "pro",
        "input": {"prompt": "a kite", "duration": 6, "aspect_ratio": "16:9"},
    }
    headers = {"Authorization": "Bearer sk-a1b2c3d4", "Prefer": "fault=stick"}
    for _ in range(5):
        assert door.ask("POST", "/v1/router/task/create", create, headers).status == 200
    (price, other) = (task.price for task in door.site.tasks.store.window(None))
    assert account.ledger.held(door.world.clock.now()) == price + other > 0


def test_no_more_accounts_are_opened_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "MOST_ACCOUNTS", 3)
    door = _door(any_key=True)
    assert _submit(door, "sk-first")["code"] == "200"
    assert _submit(door, "sk-second")["code"] == "4403"
    assert door.steer("GET", "/juhuo/dropped").json()["refused_accounts"] == 1
    with pytest.raises(AssertionError, match="as many accounts or keys as are kept"):
        door.steer("POST", "/juhuo/accounts", {"id": "x", "key": "sk-x"})


def test_one_failing_deed_keeps_no_other_from_being_done() -> None:
    agenda, done = Agenda(), []

    async def fail(moment: float) -> None:
        raise RuntimeError("on purpose")

    async def note(moment: float) -> None:
        done.append(moment)

    agenda.enter(1.0, fail)
    agenda.enter(1.0, note)
    agenda.enter(2.0, note)
    asyncio.run(agenda.run_due(2.0))
    assert done == [1.0, 2.0]


def test_an_upload_changes_what_a_reference_costs() -> None:
    price = {"seconds_of": "$task.input#/video"}
    states = [{"name": "q", "phase": "queued"}, {"name": "s", "phase": "succeeded"}]
    said = {"id": "{uuid}", "states": states, "charge": {"when": "success", "refuse": "short"}, "price": price}
    kept = Uploads()
    estimator = Estimator(build_kinds({"clip": said}, {})["clip"], kept)
    assert estimator.estimate({"video": "v"}).price == 5
    upload = Upload("v", "video/mp4", "me", 1)
    kept.put(upload)
    kept.take(upload, '"tag"', Decimal(12))
    assert estimator.estimate({"video": "v"}).price == 12


def test_of_two_faults_the_outermost_is_told_and_a_missing_member_before_others() -> None:
    inner = {"type": "object", "properties": {"deep": {"type": "integer"}}}
    schema = {
        "type": "object",
        "required": ["needed"],
        "properties": {"a": inner, "b": {"type": "integer"}, "needed": {"type": "string"}},
    }
    phrases = Phrases({name: templates.parse(f"{name} {{$error.field}}") for name in ("required", "type", "default")})
    reader = BodyReader(Body(True, schema, False, False, {}), phrases, lenient=False)

    def told(payload: bytes) -> str:
        with pytest.raises(Refusal) as caught:
            reader.read(payload, b"application/json")
        return str(caught.value)

    assert told(b'{"a": {"deep": "x"}, "b": "x"}') == "required needed"
    assert told(b'{"a": {"deep": "x"}, "b": "x", "needed": "y"}') == "type b"
    assert told(b'{"a": {"deep": "x"}, "b": 1, "needed": "y"}') == "type a.deep"


def test_a_link_to_what_a_kind_does_not_leave_behind_is_missing() -> None:
    door = _door()
    task_id = _submit(door)["result"]["taskId"]
    door.advance(3600)
    task = door.site.tasks.store.find(task_id)
    assert task
    view = TaskView(task, door.world.clock.now(), door.site.signer)
    assert view.link("video")
    assert (view.link("poster"), view.links("poster")) == (None, None)


def test_what_is_to_be_paid_at_the_end_is_owed_from_submit_on() -> None:
    """Queued tasks too: else many of them together would overdraw the account."""
    said = {
        "id": "{uuid}",
        "states": [
            {"name": "q", "phase": "queued", "seconds": 60},
            {"name": "r", "phase": "running", "seconds": 60},
            {"name": "s", "phase": "succeeded"},
        ],
        "charge": {"when": "success", "refuse": "short"},
        "price": 40,
    }
    kind = build_kinds({"clip": said}, {})["clip"]
    world = _door().world
    tasks = Tasks({"clip": kind}, Uploads(), Seed(0, "x"), world.clock.now, 1.0)
    account = accounts.Account("me", Decimal(100), Decimal(100), Limits())
    now = world.clock.now()
    taken = [tasks.submit(kind, account, "key", {}, now, PLAIN, None, False) for _ in range(2)]
    with pytest.raises(Refusal, match="insufficient_credits"):
        tasks.submit(kind, account, "key", {}, now, PLAIN, None, False)
    end = max(task.end for task in taken)
    assert account.ledger.remaining(end) == 20
