"""Results behind their links, over real sockets, opened by FFmpeg and Pillow: they are what was ordered."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import httpx2
import pytest
from PIL import Image

from tests.conftest import Serve, Served
from tests.door import ALL_PROVIDERS, Reply
from tests.shops import (
    LUMEN,
    SHOPS,
    STILL,
    SUCCEEDED,
    Ask,
    Order,
    Shop,
    order_doubao,
    order_film,
    order_gpt,
    order_horse,
    order_juhuo,
    order_lumen,
    order_seedance,
    order_storyclaw,
    order_veo,
    price_storyclaw,
)

LONG = 10_000
PICTURE = Fraction(1, 24)
XML = "application/xml"

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Film:
    """A film as ordered, or as a decoder sees it."""

    size: tuple[int, int]
    seconds: int
    has_sound: bool


@dataclass(frozen=True, slots=True)
class Still:
    """A picture, likewise; `form` is Pillow's name."""

    size: tuple[int, int]
    form: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is ordered where, and the files that must come of it."""

    slug: str
    order: Order
    files: tuple[Film | Still, ...]


def juhuo(resolution: int, ratio: str, seconds: int, sound: bool, size: tuple[int, int]) -> Case:
    on = "on" if sound else "off"
    order = order_juhuo("seedance-2.0", resolution, ratio, seconds, sound=on)
    return Case("juhuo", order, (Film(size, seconds, sound), Still(size, "JPEG")))


def storyclaw(resolution: str, ratio: str, seconds: int, sound: bool, size: tuple[int, int]) -> Case:
    price = price_storyclaw(seconds, resolution)
    wishes = {"aspect_ratio": ratio, "resolution": resolution, "generate_audio": sound}
    order = order_storyclaw("Txt2Video", seconds, price, **wishes)
    return Case("storyclaw", order, (Film(size, seconds, sound),))


def seedance(seconds: int, ratio: str, sound: bool, size: tuple[int, int]) -> Case:
    order = order_seedance(seconds)
    order.ask.body.update(aspect_ratio=ratio, generate_audio=sound)
    return Case("seedance2ai", order, (Film(size, seconds, sound),))


def nano(form: str, ratio: str, size: tuple[int, int]) -> Case:
    body = {
        "type": "text-to-image",
        "prompt": "a kite",
        "image_size": ratio,
        "resolution": "1K",
        "output_format": form.lower(),
    }
    order = Order(
        "nano_banana",
        Ask("POST", "/api/v1/image/nano-banana-pro", body),
        SHOPS["seedance2ai"].orders[3].price,
    )
    return Case("seedance2ai", order, (Still(size, form),))


def stills(style: str, form: str, count: int) -> Case:
    price = STILL[style] * count
    order = order_lumen("still", price, style=style, copies=count, format=form.lower())
    return Case("lumen", order, (Still((512, 384), form),) * count)


CASES = [
    juhuo(480, "16:9", 4, True, (864, 496)),
    juhuo(480, "9:16", 5, False, (496, 864)),
    juhuo(720, "21:9", 4, True, (1470, 630)),
    juhuo(480, "1:1", 15, False, (640, 640)),
    storyclaw("720p", "4:3", 4, True, (1112, 834)),
    storyclaw("1080p", "9:16", 6, False, (1080, 1920)),
    Case("storyclaw", SHOPS["storyclaw"].orders[3], (Film((960, 960), 5, False),)),
    seedance(4, "16:9", True, (1280, 720)),
    seedance(7, "3:4", False, (834, 1112)),
    Case("seedance2ai", order_gpt(4, "standard", "1K"), (Still((1024, 576), "PNG"),) * 4),
    nano("JPEG", "2:3", (682, 1024)),
    nano("PNG", "auto", (1024, 1024)),
    Case(
        "lumen",
        order_film(seconds=3, ratio="1:1", music=False),
        (Film((480, 480), 3, False), Still((480, 480), "JPEG")),
    ),
    Case("lumen", order_film(seconds=2), (Film((640, 360), 2, True), Still((640, 360), "JPEG"))),
    Case("unigateway", order_doubao(4, "480p", "1:1"), (Film((640, 640), 4, False),)),
    Case("unigateway", order_doubao(4, "720p", "9:16", generate_audio=True), (Film((720, 1280), 4, True),)),
    Case("unigateway", order_horse(3, "720P"), (Film((1280, 720), 3, True),)),
    Case("clawdrouter", order_veo(4, aspectRatio="9:16"), (Film((720, 1280), 4, True),)),
    Case("clawdrouter", order_veo(8, "1080p", generateAudio=False), (Film((1920, 1080), 8, False),)),
    stills("photo", "JPEG", 3),
    stills("ink", "PNG", 1),
]
CHEAP = {case.slug: case for case in reversed(CASES)}
LIFETIMES = {"juhuo": 604_800, "storyclaw": 86_400, "seedance2ai": 86_400, "lumen": 7_200}
LIFETIMES |= {"unigateway": 604_800, "clawdrouter": 86_400}


def iter_links(body: Any, origin: str) -> Iterator[str]:
    """Every link to the second origin, in order."""
    if isinstance(body, str) and body.startswith(origin):
        yield body
    elif isinstance(body, dict | list):
        for child in body.values() if isinstance(body, dict) else body:
            yield from iter_links(child, origin)


@dataclass(frozen=True, slots=True)
class Customer:
    """A rich account at one provider of a server."""

    server: Served
    client: httpx2.Client
    shop: Shop
    name: str
    key: str

    def send(self, ask: Ask) -> Reply:
        url = self.server.providers[self.shop.slug].base_url + ask.path
        headers = self.shop.headers(self.key)
        answer = self.client.request(ask.method, url, json=ask.body, headers=headers)
        return Reply(answer.status_code, tuple(answer.headers.items()), answer.content)

    def advance(self, seconds: int) -> None:
        url = f"{self.server.control_url}/clock/advance"
        assert self.client.post(url, json={"seconds": seconds}).is_success

    def buy(self, order: Order) -> str:
        """A task that has succeeded."""
        task = self.shop.read_id(self.send(order.ask))
        self.advance(LONG)
        assert self.shop.read_task(self.send(self.shop.poll(task, order.kind)), order.kind).phase == SUCCEEDED
        return task

    def find_links(self, task: str, order: Order) -> list[str]:
        return list(iter_links(self.send(self.shop.poll(task, order.kind)).json(), self.server.media_url))

    def read_journal(self) -> str:
        return self.client.get(f"{self.server.control_url}/journal", params={"limit": 3}).text


@pytest.fixture(scope="module")
def server(serve: Serve) -> Served:
    return serve("--clock", "virtual", "--seed", "5", *ALL_PROVIDERS)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=60, trust_env=False) as made:
        yield made


def enter(server: Served, client: httpx2.Client, slug: str) -> Customer:
    name, key = f"customer-{(number := next(_numbers))}", f"secret-{number}"
    account = {"id": name, "key": key, "credits": "1000000", "recharged": "1000000"}
    answer = client.post(f"{server.control_url}/{slug}/accounts", json=account)
    assert answer.is_success, answer.text
    return Customer(server, client, SHOPS[slug], name, key)


def decode_film(data: bytes) -> Film:
    with av.open(io.BytesIO(data), "r") as container:
        video = container.streams.video[0]
        pictures = len(list(container.decode(video)))
        assert video.average_rate is not None
        seconds = Fraction(pictures, 1) / video.average_rate
        assert abs(seconds - round(seconds)) < PICTURE
        return Film((video.width, video.height), round(seconds), bool(container.streams.audio))


def decode(answer: httpx2.Response) -> Film | Still:
    kind = answer.headers["content-type"]
    if kind == "video/mp4":
        return decode_film(answer.content)
    with Image.open(io.BytesIO(answer.content)) as picture:
        picture.load()
        assert picture.format
        assert kind == f"image/{picture.format.lower()}"
        return Still(picture.size, picture.format)


@pytest.mark.facts(
    "JH-044",
    "JH-045",
    "JH-046",
    "JH-047",
    "JH-065",
    "JH-066",
    "SC-041",
    "SC-057",
    "SC-058",
    "S2-034",
    "S2-044",
    "S2-056",
    "UG-085",
    "UG-106",
    "UG-101",
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.slug}-{case.files[0]}")
def test_files_are_what_was_ordered(server: Served, client: httpx2.Client, case: Case) -> None:
    customer = enter(server, client, case.slug)
    links = customer.find_links(customer.buy(case.order), case.order)
    answers = [client.get(link) for link in links]
    assert {answer.status_code for answer in answers} == {200}
    assert tuple(decode(answer) for answer in answers) == case.files
    assert len({answer.content for answer in answers}) == len(links), "two files are alike"
    assert [client.get(link).content for link in links] == [answer.content for answer in answers]


def assert_storage_error(slug: str, answer: httpx2.Response, status: int, code: str) -> None:
    """The provider's form for its storage: an object storage's XML, or lumen's line of text."""
    assert answer.status_code == status, answer.text
    if slug == "lumen":
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.startswith(f"{code} ")
    else:
        assert answer.headers["content-type"].startswith(XML)
        assert f"<Code>{CODES[code]}</Code>" in answer.text


CODES = {
    "forbidden": "AccessDenied",
    "unauthorized": "SignatureDoesNotMatch",
    "not_found": "NoSuchKey",
}


@pytest.mark.facts("JH-103")
@pytest.mark.parametrize("slug", SHOPS)
def test_links_expire_and_are_signed_anew(server: Served, client: httpx2.Client, slug: str) -> None:
    customer = enter(server, client, slug)
    task = customer.buy(CHEAP[slug].order)
    links = customer.find_links(task, CHEAP[slug].order)
    customer.advance(LIFETIMES[slug] - 1)
    assert [client.get(link).status_code for link in links] == [200] * len(links)
    customer.advance(1)
    for link in links:
        assert_storage_error(slug, client.get(link), 403, "forbidden")
    anew = customer.find_links(task, CHEAP[slug].order)
    assert not set(anew) & set(links)
    assert [client.get(link).status_code for link in anew] == [200] * len(links)


@pytest.mark.parametrize("slug", SHOPS)
def test_only_what_was_signed(server: Served, client: httpx2.Client, slug: str) -> None:
    customer = enter(server, client, slug)
    tasks = [customer.buy(CHEAP[slug].order) for _ in range(2)]
    link, other = [customer.find_links(task, CHEAP[slug].order)[0] for task in tasks]
    bare, _, query = link.partition("?")
    expires, _, signature = query.partition("&")
    later = f"{bare}?expires={int(expires.removeprefix('expires=')) + 1}&{signature}"
    flipped = link[:-1] + ("0" if link[-1] != "0" else "1")
    for wrong in (bare, later, flipped, f"{bare}?{expires}", f"{other.partition('?')[0]}?{query}"):
        assert_storage_error(slug, client.get(wrong), 403, "unauthorized")
    gone = 410 if slug == "lumen" else 404
    for nothing in (bare.rpartition("/")[0] + "/nothing", bare + "/more"):
        assert_storage_error(slug, client.get(f"{nothing}?{query}"), gone, "not_found")
    assert client.get(link).status_code == 200
    assert client.put(link, content=b"mine").status_code == 405
    head = client.head(link)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(client.get(link).content)


def test_ranges(server: Served, client: httpx2.Client) -> None:
    """As players ask when they seek."""
    customer = enter(server, client, "juhuo")
    link = customer.find_links(customer.buy(CHEAP["juhuo"].order), CHEAP["juhuo"].order)[0]
    whole = client.get(link)
    data, size = whole.content, len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    wanted = {
        "bytes=0-99": (0, 100),
        "bytes=100-": (100, size),
        "bytes=-50": (size - 50, size),
        f"bytes=10-{size * 2}": (10, size),
    }
    for asked, (begin, end) in wanted.items():
        part = client.get(link, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, data[begin:end])
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
    beyond = client.get(link, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for odd in ("bytes=a-b", "lines=1-2", "bytes=5-2-9"):
        assert client.get(link, headers={"Range": odd}).content == data


@pytest.mark.parametrize("slug", ["juhuo", LUMEN.slug])
def test_a_key_sent_to_the_second_origin_is_seen(server: Served, client: httpx2.Client, slug: str) -> None:
    """The journal tells that a key came along, and not which."""
    customer = enter(server, client, slug)
    link = customer.find_links(customer.buy(CHEAP[slug].order), CHEAP[slug].order)[0]
    ((name, value),) = customer.shop.headers(customer.key).items()
    assert client.get(link, headers={name: value}).status_code == 200
    journal = customer.read_journal()
    record = httpx2.Response(200, text=journal).json()["records"][-1]
    assert link.partition("?")[0].endswith(record["path"])
    assert (record["method"], record["status"], record["account"]) == ("GET", 200, customer.name)
    assert record["headers"][name.lower()] == "[redacted]"
    assert customer.key not in record["headers"].values()
    assert value not in journal
