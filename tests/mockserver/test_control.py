"""The control API as a whole: who may steer, what is refused, and its pages, which load nothing from elsewhere."""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.conftest import Serve, Served
from tests.sockets import Answer, ask, connected, request
from understudy.mockserver.control.gate import MOST_BODY
from understudy.specs.loader import shipped

JSON = ("Content-Type", "application/json")
OUTSIDE = re.compile(r"""(?:src|href|url)\s*[=(:]\s*["']?(https?:)?//""")


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve("--clock", "virtual")


@pytest.fixture(scope="module")
def guarded(serve: Serve) -> Served:
    return serve("--clock", "virtual", "--control-token", "open sesame", "juhuo")


def routes(served: Served) -> Iterator[tuple[str, str]]:
    document = ask(served.control_url, "GET", "/_understudy/openapi.json").json()
    for path, item in document["paths"].items():
        for method in item:
            yield method.upper(), re.sub(r"\{[^{}]+\}", "juhuo", path)


def post(served: Served, path: str, body: bytes, *headers: tuple[str, str], host: str = "127.0.0.1") -> Answer:
    return ask(served.control_url, "POST", f"/_understudy{path}", [JSON, *headers], body, host=host)


FOREIGN: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a foreign host": ("evil.example", []),
    "a host that only begins like ours": ("127.0.0.1.evil.example", []),
    "a host with a user": ("127.0.0.1@evil.example", []),
    "a foreign origin": ("127.0.0.1", [("Origin", "https://evil.example")]),
    "no origin at all, of a sandbox": ("127.0.0.1", [("Origin", "null")]),
    "an origin that only begins like ours": ("127.0.0.1", [("Origin", "http://localhost.evil.example")]),
    "somebody behind a proxy": ("127.0.0.1", [("X-Forwarded-For", "203.0.113.9")]),
    "somebody behind another": ("127.0.0.1", [("Forwarded", "for=203.0.113.9")]),
}


@pytest.mark.parametrize("who", FOREIGN)
def test_every_route_refuses_who_may_not_steer(served: Served, who: str) -> None:
    host, headers = FOREIGN[who]
    known = list(routes(served))
    assert len(known) > 25
    for method, path in [*known, ("GET", "/_understudy/docs"), ("GET", "/_understudy/nowhere")]:
        for place in (path, f"/_w/{'w1'}{path}") if path == "/_understudy/clock" else (path,):
            answer = ask(served.control_url, method, place, headers, host=host)
            assert answer.status in ((403, 404) if "_w" in place else (403,)), (method, place)


def test_who_connects_from_elsewhere_is_refused(serve: Serve) -> None:
    """An address of this machine that is not loopback, where it has one."""
    served = serve("--host", "0.0.0.0", "juhuo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    port = served.control_url.split(":")[2].partition("/")[0]
    answer = ask(f"http://{own}:{port}", "GET", "/_understudy/clock", host="127.0.0.1")
    assert answer.status == 403 and "loopback" in answer.json()["detail"]


def test_a_token_opens_to_who_brings_it_and_to_nobody_else(guarded: Served) -> None:
    for value, code in {"Bearer open sesame": 200, "Bearer open": 403, "Basic open sesame": 403, "": 403}.items():
        headers = [("Authorization", value)] if value else []
        assert ask(guarded.control_url, "GET", "/_understudy/clock", headers, host="any.example").status == code


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 422),
    "no JSON": (b"seconds=1", 422),
    "half of it": (b'{"seconds": 1', 422),
    "deep": (b"[" * 100_000, 422),
    "deep and whole": (b'{"seconds": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 422),
    "no number": (b'{"seconds": NaN}', 422),
    "without end": (b'{"seconds": 1e999}', 422),
    "not UTF-8": (b'{"seconds": "\xff"}', 422),
    "a list": (b"[1]", 422),
    "null": (b"null", 422),
    "too large": (b'{"seconds": 1, "a": "' + b"a" * MOST_BODY + b'"}', 413),
}


@pytest.mark.parametrize("body", BODIES)
def test_hostile_bodies_are_refused_and_change_nothing(served: Served, body: str) -> None:
    raw, code = BODIES[body]
    before = ask(served.control_url, "GET", "/_understudy/clock").json()
    answer = post(served, "/clock/advance", raw)
    assert answer.status in {code, 400 if code == 422 else code}, answer
    assert "detail" in answer.json()
    assert ask(served.control_url, "GET", "/_understudy/clock").json() == before


def test_a_body_in_chunks_is_bounded_too(served: Served) -> None:
    head = request("POST", "/_understudy/clock/advance", [JSON, ("Transfer-Encoding", "chunked")])
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    with connected(served.control_url) as connection:
        connection.send(head)
        try:
            for _ in range(MOST_BODY // 65_536 + 8):
                connection.send(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert connection.read().status == 413


ODD_PATHS = [
    "/%00",
    "/..%2f..%2fetc",
    "/juhuo/accounts/%ff/credit",
    "/juhuo/tasks/%2e%2e/cancel",
    "/journal/-1",
    "/journal/x",
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_odd_paths_are_refused(served: Served, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = ask(served.control_url, method, f"/_understudy{path}", [JSON], b"{}" if method == "POST" else b"")
        assert answer.status in (404, 405, 409, 422), (method, answer)
        assert "detail" in answer.json()


def pages(served: Served) -> Iterator[tuple[str, str]]:
    yield "/_understudy/docs", "/_understudy/openapi.json"
    for slug in shipped():
        yield f"/{slug}/docs", f"/{slug}/openapi.json"


def test_the_pages_load_nothing_from_elsewhere(served: Served) -> None:
    for path, spec in pages(served):
        answer = ask(served.control_url, "GET", path)
        text = answer.body.decode()
        assert answer.media_type == "text/html" and not OUTSIDE.search(text), path
        assert "cdn" not in text and f"'{spec}'" in text.replace('"', "'")
        assets = re.findall(r'(?:src|href)="([^"]+)"', text)
        assert len(assets) == 3
        for asset in assets:
            found = ask(served.control_url, "GET", asset)
            assert found.status == 200 and len(found.body) > 1_000, asset
        assert ask(served.control_url, "GET", spec).json()["openapi"].startswith("3.1")
    style = ask(served.control_url, "GET", "/_understudy/assets/swagger-ui.css").body.decode()
    assert not OUTSIDE.search(style)


def test_the_pages_of_a_world_are_about_it(served: Served) -> None:
    name = json.loads(post(served, "/worlds", b"{}").body)["name"]
    text = ask(served.control_url, "GET", f"/_w/{name}/juhuo/docs").body.decode()
    assert f"/_w/{name}/juhuo/openapi.json" in text
    assert (
        f"/_w/{name}/_understudy/openapi.json"
        in ask(served.control_url, "GET", f"/_w/{name}/_understudy/docs").body.decode()
    )
    ask(served.control_url, "DELETE", f"/_understudy/worlds/{name}")


def test_no_other_file_is_given_out(served: Served) -> None:
    for name in ("core.py", "..%2fcore.py", "redoc.standalone.js", ""):
        assert ask(served.control_url, "GET", f"/_understudy/assets/{name}").status == 404


def test_the_pages_open_without_a_token_where_the_api_asks_for_one(guarded: Served) -> None:
    for path in ("/docs", "/juhuo/docs", "/_understudy/assets/swagger-ui.css", "/openapi.yaml"):
        assert ask(guarded.control_url, "GET", path).status == 200, path


@pytest.mark.parametrize("slug", shipped())
def test_the_spec_as_yaml_says_the_same(served: Served, slug: str) -> None:
    answer = ask(served.control_url, "GET", f"/{slug}/openapi.yaml")
    as_json: Any = ask(served.control_url, "GET", f"/{slug}/openapi.json").json()
    assert answer.media_type == "application/yaml"
    assert yaml.safe_load(answer.body) == as_json
    assert re.search(rb"(?m)^\s*- \"?16:9\"?$", answer.body) is None or b'"16:9"' in answer.body
