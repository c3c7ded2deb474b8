"""Hostile requests over real sockets: each gets a clear refusal in the provider's form, none changes anything.

What the HTTP parser itself cannot read gets a bare 400 and a close; the server answers the next one.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Serve, Served, serving
from tests.counter import BOOKS, Counter
from tests.door import stage_of
from tests.refusals import Book
from tests.sockets import Answer, Pairs, ask, connected, request, send

JSON = ("Content-Type", "application/json")
GOOD = {book.provider: book.said["at"][book.said["task"]["at"]] for book in BOOKS}
SUBMITS = [pytest.param(book, id=book.provider) for book in BOOKS]
CounterOf = Callable[[Book, str], Counter]


def book_of(provider: str) -> Book:
    return next(book for book in BOOKS if book.provider == provider)


def path_of(book: Book) -> str:
    return f"/{book.provider}{GOOD[book.provider]['path']}"


def poll_of(book: Book, task: str = "nobody") -> str:
    return f"/{book.provider}{book.said['at']['get']['path'].replace('{task}', task)}"


def key_of(counter: Counter) -> tuple[str, str]:
    return ("Authorization", f"Bearer {counter.keys[0]}")


def good_body(book: Book) -> bytes:
    return json.dumps(GOOD[book.provider]["body"]).encode()


def submit(counter: Counter, body: bytes, *headers: tuple[str | bytes, str | bytes]) -> Answer:
    given = [key_of(counter), *(headers or [JSON])]
    return ask(counter.served.control_url, "POST", path_of(counter.book), given, body)


def assert_refused(book: Book, answer: Answer) -> None:
    """It is an error in the provider's form, not an accident."""
    assert answer.media_type == "application/json", answer
    body = answer.json()
    code = next((c for c in book.said["codes"] if json.dumps(c) in answer.body.decode()), None)
    is_error = book.is_error("", body, answer.status, code)
    assert is_error, answer
    assert answer.status < 500 and str(code) != "5000", answer


def assert_bare(answer: Answer) -> None:
    """It is what the HTTP parser says."""
    assert answer.status == 400, answer
    assert answer.body == b"Invalid HTTP request received."
    assert answer.headers["connection"] == "close"


@contextmanager
def unchanged(counter: Counter) -> Iterator[None]:
    """Nothing was made, nothing was paid, and the server still answers."""
    before = counter.look()
    yield
    assert counter.look() == before


def with_member(book: Book, name: str, text: str) -> bytes:
    """The good body with one more member, written as it stands in the text."""
    return good_body(book)[:-1] + f', "{name}": {text}}}'.encode()


# Bodies that are no JSON, or not an object.
NO_OBJECTS: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \r\n\t ",
    "null": b"null",
    "true": b"true",
    "number": b"5",
    "text": b'"text"',
    "array": b"[]",
    "array-of-one": b'[{"prompt": "x"}]',
    "open": b"{",
    "open-text": b'{"prompt": "x',
    "single-quotes": b"{'prompt': 'x'}",
    "trailing-comma": b'{"prompt": "x",}',
    "comment": b'{"prompt": "x"} // x',
    "two": b'{"prompt": "x"}{"prompt": "y"}',
    "form": b"prompt=x&duration=8",
    "xml": b"<prompt>x</prompt>",
    "nul": b"\0",
    "bom": b'\xef\xbb\xbf{"prompt": "x"}',
    "utf-16": '{"prompt": "x"}'.encode("utf-16"),
    "latin-1": '{"prompt": "é"}'.encode("latin-1"),
    "cut-utf-8": b'{"prompt": "\xe7\x8c"}',
    "overlong-utf-8": b'{"prompt": "\xc0\x80"}',
    "surrogate-utf-8": b'{"prompt": "\xed\xa0\x80"}',
    "high-surrogate": b'{"prompt": "\\ud83d"}',
    "low-surrogate": b'{"prompt": "\\udc4d abc"}',
    "control-character": b'{"prompt": "a\x01b"}',
    "bad-escape": b'{"prompt": "\\x41"}',
    "brackets": b"[" * 100_000,
    "brackets-closed": b"[" * 100_000 + b"]" * 100_000,
    "braces": b'{"a":' * 100_000,
    "gzip": bytes.fromhex("1f8b0800000000000000ab562a28cacf2d2851b252aa50aa0500"),
}


@pytest.mark.parametrize("body", NO_OBJECTS.values(), ids=NO_OBJECTS)
@pytest.mark.parametrize("book", SUBMITS)
def test_body_that_is_no_object(book: Book, body: bytes, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    with unchanged(counter):
        assert_refused(book, submit(counter, body))


# Values for a number, written so that only some JSON parsers read them.
NUMBERS = {
    "text": '"8"',
    "1e400": "1e400",
    "-1e400": "-1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "hex": "0x8",
    "octal": "08",
    "plus": "+8",
    "point": "8.",
    "leading-point": ".8",
    "huge": "9" * 400,
    "64-bits": "18446744073709551616",
    "negative": "-" + "9" * 30,
    "tiny": "1e-400",
    "minus-zero": "-0",
    "true": "true",
    "object": '{"a": 8}',
    "array": "[8]",
    "deep": "[" * 900 + "]" * 900,
    "null": "null",
}
NUMBER_MEMBERS = {"juhuo": "duration", "seedance2ai": "seed", "storyclaw": "model"}
NUMBER_MEMBERS |= {"clawdrouter": "duration", "unigateway": "duration"}
FINE_SEEDS = ("tiny", "minus-zero")


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("book", SUBMITS)
def test_number_that_is_none(book: Book, number: str, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    if book.provider == "seedance2ai" and number in [NUMBERS[name] for name in FINE_SEEDS]:
        number = "-2"  # 0 is a seed
    with unchanged(counter):
        assert_refused(book, submit(counter, with_member(book, NUMBER_MEMBERS[book.provider], number)))


@pytest.mark.parametrize("number", ["8.0", "8", "80e-1", "0.8E1", "8.000000000000000000000"])
def test_whole_number_however_it_is_written(number: str, counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    answer = submit(counter_of(book, "default"), with_member(book, "duration", number))
    assert answer.json()["code"] == "200", answer


def test_of_doubled_members_the_last_counts_and_the_journal_says_so(counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    first_wrong = b' {"duration": 99, "prompt": "x", "duration": 5}'
    assert submit(counter, first_wrong).json()["code"] == "200"
    (record,) = counter.steer("GET", "/journal?limit=1")["records"]
    assert any("'duration'" in note and "last" in note for note in record["notes"]), record
    with unchanged(counter):
        assert_refused(book, submit(counter, b'{"duration": 5, "prompt": "x", "duration": 99}'))


def test_deep_and_long_members_that_nobody_asked_for(counter_of: CounterOf) -> None:
    """What the document does not mention is accepted, if it is JSON at all."""
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    deep = "[" * 1_000 + "]" * 1_000
    assert submit(counter, with_member(book, "note", deep)).json()["code"] == "200"
    strict = book_of("seedance2ai")
    name = "n" * 500_000
    with unchanged(counter_of(strict, "default")):
        answer = submit(counter_of(strict, "default"), with_member(strict, name, "1"))
        assert_refused(strict, answer)
        assert len(answer.body) < 1_000, "the name is not sent back whole"


@pytest.mark.parametrize("book", SUBMITS)
def test_body_that_is_too_large(book: Book, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    large = b'{"prompt": "' + b"a" * 10_000_000 + b'"}'
    head = request("POST", path_of(book), [key_of(counter), JSON, ("Transfer-Encoding", "chunked")])
    chunk = b"%x\r\n%s\r\n" % (1_000_000, b"a" * 1_000_000)
    with unchanged(counter):
        whole = submit(counter, large)
        in_chunks = send(counter.served.control_url, head, *[chunk] * 10, b"0\r\n\r\n")
    for answer in (whole, in_chunks):
        assert_refused(book, answer)
        assert str(stage_of(book.provider).provider.limits.body) in answer.body.decode()


def test_body_that_comes_slowly(counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    raw = request("POST", path_of(book), [key_of(counter), JSON], good_body(book))
    with connected(counter.served.control_url) as connection:
        for at in range(0, len(raw), 7):
            connection.send(raw[at : at + 7])
            time.sleep(0.001)
        assert connection.read().json()["code"] == "200"


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("is_cut", [False, True], ids=["half-closed", "cut"])
@pytest.mark.parametrize("book", SUBMITS)
def test_body_that_never_ends(book: Book, is_cut: bool, is_chunked: bool, counter_of: CounterOf) -> None:
    """A request that never came whole is none, though what came of it is a good body."""
    counter = counter_of(book, "default")
    body = good_body(book)
    framing = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", "5000")
    head = request("POST", path_of(book), [key_of(counter), JSON, framing])
    part = b"%x\r\n%s\r\n" % (len(body), body) if is_chunked else body
    with unchanged(counter):
        with connected(counter.served.control_url) as connection:
            connection.send(head + part)
            if not is_cut:
                connection.half_close()
                assert connection.read_raw(1) == b""
        time.sleep(0.05)


@pytest.mark.parametrize("book", SUBMITS)
def test_broken_chunk_after_a_good_body(book: Book, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    head = request("POST", path_of(book), [key_of(counter), JSON, ("Transfer-Encoding", "chunked")])
    body = good_body(book)
    with unchanged(counter), connected(counter.served.control_url) as connection:
        connection.send(head + b"%x\r\n%s\r\n" % (len(body), body))
        time.sleep(0.02)
        connection.send(b"zz\r\n")
        assert_bare(connection.read())


@pytest.mark.parametrize("book", SUBMITS)
def test_what_came_before_nonsense_is_answered(book: Book, counter_of: CounterOf) -> None:
    """A task that was paid for is told of, though what follows in the same breath is no HTTP."""
    counter = counter_of(book, "default")
    post = request("POST", path_of(book), [key_of(counter), JSON], good_body(book))
    with connected(counter.served.control_url) as connection:
        connection.send(post + post + b"\0\1\r\n\r\n" + post)
        answers = [connection.read() for _ in range(2)]
        assert connection.read_raw(1) == b""
    assert [answer.status for answer in answers] == [book.said["good"]["status"]] * 2
    assert answers[1].headers["connection"] == "close"


@pytest.mark.parametrize("book", SUBMITS)
def test_broken_chunk_with_its_head(book: Book, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    head = request("POST", path_of(book), [key_of(counter), JSON, ("Transfer-Encoding", "chunked")])
    body = good_body(book)
    with unchanged(counter):
        assert_bare(send(counter.served.control_url, head + b"%x\r\n%s\r\nzz\r\n" % (len(body), body)))


# Keys that are none, by what stands in the Authorization header.
KEYS = {
    "empty": "",
    "scheme-only": "Bearer",
    "scheme-and-blank": "Bearer ",
    "no-scheme": "{key}",
    "basic": "Basic {key}",
    "tab": "Bearer\t{key}",
    "inner-blank": "Bearer {head} {tail}",
    "doubled": "Bearer {key}{key}",
    "two-keys": "Bearer {key}, Bearer {key}",
    "quoted": 'Bearer "{key}"',
    "upper": "Bearer {upper}",
    "cut": "Bearer {head}",
    "long": "Bearer {key}" + "x" * 50_000,
    "latin-1": "Bearer \xff\xfe",
    "percent": "Bearer %73{tail}",
}


@pytest.mark.parametrize("form", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("book", SUBMITS)
def test_key_that_is_none(book: Book, form: str, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    key = counter.keys[0]
    text = form.format(key=key, head=key[:5], tail=key[1:], upper=key.upper())
    expected = {"juhuo": "4403", "seedance2ai": "unauthorized", "storyclaw": "401"}.get(
        book.provider, "invalid_api_key"
    )
    with unchanged(counter):
        for method, path in (("POST", path_of(book)), ("GET", poll_of(book))):
            body = good_body(book) if method == "POST" else b""
            headers: Pairs = [("Authorization", text), JSON]
            answer = ask(counter.served.control_url, method, path, headers, body)
            assert_refused(book, answer)
            assert expected in answer.body.decode(), answer


@pytest.mark.parametrize("header", ["authorization", "AUTHORIZATION", "aUTHORization"])
@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}", "Bearer {} \t"])
def test_key_however_it_is_written(header: str, form: str, counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    headers = [(header, form.format(counter.keys[0])), ("content-TYPE", "application/json")]
    answer = ask(counter.served.control_url, "POST", path_of(book), headers, good_body(book))
    assert answer.json()["code"] == "200", answer


@pytest.mark.parametrize("doubled", ["Authorization", "Content-Type", "Host"])
@pytest.mark.parametrize("book", SUBMITS)
def test_doubled_header(book: Book, doubled: str, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    pairs = [key_of(counter), JSON, ("Host", "127.0.0.1")]
    again = [pair for pair in pairs if pair[0] == doubled]
    with unchanged(counter):
        raw = request("POST", path_of(book), [*pairs, *again], good_body(book), host=None)
        answer = send(counter.served.control_url, raw)
        assert_refused(book, answer)
        assert doubled.lower() in answer.body.decode().lower()


def test_doubled_idempotency_key(counter_of: CounterOf) -> None:
    book = book_of("seedance2ai")
    counter = counter_of(book, "default")
    twice = [("Idempotency-Key", "hostile-1"), ("idempotency-key", "hostile-2")]
    with unchanged(counter):
        assert_refused(book, submit(counter, good_body(book), JSON, *twice))


def test_trailers_are_no_headers(counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    head = request("POST", path_of(book), [JSON, ("Transfer-Encoding", "chunked")])
    body, (name, key) = good_body(book), key_of(counter)
    trailer = f"0\r\n{name}: {key}\r\n\r\n".encode()
    with unchanged(counter):
        answer = send(counter.served.control_url, head, b"%x\r\n%s\r\n" % (len(body), body), trailer)
        assert answer.json()["code"] == "4403"


CONTENT_TYPES = [
    "text/plain",
    "application/jsonx",
    "application/x-www-form-urlencoded",
    "",
    ";",
    "application/json, text/plain",
    "multipart/form-data; boundary=x",
    "*/*",
]


@pytest.mark.parametrize("content_type", [*CONTENT_TYPES, None])
@pytest.mark.parametrize("provider", ["juhuo", "seedance2ai"])
def test_wrong_content_type(provider: str, content_type: str | None, counter_of: CounterOf) -> None:
    book = book_of(provider)
    counter = counter_of(book, "default")
    headers = [] if content_type is None else [("Content-Type", content_type)]
    with unchanged(counter):
        answer = submit(counter, good_body(book), *(headers or [("X-Nothing", "1")]))
        assert_refused(book, answer)
        assert "Content-Type" in answer.body.decode()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/json ;x",
        "application/json;",
    ],
)
@pytest.mark.parametrize("book", SUBMITS)
def test_json_content_type(book: Book, content_type: str, counter_of: CounterOf) -> None:
    answer = submit(counter_of(book, "default"), good_body(book), ("Content-Type", content_type))
    assert answer.status == book.said["good"]["status"], answer


METHODS = ["HEAD", "OPTIONS", "TRACE", "PATCH", "PUT", "DELETE", "PROPFIND", "CONNECT", "QUERY"]


@pytest.mark.parametrize("method", [*METHODS, "GET", "POST"])
@pytest.mark.parametrize("book", SUBMITS)
def test_wrong_method(book: Book, method: str, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    with unchanged(counter):
        for path, allowed in ((path_of(book), "POST"), (poll_of(book), "GET")):
            if method == allowed:
                continue
            answer = ask(counter.served.control_url, method, path, [key_of(counter)])
            assert answer.status == 405, answer
            assert answer.headers["allow"] == allowed
            if method != "HEAD":
                assert_refused(book, answer)


def unknown_paths(book: Book) -> dict[str, str | bytes]:
    known = path_of(book)
    return {
        "nothing": f"/{book.provider}",
        "root": f"/{book.provider}/",
        "two-slashes": f"/{book.provider}//",
        "nowhere": f"/{book.provider}/nowhere",
        "trailing-slash": known + "/",
        "slashes-inside": known.replace("/", "//")[1:],
        "upper": f"/{book.provider}{GOOD[book.provider]['path'].upper()}",
        "dots": f"/{book.provider}/../_understudy/clock",
        "encoded-dots": f"/{book.provider}/%2e%2e/_understudy/clock",
        "dot": f"/{book.provider}/./v1",
        "line-break": known + "%0a",
        "carriage-return": known + "%0d%0aX:%20y",
        "nul": known + "%00",
        "tail": known + "%2f..%2f",
        "percent": known + "%",
        "bad-percent": known + "%zz",
        "not-utf-8": known + "%ff%fe",
        "semicolon": known + ";jsessionid=1",
        "long": f"/{book.provider}/" + "a" * 50_000,
        "many": f"/{book.provider}" + "/a" * 20_000,
        "emoji": f"/{book.provider}/%F0%9F%98%80",
        "a page that is not": f"/{book.provider}/doc",
        "control": f"/{book.provider}/_understudy/clock",
    }


@pytest.mark.parametrize("name", unknown_paths(BOOKS[0]))
@pytest.mark.parametrize("book", SUBMITS)
def test_unknown_path(book: Book, name: str, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    path = unknown_paths(book)[name]
    with unchanged(counter):
        for method, body in (("GET", b""), ("POST", good_body(book)), ("DELETE", b"")):
            headers = [key_of(counter), JSON]
            answer = ask(counter.served.control_url, method, path, headers, body)
            assert answer.status == 404, answer
            assert_refused(book, answer)


@pytest.mark.parametrize(
    "task",
    [
        "%00",
        "%0a",
        "..",
        ".",
        "%2e%2e",
        "%20",
        "%ff",
        "x" * 60_000,
        "null",
        "0",
        "-1",
        "{task}",
        "*",
        "%25",
        "a;b",
        "a,b",
    ],
)
@pytest.mark.parametrize("book", SUBMITS)
def test_unknown_task(book: Book, task: str, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    answer = ask(counter.served.control_url, "GET", poll_of(book, task), [key_of(counter)])
    assert_refused(book, answer)
    said = {"juhuo": "4004", "seedance2ai": "not_found", "storyclaw": "task not found"}
    assert said.get(book.provider, "task_not_exist") in answer.body.decode(), answer


def test_a_task_of_another_provider(counter_of: CounterOf) -> None:
    tasks = {book.provider: counter_of(book, "default").submit({}) for book in BOOKS}
    for book in BOOKS:
        counter = counter_of(book, "default")
        for owner, task in tasks.items():
            answer = ask(counter.served.control_url, "GET", poll_of(book, task), [key_of(counter)])
            is_found = answer.status == 200 and task in answer.body.decode()
            assert is_found == (owner == book.provider), answer


# What nobody can read as HTTP.
NO_HTTP: dict[str, bytes] = {
    "raw-bytes-in-path": b"GET /juhuo/\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw-utf-8-in-path": "GET /juhuo/é HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "nul-in-path": b"GET /juhuo/\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank-in-path": b"GET /juhuo/a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "100-kb-path": b"GET /juhuo/%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 100_000),
    "100-000-parameters": b"GET /juhuo/?%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a=1&" * 100_000),
    "no-path": b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
    "relative-path": b"GET juhuo HTTP/1.1\r\nHost: a\r\n\r\n",
    "unknown-method": b"FOO /juhuo HTTP/1.1\r\nHost: a\r\n\r\n",
    "lower-method": b"get /juhuo HTTP/1.1\r\nHost: a\r\n\r\n",
    "version": b"GET /juhuo HTTP/9.9\r\nHost: a\r\n\r\n",
    "http-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tls": bytes.fromhex("1603010200010001fc0303"),
    "garbage": b"\0\1\2\3\r\n\r\n",
    "folded-header": b"GET /juhuo HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "nul-in-header": b"GET /juhuo HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "blank-in-name": b"GET /juhuo HTTP/1.1\r\nHost: a\r\nX y: a\r\n\r\n",
    "no-name": b"GET /juhuo HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n",
    "no-colon": b"GET /juhuo HTTP/1.1\r\nHost a\r\n\r\n",
    "two-lengths": b"POST /juhuo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "lengths-differ": b"POST /juhuo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length-and-chunks": b"POST /juhuo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative-length": b"POST /juhuo HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}",
    "signed-length": b"POST /juhuo HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}",
    "huge-length": b"POST /juhuo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "bad-chunk": b"POST /juhuo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "connect": b"CONNECT api.juhuo.cn:443 HTTP/1.1\r\nHost: api.juhuo.cn:443\r\n\r\n",
}


@pytest.mark.parametrize("raw", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_http(raw: bytes, counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    with unchanged(counter):
        assert_bare(send(counter.served.control_url, raw))
        assert_bare(send(counter.served.media_url, raw))


def test_head_without_end(counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    with unchanged(counter), connected(counter.served.control_url) as connection:
        connection.send(b"GET /juhuo HTTP/1.1\r\n")
        line = b"X: " + b"a" * 10_000 + b"\r\n"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.send(line * 10_000)


def test_what_is_left_of_older_http(counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    for raw in (b"GET /juhuo/x HTTP/1.0\r\n\r\n", request("GET", "/juhuo/x", host=None)):
        answer = send(counter.served.control_url, raw)
        assert answer.status == 404
        assert_refused(book, answer)


QUERIES = {
    "1e3": "pageNo=1e3",
    "plus": "pageNo=+1",
    "encoded-plus": "pageNo=%2B1",
    "blank": "pageNo=%201",
    "arabic": "pageNo=%D9%A3",
    "full-width": "pageNo=%EF%BC%93",
    "20-digits": "pageNo=99999999999999999999",
    "5000-digits": "pageNo=" + "9" * 5_000,
    "empty": "pageNo=",
    "bare": "pageNo",
    "bad-percent": "pageNo=%zz",
    "nul": "pageNo=%00",
    "line-break": "pageNo=1%0a",
    "not-utf-8": "pageNo=%ff",
    "underscore": "pageNo=1_0",
    "float": "pageNo=1.0",
    "list": "pageNo=1,2",
    "semicolon": "pageNo=1;pageSize=2",
    "last-is-wrong": "pageNo=1&pageNo=x",
    "5000-parameters": "a=1&" * 5_000,
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_query_that_cannot_be_read(query: str, counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    path = f"/juhuo/open-api/v1/video/tasks?{query}"
    with unchanged(counter):
        answer = ask(counter.served.control_url, "GET", path, [key_of(counter)])
        assert_refused(book, answer)
        assert answer.json()["code"] == "4000"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&&&",
        "=1",
        "%zz=1",
        "x%00y=1",
        "pageNo=01",
        "?",
        "pageNo=7&pageNo=1",
        "PAGENO=x",
        "pageno=x",
        "a[]=1",
        "pageNo=999999999999999999",
    ],
)
def test_query_that_can_be_read(query: str, counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    path = f"/juhuo/open-api/v1/video/tasks?{query}"
    answer = ask(counter.served.control_url, "GET", path, [key_of(counter)])
    assert answer.json()["code"] == "200", answer


def test_a_body_on_get_is_not_read(counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    path = "/juhuo/open-api/v1/account/balance"
    plain = request("GET", path, [key_of(counter)])
    for size in (10, 3_000_000):
        with connected(counter.served.control_url) as connection:
            connection.send(request("GET", path, [key_of(counter)], b"x" * size) + plain)
            assert [connection.read().json()["code"] for _ in range(2)] == ["200", "200"]


def test_pipelined_requests_are_answered_in_order(counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    post = request("POST", path_of(book), [key_of(counter), JSON], good_body(book))
    get = request("GET", "/juhuo/nowhere", [key_of(counter)])
    pages = request("GET", "/juhuo/openapi.json")
    with connected(counter.served.control_url) as connection:
        connection.send((post + get + pages) * 10)
        statuses = [connection.read().status for _ in range(30)]
    assert statuses == [200, 404, 200] * 10


@pytest.mark.parametrize("book", SUBMITS)
def test_expect_100_continue(book: Book, counter_of: CounterOf) -> None:
    counter = counter_of(book, "default")
    body = good_body(book)
    expecting = [("Expect", "100-continue"), ("Content-Length", str(len(body)))]
    head = request("POST", path_of(book), [key_of(counter), JSON, *expecting])
    with connected(counter.served.control_url) as connection:
        connection.send(head)
        assert connection.read_raw(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(body)
        assert connection.read().status == book.said["good"]["status"]


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_upgrade_is_passed_over(upgrade: str, is_chunked: bool, counter_of: CounterOf) -> None:
    """As Java's HttpClient and curl --http2 ask for it; the connection goes on."""
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    wish = [
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", upgrade),
        ("HTTP2-Settings", "AAMAAABk"),
    ]
    body = good_body(book)
    post = request("POST", path_of(book), [key_of(counter), JSON, *wish], body)
    if is_chunked:
        coding = ("Transfer-Encoding", "chunked")
        head = request("POST", path_of(book), [key_of(counter), JSON, *wish, coding])
        post = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    get = request("GET", "/juhuo/open-api/v1/account/balance", [key_of(counter), *wish])
    for step in (len(post + get), 50, 1):
        with connected(counter.served.control_url) as connection:
            raw = post + get + post
            for at in range(0, len(raw), step):
                connection.send(raw[at : at + step])
            assert [connection.read().json()["code"] for _ in range(3)] == ["200"] * 3


def test_half_closed_connections_are_answered(counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    url = counter.served.control_url
    post = request("POST", path_of(book), [key_of(counter), JSON], good_body(book))
    slow = request("POST", "/_understudy/clock/advance", [JSON], b'{"seconds": 0}')
    for _ in range(10):
        assert send(url, post, half_close=True).json()["code"] == "200"
        assert send(url, slow, half_close=True).status == 200


def test_clients_that_leave(counter_of: CounterOf) -> None:
    """A hundred connections, each closed at another place."""
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    raw = request("POST", path_of(book), [key_of(counter), JSON], good_body(book))[:-1]
    with unchanged(counter):
        for at in range(0, len(raw), 3):
            with connected(counter.served.control_url) as connection:
                connection.send(raw[:at])
        time.sleep(0.05)


def test_streams_whose_clients_leave_are_no_news(tmp_path: Path) -> None:
    """Who leaves as a long stream begins is no accident that the server's log tells of."""
    log = tmp_path / "log"
    body = b'{"model": "gpt-5.4", "stream": true, "messages": [{"role": "user", "content": "A very long story."}]}'
    with serving(("unigateway",), log) as served:
        key = ("Authorization", f"Bearer {served.providers['unigateway'].keys[0]}")
        raw = request("POST", "/unigateway/v1/chat/completions", [key, JSON], body)
        for _ in range(30):
            with connected(served.control_url) as connection:
                connection.send(raw)
                time.sleep(0.005)
        assert send(served.control_url, raw).status == 200
    assert log.read_text("utf-8") == ""


@pytest.mark.parametrize(
    "host", ["api.juhuo.cn", "API.Juhuo.CN", "api.juhuo.cn:443", "api.juhuo.cn.", "api.juhuo.cn:80"]
)
def test_addressed_by_host(host: str, counter_of: CounterOf) -> None:
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    path = GOOD["juhuo"]["path"]
    headers = [key_of(counter), JSON]
    for target in (path, f"http://{host}{path}"):
        answer = ask(counter.served.control_url, "POST", target, headers, good_body(book), host=host)
        assert answer.json()["code"] == "200", answer
    with unchanged(counter):
        answer = ask(counter.served.control_url, "GET", "/nowhere", headers, host=host)
        assert answer.status == 404
        assert_refused(book, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "//juhuo/open-api/v1/account/balance",
        "/JUHUO/",
        "/juhuo2",
        "/%00",
        "/..",
        "//",
        "/_understudy/nowhere",
        "*",
        "/" + "a" * 50_000,
    ],
)
def test_nowhere(path: str, counter_of: CounterOf) -> None:
    """Where no provider is, it is our own sentence, with the places where one is."""
    counter = counter_of(book_of("juhuo"), "default")
    with unchanged(counter):
        for method in ("GET", "POST", "OPTIONS"):
            answer = ask(counter.served.control_url, method, path, [key_of(counter)])
            assert answer.status == 404, answer
            assert re.search("; providers are at /.*/juhuo", answer.json()["detail"])


@pytest.fixture(scope="module")
def alone(serve: Serve) -> Served:
    """A server with one provider."""
    return serve("--clock", "virtual", "juhuo")


def test_single_provider_at_the_root(alone: Served) -> None:
    book = book_of("juhuo")
    counter = Counter(book, alone, "alone")
    headers = [key_of(counter), JSON]
    for prefix in ("", "/juhuo"):
        path = f"{prefix}{GOOD['juhuo']['path']}"
        answer = ask(alone.control_url, "POST", path, headers, good_body(book))
        assert answer.json()["code"] == "200"
        for nowhere in ("/nowhere", "//", "/doc"):
            answer = ask(alone.control_url, "GET", f"{prefix}{nowhere}", headers)
            assert answer.status == 404
            assert_refused(book, answer)
        assert ask(alone.control_url, "GET", f"{prefix}/openapi.json").json()["openapi"] == "3.1.0"
    assert ask(alone.control_url, "GET", "/_understudy/clock").status == 200


# The control API.
FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "evil.example?",
    "evil.example/@127.0.0.1",
    "evil.example#",
    "[::1",
    "a b",
    "",
    "127.0.0.1:99999999",
    "localhost.evil.example",
]
FOREIGN_ORIGINS = [
    "http://evil.example",
    "null",
    "file://",
    "http://[",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1@evil.example",
    "https://localhost.evil.example",
    "127.0.0.1",
]


def advance(served: Served, headers: Pairs = (), host: str | None = "127.0.0.1") -> Answer:
    return ask(
        served.control_url,
        "POST",
        "/_understudy/clock/advance",
        [JSON, *headers],
        b'{"seconds": 1}',
        host=host,
    )


@pytest.mark.parametrize("host", [*FOREIGN_HOSTS, None])
def test_control_api_refuses_a_foreign_host(host: str | None, counter_of: CounterOf) -> None:
    served = counter_of(book_of("juhuo"), "default").served
    before = ask(served.control_url, "GET", "/_understudy/clock").body
    answer = advance(served, host=host)
    assert answer.status == 403, answer
    assert "Host" in answer.json()["detail"]
    assert ask(served.control_url, "GET", "/_understudy/clock").body == before


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_control_api_refuses_a_foreign_origin(origin: str, counter_of: CounterOf) -> None:
    served = counter_of(book_of("juhuo"), "default").served
    answer = advance(served, [("Origin", origin)])
    assert answer.status == 403, answer
    assert "Origin" in answer.json()["detail"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_control_api_refuses_what_came_through_a_proxy(header: str, counter_of: CounterOf) -> None:
    served = counter_of(book_of("juhuo"), "default").served
    answer = advance(served, [(header, "127.0.0.1")])
    assert answer.status == 403, answer
    assert "--control-token" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1:4010", "localhost", "LOCALHOST:80", "[::1]:4010", "localhost."])
def test_control_api_answers_its_own_names(host: str, counter_of: CounterOf) -> None:
    served = counter_of(book_of("juhuo"), "default").served
    assert advance(served, [("Origin", f"http://{host.rstrip('.')}")], host=host).status == 200


BAD_CONTROL: dict[str, tuple[str, bytes]] = {
    "empty": ("/clock/advance", b""),
    "open": ("/clock/advance", b"{"),
    "array": ("/clock/advance", b"[]"),
    "null": ("/clock/advance", b"null"),
    "latin-1": ("/clock/advance", b"\xff"),
    "brackets": ("/clock/advance", b"[" * 100_000),
    "negative": ("/clock/advance", b'{"seconds": -1}'),
    "NaN": ("/clock/advance", b'{"seconds": NaN}'),
    "Infinity": ("/clock/advance", b'{"seconds": Infinity}'),
    "1e400": ("/clock/advance", b'{"seconds": 1e400}'),
    "eternity": ("/clock/advance", b'{"seconds": 1e300}'),
    "nested-NaN": ("/clock/advance", b'{"seconds": {"a": NaN}}'),
    "no-key": ("/juhuo/accounts", b'{"id": "x", "key": ""}'),
    "surrogate": ("/juhuo/accounts", b'{"id": "x", "key": "\\ud800"}'),
    "NaN-credits": ("/juhuo/accounts", b'{"id": "x", "key": "k", "credits": NaN}'),
    "negative-credits": ("/juhuo/accounts", b'{"id": "x", "key": "k", "credits": -1}'),
    "huge-credits": ("/juhuo/accounts", b'{"id": "x", "key": "k", "credits": 1e300}'),
}


@pytest.mark.parametrize(("path", "body"), BAD_CONTROL.values(), ids=BAD_CONTROL)
def test_control_api_refuses_nonsense(path: str, body: bytes, counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    with unchanged(counter):
        answer = ask(counter.served.control_url, "POST", f"/_understudy{path}", [JSON], body)
        assert answer.status in (400, 422), answer
        assert answer.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_control_api_refuses_other_methods_in_its_own_words(method: str, counter_of: CounterOf) -> None:
    served = counter_of(book_of("juhuo"), "default").served
    answer = ask(served.control_url, method, "/_understudy/clock/advance")
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert "it takes POST" in answer.json()["detail"]


def test_control_api_with_a_token(serve: Serve) -> None:
    served = serve("--clock", "virtual", "--control-token", "geheim", "juhuo")
    for headers in (
        [],
        [("Authorization", "geheim")],
        [("Authorization", "Basic geheim")],
        [("Authorization", "Bearer gehei")],
        [("Authorization", "Bearer")],
        [("Authorization", b"Bearer \xff")],
    ):
        answer = advance(served, headers)
        assert answer.status == 403, answer
        assert "token" in answer.json()["detail"]
    token = ("Authorization", "bearer geheim")
    assert advance(served, [token], host="anything.example").status == 200


# The second origin.
PICTURE = ("Content-Type", "image/png")


def presign(counter: Counter, name: str = "a.png") -> str:
    """The target of a fresh upload address."""
    body = json.dumps({"fileName": name, "contentType": "image/png"}).encode()
    path = "/juhuo/open-api/v1/upload/presign"
    answer = ask(counter.served.control_url, "POST", path, [key_of(counter), JSON], body)
    url = str(answer.json()["result"]["uploadUrl"])
    assert url.startswith(counter.served.media_url)
    return url.removeprefix(counter.served.media_url)


def put(counter: Counter, target: str, *headers: tuple[str, str], body: bytes = b"bytes") -> Answer:
    return ask(counter.served.media_url, "PUT", target, headers, body)


def assert_stored(answer: Answer) -> None:
    assert (answer.status, answer.body) == (200, b""), answer
    assert answer.headers["etag"]


def assert_storage_refuses(answer: Answer, code: str) -> None:
    """As object storage does, in XML."""
    assert 400 <= answer.status < 500, answer
    assert answer.media_type == "application/xml"
    assert f"<Code>{code}</Code><Message>".encode() in answer.body, answer


def resigned(target: str, name: str, value: str) -> str:
    path, _, query = target.partition("?")
    pairs = dict(pair.split("=") for pair in query.split("&")) | {name: value}
    return f"{path}?" + "&".join(f"{k}={v}" for k, v in pairs.items())


def test_uploads_that_are_taken(counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    target = presign(counter)
    assert_stored(put(counter, target, PICTURE))
    assert_stored(put(counter, target, PICTURE, body=b"other bytes"))
    assert_stored(put(counter, target, PICTURE, body=b""))
    assert_stored(put(counter, target, PICTURE, key_of(counter)))
    (record,) = counter.steer("GET", "/journal?limit=1")["records"]
    assert record["headers"]["authorization"] == "[redacted]"


def test_uploads_that_are_refused(counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    target = presign(counter, "refused.png")
    path, _, query = target.partition("?")
    signature = query.partition("signature=")[2]
    wrong = "SignatureDoesNotMatch"
    assert_storage_refuses(put(counter, target, ("Content-Type", "image/jpeg")), wrong)
    assert_storage_refuses(put(counter, target), wrong)
    assert_storage_refuses(put(counter, resigned(target, "signature", "0" * 40), PICTURE), wrong)
    assert_storage_refuses(put(counter, resigned(target, "signature", ""), PICTURE), wrong)
    assert_storage_refuses(put(counter, resigned(target, "signature", "%ff%00"), PICTURE), wrong)
    assert_storage_refuses(put(counter, resigned(target, "signature", signature.upper()), PICTURE), wrong)
    for expires in ("x", "", "-1", "99999999999999", "9" * 5_000, "%D9%A1", "1e9"):
        assert_storage_refuses(put(counter, resigned(target, "expires", expires), PICTURE), wrong)
    assert_storage_refuses(put(counter, target.replace("user123", "user456"), PICTURE), wrong)
    assert_storage_refuses(put(counter, target.replace("refused", "another"), PICTURE), wrong)
    assert_storage_refuses(put(counter, path, PICTURE), "InvalidArgument")
    assert_storage_refuses(put(counter, f"{path}?expires=1", PICTURE), "InvalidArgument")
    assert_storage_refuses(put(counter, f"{path}?{'a=1&' * 5_000}", PICTURE), "InvalidArgument")
    assert_storage_refuses(put(counter, "/juhuo/api/user123/upload/never.png", PICTURE), "InvalidArgument")
    doubled = put(counter, target, PICTURE, PICTURE)
    assert_storage_refuses(doubled, "InvalidArgument")
    counter.steer("POST", "/clock/advance", {"seconds": 900})
    assert_storage_refuses(put(counter, target, PICTURE), "AccessDenied")


def test_large_uploads(counter_of: CounterOf) -> None:
    """100 MB are taken, a byte more is not."""
    counter = counter_of(book_of("juhuo"), "default")
    target = presign(counter, "large.png")
    most = 104_857_600
    megabyte = bytes(1_048_576)
    for size, is_taken in ((most, True), (most + 1, False)):
        head = request("PUT", target, [PICTURE, ("Content-Length", str(size))])
        rest = [megabyte] * 100 + [b"x"] * (size - most)
        answer = send(counter.served.media_url, head, *rest)
        assert answer.status == (200 if is_taken else 400), answer
        if not is_taken:
            assert_storage_refuses(answer, "InvalidArgument")
            assert str(most).encode() in answer.body


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    "path",
    [
        "/juhuo",
        "/juhuo/",
        "/juhuo/x",
        "/juhuo/output/gen_x/video.mp4",
        "/juhuo/../x",
        "/juhuo/%00",
        "/juhuo/openapi.json",
        "/seedance2ai/x",
        "/storyclaw/output/x/video.mp4",
    ],
)
def test_unknown_path_on_the_second_origin(path: str, method: str, counter_of: CounterOf) -> None:
    counter = counter_of(book_of("juhuo"), "default")
    with unchanged(counter):
        answer = ask(counter.served.media_url, method, path, [], b"" if method == "GET" else b"x")
        if method == "GET":
            assert answer.status == 404
            assert_storage_refuses(answer, "NoSuchKey")
        else:
            assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
            assert_storage_refuses(answer, "MethodNotAllowed")


@pytest.mark.parametrize("path", ["/", "//", "/nowhere", "/_understudy/clock", "/openapi.json"])
def test_nowhere_on_the_second_origin(path: str, counter_of: CounterOf) -> None:
    served = counter_of(book_of("juhuo"), "default").served
    answer = ask(served.media_url, "GET", path)
    assert answer.status == 404
    assert "no provider" in answer.json()["detail"]


@pytest.fixture(scope="module")
def result(alone: Served) -> str:
    """A signed link to a video, as a target of the second origin."""
    counter = Counter(book_of("juhuo"), alone, "alone")
    task = counter.submit({})
    counter.steer("POST", "/clock/advance", {"seconds": 3_600})
    (url, _) = counter.poll(task)["links"]
    return str(url).removeprefix(alone.media_url)


RANGES = {
    "bytes=0-9": (206, 10),
    "bytes=-5": (206, 5),
    "bytes=5-5": (206, 1),
    "bytes=9-2": (416, 0),
    "bytes=-0": (416, 0),
    "bytes=999999999999-": (416, 0),
    "bytes=0-1,5-6": (200, None),
    "bytes=-": (200, None),
    "bytes=": (200, None),
    "bytes=a-b": (200, None),
    "bytes=-" + "9" * 5_000: (200, None),
    "bytes=" + "9" * 5_000 + "-": (200, None),
    "items=0-1": (200, None),
    "bytes=\xb2-\xb3": (200, None),
}


@pytest.mark.parametrize(("wanted", "expected"), RANGES.items(), ids=[text[:20] for text in RANGES])
def test_ranges_of_a_result(wanted: str, expected: tuple[int, int | None], alone: Served, result: str) -> None:
    answer = ask(alone.media_url, "GET", result, [("Range", wanted)])
    status, size = expected
    assert answer.status == status
    assert size is None or len(answer.body) == size


def test_links_that_are_not_signed(alone: Served, result: str) -> None:
    path = result.partition("?")[0]
    for target in (
        path,
        f"{path}?expires=9999999999",
        resigned(result, "signature", "0" * 40),
        resigned(result, "expires", "9999999999"),
        resigned(result, "expires", "9" * 5_000),
        resigned(result, "signature", "%ff"),
        result.replace("video.mp4", "cover.jpg"),
    ):
        answer = ask(alone.media_url, "GET", target)
        assert_storage_refuses(answer, "SignatureDoesNotMatch")
    assert ask(alone.media_url, "HEAD", result).status == 200
    assert ask(alone.media_url, "POST", result).status == 405


def test_half_closed_while_a_video_is_made(alone: Served, result: str) -> None:
    answer = send(alone.media_url, request("GET", result), half_close=True)
    assert answer.status == 200
    # Whether the end of the request is heard before the head of the answer leaves is a race; the file is whole either way.
    assert len(answer.body) == int(answer.headers["content-length"])
    assert answer.body[4:8] == b"ftyp"


def test_many_at_once(counter_of: CounterOf) -> None:
    """Good and bad requests side by side: the good ones are all answered."""
    book = book_of("juhuo")
    counter = counter_of(book, "default")
    bodies = [good_body(book), *NO_OBJECTS.values()] * 4

    def one(body: bytes) -> Any:
        return submit(counter, body).json()["code"]

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(one, bodies))
    assert codes.count("200") == 4
    assert set(codes) == {"200", "4000"}


def test_nothing_of_all_this_was_an_accident(counter_of: CounterOf) -> None:
    """Asked last: the journal has no error of the server but those that were asked for."""
    records = counter_of(book_of("juhuo"), "default").steer("GET", "/journal?limit=4096")["records"]
    accidents = [
        record
        for record in records
        if record["condition"] == "internal_error"
        and "internal_error" not in json.dumps([record["headers"], record["request"]])
    ]
    assert not accidents
