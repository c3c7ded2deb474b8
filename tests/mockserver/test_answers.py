"""Every answer fits its spec, by another library's judgement, and says what is so when it is read back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from tests.door import Door, Reply, stage_of
from tests.judge import Judge, judge_of, plain
from tests.shops import LUMEN, SHOPS, Order, Shop, order_draft, order_film, order_lumen
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.stage import Act, Stage
from understudy.mockserver.world import Settings
from understudy.specs.model import CONDITIONS, TERMINAL, Case, Failures, Kind, Operation
from understudy.specs.nodes import Node
from understudy.specs.templates import read

Options = tuple[tuple[str, str], ...]
NOWHERE = "http://127.0.0.1:9/hook"
SETTINGS = Settings(clock="virtual", speed=1.0, media_url="http://media.test", allow_local_callbacks=True)


def worlds(slug: str) -> Iterator[Options]:
    """The provider as it is by default, and with each other value of each of its options."""
    yield ()
    for name, (_, *others) in stage_of(slug).provider.options.items():
        yield from (((name, other),) for other in others)


WORLDS = [
    pytest.param(slug, options, id="-".join([slug, *(value for _, value in options)]))
    for slug in SHOPS
    for options in worlds(slug)
]
CALLING_BACK = ["storyclaw", "lumen"]


def key_headers(operation: Operation) -> dict[str, str]:
    """The customer's key in the headers where the operation looks for it."""
    schemes = operation.security[0] if operation.security else ()
    return {scheme.parameter: f"{'Bearer ' * scheme.bearer}key-of-customer" for scheme in schemes}


@dataclass
class Witness:
    """A provider with a customer; every answer is judged, and what was seen is kept."""

    slug: str
    options: Options
    shop: Shop = field(init=False)
    stage: Stage = field(init=False)
    door: Door = field(init=False)
    judge: Judge = field(init=False)
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    """Operation, kind, state."""
    used: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shop, self.judge = SHOPS[self.slug], judge_of(self.slug)
        self.stage = stage_of(self.slug, *self.options)
        self.door = Door(self.stage, SETTINGS)
        for name in ("customer", "stranger"):
            self.door.site.accounts.open(name, f"key-of-{name}", Decimal(10**9), Decimal(10**9))

    @property
    def is_limited(self) -> bool:
        return self.stage.provider.limits.rate is not None

    def act(self, operation: str) -> Act:
        return self.stage.acts[operation]

    def send(self, operation: str, path: str, body: Any = None, **more: str) -> Reply:
        """Send to the API or to the second origin, as the operation wants it."""
        said = self.act(operation).operation
        headers = {**key_headers(said), **more}
        if said.media:
            raw = body if isinstance(body, bytes) else b""
            return self.door.fetch(f"/{self.slug}{path}", headers, said.method, raw)
        return self.door.ask(said.method, path, body, headers)

    # What must be so --------------------------------------------------------------------------------

    def check_success(self, operation: str, reply: Reply, task: Task | None = None) -> dict[str, Any]:
        """The answer fits; gives what it says in shared names."""
        said = self.act(operation).operation.reply
        assert reply.status == said.status, reply
        self.check_fit(operation, reply)
        if not said.cases:
            assert reply.body == b""
            return {}
        kind, phase = (task.kind.name, task.state_at(self.door.now).phase) if task else ("", "")
        case = next(case for case in said.cases if case.fits(kind, phase))
        self.used.append(case)
        values = self.extract(case.body, parsed(reply))
        if task is not None:
            self.check_task(values, task)
            self.seen.add((operation, kind, task.state_at(self.door.now).name))
        return values

    def check_refusal(self, operation: str, reply: Reply, condition: str) -> None:
        failures = self.act(operation).operation.failures
        self.check_fit(operation, reply)
        self.check_envelope(failures, reply, condition)

    def check_envelope(self, failures: Failures, reply: Reply, condition: str) -> None:
        """It has the form, the status and the code of its condition."""
        wanted = failures.conditions[condition]
        assert (reply.status, reply.media_type) == (wanted.status, failures.envelope.media_type)
        assert not self.judge.value(failures.envelope.schema, plain(reply))
        values = self.extract(failures.envelope.template, parsed(reply))
        known: Mapping[str, Any] = {
            "$error.code": wanted.code,
            "$error.status": wanted.status,
            "$error.type": wanted.type,
            "$error.condition": condition,
        }
        assert {name: value for name, value in values.items() if name in known}.items() <= known.items()
        assert values.get("$error.message", "something")
        for name, _ in wanted.headers:
            assert reply.header(name.lower()), name

    def check_fit(self, operation: str, reply: Reply) -> None:
        found = self.judge.answer(operation, reply)
        assert not found, (reply, found)

    def extract(self, template: Node, body: Any) -> dict[str, Any]:
        extraction = read(template, body)
        assert not extraction.mismatches, list(map(str, extraction.mismatches))
        return extraction.values

    def check_task(self, values: Mapping[str, Any], task: Task) -> None:
        """What the body says of the task is so."""
        state = task.state_at(self.door.now)
        prepaid = task.price if task.kind.charge.when == "submit" else None
        is_done, is_undone = state.phase == "succeeded", state.phase in ("failed", "cancelled")
        standing = Decimal(0) if is_undone else prepaid or Decimal(0)
        so: Mapping[str, Any] = {
            "$task.id": task.id,
            "$task.kind": task.kind.name,
            "$task.state": state.wire,
            "$task.price": task.price,
            "$task.cost": task.price if is_done else standing,
            "$task.charged": prepaid if prepaid is not None else task.price if is_done else None,
            "$task.refunded": prepaid if is_undone else None,
            "$task.created_ms": int(task.created * 1000),
            "$task.created_s": int(task.created),
            "$task.error_message": task.fails_with()[1] if is_undone else None,
            "$task.error_code": task.fails_with()[0] if is_undone else None,
        }
        assert {name: values[name] for name in so if name in values}.items() <= so.items()
        links = [name for name in values if name.startswith("$task.link")]
        assert is_done or not links

    # What is done -----------------------------------------------------------------------------------

    def submit(self, order: Order, code: str = "", url: str = "") -> Task:
        operation = self.find("task.submit", path=order.ask.path)
        steer = {"Prefer": f"outcome={code}"} if code else {}
        reply = self.send(operation, order.ask.path, calling_back(order.ask.body, url), **steer)
        task = self.door.site.tasks.store.find(self.shop.read_id(reply))
        assert task
        self.check_success(operation, reply, task)
        return task

    def poll(self, task: Task) -> None:
        poll = self.poller(task.kind.name)
        self.check_success(poll, self.send(poll, self.path_of(task)), task)

    def poller(self, kind: str) -> str:
        """The operation that shows tasks of a kind."""
        polls = ((name, self.act(name).operation.arguments.get("kinds")) for name in self.behaving("task.get"))
        return next(name for name, kinds in polls if not kinds or kind in kinds)

    def path_of(self, task: Task) -> str:
        return self.shop.poll(task.id, task.kind.name).path

    def cancel(self, task: Task) -> bool:
        ask = self.shop.cancel(task.id)
        can = task.state_at(self.door.now).phase in task.kind.cancel
        if ask is None:
            if can:
                self.door.steer("POST", f"/{self.slug}/tasks/{task.id}/cancel")
            return can
        operation = self.find("task.cancel")
        reply = self.send(operation, ask.path, ask.body)
        if can:
            self.check_success(operation, reply, task)
        else:
            self.check_refusal(operation, reply, "conflict")
        return can

    def follow(self, task: Task, until: str = "") -> None:
        """Poll it in every state, to its end or until a state."""
        self.poll(task)
        while task.state_at(self.door.now).name != until:
            moment = task.next_milestone(self.door.now)
            if moment is None:
                break
            self.door.advance(moment - self.door.now)
            self.poll(task)
            self.list_all()

    def list_all(self) -> None:
        for operation in self.behaving("task.list"):
            values = self.check_success(operation, self.send(operation, self.act(operation).operation.path))
            page = values["$tasks"]
            known = [self.door.site.tasks.store.find(each["$task.id"]) for each in page]
            assert len(known) == min(values["$page.total"], values["$page.size"])
            for each, task in zip(page, known, strict=True):
                assert task
                self.check_task(each, task)

    def balance(self) -> None:
        for operation in self.behaving("account.balance"):
            values = self.check_success(operation, self.send(operation, self.act(operation).operation.path))
            ledger, now = self.door.site.accounts.find("key-of-customer").ledger, self.door.now  # type: ignore[union-attr]
            so = {
                "$account.id": "customer",
                "$account.total": ledger.total,
                "$account.used": ledger.used(now),
                "$account.held": ledger.held(now),
                "$account.remaining": ledger.remaining(now),
            }
            assert values.items() <= so.items()

    def behaving(self, behavior: str) -> list[str]:
        return [name for name, act in self.stage.acts.items() if act.operation.behavior == behavior]

    def find(self, behavior: str, path: str = "") -> str:
        found = self.behaving(behavior)
        return next(each for each in found if not path or self.act(each).operation.path == path)


def parsed(reply: Reply) -> Any:
    return reply.json() if "json" in reply.media_type else reply.body.decode()


def calling_back(body: Any, url: str) -> Any:
    """The order's body, with the address for the callback where its provider has it."""
    if not url:
        return body
    if "data" in body:
        data = body["data"]
        return {"data": {**data, "attributes": {**data["attributes"], "notify": url}}}
    return {**body, "callback_url": url}


def one_of_each_kind(shop: Shop) -> list[Order]:
    return list({order.kind: order for order in reversed(shop.orders)}.values())


def iter_states(stage: Stage) -> Iterator[tuple[str, str]]:
    """All that a task can be in. Material is asked for where there is such a state."""
    for kind in stage.provider.kinds.values():
        yield from ((kind.name, state.name) for state in kind.states)


OF_MODELS = ("completion", "images", "speech", "models.list")
"""Behaviors without tasks: each protocol has a module of its own."""


@pytest.mark.parametrize(("slug", "options"), WORLDS)
def test_every_answer_of_every_life(slug: str, options: Options) -> None:
    """Each kind to each of its ends, polled in each state; cancelled in each state; listed, billed."""
    witness = Witness(slug, options)
    if witness.is_limited:
        return flood(witness)
    for order in [*one_of_each_kind(witness.shop), *with_material(slug)]:
        live_all(witness, order)
    witness.balance()
    polled = {(kind, state) for operation, kind, state in witness.seen if operation in witness.behaving("task.get")}
    assert polled == set(iter_states(witness.stage))
    upload(witness)
    operations = [act.operation for act in witness.stage.acts.values()]
    declared = [case for each in operations if each.behavior not in OF_MODELS for case in each.reply.cases]
    assert [case for case in declared if case not in witness.used] == []
    return None


def live_all(witness: Witness, order: Order) -> None:
    kind = witness.submit(order).kind
    for code in ("", *kind.failures):
        witness.follow(witness.submit(order, code))
        witness.balance()
    for state in kind.states:
        task = witness.submit(order)
        witness.follow(task, state.name)
        if witness.cancel(task):
            witness.poll(task)
        witness.follow(task)


def with_material(slug: str) -> list[Order]:
    """Orders that pass through the states that only material has."""
    if slug == "juhuo":
        return [order for order in SHOPS[slug].orders if order.code]
    if slug == "lumen":
        refs = ["https://pictures.example.com/a.png"]
        draft = order_lumen("draft", Decimal("0.050"), draft=True, refs=refs)
        return [draft, order_film(refs=refs)]
    return []


def flood(witness: Witness) -> None:
    """Ask until it is too much."""
    assert witness.stage.provider.limits.rate
    most, _ = witness.stage.provider.limits.rate
    task = witness.submit(witness.shop.orders[0])
    poll = witness.poller(task.kind.name)
    for _ in range(most - 1):
        witness.poll(task)
    reply = witness.send(poll, witness.path_of(task))
    witness.check_refusal(poll, reply, "rate_limited")


def upload(witness: Witness) -> None:
    for presign in witness.behaving("upload.presign"):
        said = witness.act(presign).operation
        assert said.body
        wish = next(iter(said.body.examples.values()))
        reply = witness.send(presign, said.path, wish)
        values = witness.check_success(presign, reply)
        put = witness.find("upload.put")
        type_ = next(v for v in find_texts(wish) if "/" in v)
        path = values["$upload.url"].removeprefix(f"http://media.test/{witness.slug}")
        sent = witness.send(put, path, b"bytes", **{"Content-Type": type_})
        witness.check_success(put, sent)
        again = witness.send(put, path, b"bytes", **{"Content-Type": "text/plain"})
        witness.check_refusal(put, again, "unauthorized")
        witness.door.advance(100_000)
        late = witness.send(put, path, b"bytes", **{"Content-Type": type_})
        witness.check_refusal(put, late, "forbidden")


def find_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from find_texts(child)


@pytest.mark.parametrize(("slug", "options"), WORLDS)
def test_every_refusal(slug: str, options: Options) -> None:
    """Each condition at each operation, by `Prefer`."""
    for condition in CONDITIONS:
        for name, act in stage_of(slug, *options).acts.items():
            witness = Witness(slug, options)
            reply = witness.send(name, filled(act), Prefer=f"condition={condition}")
            witness.check_refusal(name, reply, condition)


def filled(act: Act) -> str:
    """The operation's path with something in its places."""
    path = act.operation.path
    for parameter in act.operation.parameters:
        path = path.replace(f"{{{parameter.name}}}", "x")
    return path


@pytest.mark.parametrize(("slug", "options"), WORLDS)
def test_refusals_of_paths(slug: str, options: Options) -> None:
    """404 and 405, on both origins, in the provider's form."""
    witness = Witness(slug, options)
    provider = witness.stage.provider
    key = witness.shop.headers("key-of-customer")
    submit = witness.shop.orders[0].ask.path
    witness.check_envelope(provider.failures, witness.door.ask("GET", "/nowhere", None, key), "unknown_path")
    refused = witness.door.ask("PATCH", submit, None, key)
    failures = next((f for prefix, f in provider.prefixes.items() if submit.startswith(prefix)), provider.failures)
    witness.check_envelope(failures, refused, "method_not_allowed")
    for prefix, failures in provider.prefixes.items():
        lost = witness.door.ask("GET", f"{prefix}/no/where", None, key)
        witness.check_envelope(failures, lost, "unknown_path")
    assert refused.header("allow")
    media = provider.media_failures
    witness.check_envelope(media, witness.door.fetch(f"/{slug}/nothing"), "not_found")
    lost = witness.door.fetch(f"/{slug}/nothing", method="POST")
    witness.check_envelope(media, lost, "method_not_allowed")


@pytest.mark.facts("SC-116", "SC-120", "SC-121", "SC-122", "SC-123", "SC-124", "SC-125", "SC-126")
@pytest.mark.parametrize("slug", CALLING_BACK)
def test_every_callback(slug: str) -> None:
    """Each kind at each of its ends; nobody listens, but what would be sent is kept."""
    witness = Witness(slug, ())
    used: list[Case] = []
    for order in one_of_each_kind(witness.shop):
        kind = witness.submit(order).kind
        used += [check_callback(witness, order, task) for task in iter_ended(witness, order, kind)]
    declared = [c for act in witness.stage.acts.values() for d in act.operation.deliveries for c in d.cases]
    assert [case for case in declared if case not in used] == []


def iter_ended(witness: Witness, order: Order, kind: Kind) -> Iterator[Task]:
    for code in ("", *kind.failures):
        task = witness.submit(order, code, NOWHERE)
        witness.door.advance(100_000)
        yield task
    task = witness.submit(order, "", NOWHERE)
    assert witness.cancel(task)
    witness.door.advance(100_000)
    yield task


def check_callback(witness: Witness, order: Order, task: Task) -> Case:
    operation = witness.find("task.submit", path=order.ask.path)
    (owed,) = witness.act(operation).operation.deliveries
    sent = [each for each in witness.door.site.callbacks.list() if each["task"] == task.id]
    assert [(each["url"], each["state"]) for each in sent] == [(NOWHERE, "given up")]
    assert len(sent[0]["attempts"]) == 1 + owed.retries
    body = sent[0]["body"]
    assert not witness.judge.callback(operation, json.loads(body)), body
    state = task.state_at(witness.door.now)
    assert state.phase in TERMINAL
    case = next(case for case in owed.cases if case.fits(task.kind.name, state.phase))
    witness.check_task(witness.extract(case.body, json.loads(body, parse_float=Decimal)), task)
    return case


def test_each_callback_once_and_at_the_end() -> None:
    """Also of tasks that were planned anew: by a cancel, a new tier, credits, and money that others took."""
    witness = Witness("lumen", ())
    account = witness.door.site.accounts.open("poor", "key-of-customer", Decimal("0.5"), Decimal(0))
    draft, film = order_draft(12), order_film()
    tasks = [witness.submit(draft, "", NOWHERE) for _ in range(4)]
    witness.door.advance(20)
    assert witness.cancel(tasks[1])
    witness.door.advance(70)
    account.ledger.credit(film.price)
    witness.door.site.tasks.replan(account, witness.door.now)
    tasks.append(witness.submit(film, "", NOWHERE))
    for credits, recharged in (("0", "100"), ("5", "0")):
        witness.door.advance(100)
        paid = {"credits": credits, "recharged": recharged}
        witness.door.steer("POST", "/lumen/accounts/poor/credit", paid)
    witness.door.advance(100_000)
    sent = {each["task"]: each["attempts"][0]["at"] for each in witness.door.site.callbacks.list()}
    assert len(witness.door.site.callbacks.list()) == len(tasks)
    assert sent == {task.id: task.end for task in tasks}


def test_lumen_idempotency_conflict_fits() -> None:
    """One that a client meets by itself, beside those that it may wish for."""
    witness = Witness("lumen", ())
    first, other = LUMEN.orders[0].ask, LUMEN.orders[1].ask
    replies = [witness.send("jobs.create", ask.path, ask.body, **{"Lumen-Once": "k"}) for ask in (first, other)]
    witness.check_refusal("jobs.create", replies[1], "idempotency_conflict")
