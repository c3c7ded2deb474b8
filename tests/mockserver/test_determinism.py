"""Same seed, same requests: two processes on other ports answer alike, byte for byte."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Serve
from tests.door import ALL_PROVIDERS, Reply
from tests.shops import JUHUO, LUMEN, SHOPS, Ask, Shop
from tests.sockets import SECONDS, request
from understudy.mockserver.media import Material, make

API, MEDIA = "http://mock.test", "http://media.test"
CLIP = make(Material("video/mp4", 96, 64, Decimal(3), True, b"clip"))
LEAST = 60


def find_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@dataclass(slots=True)
class Tape:
    """A server by its ports, and all that it ever said: raw, heads and all."""

    port: int
    media_port: int
    said: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def send(self, port: int, raw: bytes) -> Reply:
        """One connection, one request, read to the end."""
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(raw)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        self.said.append(answer)
        return parse(answer)

    def api(self, ask: Ask, headers: dict[str, str] | None = None) -> Reply:
        body = ask.body if isinstance(ask.body, bytes) else json.dumps(ask.body).encode() if ask.body else b""
        given = {"Connection": "close", "Content-Type": "application/json", **(headers or {})}
        host = API.partition("://")[2]
        return self.send(self.port, request(ask.method, ask.path, given.items(), body, host=host))

    def media(self, method: str, link: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
        assert link.startswith(MEDIA)
        given = {"Connection": "close", **(headers or {})}
        raw = request(method, link.removeprefix(MEDIA), given.items(), body, host="media.test")
        return self.send(self.media_port, raw)

    def control(self, method: str, path: str, body: Any = None) -> Reply:
        return self.api(Ask(method, f"/_understudy{path}", body))

    def advance(self, seconds: float) -> None:
        assert self.control("POST", "/clock/advance", {"seconds": seconds}).status == 200


def parse(answer: bytes) -> Reply:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return Reply(int(first.split()[1]), tuple((name.lower(), value) for name, _, value in pairs), body)


def iter_texts(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict | list):
        for child in body.values() if isinstance(body, dict) else body:
            yield from iter_texts(child)


@dataclass(frozen=True, slots=True)
class Customer:
    """Sends one shop's requests in an order of its own making, always the same."""

    tape: Tape
    shop: Shop

    def at(self, ask: Ask) -> Ask:
        return Ask(ask.method, f"/{self.shop.slug}{ask.path}", ask.body)

    def send(self, ask: Ask, **more: str) -> Reply:
        return self.tape.api(self.at(ask), self.shop.headers("the-key") | more)

    def open(self) -> None:
        account = {"id": "customer", "key": "the-key", "credits": "5000", "recharged": "100"}
        assert self.tape.control("POST", f"/{self.shop.slug}/accounts", account).status == 201

    def stumble(self) -> None:
        """What is refused."""
        submit = self.shop.orders[0].ask
        self.tape.api(self.at(submit))
        self.send(Ask(submit.method, submit.path, b"{"))
        self.send(Ask(submit.method, submit.path, {"prompt": ""}))
        self.send(Ask("PATCH", submit.path))
        self.send(Ask("GET", "/nowhere"))
        self.send(self.shop.poll("nothing"))
        for condition in ("rate_limited", "service_busy", "internal_error"):
            self.send(submit, Prefer=f"condition={condition}")

    def buy(self) -> list[tuple[str, str]]:
        """One of each, and the first again, twice, with a key where there is such a thing."""
        tasks: list[tuple[str, str]] = []
        for order in self.shop.orders:
            once = {self.shop.once: "again"} if self.shop.once and not tasks else {}
            bought = [self.shop.read_id(self.send(order.ask, **once)) for _ in range(2 if once else 1)]
            tasks += [(task, order.kind) for task in bought]
        code = self.shop.terms[self.shop.orders[0].kind].codes[-1]
        failing = self.send(self.shop.orders[0].ask, Prefer=f"outcome={code}")
        tasks.append((self.shop.read_id(failing), self.shop.orders[0].kind))
        return tasks

    def look(self, tasks: list[tuple[str, str]]) -> list[Reply]:
        balance = self.shop.balance()
        if balance is not None:
            self.send(balance)
        return [self.send(self.shop.poll(*task)) for task in tasks]

    def fetch(self, replies: list[Reply]) -> None:
        links = {t for reply in replies for t in iter_texts(reply.json()) if t.startswith(MEDIA)}
        assert links
        for link in sorted(links)[:4]:
            assert self.tape.media("GET", link).status == 200
        self.tape.media("GET", link, {"Range": "bytes=5-60"})
        self.tape.media("HEAD", link)
        self.tape.media("GET", link + "0")

    def walk(self) -> None:
        self.open()
        self.stumble()
        tasks = self.buy()
        for pause in (1, 30):
            self.tape.advance(pause)
            self.look(tasks)
        stop = self.shop.cancel(tasks[-2][0])
        if stop is not None:
            self.send(stop)
        self.tape.advance(100_000)
        self.fetch(self.look(tasks))
        self.tape.ids += dict.fromkeys(task for task, _ in tasks)


def upload_at_juhuo(tape: Tape) -> None:
    headers = JUHUO.headers("the-key")
    wish = {"fileName": "clip.mp4", "contentType": "video/mp4"}
    address = tape.api(Ask("POST", "/juhuo/open-api/v1/upload/presign", wish), headers).json()["result"]
    tape.media("PUT", address["uploadUrl"], {"Content-Type": "image/png"}, CLIP)
    assert tape.media("PUT", address["uploadUrl"], {"Content-Type": "video/mp4"}, CLIP).status == 200
    videos = [{"name": "clip", "ossKey": address["ossKey"]}]
    body = {"prompt": "<<<clip>>> again", "inputVideos": videos}
    tape.api(Ask("POST", "/juhuo/open-api/v1/video/submit", body), headers)
    tape.advance(1_000)
    tape.api(Ask("GET", "/juhuo/open-api/v1/video/tasks?pageSize=3"), headers)


def upload_at_lumen(tape: Tape) -> None:
    headers = LUMEN.headers("the-key")
    wish = {"data": {"type": "uploads", "attributes": {"file": "clip.mp4", "media": "video/mp4"}}}
    address = tape.api(Ask("POST", "/lumen/v2/inbox", wish), headers).json()["data"]["attributes"]
    assert tape.media("PUT", address["put"], {"Content-Type": "video/mp4"}, CLIP).status == 201
    tape.api(Ask("GET", "/lumen/v2/jobs?batch-no=2"), headers)


@pytest.fixture(scope="module")
def record(serve: Serve) -> Callable[[int], Tape]:
    def play(seed: int) -> Tape:
        port, media_port = find_ports(2)
        where = (
            "--port",
            str(port),
            "--media-port",
            str(media_port),
            "--public-url",
            API,
            "--media-url",
            MEDIA,
        )
        serve("--clock", "virtual", "--seed", str(seed), *where, *ALL_PROVIDERS)
        tape = Tape(port, media_port)
        for shop in SHOPS.values():
            Customer(tape, shop).walk()
        upload_at_juhuo(tape)
        upload_at_lumen(tape)
        tape.control("GET", "/lumen/accounts")
        tape.control("GET", "/journal?limit=4096")
        return tape

    return play


def test_same_seed_same_bytes(record: Callable[[int], Tape]) -> None:
    one, two, other = record(7), record(7), record(8)
    assert len(one.said) > LEAST
    for number, (left, right) in enumerate(zip(one.said, two.said, strict=True)):
        assert left == right, number
    journal = parse(one.said[-1]).json()
    assert len(journal["records"]) > LEAST
    assert len(set(one.ids)) == len(one.ids)
    assert not set(one.ids) & set(other.ids)
    assert len(one.said) == len(other.said)
