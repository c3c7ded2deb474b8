"""`understudy serve` as its user meets it: what it prints, what it refuses, and how it ends."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import STOP_SECONDS, UNDERSTUDY, Serve, Served, read_announcement
from tests.counter import BOOKS, Counter
from tests.receivers import hang, receiving
from tests.refusals import Book, read_book
from tests.sockets import ask, connected, request
from understudy.cli import main
from understudy.specs.loader import shipped

FREE = ("--port", "0", "--media-port", "0")
SECONDS = 30.0
JUHUO = read_book("juhuo")
STORYCLAW = read_book("storyclaw")
Run = Callable[..., subprocess.CompletedProcess[str]]
ADVANCE = "/_understudy/clock/advance"
JSON = ("Content-Type", "application/json")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process; it may not come as far as serving."""

    def never(*_: Any) -> None:
        raise AssertionError("it serves")

    def run_here(*words: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            patch.setattr("understudy.commands.serve.serve", never)
            code = main(words)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    return run_here


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(UNDERSTUDY), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def assert_one_line(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """It is refused in one line that says what is wrong."""
    assert (done.returncode, done.stdout) == (2, ""), done
    (line,) = done.stderr.splitlines()
    assert line.startswith("understudy"), line
    for words in said:
        assert words in line, line


WRONG_WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown-provider": (("juhu",), "did you mean 'juhuo'?"),
    "provider-in-capitals": (("JUHUO",), "juhuo"),
    "path-as-provider": (("./juhuo.yaml",), "there is no provider"),
    "twice": (("juhuo", "juhuo"), "juhuo"),
    "unknown-flag": (("--prot", "1"), "--prot"),
    "unknown-profile": (("--profile", "strikt-doc"), "did you mean 'strict-doc'?"),
    "profile-of-nobody": (("--profile", "nobody:lenient"), "nobody:lenient"),
    "profile-of-another": (("--profile", "seedance2ai:errors=mapped"), "errors=mapped"),
    "bare-switch": (("--profile", "on"), "rate_limit=on"),
    "speed-0": (("--speed", "0"), "--speed"),
    "speed-negative": (("--speed", "-1"), "--speed"),
    "speed-nan": (("--speed", "nan"), "--speed"),
    "speed-infinite": (("--speed", "inf"), "--speed"),
    "speed-text": (("--speed", "fast"), "--speed"),
    "port-text": (("--port", "http"), "--port"),
    "port-large": (("--port", "65536"), "65535"),
    "port-negative": (("--port=-1",), "--port"),
    "port-float": (("--port", "1.5"), "--port"),
    "port-missing": (("--port",), "--port"),
    "clock": (("--clock", "sundial"), "sundial"),
    "seed": (("--seed", "x"), "--seed"),
    "public-url": (("--public-url", "mock.example.com"), "--public-url"),
    "public-url-ftp": (("--public-url", "ftp://mock.example.com"), "--public-url"),
    "public-url-no-host": (("--public-url", "http://"), "--public-url"),
    "public-url-bad-host": (("--public-url", "http://["), "--public-url"),
    "public-url-port": (("--public-url", "http://a:99999"), "--public-url"),
    "public-url-query": (("--public-url", "http://a/?b"), "--public-url"),
    "tls-dir-alone": (("--tls-dir", "/tmp"), "give --tls"),
    "tls-dir-file": (("--tls", "--tls-dir", __file__), "--tls: the CA cannot be kept"),
    "tls-host": (("--tls", "--allow-host", "a..b"), "no certificate can be for 'a..b'"),
    "media-url": (("--media-url", "//media.example.com"), "--media-url"),
}


@pytest.mark.parametrize(("words", "said"), WRONG_WORDS.values(), ids=WRONG_WORDS)
def test_wrong_words(words: Sequence[str], said: str, told: Run) -> None:
    assert_one_line(told("serve", *FREE, *words), "understudy serve: ", said)


NO_HOSTS: dict[str, tuple[tuple[str, ...], str]] = {
    "host": (("--host", "no.such.host.invalid"), "no.such.host.invalid"),
    "host-label": (("--host", "a" * 100), "cannot listen"),
    "host-of-others": (("--host", "8.8.8.8"), "8.8.8.8"),
}


@pytest.mark.parametrize(("words", "said"), NO_HOSTS.values(), ids=NO_HOSTS)
def test_no_host_of_this_machine(words: Sequence[str], said: str) -> None:
    assert_one_line(run("serve", *FREE, *words), "understudy serve: cannot listen on", said)


def test_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = str(listener.getsockname()[1])
        for words in (
            ("--port", taken, "--media-port", "0"),
            ("--port", "0", "--media-port", taken),
        ):
            done = run("serve", *words)
            assert_one_line(done, f"cannot listen on 127.0.0.1:{taken}", "--port")
    assert_one_line(run("serve", "--port", taken, "--media-port", taken), taken)


WRONG_SPECS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "object"),
    "text": (b"hello", "object"),
    "list": (b"- a\n- b\n", "object"),
    "not-yaml": (b"openapi: [3.1.0\ninfo: }", "not YAML"),
    "tab": (b"openapi:\n\t3.1.0", "not YAML"),
    "not-utf-8": (b"openapi: \xff", "not UTF-8"),
    "nul": (b"openapi: \0", "not YAML"),
    "other-openapi": (b"openapi: 3.0.3\ninfo: {title: x}\npaths: {}\n", "3.0.3"),
    "unknown-word": (b"openapi: 3.1.0\ninfo: {title: x}\npaths: {}\nx-provder: {}\n", "x-provder"),
}


@pytest.mark.parametrize(("text", "said"), WRONG_SPECS.values(), ids=WRONG_SPECS)
def test_a_wrong_spec(text: bytes, said: str, tmp_path: Path, told: Run) -> None:
    """Each line is one defect, with the file."""
    spec = tmp_path / "mine.yaml"
    spec.write_bytes(text)
    done = told("serve", *FREE, "--spec", str(spec))
    assert (done.returncode, done.stdout) == (2, ""), done
    assert said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert all("mine.yaml" in line for line in done.stderr.splitlines()), done.stderr


def test_a_spec_that_is_not_there(tmp_path: Path, told: Run) -> None:
    assert_one_line(told("serve", *FREE, "--spec", str(tmp_path / "none.yaml")), "none.yaml", "No such file")
    assert_one_line(told("serve", *FREE, "--spec", str(tmp_path)), "cannot be read")


def test_a_spec_with_the_name_of_another(tmp_path: Path, told: Run) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text(shipped()["juhuo"].read_text("utf-8"), "utf-8")
    assert_one_line(told("serve", *FREE, "juhuo", "--spec", str(copy)), "juhuo")


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help(words: Sequence[str]) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "serve" in done.stdout


def test_help_of_serve() -> None:
    done = run("serve", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for flag in (
        "--host",
        "--port",
        "--media-port",
        "--public-url",
        "--media-url",
        "--allow-host",
        "--control-token",
        "--tls",
        "--tls-dir",
        "--speed",
        "--clock",
        "--seed",
        "--spec",
        "--any-key",
        "--allow-local-callbacks",
        "--profile",
        "--json",
    ):
        assert flag in done.stdout
    assert all(slug in done.stdout for slug in shipped())


def test_an_unknown_verb() -> None:
    assert_one_line(run("sevre"), "sevre", "serve")


@contextmanager
def started(
    log: Path, *flags: str, command: Sequence[str] = (str(UNDERSTUDY),)
) -> Iterator[tuple[subprocess.Popen[str], Served]]:
    """A server of one's own, that is killed if it has not ended by itself."""
    words = [*command, "serve", *FREE, "--json", *flags]
    with (
        log.open("w") as stderr,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        assert process.stdout
        try:
            yield process, read_announcement(process.stdout, log)
        finally:
            process.kill()


def test_json_is_one_line(tmp_path: Path) -> None:
    with started(tmp_path / "log", "storyclaw", "juhuo") as (process, served):
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=SECONDS)
        assert rest == "", "one line and no more"
    assert list(served.providers) == ["storyclaw", "juhuo"]
    for provider in served.providers.values():
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/" + provider.slug, provider.base_url)
        assert len(provider.keys) == 2
    assert served.control_url.endswith("/_understudy")
    assert (tmp_path / "log").read_text("utf-8") == "", "nothing is said on stderr"


def key_of(slug: str) -> str:
    """The first key of its spec."""
    accounts: list[dict[str, str]] = yaml.safe_load(shipped()[slug].read_text("utf-8"))["x-provider"]["accounts"]
    return accounts[0]["key"]


def test_what_is_printed_for_people() -> None:
    with subprocess.Popen(
        [str(UNDERSTUDY), "serve", *FREE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines: list[str] = []
        while not lines or "control API" not in lines[-1]:
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=SECONDS)
    text = "".join(lines)
    assert process.returncode == 0
    assert stderr == "Ctrl-C stops.\n"
    for slug in shipped():
        assert re.search(rf"base URL  http://127\.0\.0\.1:\d+/{slug}\n", text), text
        assert f"/{slug}\n  key       {key_of(slug)}\n" in text, text
    assert re.search(r"^  export [A-Z_]+=http://127", text, re.MULTILINE), text
    assert "{$" not in text


def key_headers(key: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {key}"), JSON]


def balance(served: Served, key: str) -> Any:
    path = "/juhuo/open-api/v1/account/balance"
    return ask(served.control_url, "GET", path, key_headers(key)).json()


def test_any_key(serve: Serve) -> None:
    """Every key but the empty one works, each with an account of its own."""
    served = serve("--clock", "virtual", "--any-key", "juhuo")
    submit = JUHUO.said["at"]["submit"]
    body = json.dumps(submit["body"]).encode()
    for key in ("a", "my key", "sk-other", "x" * 10_000, "\xe9"):
        assert balance(served, key)["result"]["remainCredits"] == 10_000
        path = f"/juhuo{submit['path']}"
        assert ask(served.control_url, "POST", path, key_headers(key), body).json()["code"] == "200"
        tasks = ask(served.control_url, "GET", "/juhuo/open-api/v1/video/tasks", key_headers(key)).json()
        assert tasks["result"]["total"] == 1
    for key in ("", " "):
        assert balance(served, key)["code"] == "4403"
    assert ask(served.control_url, "GET", "/juhuo/open-api/v1/account/balance").json()["code"] == "4403"


def half_sent(served: Served) -> bytes:
    """A request whose body is still to come."""
    submit = JUHUO.said["at"]["submit"]
    key = served.providers["juhuo"].keys[0]
    head = [*key_headers(key), ("Content-Length", "1000")]
    return request("POST", f"/juhuo{submit['path']}", head) + b'{"prompt":'


def owe(counter: Counter, url: str) -> None:
    counter.submit({"callback_url": url})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_it_ends_at_once(number: signal.Signals, clock: str, tmp_path: Path) -> None:
    """Whatever is going on: connections that stay open, half of a request, a callback that hangs."""
    flags = ("--clock", clock, "--speed", "100000", "--allow-local-callbacks")
    log = tmp_path / "log"
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving(hang))
        process, served = stack.enter_context(started(log, *flags))
        owe(Counter(STORYCLAW, served, clock), receiver.url)
        idle, waiting, half, untouched = (stack.enter_context(connected(served.control_url)) for _ in range(4))
        idle.send(request("GET", "/_understudy/clock"))
        assert idle.read().status == 200
        half.send(half_sent(served))
        untouched.send(b"")
        if clock == "virtual":
            waiting.send(request("POST", ADVANCE, [JSON], b'{"seconds": 1000}'))
        deadline = time.monotonic() + SECONDS
        while not receiver.calls:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        process.wait(STOP_SECONDS)
    assert process.returncode == 0
    said = log.read_text("utf-8")
    assert "Traceback" not in said
    assert "rror" not in said, said


def test_ended_while_it_starts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C before it is ready: no traceback either."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("understudy.commands.serve.serve", interrupted)
    assert main(["serve", *FREE]) == 130
    assert capsys.readouterr() == ("", "")


def test_public_addresses(serve: Serve) -> None:
    flags = (
        "--public-url",
        "https://mock.example.com/base/",
        "--media-url",
        "https://media.example.com",
    )
    with_hosts = (*flags, "--allow-host", "other.example.com", "--clock", "virtual", "juhuo")
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        stack.close()
        served = serve(*with_hosts, "--port", str(port))
    here = f"http://127.0.0.1:{port}"
    assert served.providers["juhuo"].base_url == "https://mock.example.com/base/juhuo"
    assert served.media_url == "https://media.example.com"
    assert served.control_url == "https://mock.example.com/base/_understudy"
    local = Served(served.providers, here, f"{here}/_understudy")
    key = served.providers["juhuo"].keys[0]
    body = b'{"fileName": "a.png", "contentType": "image/png"}'
    path = "/juhuo/open-api/v1/upload/presign"
    presigned = ask(local.control_url, "POST", path, key_headers(key), body).json()
    assert presigned["result"]["uploadUrl"].startswith("https://media.example.com/juhuo/api/user123/")
    submit = JUHUO.said["at"]["submit"]
    made = ask(
        local.control_url,
        "POST",
        f"/juhuo{submit['path']}",
        key_headers(key),
        json.dumps(submit["body"]).encode(),
    )
    for host in ("mock.example.com", "other.example.com:443", "127.0.0.1"):
        assert ask(local.control_url, "POST", ADVANCE, [JSON], b'{"seconds": 1000}', host=host).status == 200
    assert (
        ask(
            local.control_url,
            "POST",
            ADVANCE,
            [JSON],
            b'{"seconds": 1000}',
            host="evil.example.com",
        ).status
        == 403
    )
    task = made.json()["result"]["taskId"]
    poll = ask(local.control_url, "GET", f"/juhuo/open-api/v1/video/task/{task}", key_headers(key)).json()
    assert poll["result"]["outputUrl"].startswith("https://media.example.com/juhuo/output/")


SUCCESS = {
    "juhuo": "success",
    "seedance2ai": "completed",
    "storyclaw": 2,
    "unigateway": "completed",
    "clawdrouter": "SUCCESS",
}


@pytest.mark.parametrize("book", [pytest.param(book, id=book.provider) for book in BOOKS])
def test_polls_alone_lead_to_success(book: Book, serve: Serve) -> None:
    counter = Counter(book, serve("--clock", "poll", book.provider), "poll")
    task = counter.submit({})
    seen = [counter.poll(task)["status"] for _ in range(10)]
    assert seen[-1] == SUCCESS[book.provider]
    assert seen[0] != seen[-1]
    assert len(set(seen)) == len([1 for a, b in pairwise(seen) if a != b]) + 1


def test_serving_loads_no_test_tools(tmp_path: Path) -> None:
    """Not even once requests have been answered: pages, refusals and all."""
    log = tmp_path / "imports"
    command = (sys.executable, "-X", "importtime", "-m", "understudy.cli")
    with started(log, command=command) as (process, served):
        for book in BOOKS:
            counter = Counter(book, served, "real")
            counter.submit({})
            assert counter.call(
                "POST",
                book.said["at"][book.said["task"]["at"]]["path"],
                counter.headers_of({}),
                b"{}",
            ).body
        assert not {"fastapi", "pydantic", "starlette"} & _packages(log), "nobody has steered yet"
        assert ask(served.control_url, "GET", "/_understudy/openapi.json").status == 200
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
    loaded = _packages(log)
    assert {"understudy", "fastapi"} <= loaded
    unwanted = {
        "pytest",
        "_pytest",
        "hypothesis",
        "schemathesis",
        "jsonschema",
        "httpx2",
        "requests",
        "flask",
        "av",
        "PIL",
        "trustme",
        "cryptography",
    }
    assert not unwanted & loaded


def _packages(log: Path) -> set[str]:
    """The top-level packages that Python says it has loaded."""
    names = (line.rpartition("|")[2].strip() for line in log.read_text("utf-8").splitlines())
    return {name.partition(".")[0] for name in names}
