"""Worlds on one server: told apart by path or by key, each with its own clock, money, seed, journal and links."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.client import IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import Serve, Served
from tests.door import ALL_PROVIDERS, Door, Reply, stage_of
from tests.receivers import receiving, status
from tests.shops import SHOPS, SUCCEEDED, Ask, Shop
from tests.sockets import Answer, ask
from understudy.mockserver.worlds import MOST_WORLDS, NoRoom

LONG = 3_000_000
MANY = 64
SHOP = SHOPS["juhuo"]
OTHER = SHOPS["storyclaw"]


class Tenant:
    """A world, as its test sees it; `key`: the one that it asks with."""

    def __init__(self, served: Served, **wanted: Any) -> None:
        self.served = served
        self.said: dict[str, Any] = steer(served.control_url, "POST", "/worlds", {"clock": "virtual", **wanted})
        self.name = self.said["name"]
        self.bases = {each["slug"]: each["base_url"] for each in self.said["providers"]}
        self.keys = {each["slug"]: each["keys"] for each in self.said["providers"]}

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        return steer(self.said["control_url"], method, path, body)

    def send(self, shop: Shop, wanted: Ask, *, base: str = "", key: str = "") -> Reply:
        return send(base or self.bases[shop.slug], shop, wanted, key or self.keys[shop.slug][0])

    def journal(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.steer("GET", "/journal?limit=4096")["records"]
        return records

    def buy(self, shop: Shop, **more: str) -> str:
        return shop.read_id(self.send(shop, shop.orders[0].ask, **more))

    def used(self, shop: Shop) -> str:
        return self.used_at(shop.slug)

    def used_at(self, slug: str) -> str:
        return str(self.steer("GET", f"/{slug}/accounts")[0]["used"])


def send(base: str, shop: Shop, wanted: Ask, key: str) -> Reply:
    body = b"" if wanted.body is None else json.dumps(wanted.body).encode()
    headers = [*shop.headers(key).items(), *([("Content-Type", "application/json")] if body else [])]
    answer = ask(base, wanted.method, urlsplit(base).path + wanted.path, headers, body)
    return Reply(answer.status, tuple(answer.headers.items()), answer.body)


def ask_control(url: str, method: str, path: str, body: Any = None, **more: Any) -> Answer:
    raw = b"" if body is None else json.dumps(body).encode()
    headers = [("Content-Type", "application/json")] if raw else []
    return ask(url, method, urlsplit(url).path + path, headers, raw, **more)


def steer(url: str, method: str, path: str, body: Any = None) -> Any:
    answer = ask_control(url, method, path, body)
    assert answer.status < 300, answer
    return answer.json() if answer.body else None


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve("--clock", "virtual", "--allow-local-callbacks", *ALL_PROVIDERS)


@pytest.fixture
def tenants(served: Served) -> Iterator[tuple[Tenant, Tenant]]:
    pair = Tenant(served, seed=7), Tenant(served, seed=7)
    yield pair
    for tenant in pair:
        steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")


@pytest.mark.parametrize("shop", SHOPS.values(), ids=SHOPS)
def test_what_is_bought_in_one_world_is_in_no_other(tenants: tuple[Tenant, Tenant], shop: Shop) -> None:
    one, other = tenants
    before = len(steer(one.served.control_url, "GET", "/journal?limit=4096")["records"])
    task = one.buy(shop)
    one.steer("POST", "/clock/advance", {"seconds": LONG})
    kind = shop.orders[0].kind
    assert shop.read_task(one.send(shop, shop.poll(task, kind)), kind).phase == SUCCEEDED
    assert shop.read_refusal(other.send(shop, shop.poll(task, kind))) is not None
    assert one.used(shop) != "0" and other.used(shop) == "0"
    assert [record["condition"] for record in one.journal()] == ["", ""]
    assert [record["condition"] for record in other.journal()] == ["not_found"]
    assert other.steer("GET", "/clock")["now"] == one.steer("GET", "/clock")["now"] - LONG
    assert len(steer(one.served.control_url, "GET", "/journal?limit=4096")["records"]) == before


def test_the_same_seed_and_requests_give_the_same_in_two_worlds(tenants: tuple[Tenant, Tenant]) -> None:
    assert tenants[0].buy(SHOP) == tenants[1].buy(SHOP)
    assert tenants[0].journal() == tenants[1].journal()


def play(served: Served, seed: int) -> bytes:
    """The journal of a world, as it is sent: with faults by chance, a script, failures, and a clock that is moved."""
    tenant = Tenant(served, name="same", seed=seed)
    rules = [
        {"fault": "status", "status": 503, "probability": 0.5, "operation": "account.*"},
        {"fault": "fail", "probability": 0.5, "operation": "video.submit"},
    ]
    for rule in rules:
        tenant.steer("POST", "/faults", rule)
    steps: list[Any] = ["healthy", {"fault": "status", "status": 429}, "healthy"]
    tenant.steer("PUT", "/replies", {"replies": [{"operation": "task.create", "steps": steps}]})
    balance = SHOP.balance()
    assert balance
    for _ in range(6):
        tenant.send(SHOP, SHOP.orders[0].ask)
        tenant.send(SHOP, balance)
        tenant.send(OTHER, OTHER.orders[0].ask)
        tenant.send(OTHER, Ask("GET", "/nowhere"))
        tenant.steer("POST", "/clock/advance", {"seconds": 1_000})
    answer = ask_control(tenant.said["control_url"], "GET", "/journal?limit=4096")
    steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")
    return answer.body


def test_seed_and_script_decide_every_byte_of_the_journal(served: Served) -> None:
    first = play(served, 5)
    assert len(first) > 10_000 and b'"status":503' in first and b'"status":429' in first
    assert play(served, 5) == first
    assert play(served, 6) != first


def links_of(tenant: Tenant) -> list[str]:
    """Of a task that succeeded: what leads to the second origin."""
    task = tenant.buy(SHOP)
    tenant.steer("POST", "/clock/advance", {"seconds": LONG})
    answer = tenant.send(SHOP, SHOP.poll(task)).body.decode()
    return [part for part in answer.split('"') if part.startswith(tenant.served.media_url)]


def test_the_links_of_a_world_stay_in_it(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    link, alike = links_of(one)[0], links_of(other)[0]
    assert link.startswith(f"{one.said['media_url']}/") and f"/_w/{one.name}/" in link
    target = link.removeprefix(one.served.media_url)
    assert ask(one.served.media_url, "GET", target).media_type == "video/mp4"
    moved = target.replace(f"/_w/{one.name}/", f"/_w/{other.name}/")
    assert alike != link and ask(one.served.media_url, "GET", moved).status == 403
    assert ask(one.served.media_url, "GET", target.replace(f"/_w/{one.name}", "")).status == 404
    assert [record["operation"] for record in one.journal()][-1] == "result.get"


def test_the_worlds_addresses_carry_its_name(tenants: tuple[Tenant, Tenant]) -> None:
    one = tenants[0]
    answer = ask(one.served.control_url, "GET", f"/_w/{one.name}/juhuo/openapi.json")
    assert answer.json()["servers"][0]["url"].endswith(f"/_w/{one.name}/juhuo")
    index = ask(one.served.control_url, "GET", f"/_w/{one.name}/").json()
    assert {slug: urlsplit(base).path for slug, base in index["providers"].items()} == {
        slug: urlsplit(base).path for slug, base in one.bases.items()
    }
    assert index["control"] == f"/_w/{one.name}/_understudy/docs"
    document = ask_control(one.said["control_url"], "GET", "/openapi.json").json()
    assert document["servers"] == [{"url": f"/_w/{one.name}"}]


def test_a_key_alone_leads_to_its_world(served: Served) -> None:
    key = "sk-" + "k" * 32
    plain = served.providers[SHOP.slug].base_url
    before = len(steer(served.control_url, "GET", "/journal?limit=4096")["records"])
    tenant = Tenant(served, keys={SHOP.slug: [key]})
    task = tenant.buy(SHOP, base=plain, key=key)
    assert SHOP.read_task(tenant.send(SHOP, SHOP.poll(task)), "video").id == task
    tenant.steer("POST", "/clock/advance", {"seconds": LONG})
    assert SHOP.read_task(tenant.send(SHOP, SHOP.poll(task), base=plain, key=key), "video").phase == SUCCEEDED
    unknown = tenant.send(SHOP, Ask("GET", "/no/such/path"), base=plain, key=key)
    wrong = tenant.send(SHOP, Ask("POST", "/open-api/v1/video/submit", {"prompt": 1}), base=plain, key=key)
    assert unknown.status == 404 and wrong.json()["code"] == "4000"
    conditions = [record["condition"] for record in tenant.journal()]
    assert conditions == ["", "", "", "unknown_path", "invalid_request"]
    assert key not in json.dumps(tenant.journal())
    steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")
    refused = SHOP.read_refusal(tenant.send(SHOP, SHOP.poll(task), base=plain, key=key))
    assert refused is not None and refused.condition == "unauthorized"
    assert len(steer(served.control_url, "GET", "/journal?limit=4096")["records"]) == before + 1


REFUSED = {
    "a name that is taken": ({"name": "taken"}, 409),
    "a name with a slash": ({"name": "a/b"}, 409),
    "a name that begins with a dot": ({"name": ".."}, 409),
    "a name too long": ({"name": "a" * 65}, 422),
    "no such clock": ({"clock": "sundial"}, 422),
    "speed of nothing": ({"speed": 0}, 422),
    "a setting that there is not": ({"sped": 2}, 422),
    "no such provider": ({"keys": {"nobody": ["k"]}}, 409),
    "a key of the world that is always there": ({"keys": {"juhuo": ["ACCOUNT"]}}, 409),
    "a key of another world": ({"keys": {"juhuo": ["k-of-taken"]}}, 409),
    "a key twice": ({"keys": {"juhuo": ["k", "k"]}}, 409),
    "too many keys": ({"keys": {"juhuo": [str(n) for n in range(101)]}}, 409),
    "no key": ({"keys": {"juhuo": [""]}}, 422),
}


def test_what_cannot_be_opened_is_refused_and_leaves_nothing(served: Served) -> None:
    tenant = Tenant(served, name="taken", keys={"juhuo": ["k-of-taken"]})
    known = [world["name"] for world in steer(served.control_url, "GET", "/worlds")["worlds"]]
    account = served.providers["juhuo"].keys[0]
    for why, (wanted, code) in REFUSED.items():
        body = json.loads(json.dumps(wanted).replace("ACCOUNT", account))
        answer = ask_control(served.control_url, "POST", "/worlds", body)
        assert (answer.status, why) == (code, why)
        assert account not in answer.body.decode()
    assert [world["name"] for world in steer(served.control_url, "GET", "/worlds")["worlds"]] == known
    steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")


def test_a_world_that_is_closed_is_gone(served: Served) -> None:
    tenant = Tenant(served)
    steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")
    for url, path in ((served.control_url, "/_understudy/clock"), (served.control_url, "/juhuo/x")):
        answer = ask(url, "GET", f"/_w/{tenant.name}{path}")
        assert answer.status == 404 and f"no world '{tenant.name}'" in answer.json()["detail"]
    assert ask(served.media_url, "GET", f"/_w/{tenant.name}/juhuo/x").status == 404
    for method in ("GET", "DELETE"):
        assert ask_control(served.control_url, method, f"/worlds/{tenant.name}").status == 404


def test_a_world_of_the_same_name_begins_with_nothing(served: Served) -> None:
    for _ in range(2):
        tenant = Tenant(served, name="again")
        # The very same bytes, twice over in each of them: what is known of a head never leads to a world that is gone.
        bought = [tenant.buy(SHOP) for _ in range(2)]
        assert len(set(bought)) == 2
        assert [record["serial"] for record in tenant.journal()] == [1, 2]
        steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")


def test_a_world_is_steered_by_whom_the_server_trusts_alone(tenants: tuple[Tenant, Tenant]) -> None:
    url = tenants[0].said["control_url"]
    assert ask_control(url, "GET", "/journal", host="evil.example").status == 403
    assert ask_control(url, "POST", "/clock/advance", {"seconds": 1}, host="evil.example").status == 403


def test_a_clock_that_moves_by_itself_calls_back_from_a_named_world(served: Served) -> None:
    with receiving(status(200)) as receiver:
        tenant = Tenant(served, clock="real", speed=10_000)
        arrived = threading.Event()
        receiver.note = lambda call: arrived.set()
        order = OTHER.orders[0].ask
        tenant.send(OTHER, Ask(order.method, order.path, {**order.body, "callback_url": receiver.url}))
        assert arrived.wait(20)
        steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_stream_ends_with_its_world(served: Served, how: str) -> None:
    """It would wait for a clock that nobody can move any more."""
    tenant = Tenant(served, ttft=60)
    path = urlsplit(tenant.bases["clawdrouter"]).path + "/v1/messages"
    body = {
        "model": "claude-sonnet-4-6",
        "max_tokens": 9,
        "stream": True,
        "messages": [{"role": "user", "content": "a"}],
    }
    headers = [("x-api-key", tenant.keys["clawdrouter"][0]), ("anthropic-version", "2023-06-01")]
    with ThreadPoolExecutor(1) as pool:
        raw = json.dumps(body).encode()
        answer = pool.submit(
            ask, served.control_url, "POST", path, [*headers, ("Content-Type", "application/json")], raw
        )
        while Decimal(tenant.used_at("clawdrouter")) == 0:
            time.sleep(0.01)
        if how == "reset":
            tenant.steer("POST", "/reset")
        else:
            steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")
        with pytest.raises(IncompleteRead):
            answer.result(20)
    if how == "reset":
        assert tenant.journal() == [], "what began before it is not told after it"
        steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")


def test_at_a_providers_own_host_and_at_the_root_a_world_is_found_by_path() -> None:
    door = Door(stage_of("juhuo"))
    world = door.worlds.open("mine")
    site = world.sites["juhuo"]
    for path in ("/_w/mine/juhuo", "/_w/mine"):
        assert door.at(f"{path}/open-api/v1/account/balance", {"Authorization": "Bearer nobody"}).status == 200
    assert (world.journal.seen, door.world.journal.seen, site.slug) == (2, 0, "juhuo")


def test_there_are_only_so_many_worlds() -> None:
    worlds = Door(stage_of("juhuo")).worlds
    for _ in range(MOST_WORLDS):
        worlds.open()
    with pytest.raises(NoRoom, match="close those that are done"):
        worlds.open()
    assert len(worlds) == worlds.opened == MOST_WORLDS


def live(served: Served, number: int) -> tuple[list[Any], str]:
    """What one test of many does: it buys, waits, looks, and reads what was seen."""
    tenant = Tenant(served, seed=number % 2, keys={SHOP.slug: [f"sk-{number:032}"]})
    plain = served.providers[SHOP.slug].base_url
    bases = (tenant.bases[SHOP.slug], plain)
    tasks = [tenant.buy(SHOP, base=base, key=f"sk-{number:032}") for base in bases * (1 + number % 3)]
    tenant.steer("POST", "/clock/advance", {"seconds": LONG + number})
    phases = {SHOP.read_task(tenant.send(SHOP, SHOP.poll(task)), "video").phase for task in tasks}
    assert phases == {SUCCEEDED}
    seen = [[record["serial"], record["operation"], record["account"], record["status"]] for record in tenant.journal()]
    account = tenant.steer("GET", f"/{SHOP.slug}/accounts")[0]
    assert account["tasks"] == len(tasks) and len(seen) == 2 * len(tasks)
    steer(served.control_url, "DELETE", f"/worlds/{tenant.name}")
    return [number % 2, len(tasks), tasks, seen], account["used"]


def test_64_tests_at_once_on_one_server_never_see_each_other(served: Served) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        lives = list(pool.map(lambda number: live(served, number), range(MANY)))
    # Those that did the same with the same seed saw the same, whatever the others did meanwhile.
    distinct = {json.dumps(each) for each in lives}
    assert len(distinct) == 6
    assert not steer(served.control_url, "GET", "/worlds")["worlds"]
