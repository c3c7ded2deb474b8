"""Prices on the wire, to the cent: figures from outside, and sweeps against the customer's own sums."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.door import MEDIA_URL, Door, stage_of
from tests.shops import (
    DOUBAO_PIXELS,
    GPT_IMAGE,
    HORSE_SECOND,
    JUHUO_PIXELS,
    LUMEN_PIXELS,
    LUMEN_SECOND,
    LUMEN_UPSCALE,
    NANO_BANANA,
    SEEDANCE_SECOND,
    SHOPS,
    STORYCLAW_SECOND,
    SUCCEEDED,
    Ask,
    Order,
    order_doubao,
    order_draft,
    order_film,
    order_gpt,
    order_horse,
    order_juhuo,
    order_lumen,
    order_nano,
    order_seedance,
    order_still,
    order_storyclaw,
    order_veo,
    price_film,
    price_juhuo,
    price_storyclaw,
)
from understudy.mockserver.media import Material, make

LONG = 3_000_000

# ../shared/upstream.md, section 4: official price x 1.15, half up to 0.01.
VECTORS = [
    ("seedance-2.0", 480, "16:9", 4, "2.13"),
    ("seedance-2.0", 480, "16:9", 8, "4.25"),
    ("seedance-2.0", 480, "1:1", 10, "5.08"),
    ("seedance-2.0", 720, "9:16", 8, "9.14"),
    ("seedance-2.0", 720, "21:9", 15, "17.22"),
    ("seedance-2.0-fast", 480, "9:16", 8, "3.42"),
    ("seedance-2.0-fast", 720, "16:9", 4, "3.68"),
]


class Counter:
    """A provider's counter with a rich customer: orders are bought to their end."""

    def __init__(self, slug: str) -> None:
        self.shop = SHOPS[slug]
        self.door = Door(stage_of(slug))
        rich = Decimal(10**9)
        self.ledger = self.door.site.accounts.open("customer", "the-key", rich, rich).ledger

    def send(self, ask: Ask) -> Any:
        return self.door.ask(ask.method, ask.path, ask.body, self.shop.headers("the-key"))

    def buy(self, order: Order) -> Decimal:
        """What it cost, once it is there."""
        before = self.ledger.used(self.door.now)
        reply = self.send(order.ask)
        assert self.shop.read_refusal(reply) is None, reply
        self.door.advance(LONG)
        poll = self.shop.poll(self.shop.read_id(reply), order.kind)
        reading = self.shop.read_task(self.send(poll), order.kind)
        assert reading.phase == SUCCEEDED, reading
        cost = self.ledger.used(self.door.now) - before
        assert reading.cost in (None, cost), reading
        return cost

    def buy_all(self, orders: list[Order]) -> None:
        wrong = [(order, cost) for order in orders if (cost := self.buy(order)) != order.price]
        assert not wrong


def film(seconds: Decimal) -> bytes:
    return make(Material("video/mp4", 96, 64, seconds, False, b"material"))


@pytest.mark.facts("JH-069", "JH-097", "JH-098", "JH-136", "JH-137")
@pytest.mark.parametrize(("model", "resolution", "ratio", "seconds", "price"), VECTORS)
def test_juhuo_vectors(model: str, resolution: int, ratio: str, seconds: int, price: str) -> None:
    assert Counter("juhuo").buy(order_juhuo(model, resolution, ratio, seconds)) == Decimal(price)
    assert price_juhuo(model, resolution, ratio, seconds) == Decimal(price)


def test_juhuo_sweep() -> None:
    models = ("seedance-2.0", "seedance-2.0-fast")
    Counter("juhuo").buy_all(
        [
            order_juhuo(model, resolution, ratio, seconds)
            for model, (resolution, ratio), seconds in product(models, JUHUO_PIXELS, range(4, 16))
        ]
    )


@pytest.mark.facts("JH-097", "JH-136")
@pytest.mark.parametrize("model", ["seedance-2.0", "seedance-2.0-fast"])
@pytest.mark.parametrize("lengths", [["7"], ["3", "2.5"], ["12.04", "1", "9"]])
def test_juhuo_material(model: str, lengths: list[str]) -> None:
    """Seconds of the uploaded films count, at the lower price for video input."""
    counter = Counter("juhuo")
    videos = []
    for number, length in enumerate(lengths):
        wish = {"fileName": f"v{number}.mp4", "contentType": "video/mp4"}
        address = counter.send(Ask("POST", "/open-api/v1/upload/presign", wish)).json()["result"]
        assert address["uploadUrl"].startswith(MEDIA_URL)
        headers = {"Content-Type": "video/mp4"}
        put = counter.door.fetch(address["uploadUrl"], headers, "PUT", film(Decimal(length)))
        assert put.status == 200, put
        videos.append({"name": f"v{number}", "ossKey": address["ossKey"]})
    order = order_juhuo(model, 480, "4:3", 6, inputVideos=videos)
    material = sum((seconds_of_frames(length) for length in lengths), Fraction(0))
    assert counter.buy(order) == price_juhuo(model, 480, "4:3", 6, material)


def seconds_of_frames(length: str) -> Fraction:
    """A film has whole pictures, 24 a second."""
    return Fraction(round(Fraction(length) * 24), 24)


@pytest.mark.facts("SC-104", "SC-126", "S2-062", "S2-076")
def test_documented_figures() -> None:
    assert Counter("storyclaw").buy(SHOPS["storyclaw"].orders[0]) == 60
    assert Counter("seedance2ai").buy(order_seedance(5)) == 30


@pytest.mark.facts("SC-153")
def test_storyclaw_sweep() -> None:
    picture = ["https://pictures.example.com/a.png"]
    orders = [
        order_storyclaw(
            task,
            seconds,
            price_storyclaw(seconds, size),
            aspect_ratio="1:1",
            resolution=size,
            images=picture,
        )
        for task, seconds, size in product(("Txt2Video", "Img2Video"), (4, 6, 8), STORYCLAW_SECOND)
    ]
    orders += [order_storyclaw("OmniVideo", n, price_storyclaw(n), ratio="1:1") for n in range(4, 11)]
    Counter("storyclaw").buy_all(orders)


@pytest.mark.facts("S2-076")
def test_seedance_sweep() -> None:
    orders = [order_seedance(n, *tier) for n, tier in product(range(4, 16), SEEDANCE_SECOND)]
    orders += [order_gpt(count, *at) for count, at in product(range(1, 5), GPT_IMAGE)]
    orders += [order_nano(size) for size in NANO_BANANA]
    Counter("seedance2ai").buy_all(orders)


def test_unigateway_sweep() -> None:
    media = {
        "t2v": [],
        "i2v": [{"type": "input_image", "url": "https://pictures.example.com/a.png"}],
        "r2v": [{"type": "reference_image", "url": "https://pictures.example.com/a.png"}],
        "video-edit": [{"type": "video", "url": "https://pictures.example.com/a.mp4"}],
    }
    orders = [
        order_horse(seconds, size, model, media=media[model])
        for seconds, size, model in product(range(3, 16), HORSE_SECOND, media)
    ]
    orders += [order_doubao(seconds, *at) for seconds, at in product(range(4, 16), DOUBAO_PIXELS)]
    Counter("unigateway").buy_all(orders)


@pytest.mark.facts("CR-098", "CR-064")
def test_clawdrouter_sweep() -> None:
    """Also with the other duration, which does not count, and with none, which is 8."""
    orders = [
        order_veo(seconds, size, tier)
        for seconds, size, tier in product((4, 6, 8), ("720p", "1080p", "4k"), ("fast-", ""))
        if size == "720p" or seconds == 8
    ]
    for body in [order.ask.body for order in (order_veo(4), order_veo(8))]:
        for other in (4, 6, 8):
            ask = Ask("POST", "/v1/video/generations", {**body, "duration": other})
            orders.append(replace(order_veo(body["metadata"]["durationSeconds"]), ask=ask))
            top = Ask("POST", "/v1/video/generations", {**body, "metadata": {}, "duration": other})
            orders.append(replace(order_veo(other), ask=top))
    bare = {"model": "veo-3.1-fast-generate-001", "prompt": "a kite"}
    orders.append(replace(order_veo(8), ask=Ask("POST", "/v1/video/generations", bare)))
    Counter("clawdrouter").buy_all(orders)


FILMS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(sorted({model for model, _ in LUMEN_SECOND})),
        "seconds": st.integers(2, 12),
        "ratio": st.sampled_from(sorted(LUMEN_PIXELS)),
        "upscale": st.sampled_from([name for name in LUMEN_UPSCALE if name]),
        "refs": st.lists(st.just("https://pictures.example.com/a.png"), max_size=3),
    },
)


@settings(deadline=None)
@given(wishes=FILMS)
def test_lumen_films(wishes: dict[str, Any]) -> None:
    Counter("lumen").buy_all([order_film(**wishes)])


def test_lumen_others() -> None:
    orders = [order_draft(seconds) for seconds in range(2, 13)]
    orders += [order_still(style, n) for style, n in product(("ink", "photo"), range(1, 7))]
    Counter("lumen").buy_all(orders)


def test_lumen_material() -> None:
    """An uploaded clip counts with its seconds; one that never came with what is assumed."""
    counter = Counter("lumen")
    wish = {"data": {"type": "uploads", "attributes": {"file": "clip.mp4", "media": "video/mp4"}}}
    address = counter.send(Ask("POST", "/v2/inbox", wish)).json()["data"]
    put = counter.door.fetch(address["attributes"]["put"], {"Content-Type": "video/mp4"}, "PUT", film(Decimal(3)))
    assert put.status == 201, put
    there = {"label": "a", "key": address["id"]}
    price = price_film({}, Fraction(3))
    assert counter.buy(order_lumen("film", price, clips=[there])) == price
    missing = {"label": "b", "key": "inbox/customer/missing.mp4"}
    order = order_lumen("film", NOT_KNOWN, clips=[there, missing])
    estimate = counter.send(order.ask).json()["data"]["attributes"]["estimate"]
    assert estimate == price_film({}, Fraction(3) + Fraction("3.5"))


NOT_KNOWN = Decimal(0)
