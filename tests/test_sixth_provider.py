"""An invented provider, one YAML file, served by the real command: its whole life over HTTP.

Every answer is judged by the file itself, read as plain OpenAPI.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import av
import httpx2
import pytest
from PIL import Image

from tests.conftest import UNDERSTUDY, Serve, Served
from tests.documents import ROOT
from tests.door import LUMEN, Reply
from tests.judge import judge_of
from tests.receivers import receiving, status

FLAGS = ("--spec", str(LUMEN), "--clock", "virtual", "--speed", "1", "--allow-local-callbacks")
JUDGE = judge_of("lumen")
MINE, OTHER = "lum_0123456789abcdef", "lum_fedcba9876543210"
LONG_SECONDS = 1_000


@dataclass(frozen=True, slots=True)
class Client:
    """A customer of the provider; every answer that he gets must be what the spec says."""

    served: Served
    http: httpx2.Client
    key: str = MINE

    @property
    def base(self) -> str:
        return self.served.providers["lumen"].base_url

    def ask(
        self,
        operation: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """An operation; `body` is sent as JSON, bytes as they are."""
        sent = {"X-Lumen-Token": self.key, **(headers or {})}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        url = path if path.startswith("http") else self.base + path
        answer = self.http.request(method, url, headers=sent, content=content)
        headers_got = tuple((name.lower(), value) for name, value in answer.headers.items())
        wrong = JUDGE.answer(operation, Reply(answer.status_code, headers_got, answer.content))
        assert not wrong, f"{operation} {answer.status_code}: {wrong}\n{answer.text}"
        return answer

    def create(self, sort: str = "films", *, once: str = "", **wishes: Any) -> httpx2.Response:
        body = {"data": {"type": sort, "attributes": {"prompt": "A kite", **wishes}}}
        return self.ask("jobs.create", "POST", "/v2/jobs", body, {"Lumen-Once": once} if once else {})

    def begin(self, sort: str = "films", **wishes: Any) -> str:
        answer = self.create(sort, **wishes)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["data"]["id"])

    def show(self, job: str) -> dict[str, Any]:
        answer = self.ask("jobs.get", "GET", f"/v2/jobs/{job}")
        assert answer.status_code == 200, answer.text
        attributes: dict[str, Any] = answer.json()["data"]["attributes"]
        return attributes

    def wallet(self) -> dict[str, Decimal]:
        answer = self.ask("wallet.get", "GET", "/v2/wallet")
        assert answer.status_code == 200, answer.text
        said = json.loads(answer.text, parse_float=Decimal)["data"]["attributes"]
        return {name: Decimal(said[name]) for name in ("in", "spent", "reserved", "left")}

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, self.served.control_url + path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def advance(self, seconds: float) -> None:
        self.steer("POST", "/clock/advance", {"seconds": seconds})

    def owned_by(self, key: str) -> "Client":
        return Client(self.served, self.http, key)


def media_type_of(answer: httpx2.Response) -> str:
    return str(answer.headers.get("content-type", "")).partition(";")[0]


def error_of(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, code and detail of a refusal."""
    (error,) = answer.json()["errors"]
    assert error["status"] == str(answer.status_code)
    return answer.status_code, error["code"], error["detail"]


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=20.0) as client:
        yield client


@pytest.fixture(scope="module")
def open_shop(serve: Serve, http: httpx2.Client) -> Callable[..., Client]:
    """A client of a server of its own, one for each set of flags."""
    return cache(lambda *flags: Client(serve(*FLAGS, *flags), http))


@pytest.fixture
def client(open_shop: Callable[..., Client]) -> Iterator[Client]:
    client = open_shop()
    yield client
    client.advance(LONG_SECONDS)


def test_there_is_no_python_for_it() -> None:
    """Nothing but the file knows it: neither the package nor the shipped specs."""
    files = [path for part in ("specs", "mockserver", "understudy") for path in (ROOT / part).rglob("*.*")]
    named = [
        path
        for path in files
        if path.suffix in (".py", ".yaml", ".json") and "lumen" in path.read_text("utf-8").lower()
    ]
    assert not named


def test_announcement(client: Client) -> None:
    provider = client.served.providers["lumen"]
    assert provider.base_url.endswith("/lumen")
    assert provider.keys == (MINE, OTHER)


def test_it_is_the_only_one_and_answers_at_the_root_too(client: Client, http: httpx2.Client) -> None:
    root = client.base.removesuffix("/lumen")
    answer = http.get(f"{root}/v2/wallet", headers={"X-Lumen-Token": OTHER})
    assert answer.json()["data"]["id"] == "w-2"


def test_a_film_from_wish_to_file(client: Client, http: httpx2.Client) -> None:
    before = client.wallet()
    answer = client.create(seconds=2, ratio="9:16", music=False)
    assert answer.status_code == 202
    begun = answer.json()
    assert begun["data"]["attributes"] | {"created": ""} == {
        "kind": "film",
        "status": "WAITING",
        "estimate": 0.302,
        "currency": "$lum",
        "progress": "0%",
        "created": "",
    }
    assert begun["meta"].keys() == {"request"}
    assert client.wallet()["reserved"] - before["reserved"] == Decimal("0.302")
    job = begun["data"]["id"]
    assert client.show(job)["started"] == ""
    client.advance(6)
    rendering = client.show(job)
    assert rendering["status"] == "RENDERING"
    assert rendering["progress"] not in ("0%", "100%")
    assert rendering["started"] > rendering["created"]
    client.advance(30)
    done = client.show(job)
    assert (done["status"], done["cost"], done["prompt"]) == ("DONE", 0.302, "A kite")
    after = client.wallet()
    assert (after["reserved"], after["spent"] - before["spent"]) == (before["reserved"], Decimal("0.302"))
    film = http.get(done["film"])
    assert film.headers["content-type"] == "video/mp4"
    with av.open(BytesIO(film.content)) as movie:
        video = movie.streams.video[0]
        assert (video.width, video.height) == (360, 640)
        assert not movie.streams.audio
    poster = http.get(done["poster"])
    assert Image.open(BytesIO(poster.content)).size == (360, 640)
    client.advance(7_300)
    gone = http.get(done["film"])
    assert (gone.status_code, media_type_of(gone)) == (403, "text/plain")
    assert gone.text.startswith("forbidden ")
    assert http.get(client.show(job)["film"]).status_code == 200, "signed anew by every query"


def test_a_film_shows_itself_under_its_own_path(client: Client) -> None:
    job = client.begin()
    client.advance(LONG_SECONDS)
    answer = client.ask("jobs.get", "GET", f"/v2/jobs/{job}")
    assert answer.json()["links"] == {"self": f"/v2/jobs/{job}"}


@pytest.mark.parametrize(
    ("sort", "wishes", "kind", "price"),
    [
        ("films", {}, "film", "0.542"),
        ("films", {"model": "ember", "seconds": 12}, "film", "1.022"),
        ("films", {"upscale": "x2", "refs": ["https://a.example.com/a.png"]}, "film", "0.957"),
        ("films", {"upscale": "x8"}, "film", "1.442"),
        ("films", {"draft": True, "seconds": 10}, "draft", "0.125"),
        ("stills", {}, "still", "0.024"),
        ("stills", {"style": "ink", "copies": 3}, "still", "0.033"),
    ],
)
def test_kinds_and_prices(client: Client, sort: str, wishes: dict[str, Any], kind: str, price: str) -> None:
    attributes = client.create(sort, **wishes).json()["data"]["attributes"]
    assert (attributes["kind"], str(attributes["estimate"])) == (kind, price)


def test_stills_are_several_and_paid_at_once(client: Client, http: httpx2.Client) -> None:
    before = client.wallet()
    job = client.begin("stills", copies=3, format="jpeg", style="ink")
    assert job.startswith("LS-ink-")
    assert client.wallet()["spent"] - before["spent"] == Decimal("0.033")
    assert client.show(job)["status"] == 10
    client.advance(60)
    done = client.show(job)
    assert (done["status"], done["charged"]) == (30, 0.033)
    assert [image["rel"] for image in done["images"]] == ["image"] * 3
    assert len({image["href"] for image in done["images"]}) == 3
    pictures = [http.get(image["href"]) for image in done["images"]]
    assert [Image.open(BytesIO(picture.content)).size for picture in pictures] == [(512, 384)] * 3
    assert {picture.headers["content-type"] for picture in pictures} == {"image/jpeg"}
    assert len({picture.content for picture in pictures}) == 3


def test_the_list_goes_by_batches_newest_first(open_shop: Callable[..., Client]) -> None:
    client = open_shop("--seed", "1")
    jobs = [client.begin("stills") for _ in range(7)]
    seen: list[str] = []
    for batch, size in ((1, 5), (2, 2), (3, 0)):
        answer = client.ask("jobs.list", "GET", f"/v2/jobs?batch-no={batch}").json()
        assert answer["meta"] == {"batch": batch, "size": 5, "of": 7}
        assert len(answer["data"]) == size
        seen += [each["id"] for each in answer["data"]]
    assert seen == jobs[::-1]
    wide = client.ask("jobs.list", "GET", "/v2/jobs?batch-no=1&batch-size=25").json()
    assert [each["id"] for each in wide["data"]] == seen
    assert {each["attributes"]["status"] for each in wide["data"]} == {10}
    other = client.owned_by(OTHER).ask("jobs.list", "GET", "/v2/jobs").json()
    assert other["data"] == [] and other["meta"]["of"] == 0


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("batch-no=0", "batch-no counts from 1"),
        ("batch-size=26", "batch-size is not valid"),
        ("batch-size=x", "batch-size cannot be x"),
    ],
)
def test_a_wrong_batch(client: Client, query: str, detail: str) -> None:
    answer = client.ask("jobs.list", "GET", f"/v2/jobs?{query}")
    assert error_of(answer) == (422, "LM-INVALID", detail)


def test_stopping_costs_nothing(client: Client) -> None:
    before = client.wallet()
    waiting, running, still = client.begin(), client.begin(), client.begin("stills")
    client.advance(4)
    for job in (waiting, running):
        answer = client.ask("jobs.stop", "DELETE", f"/v2/jobs/{job}/run")
        assert answer.json()["data"]["attributes"] == {"status": "STOPPED", "reason": "Stopped by its owner"}
        stopped = client.show(job)
        assert (stopped["status"], stopped["failure"]["reason"]) == ("STOPPED", "Stopped by its owner")
    too_late = client.ask("jobs.stop", "DELETE", f"/v2/jobs/{still}/run")
    assert error_of(too_late)[:2] == (409, "LM-LATE"), "stills can be stopped while they wait"
    again = client.ask("jobs.stop", "DELETE", f"/v2/jobs/{waiting}/run")
    assert error_of(again)[:2] == (409, "LM-LATE")
    client.advance(LONG_SECONDS)
    after = client.wallet()
    assert after["spent"] - before["spent"] == Decimal("0.024"), "only the still"
    assert after["reserved"] == before["reserved"]


def test_a_stopped_still_is_paid_back(client: Client) -> None:
    before = client.wallet()
    job = client.begin("stills")
    client.ask("jobs.stop", "DELETE", f"/v2/jobs/{job}/run")
    stopped = client.show(job)
    assert (stopped["status"], stopped["charged"], stopped["refunded"]) == (50, 0.024, 0.024)
    assert client.wallet() == before


@pytest.mark.parametrize(
    ("sort", "code", "message"),
    [
        ("films", "LM-WORDS", "The prompt was turned down"),
        ("films", "LM-RENDER", "The film tore"),
        ("stills", "LM-INK", "The ink ran dry"),
    ],
)
def test_failures_by_magic_words(client: Client, sort: str, code: str, message: str) -> None:
    before = client.wallet()
    job = client.begin(sort, prompt=f"A kite [understudy: fail={code}]")
    client.advance(LONG_SECONDS)
    assert client.show(job)["failure"] == {"code": code, "reason": message}
    assert client.wallet() == before


def test_a_reference_on_a_private_host_is_found_when_it_is_fetched(serve: Serve, http: httpx2.Client) -> None:
    client = Client(serve("--spec", str(LUMEN), "--clock", "virtual"), http)
    public = client.begin(refs=["https://pictures.example.com/a.png"])
    private = client.begin(refs=["https://pictures.example.com/a.png", "https://10.0.0.7/a.png"])
    client.advance(LONG_SECONDS)
    assert client.show(public)["status"] == "DONE"
    assert client.show(private)["failure"] == {"code": "LM-HOST", "reason": "A reference is out of reach"}
    loopback = client.create(notify="http://127.0.0.1:9/n")
    assert error_of(loopback)[2] == "notify must be a public https address"


def upload(client: Client, name: str, media: str = "video/mp4") -> dict[str, Any]:
    body = {"data": {"type": "uploads", "attributes": {"file": name, "media": media}}}
    answer = client.ask("inbox.open", "POST", "/v2/inbox", body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_a_clip_from_the_inbox(client: Client, http: httpx2.Client) -> None:
    told = upload(client, "beach.mp4")
    assert told["id"] == "inbox/w-1/beach.mp4"
    place = told["attributes"]
    assert (place["how"], place["media"]) == ("PUT", "video/mp4")
    assert place["put"].startswith(client.served.media_url)
    wishes: dict[str, Any] = {"clips": [{"label": "beach", "key": told["id"]}], "prompt": "A kite over {{beach}}"}
    missing = client.begin(**wishes)
    client.advance(LONG_SECONDS)
    assert client.show(missing)["failure"] == {"code": "LM-FETCH", "reason": "A clip is not there"}
    place = upload(client, "beach.mp4")["attributes"]
    put = client.ask("inbox.put", "PUT", place["put"], b"not really a film", {"Content-Type": "video/mp4"})
    assert put.status_code == 201
    assert put.json()["data"]["id"] == "inbox/w-1/beach.mp4"
    answer = client.create(**wishes)
    assert answer.json()["data"]["attributes"]["estimate"] == 1.224, "3.5 seconds are assumed of what cannot be read"
    client.advance(LONG_SECONDS)
    assert client.show(answer.json()["data"]["id"])["status"] == "DONE"


def test_the_inbox_is_strict(client: Client) -> None:
    put = upload(client, "sea.webm", "video/webm")["attributes"]["put"]
    other_type = client.ask("inbox.put", "PUT", put, b"x", {"Content-Type": "video/mp4"})
    assert (other_type.status_code, other_type.text.split()[0]) == (403, "unauthorized")
    parts = urlsplit(put)
    unsigned = client.ask("inbox.put", "PUT", f"{parts.scheme}://{parts.netloc}{parts.path}", b"x")
    assert unsigned.status_code in (403, 422)
    client.advance(301)
    late = client.ask("inbox.put", "PUT", put, b"x", {"Content-Type": "video/webm"})
    assert (late.status_code, late.text.split()[0]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("attributes", "detail"),
    [
        ({"file": "a.webm", "media": "video/mp4"}, "The file's name does not say what it is"),
        ({"file": "a b.mp4", "media": "video/mp4"}, "A file needs a plain name"),
        ({"file": "a" * 60 + ".mp4", "media": "video/mp4"}, "That name is too long"),
        ({"file": "a.gif", "media": "image/gif"}, "Clips are MP4 or WebM"),
        ({"media": "video/mp4"}, "data.attributes.file is missing"),
    ],
)
def test_what_the_inbox_does_not_take(client: Client, attributes: dict[str, Any], detail: str) -> None:
    answer = client.ask("inbox.open", "POST", "/v2/inbox", {"data": {"attributes": attributes}})
    assert error_of(answer) == (422, "LM-INVALID", detail)


def test_the_inbox_reads_json_whatever_it_is_called(client: Client) -> None:
    body = json.dumps({"data": {"attributes": {"file": "a.mp4", "media": "video/mp4"}}}).encode()
    answer = client.ask("inbox.open", "POST", "/v2/inbox", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 201
    elsewhere = client.ask("jobs.create", "POST", "/v2/jobs", body, {"Content-Type": "text/csv"})
    assert error_of(elsewhere) == (422, "LM-INVALID", "Send application/json")


@pytest.mark.parametrize(
    ("sort", "wishes", "detail"),
    [
        ("films", {"notify": "http://lumen.example.com/n"}, "notify must be a public https address"),
        ("films", {"notify": "https://10.0.0.7/n"}, "notify must be a public https address"),
        ("films", {"prompt": "A kite over {{beach}}"}, "The prompt speaks of a clip that is not given"),
        ("films", {"clips": [{"label": "a", "key": "inbox/w-2/a.mp4"}]}, "A clip is not from your inbox"),
        ("films", {"clips": [{"label": "a", "key": "inbox/w-1/a.png"}]}, "A clip is not from your inbox"),
        ("films", {"clips": [{"label": "a", "key": f"inbox/w-1/{n}.mp4"} for n in "ab"]}, "Two clips have one label"),
        ("operas", {}, "data fits no kind of job"),
        ("films", {"seconds": 1}, "data fits no kind of job"),
    ],
)
def test_what_is_not_accepted(client: Client, sort: str, wishes: dict[str, Any], detail: str) -> None:
    before = client.wallet()
    answer = client.create(sort, **wishes)
    assert error_of(answer) == (422, "LM-INVALID", detail)
    assert answer.json()["errors"][0]["title"] == f"Not accepted: {detail}"
    assert answer.json()["errors"][0]["meta"]["condition"] == "invalid_request"
    assert client.wallet() == before


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"data": [}'])
def test_what_is_not_json(client: Client, body: bytes) -> None:
    answer = client.ask("jobs.create", "POST", "/v2/jobs", body)
    assert error_of(answer) == (422, "LM-INVALID", "This is not JSON")


def test_too_large(client: Client) -> None:
    answer = client.ask("jobs.create", "POST", "/v2/jobs", b'"' + b"x" * 70_000 + b'"')
    assert error_of(answer) == (422, "LM-INVALID", "More than 65536 bytes")


def test_who_may_see_what(client: Client) -> None:
    film, still = client.begin(), client.begin("stills")
    other = client.owned_by(OTHER)
    assert error_of(other.ask("jobs.get", "GET", f"/v2/jobs/{film}"))[:2] == (403, "LM-OWNER")
    assert error_of(other.ask("jobs.get", "GET", f"/v2/jobs/{still}"))[:2] == (404, "LM-NONE")
    unknown = client.ask("jobs.get", "GET", "/v2/jobs/LF.none")
    assert error_of(unknown)[:2] == (404, "LM-NONE")
    assert unknown.json()["errors"][0]["source"] is None, "no member is to blame"
    nobody = client.owned_by("lum_0000000000000000")
    assert error_of(nobody.ask("jobs.get", "GET", f"/v2/jobs/{film}"))[:2] == (401, "LM-TOKEN")
    terse = nobody.ask("wallet.get", "GET", "/v2/wallet")
    assert (terse.status_code, terse.text) == (401, "LUMEN 401 no-token: Show your token")


@pytest.mark.parametrize(
    ("method", "path", "code", "text"),
    [
        ("GET", "/v2/nothing", 404, "LM-PATH"),
        ("PATCH", "/v2/jobs", 405, "LM-METHOD"),
        ("GET", "/v2/wallet/coins", 404, "LUMEN 404 LM-PATH: No such resource"),
        ("GET", "/v2/jobs/", 404, "LM-PATH"),
    ],
)
def test_beside_the_document(client: Client, method: str, path: str, code: int, text: str) -> None:
    answer = client.http.request(method, client.base + path, headers={"X-Lumen-Token": MINE})
    assert answer.status_code == code
    if text.startswith("LUMEN"):
        assert (media_type_of(answer), answer.text) == ("text/plain", text)
    else:
        assert answer.json()["errors"][0]["code"] == text
        assert not JUDGE.value({"$ref": "#/components/schemas/Errors"}, answer.json())


def test_once_is_once(client: Client) -> None:
    before = client.wallet()
    first = client.create(once="a", seconds=2)
    again = client.create(once="a", seconds=2)
    assert again.content == first.content
    assert client.wallet()["reserved"] - before["reserved"] == Decimal("0.302")
    other = client.create(once="a", seconds=4)
    assert error_of(other)[:2] == (422, "LM-ONCE")
    assert client.owned_by(OTHER).create(once="a", seconds=2).json()["data"]["id"] != first.json()["data"]["id"]
    client.advance(3_601)
    assert client.create(once="a", seconds=2).json()["data"]["id"] != first.json()["data"]["id"]


def test_a_light_wallet(open_shop: Callable[..., Client]) -> None:
    client = open_shop("--seed", "3").owned_by(OTHER)
    begun = 0
    while (answer := client.create(upscale="x4", seconds=12)).status_code == 202:
        begun += 1
    assert error_of(answer)[:2] == (402, "LM-POOR")
    assert begun == 16, "40 in all, 2.402 held for each"
    assert client.wallet()["left"] >= 0
    denied = open_shop("--seed", "3", "--profile", "denied").owned_by(OTHER)
    while (answer := denied.create(upscale="x4", seconds=12)).status_code == 202:
        pass
    assert error_of(answer)[:2] == (403, "LM-POOR")


def test_drafts_have_an_id_of_the_option(open_shop: Callable[..., Client]) -> None:
    assert open_shop("--seed", "1").begin(draft=True).startswith("LD-")
    assert open_shop("--seed", "3", "--profile", "denied").begin(draft=True).startswith("LDD-")


def test_not_more_than_its_tier_run_at_once(open_shop: Callable[..., Client]) -> None:
    client = open_shop("--seed", "4")
    other = client.owned_by(OTHER)
    jobs = [other.begin(seconds=12) for _ in range(3)]
    client.advance(20)
    running = [other.show(job)["status"] for job in jobs]
    assert running.count("RENDERING") == 1, "40 are recharged: one at a time"
    client.steer("POST", "/lumen/accounts/w-2/credit", {"credits": "1", "recharged": "60"})
    client.advance(1)
    assert [other.show(job)["status"] for job in jobs].count("RENDERING") == 2


def test_the_rate_is_an_option(open_shop: Callable[..., Client]) -> None:
    client = open_shop("--profile", "throttle=on")
    answers = [client.ask("jobs.list", "GET", "/v2/jobs") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert error_of(answers[-1])[:2] == (429, "LM-FAST")
    wait = int(answers[-1].headers["retry-after"])
    assert answers[-1].headers["x-lumen-wait"] == f"{wait}s"
    assert answers[-1].json()["errors"][0]["meta"]["wait"] == wait
    assert client.owned_by(OTHER).ask("jobs.list", "GET", "/v2/jobs").status_code == 200
    client.advance(wait)
    assert client.ask("jobs.list", "GET", "/v2/jobs").status_code == 200


def test_callbacks(client: Client) -> None:
    with receiving(status(503), status(204)) as receiver:
        film = client.begin(notify=receiver.url, seconds=2)
        client.advance(60)
        assert len(receiver.calls) == 2, "sent again after a refusal"
        first, second = receiver.calls
        assert first.body == second.body
        assert first.headers["x-lumen-token"] == MINE
        assert first.headers["x-lumen-event"] == "job.DONE"
        assert not JUDGE.callback("jobs.create", first.json())
        told = first.json()
        assert (told["event"], told["account"]) == ("ended", "w-1")
        assert told["job"]["id"] == film
        assert told["job"]["charged"] == 0.302
        times = told["job"]["times"]
        assert times["created"] < times["started"] < times["finished"]
        assert told["job"]["failure"] is None
        assert client.http.get(told["job"]["film"]).status_code == 200
    (delivery,) = [d for d in client.steer("GET", "/lumen/callbacks")["deliveries"] if d["task"] == film]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503, 204]
    assert delivery["attempts"][1]["at"] - delivery["attempts"][0]["at"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("sort", "prompt", "event", "members"),
    [
        (
            "films",
            "[understudy: fail=LM-RENDER]",
            "job.BROKEN",
            {"failure": {"code": "LM-RENDER", "reason": "The film tore"}},
        ),
        ("stills", "A kite", "job.30", {"charged": 0.024}),
        ("stills", "[understudy: fail=LM-INK]", "job.40", {"charged": 0.024, "refunded": 0.024}),
    ],
)
def test_callbacks_of_every_end(client: Client, sort: str, prompt: str, event: str, members: dict[str, Any]) -> None:
    with receiving(status(204)) as receiver:
        client.begin(sort, notify=receiver.url, prompt=prompt)
        client.advance(LONG_SECONDS)
        (call,) = receiver.calls
        assert not JUDGE.callback("jobs.create", call.json())
        assert call.headers["x-lumen-event"] == event
        assert members.items() <= call.json()["job"].items()


def test_a_stop_is_called_back(client: Client) -> None:
    with receiving(status(204)) as receiver:
        job = client.begin(notify=receiver.url)
        client.ask("jobs.stop", "DELETE", f"/v2/jobs/{job}/run")
        client.advance(1)
        (call,) = receiver.calls
        assert call.headers["x-lumen-event"] == "job.STOPPED"


@pytest.mark.parametrize(
    "condition", ["service_busy", "internal_error", "rate_limited", "not_found", "insufficient_credits"]
)
def test_any_condition_can_be_had(client: Client, condition: str) -> None:
    answer = client.ask("jobs.get", "GET", "/v2/jobs/x", headers={"Prefer": f"condition={condition}"})
    assert answer.json()["errors"][0]["meta"]["condition"] == condition


def test_strict_and_upstream_profiles(open_shop: Callable[..., Client]) -> None:
    strict = open_shop("--profile", "strict-doc")
    mood = strict.create(mood="blue")
    assert error_of(mood)[:2] == (422, "LM-INVALID"), "only assumed"
    refs = strict.create(refs=["https://a.example.com/a.gif"])
    assert error_of(refs)[2] == "refs must be addresses of images"
    upstream = open_shop("--profile", "upstream-strict")
    assert error_of(upstream.create(seconds=3))[2] == "The renderer works in pairs of seconds"
    assert upstream.create(seconds=4).status_code == 202


def test_lenient_lets_texts_be_numbers(open_shop: Callable[..., Client]) -> None:
    client = open_shop("--profile", "lenient")
    assert client.create(unheard_of=1).status_code == 202


def test_a_trace_comes_back(client: Client) -> None:
    body = {"data": {"type": "films", "attributes": {"prompt": "A kite"}}}
    answer = client.ask("jobs.create", "POST", "/v2/jobs", body, {"X-Lumen-Trace": "t-1"})
    assert answer.json()["meta"]["trace"] == "t-1"


def test_the_spec_is_served(client: Client) -> None:
    document = client.http.get(f"{client.base}/openapi.json").json()
    assert document["info"]["title"] == "Lumen Studio API"
    assert document["servers"][0]["url"] == client.base


def test_its_lines_for_the_environment() -> None:
    with subprocess.Popen(
        [UNDERSTUDY, "serve", "--spec", LUMEN, "--port", "0", "--media-port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        said = "".join(iter(process.stdout.readline, "\n"))
        process.terminate()
        process.stdout.read()
    assert "Lumen Studio API" in said
    assert f"export LUMEN_TOKEN={MINE}" in said
    assert "/lumen/v2" in said
