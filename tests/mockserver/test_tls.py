"""`--tls`: the kept CA, whom its certificates name, and HTTP over TLS as clients really speak it."""

import asyncio
import json
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from stat import S_IMODE
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import Served, serving
from tests.sockets import request
from understudy.mockserver import authority, tls
from understudy.mockserver.server import Binding

SECONDS = 20.0
KEY = "sk-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"
SUBMIT = "/juhuo/open-api/v1/video/submit"
HEADERS = [("Authorization", f"Bearer {KEY}"), ("Content-Type", "application/json")]
BODY = b'{"prompt": "a kite", "duration": 4}'
POST = request("POST", SUBMIT, HEADERS, BODY)
NAMED = ("localhost", "127.0.0.1", "::1", "mock.test", "api.test", "media.test")

FLAGS = ("--clock", "virtual", "--allow-host", "mock.test")


@dataclass(frozen=True, slots=True)
class Secure:
    """A server with `--tls`: what it announced, and where it really listens."""

    served: Served
    log: Path

    @property
    def port(self) -> int:
        return urlsplit(self.served.control_url).port or 0


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """One server for all; at the end it must go within a second of Ctrl-C, and have said nothing."""
    folder = tmp_path_factory.mktemp("tls")
    log = folder / "log"
    with serving(("--tls", "--tls-dir", str(folder / "ca"), *FLAGS, "juhuo"), log) as served:
        yield Secure(served, log)
    assert log.read_text("utf-8") == ""


def trusting(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


class Client:
    """A TLS client that may close its sending half and listen on, which Python's own sockets do not."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, name: str = "localhost") -> None:
        self.plain = plain
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.run(self.object.do_handshake)

    def run(self, step: object, *arguments: object) -> bytes:
        """Take a step as soon as the other side has sent what it needs; b'' at the end."""
        while True:
            try:
                done = step(*arguments)  # type: ignore[operator]
                self.flush()
                return done if isinstance(done, bytes) else b""
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                self.flush()
                data = self.plain.recv(65_536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def flush(self) -> None:
        if self.outgoing.pending:
            self.plain.sendall(self.outgoing.read())

    def send(self, data: bytes) -> None:
        self.object.write(data)
        self.flush()

    def farewell(self) -> None:
        """TLS's own half close: close_notify."""
        with pytest.raises(ssl.SSLWantReadError):
            self.object.unwrap()
        self.flush()

    def read_all(self) -> bytes:
        """What comes until the other side says that it is all."""
        received = b""
        while part := self.run(self.object.read, 65_536):
            received += part
        return received


@contextmanager
def client(secure: Secure) -> Iterator[Client]:
    with socket.create_connection(("127.0.0.1", secure.port), SECONDS) as plain:
        yield Client(plain, trusting(secure.served.ca_file))


def statuses(received: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 ([0-9]+)", received)


def test_both_origins_are_announced_as_https(secure: Secure) -> None:
    served = secure.served
    urls = [served.media_url, served.control_url, served.providers["juhuo"].base_url]
    assert all(url.startswith("https://127.0.0.1:") for url in urls)
    assert Path(served.ca_file).read_text("utf-8").count("PRIVATE KEY") == 0


def test_curl_and_requests_trust_the_ca_and_nobody_else_does(secure: Secure) -> None:
    ca_file = secure.served.ca_file
    url = f"https://localhost:{secure.port}/juhuo/openapi.json"
    said = subprocess.run(["curl", "-sS", "--cacert", ca_file, url], capture_output=True, check=True)
    assert json.loads(said.stdout)["servers"][0]["url"] == f"https://localhost:{secure.port}/juhuo"
    refused = subprocess.run(["curl", "-sS", url], capture_output=True, check=False)
    assert (refused.returncode, refused.stdout) == (60, b"")
    assert requests.get(url, verify=ca_file, timeout=SECONDS).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=SECONDS)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    context, ca_file = authority.issue(("API.test.", "[::1]", "mock.test", "media.test"), tmp_path_factory.mktemp("ca"))
    return context, str(ca_file)


@pytest.mark.parametrize(("name", "is_named"), [*((name, True) for name in NAMED), ("other.test", False)])
def test_the_certificate_names(name: str, is_named: bool, named: tuple[ssl.SSLContext, str]) -> None:
    context, ca_file = named
    if is_named:
        assert agree(context, ca_file, name)
    else:
        with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
            agree(context, ca_file, name)


def agree(context: ssl.SSLContext, ca_file: str, name: str = "localhost") -> object:
    """The certificate that a client gets which trusts the CA."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = trusting(ca_file).wrap_bio(to_client, to_server, server_hostname=name)
    answering = context.wrap_bio(to_server, to_client, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        asking.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        answering.do_handshake()
    asking.do_handshake()
    return asking.getpeercert()


def test_all_names_of_a_binding() -> None:
    binding = Binding(
        "here.test", public_url="https://api.test:1/x", media_url="http://m.test", allow_hosts=("mock.test",)
    )
    assert binding.names == ("here.test", "api.test", "m.test", "mock.test")


def test_the_names_of_a_served_certificate(secure: Secure) -> None:
    for name in ("mock.test", "localhost"):
        with socket.create_connection(("127.0.0.1", secure.port), SECONDS) as plain:
            client = Client(plain, trusting(secure.served.ca_file), name)
            certificate = client.object.getpeercert() or {}
            start, end = (ssl.cert_time_to_seconds(str(certificate[n])) for n in ("notBefore", "notAfter"))
            assert end - start == (authority.CERTIFICATE_DAYS + authority.DAYS_BEFORE) * 86_400


def test_plain_http_is_told(secure: Secure) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), SECONDS) as plain:
        plain.sendall(request("GET", "/"))
        answer = HTTPResponse(plain)
        answer.begin()
        assert (answer.status, answer.read()) == (400, b"This port speaks https.\n")
        assert plain.recv(1) == b""


@pytest.mark.parametrize("noise", [b"\x00" * 64, b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-x\r\n"])
def test_noise_is_cut_off(noise: bytes, secure: Secure) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), SECONDS) as plain:
        plain.sendall(noise)
        assert len(plain.recv(100)) < 10, "an alert at most"
        while plain.recv(100):
            continue
    with client(secure) as later:
        later.send(POST)
        assert b"200 OK" in later.run(later.object.read, 100)


def test_a_broken_record_ends_the_connection(secure: Secure) -> None:
    with client(secure) as broken:
        broken.plain.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac"):
            broken.read_all()


@pytest.mark.parametrize("half_close", ["notify", "fin", "both"])
@pytest.mark.parametrize("together", [True, False])
def test_half_closed_connections_are_answered(half_close: str, together: bool, secure: Secure) -> None:
    slow = request("POST", "/_understudy/clock/advance", [("Content-Type", "application/json")], b'{"seconds": 0}')
    for asked in (POST, slow) * 3:
        with client(secure) as half:
            half.object.write(asked)
            if not together:
                half.flush()
            if half_close != "fin":
                half.farewell()
            half.flush()
            if half_close != "notify":
                half.plain.shutdown(socket.SHUT_WR)
            received = half.read_all()
            assert statuses(received) == [b"200"]


def test_a_half_close_within_a_request_ends_it(secure: Secure) -> None:
    with client(secure) as half:
        half.send(POST[:-5])
        half.farewell()
        assert half.read_all() == b""


def test_pipelined_requests_and_an_upgrade(secure: Secure) -> None:
    upgrade = [*HEADERS, ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AA")]
    last = request("POST", SUBMIT, [*HEADERS, ("Connection", "close")], BODY)
    with client(secure) as piped:
        piped.send(POST + POST)
        piped.send(request("POST", SUBMIT, upgrade, BODY))
        for at in range(0, len(last), 7):
            piped.send(last[at : at + 7])
        assert statuses(piped.read_all()) == [b"200"] * 4


def test_large_bodies_and_ranges(secure: Secure) -> None:
    with requests.Session() as asked:
        asked.trust_env = False  # requests prefers a CA of the environment to that of a session
        asked.verify = secure.served.ca_file
        asked.headers["Authorization"] = f"Bearer {KEY}"
        base = secure.served.providers["juhuo"].base_url + "/open-api/v1"
        signed = asked.post(f"{base}/upload/presign", json={"fileName": "a.png", "contentType": "image/png"}).json()
        address = signed["result"]["uploadUrl"]
        assert address.startswith(f"{secure.served.media_url}/")
        content = bytes(range(256)) * 40_000
        put = requests.put(address, content, headers={"Content-Type": "image/png"}, verify=asked.verify)
        assert put.status_code == 200
        task = asked.post(f"{base}/video/submit", json={"prompt": "a kite", "duration": 15}).json()["result"]["taskId"]
        control = f"{secure.served.control_url}/clock/advance"
        assert asked.post(control, json={"seconds": 86_400}, headers={"Authorization": ""}).status_code == 200
        link = asked.get(f"{base}/video/task/{task}").json()["result"]["outputUrl"]
        whole = asked.get(link).content
        assert whole[4:8] == b"ftyp"
        part = asked.get(link, headers={"Range": "bytes=100-50099"})
        assert (part.status_code, part.content) == (206, whole[100:50_100])


def test_ctrl_c_with_open_connections(tmp_path: Path) -> None:
    """Idle ones, one that never began its handshake, and one in the midst of it: `serving` wants a second at most."""
    with serving(("--tls", "--tls-dir", str(tmp_path / "ca"), "juhuo"), tmp_path / "log") as served:
        port = urlsplit(served.control_url).port or 0
        opened = [socket.create_connection(("127.0.0.1", port), SECONDS) for _ in range(3)]
        idle = Client(opened[0], trusting(served.ca_file))
        opened[1].sendall(b"\x16\x03\x01\x02\x00\x01")
    assert idle.read_all() == b"", "it said farewell"
    assert [each.recv(1) for each in opened[1:]] == [b"", b""]
    for each in opened:
        each.close()
    assert (tmp_path / "log").read_text("utf-8") == ""


class Quiet(asyncio.Protocol):
    """Says nothing, and tells when it is over."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set()


def test_a_handshake_is_waited_for_no_longer_than_that(
    named: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_SECONDS", 0.2)
    context, ca_file = named

    async def run() -> None:
        quiet: list[Quiet] = []

        def make() -> tls.SecureProtocol:
            quiet.append(Quiet())
            return tls.SecureProtocol(context, quiet[-1])

        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        agreed = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(ca_file), server_hostname="localhost")
        silent = await asyncio.open_connection("127.0.0.1", port)
        assert await silent[0].read() == b"", "it is cut off"
        assert not quiet[0].over.is_set(), "whoever agreed is not"
        for _, writer in (agreed, silent):
            writer.close()
        await asyncio.gather(*(each.over.wait() for each in quiet))
        server.close()

    asyncio.run(run())


def test_the_ca_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "tls"
    _, ca_file = authority.issue((), folder)
    key = folder / "ca-key.pem"
    first = ca_file.read_bytes()
    assert (S_IMODE(folder.stat().st_mode), S_IMODE(key.stat().st_mode)) == (0o700, 0o600)
    key.chmod(0o644)
    ca_file.write_text("lost")
    authority.issue(("more.test",), folder)
    assert ca_file.read_bytes() == first
    assert S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(file.name for file in folder.iterdir()) == ["ca-key.pem", "ca.pem"]


def spoil_half(key: Path) -> None:
    key.write_bytes(key.read_bytes()[:400])


def spoil_pair(key: Path) -> None:
    authority.issue((), key.parent / "other")
    text, other = key.read_text("utf-8"), (key.parent / "other" / "ca-key.pem").read_text("utf-8")
    end = "-----END EC PRIVATE KEY-----\n"
    assert end in text
    key.write_text(text.partition(end)[0] + end + other.partition(end)[2], "utf-8")


def spoil_all(key: Path) -> None:
    key.write_bytes(b"\xff\x00")


@pytest.mark.parametrize("spoil", [spoil_half, spoil_pair, spoil_all])
def test_a_ca_that_cannot_be_read_is_made_anew(spoil: object, tmp_path: Path) -> None:
    _, ca_file = authority.issue((), tmp_path)
    first = ca_file.read_bytes()
    spoil(tmp_path / "ca-key.pem")  # type: ignore[operator]
    context, ca_file = authority.issue((), tmp_path)
    assert agree(context, str(ca_file))
    second = ca_file.read_bytes()
    assert second != first
    authority.issue((), tmp_path)
    assert ca_file.read_bytes() == second


def test_an_expired_ca_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, ca_file = authority.issue((), tmp_path)
    first = ca_file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("understudy.mockserver.authority.time.time", lambda: 32_503_680_000.0)  # the year 3000
        authority.issue((), tmp_path)
    assert ca_file.read_bytes() != first


def test_of_two_that_start_at_once_the_first_ca_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = authority._find
    with monkeypatch.context() as patch:
        # The second has looked before the first wrote.
        answers = iter([None])
        patch.setattr(authority, "_find", lambda folder: next(answers, found(folder)))
        authority.issue((), tmp_path)
    first = (tmp_path / "ca.pem").read_bytes()
    with monkeypatch.context() as patch:
        answers = iter([None])
        patch.setattr(authority, "_find", lambda folder: next(answers, found(folder)))
        authority.issue((), tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() == first


def test_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert authority.data_folder() == tmp_path / "understudy" / "tls"
    for ignored in ("", "not/absolute"):
        monkeypatch.setenv("XDG_DATA_HOME", ignored)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert authority.data_folder() == tmp_path / ".local" / "share" / "understudy" / "tls"
